"""Threads in mail: messages, and the files that hold many of them."""
