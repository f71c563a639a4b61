"""What summarize reads and writes: paths in, records out."""
