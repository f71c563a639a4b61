"""`tldrkit init`: a folder with the experiments, a Makefile and a README, for who has no clone."""

import os
from pathlib import Path

from tldrkit.errors import StoreError
from tldrkit.records.outputs import open_whole

_START = Path(__file__).parents[1] / "start"
"""What is written; its experiments are those of the repository (a link there, files in a wheel)."""
_SHOWN = 3


def init(folder: Path) -> list[Path]:
    """Write what is not there yet; what is there and the same stays.

    Returns:
        The files written.

    Raises:
        StoreError: A file of another content is there: nothing is written then.
    """
    wanted = {folder / path.relative_to(_START): path.read_bytes() for path in _list_files(_START)}
    others = [path for path, content in wanted.items() if os.path.lexists(path) and not _holds(path, content)]
    if others:
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        raise StoreError(
            f"{', '.join(map(str, others[:_SHOWN]))}{more} would be overwritten.",
            hint="Choose a new folder, or move them away.",
        )
    written = [path for path in wanted if not os.path.lexists(path)]
    for path in written:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open_whole(path, "wb") as file:
            file.write(wanted[path])
    return written


def _list_files(folder: Path) -> list[Path]:
    """List the files of a folder and of those in it, links followed, in order."""
    found = []
    for path in sorted(folder.iterdir()):
        found += _list_files(path) if path.is_dir() else [path]
    return found


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False
