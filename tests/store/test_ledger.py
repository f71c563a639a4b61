from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tldrkit.errors import StoreError
from tldrkit.store.journal import open_journal
from tldrkit.store.ledger import Ledger, open_ledger, remove_journals


def write(
    ledger: Ledger, path: Path, text: str, *keys: bytes, added: bool = False, appear: bool = True
) -> None:
    """Write a file as a run does: it is noted first, and appears then, unless a kill comes between."""
    ledger.begin()
    for key in keys:
        ledger.add(key)
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    ledger.note(path, draft, "jsonl", len(keys), added=added)
    if appear:
        draft.replace(path)


@contextmanager
def opened(root: Path, identity: str = "i", name: str | None = "n") -> Iterator[Ledger]:
    with open_ledger(root, name, identity) as ledger, open_journal(root, identity) as journal:
        ledger.start()
        journal.add({"k": "v"})
        yield ledger


def find_journals(root: Path) -> list[str]:
    return sorted(path.stem for path in root.rglob("*.sqlite"))


def test_what_a_run_wrote_may_be_replaced(tmp_path: Path) -> None:
    """A file is known by its bytes; what others wrote, or changed since, is refused unless it may go."""
    path = tmp_path / "a.txt"
    with opened(tmp_path) as ledger:
        ledger.check(path, overwrite=False)
        write(ledger, path, "one")
    with opened(tmp_path) as ledger:
        ledger.check(path, overwrite=False)
        path.write_text("mine")
        with pytest.raises(StoreError, match="was changed"):
            ledger.check(path, overwrite=False)
        ledger.check(path, overwrite=True)
        with pytest.raises(StoreError, match="no earlier run"):
            ledger.check(path, overwrite=False)
        assert path.read_text() == "mine"


def test_a_kill_before_a_file_appears_changes_nothing(tmp_path: Path) -> None:
    """The file that is still there is known, with the records that it held; so is one that appeared."""
    path = tmp_path / "a.txt"
    with opened(tmp_path) as ledger:
        write(ledger, path, "one", b"1")
        write(ledger, path, "one two", b"2", added=True, appear=False)
    with opened(tmp_path) as ledger:
        ledger.check(path, overwrite=False)
        assert [ledger.holds(path, key) for key in (b"1", b"2")] == [True, False]
        write(ledger, path, "one two", b"2", added=True)
        write(ledger, path, "one two three", b"3", added=True)
    with opened(tmp_path) as ledger:
        ledger.check(path, overwrite=False)
        assert [ledger.holds(path, key) for key in (b"1", b"2", b"3", b"4")] == [True, True, True, False]


def test_what_is_gone_is_forgotten(tmp_path: Path) -> None:
    """Of a file that is no longer there no record is known."""
    path = tmp_path / "a.txt"
    with opened(tmp_path) as ledger:
        write(ledger, path, "one", b"1")
        path.unlink()
        ledger.check(path, overwrite=False)
        assert not ledger.holds(path, b"1")


def test_other_identities_are_counted(tmp_path: Path) -> None:
    """It is known how many threads of a file were summarized with something else."""
    path = tmp_path / "a.txt"
    with opened(tmp_path) as ledger:
        write(ledger, path, "one", b"1", b"2")
        assert ledger.count_others(path) == 0
    with opened(tmp_path, "j") as ledger:
        assert ledger.count_others(path) == 2


def test_one_run_at_a_time_writes_an_output(tmp_path: Path) -> None:
    """A second run into the same output is refused at once; of what is no file there may be many."""
    with opened(tmp_path), pytest.raises(StoreError, match="Another run"), opened(tmp_path):
        pass
    with opened(tmp_path, name=None), opened(tmp_path, name=None), opened(tmp_path):
        pass


def test_journals_of_files_that_are_gone_are_removed(tmp_path: Path) -> None:
    """A journal stays as long as a file that was made with it is there, and goes with the last of them."""
    one, two = tmp_path / "1.txt", tmp_path / "2.txt"
    for name, path, identity in (("a", one, "i"), ("b", two, "i"), ("c", tmp_path / "3.txt", "j")):
        with opened(tmp_path, identity, name) as ledger:
            write(ledger, path, name)
    assert remove_journals(tmp_path, unfinished=False) == []
    one.unlink()
    assert remove_journals(tmp_path, unfinished=False) == []
    two.unlink()
    assert [path.stem for path in remove_journals(tmp_path, unfinished=False)] == ["i"]
    (tmp_path / "3.txt").unlink()
    assert [path.stem for path in remove_journals(tmp_path, unfinished=False)] == ["j"]
    assert [path.name for path in (tmp_path / ".journals").iterdir()] == ["lock"]


def test_journals_of_unfinished_runs_stay_until_they_are_named(tmp_path: Path) -> None:
    """A run that was killed goes on with its journal, unless that is removed with the unfinished ones."""
    with pytest.raises(KeyboardInterrupt), opened(tmp_path):
        raise KeyboardInterrupt
    assert remove_journals(tmp_path, unfinished=False) == []
    assert [path.stem for path in remove_journals(tmp_path, unfinished=True)] == ["i"]


def test_journals_in_use_stay(tmp_path: Path) -> None:
    """While a run works with one, none is removed."""
    with opened(tmp_path, name=None):
        assert remove_journals(tmp_path, unfinished=True) == []
        assert find_journals(tmp_path) == ["i"]
    assert [path.stem for path in remove_journals(tmp_path, unfinished=False)] == ["i"]
