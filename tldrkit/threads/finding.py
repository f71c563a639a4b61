"""Files named by paths, folders and patterns: found in order, in the same memory however many there are.

Knows names and kinds of entries alone, never what a file holds.
"""

import fnmatch
import glob
import heapq
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice, takewhile
from pathlib import Path

from tldrkit.errors import DataError
from tldrkit.threads.mail.boxes import is_maildir, list_messages

SIDECAR = ".tldr"
"""What stands before the extension of files that hold the summaries of the file beside them."""
_PAGE_PARTS = re.compile(
    r"(?:robots|humans|ads|app-ads|security)\.txt|Thumbs\.db|desktop\.ini|.*\.m?js\.LICENSE\.txt|hts-log\.txt|wget-log(?:\.\d+)?|saved_resource(?:\(\d+\))?(?:\.html?)?|(?:feed|rss|atom|opensearch|browserconfig)\.xml|sitemap(?:[-_]?\w{1,40})?\.(?:xml|txt)(?:\.gz)?|manifest\.json"
    r"|.*\.(?:html?\.orig|(?:m?js|css)\.download|m?js|css|map|woff2?|ttf|otf|eot|mp[34]|webm|ogg|webmanifest"
    r"|(?:png|jpe?g|gif|webp|avif|svgz?|ico|bmp|tiff?)(?:\.(?:txt|json|xml))?)"  # images, what they show
    r"(?:[?@].*)?",  # as wget names them
    re.IGNORECASE | re.DOTALL,
)
# What browsers put behind a page's name for the folder of its parts, in the languages they are known in.
_PARTS_FOLDER = re.compile(
    r"(.+)[_.-](?:files|Dateien|fichiers|archivos|arquivos|ficheiros|file|bestanden|filer|pliki|soubory|tiedostot"
    r"|elemei|dosyalar|файлы|файли|arxius|fitxers)",
    re.IGNORECASE,
)
_CACHE = "hts-cache"  # of HTTrack: every page once more
_RUN = 50_000  # names sorted in memory; more are sorted in files
_ANY = "**"


def find_thread_files(paths: Iterable[Path], *, patient: bool = False) -> Iterator[Path]:
    """Find the files meant by files, folders and patterns such as ``threads/**/*.json``.

    Folders are walked in name order, each one's files before its folders; hidden entries and the summaries
    beside their inputs are skipped. A Maildir is yielded itself, since its files are messages of threads, and
    so is whatever else stands where a file is looked for, so that reading it says why it cannot be read: a
    folder that cannot be opened, a linked one (which is followed only where a path or a part of a pattern
    names it), a link to nothing, a pipe.

    Args:
        paths: What is asked for.
        patient: Whether what is not there may still come.

    Raises:
        DataError: A path does not exist, or a pattern matches nothing.
    """
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112  (Path's raises for a folder that may not be entered)
            yield from _walk(path, _Pattern([_ANY]))
        elif os.path.lexists(path):
            yield path
        elif glob.has_magic(str(path)):
            yield from _match(path, patient=patient)
        elif not patient:
            raise DataError(f"There is no file or folder {path}.", hint="Check the path.")


def list_parts(found: Path) -> list[Path]:
    """List the files that are read for a found one: itself, or the messages of a Maildir.

    Raises:
        OSError: It has gone, or may not be looked at.
    """
    return list_messages(found) if is_maildir(found) else [found]


def is_page_part(path: Path) -> bool:
    """Tell what saved pages bring along: scripts, style sheets, images, fonts and their kin.

    By its name, or by its folder: ``Title_files`` beside ``Title.html`` holds frames and advertisements too.
    """
    return _PAGE_PARTS.fullmatch(path.name) is not None or any(map(_holds_parts, path.parents))


def _holds_parts(folder: Path) -> bool:
    named = _PARTS_FOLDER.fullmatch(folder.name)
    pages = [folder.with_name(f"{named[1]}.{kind}") for kind in ("html", "htm", "xhtml")] if named else []
    return folder.name == _CACHE or any(map(os.path.isfile, pages))


def _match(pattern: Path, *, patient: bool) -> Iterator[Path]:
    fixed = list(takewhile(lambda part: not glob.has_magic(part), pattern.parts))
    folder = Path(*fixed)
    found = _walk(folder, _Pattern(pattern.parts[len(fixed) :])) if folder.is_dir() else iter(())
    nothing = not patient
    for name in sort_names(map(str, found)):
        nothing = False
        yield Path(name)
    if nothing:
        raise DataError(
            f"Nothing matches {pattern}.", hint="A pattern names files; ** stands for folders in folders."
        )


class _Pattern:
    """Parts of a path with wildcards, followed name by name: a state is the parts that may come next.

    Args:
        parts: A name each, or ``**`` for any number of folders.
    """

    def __init__(self, parts: Sequence[str]) -> None:
        self._parts = [None if part == _ANY else (part, _compile(part)) for part in parts]
        self.start = self._close({0})

    def step(self, states: frozenset[int], name: str) -> frozenset[int]:
        """Follow a name; a hidden one is meant only by a part that begins with a dot."""
        following = set[int]()
        for state in states:
            part = self._parts[state] if state < len(self._parts) else ("", _NOTHING)
            if part is None:
                following |= set() if name.startswith(".") else {state}
            elif part[1].match(name) and (part[0].startswith(".") or not name.startswith(".")):
                following.add(state + 1)
        return self._close(following)

    def accepts(self, states: frozenset[int]) -> bool:
        """Tell whether a whole path was followed."""
        return len(self._parts) in states

    def recurs(self, states: frozenset[int]) -> bool:
        """Tell whether folders may go on without end."""
        return any(state < len(self._parts) and self._parts[state] is None for state in states)

    def _close(self, states: set[int]) -> frozenset[int]:
        for state in range(len(self._parts)):
            if state in states and self._parts[state] is None:
                states.add(state + 1)
        return frozenset(states)


_NOTHING = re.compile(r"(?!)")


def _compile(part: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(part))


def _walk(folder: Path, pattern: _Pattern) -> Iterator[Path]:
    waiting = [(folder, pattern.start)]
    while waiting:
        folder, states = waiting.pop()
        folders: list[tuple[str, frozenset[int]]] = []
        if pattern.recurs(states) and is_maildir(folder):
            yield folder
            continue
        try:
            entries = os.scandir(folder)
        except OSError:
            yield folder
            continue
        with entries:
            yield from (folder / name for name in sort_names(_list_files(entries, pattern, states, folders)))
        waiting += [
            (folder / name, following) for name, following in sorted(folders, reverse=True, key=_name)
        ]


def _name(folder: tuple[str, frozenset[int]]) -> str:
    return folder[0]


def _list_files(
    entries: Iterable["os.DirEntry[str]"],
    pattern: _Pattern,
    states: frozenset[int],
    folders: list[tuple[str, frozenset[int]]],
) -> Iterator[str]:
    """Yield the names of files; those of folders are put into ``folders``, with the states they lead to."""
    for entry in entries:
        following = pattern.step(states, entry.name)
        if not following:
            continue
        if _is_folder(entry, followed=not pattern.recurs(following)):
            folders.append((entry.name, following))
        elif (pattern.accepts(following) or _is_folder(entry, followed=True)) and not _is_skipped(entry.name):
            yield entry.name


def _is_folder(entry: "os.DirEntry[str]", *, followed: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=followed)
    except OSError:  # a link to itself, or into a folder that may not be entered
        return False


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
