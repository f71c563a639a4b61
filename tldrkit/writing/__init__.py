"""Summaries: documents and threads in, text out."""
