"""Small summarizers of forum threads, and proof of what they are worth."""

__version__ = "0.1.0"
