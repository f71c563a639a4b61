"""Forum threads: the value types, and the shapes of files threads are kept in.

Knows shapes, told apart by their content, one file each; knows nothing of summaries or networks.
"""

from tldrkit.threads.files import parse_threads, read_members, read_threads
from tldrkit.threads.finding import find_thread_files, is_page_part, list_parts
from tldrkit.threads.json.shapes import build_thread
from tldrkit.threads.thread import BrokenThread, Post, Thread

__all__ = [
    "BrokenThread",
    "Post",
    "Thread",
    "build_thread",
    "find_thread_files",
    "is_page_part",
    "list_parts",
    "parse_threads",
    "read_members",
    "read_threads",
]
