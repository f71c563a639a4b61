"""What is done, in which order: one function per command."""
