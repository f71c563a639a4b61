"""Which run to try next: sweep files, and the study that remembers what was tried."""
