"""The ledger: which files outside the store were written from here, what with, and which records they hold.

By it a file is replaced or added to only where it is what an earlier run wrote, and journals that no file
there is was made with can be removed. Knows files, digests and keys; does not know what records say.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tldrkit.errors import ReadOnlyStore, StoreError
from tldrkit.store.digest import digest_file
from tldrkit.store.disk import as_store_error, release, take_lock
from tldrkit.store.journal import JOURNAL, JOURNALS, changing, open_database

_LEDGER = "outputs.db"
_LOCK = "lock"  # shared by all who work with journals, so that none is removed meanwhile
_TABLES = """
CREATE TABLE IF NOT EXISTS outputs (
    path BLOB PRIMARY KEY, digest TEXT, previous TEXT, identity TEXT, threads INTEGER, form TEXT
);
CREATE TABLE IF NOT EXISTS records (
    path BLOB, key BLOB, newest INTEGER, PRIMARY KEY (path, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unfinished (name TEXT PRIMARY KEY, identity TEXT);
"""


class Ledger:
    """What is known of files that were written, open.

    A file's digest is noted before the file appears, beside the one it had: a kill between the two leaves a
    file that is known either way.

    Args:
        connection: To its file.
        name: Of the run.
        identity: Of what records are made with.
    """

    def __init__(self, connection: sqlite3.Connection, name: str | None, identity: str) -> None:
        self._connection = connection
        self._name = name
        self._identity = identity
        connection.execute("CREATE TEMP TABLE begun (key BLOB PRIMARY KEY) WITHOUT ROWID")

    def start(self) -> None:
        """Say that the run journals what it will ask for again, unless it ends well."""
        values = (self._name, self._identity)
        self._connection.execute("INSERT OR REPLACE INTO unfinished VALUES (?, ?)", values)

    def end(self) -> None:
        """Say that the run has ended well."""
        self._connection.execute("DELETE FROM unfinished WHERE name = ?", (self._name,))

    def check(self, path: Path, *, overwrite: bool) -> None:
        """Hold a file against what was written; what is gone or is to be overwritten is forgotten.

        Raises:
            StoreError: It is there, no run wrote it as it is, and it shall not be overwritten.
        """
        name = os.fsencode(path)
        row = self._connection.execute(
            "SELECT digest, previous FROM outputs WHERE path = ?", (name,)
        ).fetchone()
        digest = digest_file(path) if path.exists() else None
        if digest is not None and row is not None and digest in row:
            if digest != row[0]:  # a kill came before the file appeared
                with changing(self._connection) as change:
                    change.execute("UPDATE outputs SET digest = previous WHERE path = ?", (name,))
                    change.execute("DELETE FROM records WHERE path = ? AND newest", (name,))
            return
        if digest is not None and not overwrite:
            said = (
                "was changed since a run wrote it" if row else "is there already, and no earlier run wrote it"
            )
            raise StoreError(
                f"{path} {said}: nothing is overwritten.",
                hint="Choose another file, or say --overwrite if it may go.",
            )
        if row is not None:
            with changing(self._connection) as change:
                change.execute("DELETE FROM outputs WHERE path = ?", (name,))
                change.execute("DELETE FROM records WHERE path = ?", (name,))

    def find_form(self, path: Path) -> str | None:
        """Find in which form a file was written; None where nothing is known of it."""
        asked = "SELECT form FROM outputs WHERE path = ?"
        row = self._connection.execute(asked, (os.fsencode(path),)).fetchone()
        return None if row is None else str(row[0])

    def count_others(self, path: Path) -> int:
        """Count the threads of a file whose records were made with something else."""
        asked = "SELECT threads FROM outputs WHERE path = ? AND identity != ?"
        row = self._connection.execute(asked, (os.fsencode(path), self._identity)).fetchone()
        return 0 if row is None else int(row[0])

    def begin(self) -> None:
        """Begin to write a file: nothing is in it yet."""
        self._connection.execute("DELETE FROM begun")

    def holds(self, path: Path, key: bytes) -> bool:
        """Tell whether a file holds a record, or will once it is written."""
        asked = (
            "SELECT EXISTS (SELECT 1 FROM begun WHERE key = ?1) OR EXISTS "
            "(SELECT 1 FROM records WHERE path = ?2 AND key = ?1)"
        )
        return bool(self._connection.execute(asked, (key, os.fsencode(path))).fetchone()[0])

    def add(self, key: bytes) -> None:
        """Add a record to the file that is being written."""
        self._connection.execute("INSERT OR IGNORE INTO begun VALUES (?)", (key,))

    def note(self, path: Path, draft: Path | None, form: str, threads: int, *, added: bool) -> None:
        """Note a file that is about to appear, with the records that were added.

        Args:
            path: What it will be called.
            draft: What it is called now; None where there is no file.
            form: In which its records are.
            threads: That are summarized in it, or were added.
            added: Whether it also holds what it held before.
        """
        name, digest = os.fsencode(path), digest_file(draft) if draft else ""
        with changing(self._connection) as change:
            row = change.execute("SELECT digest, threads FROM outputs WHERE path = ?", (name,)).fetchone()
            previous, before = row or (None, 0)
            if not added:
                change.execute("DELETE FROM records WHERE path = ?", (name,))
            change.execute("UPDATE records SET newest = 0 WHERE path = ? AND newest", (name,))
            change.execute("INSERT OR IGNORE INTO records SELECT ?, key, 1 FROM begun", (name,))
            values = (name, digest, previous, self._identity, threads + (before if added else 0), form)
            change.execute("INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?, ?, ?)", values)
            change.execute("DELETE FROM begun")


@contextmanager
def open_ledger(root: Path, name: str | None, identity: str) -> Iterator[Ledger]:
    """Open the ledger for a run; no journal is removed meanwhile.

    Args:
        root: Folder of the store.
        name: Of what is written, which one run at a time may; None where it is no file, and nothing is kept.
        identity: Of what records are made with.

    Raises:
        StoreError: Another run is writing the same, the ledger is damaged, or the store cannot be written.
    """
    folder = root / JOURNALS
    with ExitStack() as held:
        try:
            with as_store_error(root):
                while (descriptor := take_lock(folder / _LOCK, shared=True)) is None:
                    time.sleep(0.05)  # journals are being removed
                held.callback(release, descriptor)
                if name is not None:
                    held.enter_context(_hold(folder / f"{name}.lock"))
        except ReadOnlyStore:
            name = None  # nobody can write there, and nothing is kept
        connection = held.enter_context(open_database(folder / _LEDGER if name is not None else None))
        connection.executescript(_TABLES)
        ledger = Ledger(connection, name, identity)
        yield ledger
        ledger.end()


@contextmanager
def _hold(lock: Path) -> Iterator[None]:
    descriptor = take_lock(lock)
    if descriptor is None:
        raise StoreError(
            "Another run is writing the same output.", hint="Wait for it, or name another output."
        )
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        release(descriptor)


def remove_journals(root: Path, *, unfinished: bool) -> list[Path]:
    """Remove the journals that nothing needs, unless a live process works with one; return their paths.

    Needed is what a file that is there was made with, and what a run that has not ended well will ask for.

    Args:
        root: Folder of the store.
        unfinished: Remove those of runs that have not ended well, too.

    Raises:
        StoreError: The ledger is damaged, or cannot be written.
    """
    folder = root / JOURNALS
    if not folder.is_dir() or (descriptor := take_lock(folder / _LOCK)) is None:
        return []
    try:
        needed = _forget(folder / _LEDGER, unfinished=unfinished)
        kept = {f"{identity}{JOURNAL}" for identity in needed} | {_LOCK} | ({_LEDGER} if needed else set())
        removed = [path for path in sorted(folder.iterdir()) if path.name not in kept]
        for path in removed:
            path.unlink()
        return [path for path in removed if path.suffix == JOURNAL]
    finally:
        release(descriptor)


def _forget(ledger: Path, *, unfinished: bool) -> set[str]:
    """Forget the files that are gone; find what those that are there were made with."""
    if not ledger.exists():
        return set()
    with open_database(ledger) as connection:
        connection.executescript(_TABLES)
        with changing(connection) as change:
            if unfinished:
                change.execute("DELETE FROM unfinished")
            names = [row[0] for row in change.execute("SELECT path FROM outputs").fetchall()]
            gone = [(name,) for name in names if not os.path.lexists(name)]
            change.executemany("DELETE FROM outputs WHERE path = ?", gone)
            change.executemany("DELETE FROM records WHERE path = ?", gone)
            asked = "SELECT identity FROM outputs UNION SELECT identity FROM unfinished"
            return {str(row[0]) for row in change.execute(asked)}
