"""Files named by paths, folders and patterns: found in order, in the same memory however many there are.

Knows names alone, never what a file holds.
"""

import glob
import heapq
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from tldrkit.errors import DataError
from tldrkit.threads.mail.boxes import is_maildir

SIDECAR = ".tldr"
"""What stands before the extension of files that hold the summaries of the file beside them."""
_PAGE_PARTS = re.compile(
    r"robots\.txt|(?:sitemap|opensearch|browserconfig)\.xml|manifest\.json"
    r"|.*\.(?:m?js|css|map|woff2?|ttf|otf|eot|mp[34]|webm|ogg|webmanifest"
    r"|(?:png|jpe?g|gif|webp|avif|svgz?|ico|bmp|tiff?)(?:\.(?:txt|json|xml))?)"  # images, what they show
    r"(?:[?@].*)?",  # as wget names them
    re.IGNORECASE | re.DOTALL,
)
_RUN = 50_000  # names sorted in memory; more are sorted in files


def find_thread_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Find the files meant by files, folders and patterns such as ``threads/**/*.json``.

    Folders are walked in name order, each one's files before its folders; hidden entries and the summaries
    beside their inputs are skipped. A Maildir is yielded itself, since its files are messages of threads, and
    so is a folder within them that cannot be opened, so that reading it says why.

    Raises:
        DataError: A path does not exist, or a pattern matches nothing.
    """
    for path in paths:
        if path.is_file():
            yield path
        elif path.is_dir():
            yield from _walk(path)
        elif glob.has_magic(str(path)):
            yield from _match(path)
        else:
            raise DataError(f"There is no file or folder {path}.", hint="Check the path.")


def is_page_part(name: str) -> bool:
    """Tell by its name what saved pages bring along: scripts, style sheets, images, fonts and their kin."""
    return _PAGE_PARTS.fullmatch(name) is not None


def _match(pattern: Path) -> Iterator[Path]:
    found = sort_names(glob.iglob(str(pattern), recursive=True))  # noqa: PTH207  (Path's has no absolute patterns)
    first = next(found, None)
    if first is None:
        raise DataError(f"Nothing matches {pattern}.", hint="** stands for folders in folders.")
    for path in (Path(first), *map(Path, found)):
        if path.is_file() and not _is_skipped(path.name):
            yield path


def _walk(folder: Path) -> Iterator[Path]:
    waiting = [folder]
    while waiting:
        folder = waiting.pop()
        folders: list[str] = []
        if is_maildir(folder):
            yield folder
            continue
        try:
            entries = os.scandir(folder)
        except OSError:
            yield folder
            continue
        with entries:
            yield from (folder / name for name in sort_names(_list_files(entries, folders)))
        waiting += [folder / name for name in sorted(folders, reverse=True)]


def _list_files(entries: Iterable["os.DirEntry[str]"], folders: list[str]) -> Iterator[str]:
    """Yield the names of files; those of folders are put into ``folders``."""
    for entry in entries:
        if _is_skipped(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            folders.append(entry.name)
        elif entry.is_file():
            yield entry.name


def _is_skipped(name: str) -> bool:
    return name.startswith(".") or Path(name).stem.endswith(SIDECAR)


def sort_names(names: Iterable[str]) -> Iterator[str]:
    """Sort names; many are sorted in parts, which lie in temporary files and are merged."""
    left = iter(names)
    with ExitStack() as held:
        runs: list[Iterable[str]] = []
        while run := sorted(islice(left, _RUN)):
            if len(run) == _RUN:
                file = held.enter_context(tempfile.TemporaryFile("w+", encoding="ascii"))
                file.writelines(json.dumps(name) + "\n" for name in run)
                file.seek(0)
                runs.append(map(json.loads, file))
            else:
                runs.append(run)
        yield from heapq.merge(*runs)
