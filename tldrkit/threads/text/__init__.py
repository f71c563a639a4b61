"""Threads in plain text, and text without its markup and its quotes."""
