"""Threads in pages of HTML, and HTML reduced to the text a reader sees."""
