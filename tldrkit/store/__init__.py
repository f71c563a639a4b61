"""Where results live: knows files and digests, not models."""
