"""``tldrkit.families.summarizer``, by the name it had before."""

from tldrkit.families.summarizer import Summarizer, load_summarizer, save_summarizer

__all__ = ["Summarizer", "load_summarizer", "save_summarizer"]
