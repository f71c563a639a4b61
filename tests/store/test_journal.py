import os
import random
import signal
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.errors import StoreError
from tldrkit.store.journal import open_journal


def test_what_was_added_is_there_again(tmp_path: Path) -> None:
    """Pieces outlive the process's hold of the file, and unknown keys are not found."""
    with open_journal(tmp_path, "a") as journal:
        journal.add({"1": "one", "2": "zwölf\0"})
    with open_journal(tmp_path, "a") as journal:
        assert journal.find(["2", "3", "1"]) == {"1": "one", "2": "zwölf\0"}


def test_another_identity_is_other_work(tmp_path: Path) -> None:
    """Pieces made with something else are not found, and are there again for those who ask for them."""
    with open_journal(tmp_path, "a") as journal:
        journal.add({"1": "one"})
    with open_journal(tmp_path, "b") as journal:
        assert journal.find(["1"]) == {}
    with open_journal(tmp_path, "a") as journal:
        assert journal.find(["1"]) == {"1": "one"}


def test_work_is_done_anew_where_that_is_asked_for(tmp_path: Path) -> None:
    """Only what was added since is found then, and it takes the place of what was there."""
    with open_journal(tmp_path, "a") as journal:
        journal.add({"1": "one", "2": "two"})
    with open_journal(tmp_path, "a", anew=True) as journal:
        assert journal.find(["1"]) == {}
        journal.add({"1": "eins"})
        assert journal.find(["1", "2"]) == {"1": "eins"}
    with open_journal(tmp_path, "a") as journal:
        assert journal.find(["1", "2"]) == {"1": "eins", "2": "two"}


def test_many_at_a_time_have_it(tmp_path: Path) -> None:
    """Processes that add at once lose nothing, and each finds what the others added."""
    children = []
    for writer in range(4):
        child = os.fork()
        if not child:
            with open_journal(tmp_path, "a") as journal:
                for number in range(20):
                    journal.add({f"{writer}-{number}": "text"})
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    with open_journal(tmp_path, "a") as journal:
        assert len(journal.find([f"{writer}-{number}" for writer in range(4) for number in range(20)])) == 80


@pytest.mark.parametrize("data", [b"no database at all" * 99, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_named(tmp_path: Path, data: bytes) -> None:
    """A file that is no journal is refused with its name."""
    with open_journal(tmp_path, "x"):
        pass
    (path,) = tmp_path.rglob("*.sqlite")
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"x\.sqlite is damaged"), open_journal(tmp_path, "x"):
        pass


@given(pieces=st.dictionaries(st.text(max_size=3), st.text(st.characters(exclude_categories=["Cs"]))))
def test_any_text_is_kept(tmp_path_factory: pytest.TempPathFactory, pieces: dict[str, str]) -> None:
    """Whatever keys and texts are added come back."""
    with open_journal(tmp_path_factory.getbasetemp(), "any", anew=True) as journal:
        journal.add(pieces)
        assert journal.find(list(pieces)) == pieces


def test_a_kill_leaves_whole_groups(tmp_path: Path) -> None:
    """After SIGKILLs at random moments pieces that were added together are all there, or none is."""
    dice = random.Random(3)
    begun, begin = os.pipe()
    for _ in range(12):
        child = os.fork()
        if not child:
            with open_journal(tmp_path, "x") as journal:
                for group in range(10_000):
                    journal.add({f"{group}-{number}": "text" * 50 for number in range(8)})
                    os.write(begin, b".")
            os._exit(0)
        os.read(begun, 1)
        time.sleep(dice.uniform(0.0, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with open_journal(tmp_path, "x") as journal:
        sizes = [len(journal.find([f"{group}-{n}" for n in range(8)])) for group in range(500)]
    os.close(begun)
    os.close(begin)
    assert set(sizes) <= {0, 8}
    assert sizes[0] == 8
