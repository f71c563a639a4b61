"""Chats and social threads: a file for each program's shape, and one rule that cuts channels into threads."""
