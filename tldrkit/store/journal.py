"""A journal of work done piece by piece: what a run had finished is there for the next one, killed or not.

Knows keys and texts; does not know what they mean. It is a SQLite file, whose transactions a kill or a lost
power supply cannot tear. Any number of processes may use it at once.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from tldrkit.errors import ReadOnlyStore, StoreError
from tldrkit.store.disk import as_store_error
from tldrkit.texts import say_reason

JOURNALS = ".journals"
JOURNAL = ".sqlite"

_PATIENCE = 60.0  # seconds that a transaction waits for those of other processes


class Journal:
    """The pieces of one kind of work, open.

    Args:
        connection: To its file.
        anew: Find what was added from here alone.
    """

    def __init__(self, connection: sqlite3.Connection, *, anew: bool) -> None:
        self._connection = connection
        self._anew = anew
        connection.execute("CREATE TABLE IF NOT EXISTS pieces (key TEXT PRIMARY KEY, value TEXT)")
        connection.execute("CREATE TEMP TABLE fresh (key TEXT PRIMARY KEY)")

    def find(self, keys: Sequence[str]) -> dict[str, str]:
        """Find the pieces that are done."""
        fresh = " AND key IN (SELECT key FROM fresh)" if self._anew else ""
        asked = f"SELECT value FROM pieces WHERE key = ?{fresh}"
        found = ((key, self._connection.execute(asked, (key,)).fetchone()) for key in set(keys))
        return {key: row[0] for key, row in found if row is not None}

    def add(self, pieces: Mapping[str, str]) -> None:
        """Add finished pieces: all of them, or none where the process dies."""
        with changing(self._connection) as change:
            change.executemany("INSERT OR REPLACE INTO pieces VALUES (?, ?)", pieces.items())
            if self._anew:
                change.executemany("INSERT OR IGNORE INTO fresh VALUES (?)", [(key,) for key in pieces])


@contextmanager
def open_journal(root: Path, identity: str, *, anew: bool = False) -> Iterator[Journal]:
    """Open the journal of all work of one identity, made where it is missing.

    Args:
        root: Folder of the store.
        identity: Of what pieces are made with: letters and digits.
        anew: Do all again, whatever is known.

    Raises:
        StoreError: It is damaged, or the store cannot be written.
    """
    with open_database(root / JOURNALS / f"{identity}{JOURNAL}") as connection:
        yield Journal(connection, anew=anew)


@contextmanager
def open_database(path: Path | None) -> Iterator[sqlite3.Connection]:
    """Open a SQLite file of a store, made where it is missing.

    Without a path, or where the store may only be read, it is one of this process alone, and nothing is kept.

    Raises:
        StoreError: It is damaged, or cannot be read or written.
    """
    try:
        with closing(
            sqlite3.connect(_find_place(path), timeout=_PATIENCE, isolation_level=None)
        ) as connection:
            yield connection
    except sqlite3.OperationalError as error:
        raise StoreError(f"{path} cannot be used: {say_reason(error)}.", hint="Check the disk.") from error
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{path} is damaged: {say_reason(error)}.", hint="Remove it; what it knew is done again."
        ) from error


@contextmanager
def changing(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Make a block's changes one transaction, which others see whole or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _find_place(path: Path | None) -> Path | str:
    """Find the file to open; SQLite's own temporary one, which has no name, where none may be written."""
    if path is None:
        return ""
    try:
        with as_store_error(path.parent.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
    except ReadOnlyStore:
        return ""
    return path if os.access(path.parent, os.W_OK) else ""
