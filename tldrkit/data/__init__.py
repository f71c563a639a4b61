"""Texts: datasets, forum threads, batches."""
