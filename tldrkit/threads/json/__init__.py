"""Threads in decoded JSON: a file for each shape, and `shapes.py` that tells them apart."""
