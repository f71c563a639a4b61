"""A journal of work done piece by piece: what a killed run had finished is there for the next one.

Knows keys and texts; does not know what they mean. It is a SQLite file, whose transactions a kill or a lost
power supply cannot tear. One process at a time has it.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from tldrkit.errors import StoreError
from tldrkit.store.disk import as_store_error

JOURNALS = ".journals"


class Journal:
    """The pieces of one work, open.

    Args:
        connection: To its file.
        outdated: Pieces that were there and were made with something else; they are forgotten.
    """

    def __init__(self, connection: sqlite3.Connection, outdated: int) -> None:
        self._connection = connection
        self.outdated = outdated

    def find(self, keys: Sequence[str]) -> dict[str, str]:
        """Find the pieces that are done."""
        asked = "SELECT value FROM pieces WHERE key = ?"
        found = ((key, self._connection.execute(asked, (key,)).fetchone()) for key in set(keys))
        return {key: row[0] for key, row in found if row is not None}

    def add(self, pieces: Mapping[str, str]) -> None:
        """Add finished pieces: all of them, or none where the process dies."""
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO pieces VALUES (?, ?)", pieces.items())


@contextmanager
def open_journal(root: Path, name: str, identity: str, *, anew: bool = False) -> Iterator[Journal]:
    """Open a work's journal, made where it is missing.

    Args:
        root: Folder of the store.
        name: Name of the file: letters and digits.
        identity: Of what pieces are made with; those of another one are forgotten.
        anew: Forget all of them.

    Raises:
        StoreError: Another process has it, it is damaged, or the store cannot be written.
    """
    path = root / JOURNALS / f"{name}.sqlite"
    with as_store_error(root):
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with closing(sqlite3.connect(path, timeout=0)) as connection:
            outdated = _begin(connection, "" if anew else identity, identity)
            yield Journal(connection, 0 if anew else outdated)
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StoreError(
                "Another run is writing the same output.", hint="Wait for it, or name another output."
            ) from error
        raise StoreError(f"{path} cannot be used: {error}.", hint="Check the disk.") from error
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path} is damaged: {error}.", hint="Remove it; all is done again.") from error


def _begin(connection: sqlite3.Connection, asked: str, identity: str) -> int:
    """Take the file for this process; forget what is of another identity than asked, and count it."""
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    with connection:
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("CREATE TABLE IF NOT EXISTS made_with (identity TEXT)")
        connection.execute("CREATE TABLE IF NOT EXISTS pieces (key TEXT PRIMARY KEY, value TEXT)")
        if connection.execute("SELECT identity FROM made_with").fetchone() == (asked,):
            return 0
        outdated: int = connection.execute("SELECT count(*) FROM pieces").fetchone()[0]
        connection.execute("DELETE FROM pieces")
        connection.execute("DELETE FROM made_with")
        connection.execute("INSERT INTO made_with VALUES (?)", (identity,))
        return outdated
