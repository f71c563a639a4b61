"""How much is read: of a post, of a thread, of a line, of a file, and of what a packed file holds."""

import gzip
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tldrkit.threads import BrokenThread, Thread, read_threads
from tldrkit.threads.thread import MOST_OF_NAME, MOST_OF_POST, MOST_OF_THREAD

MIB = 1 << 20
FILES = {
    "one post": lambda: json.dumps({"posts": [{"author": "a", "text": "b c " * (6 * MIB)}]}).encode(),
    "markup": lambda: json.dumps({"posts": [{"author": "a", "content": "<p>a</p>" * (3 * MIB)}]}).encode(),
    "text": lambda: b"a b " * (6 * MIB),
    "posts": lambda: b"[" + b'{"author":"a","text":"b"},' * 480_000 + b"{}]",
    "values": lambda: b"[" + b"[]," * (10 * MIB) + b"[]]",
    "tags": lambda: b"<html>" + b"<p>" * (2 * MIB),
    "mail": lambda: b"From: a\nTo: b\n\n" + b"> a\nb\n" * (5 * MIB),
    "one line": lambda: b"a" * (200 * MIB),
    "packed": lambda: gzip.compress(b"a" * (200 * MIB)),
    "parts": lambda: _PARTS % b"mixed" + b"--a\n\nb\n" * MIB,
    "digest": lambda: _PARTS % b"digest" + b"--a\n\nFrom: a\n\nb\n\n" * (MIB // 4),
    "saved page": lambda: _SAVED + b"a\n" * (15 * MIB),
    "mailbox": lambda: _LETTER * (MIB // 8),
    "log": lambda: _SAID * 119_999,
    "messages of a chat": lambda: b'{"type":"message","ts":"1600000000.1","text":"a"}\n' * 500_000,
    "packed lines": lambda: gzip.compress((b"{}" + b" " * 1000 + b"\n") * 100_000),
}
_PARTS = b"From: a\nTo: b\nMIME-Version: 1.0\nContent-Type: multipart/%b; boundary=a\n\n"
_SAVED = b"Snapshot-Content-Location: a\n" + _PARTS % b"related"
_LETTER = b"From a@b Sun Sep 13 12:26:40 2020\nFrom: a\n\nb\n\n"
_SAID = b"1/1/20, 1:11 - a: b\n"
READ = """
import resource, sys
from pathlib import Path
from tldrkit.threads import read_threads
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = sum(1 for _ in read_threads(Path(sys.argv[1])))
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def read(folder: Path, value: object) -> list[Thread | BrokenThread]:
    path = folder / "thread.json"
    path.write_text(json.dumps(value))
    return list(read_threads(path))


@pytest.mark.skipif(sys.platform != "linux", reason="memory is told in other units")
@pytest.mark.parametrize("name", FILES)
def test_reading_takes_little_memory_whatever_is_read(tmp_path: Path, name: str) -> None:
    """Reading adds at most 512 MiB, and what cannot be read is a record."""
    path = tmp_path / "large"
    path.write_bytes(FILES[name]())
    told = subprocess.run([sys.executable, "-c", READ, path], capture_output=True, text=True, check=True)
    count, kilobytes = map(int, told.stdout.split())

    assert count > 0
    assert kilobytes < 512 << 10


def test_a_long_post_is_cut_and_the_record_says_so(tmp_path: Path) -> None:
    """Of a post, an author and a title the beginning is read, and what is left out is counted."""
    post = {"author": "a" * (MOST_OF_NAME + 1), "text": "b" * (MOST_OF_POST + 2)}
    (thread,) = read(tmp_path, {"title": "c" * (MOST_OF_NAME + 4), "posts": [post]})

    assert isinstance(thread, Thread)
    assert [len(thread.title), len(thread.posts[0].author)] == [MOST_OF_NAME, MOST_OF_NAME]
    assert len(thread.posts[0].text) == MOST_OF_POST
    assert thread.count_posts(1)["characters_cut"] == 7


def test_posts_beyond_the_limit_of_a_thread_are_counted(tmp_path: Path) -> None:
    """A thread is read up to its limit: the post there is cut, those behind are not used."""
    posts = [{"author": "a", "text": "b" * MOST_OF_POST}] * 9 + [{"author": "a", "text": "b" * 60_000}] * 3
    (thread,) = read(tmp_path, {"posts": posts})

    assert isinstance(thread, Thread)
    assert sum(len(post.text) for post in thread.posts) == MOST_OF_THREAD
    counts = thread.count_posts()
    assert (counts["posts_read"], counts["posts_used"], counts["characters_cut"]) == (12, 11, 20_000)
    assert counts["posts_unused"] == {"beyond the limit": 1}


def test_a_thread_within_the_limits_says_nothing_of_them(tmp_path: Path) -> None:
    """A usual thread's record has no count of what was cut."""
    (thread,) = read(tmp_path, {"posts": [{"author": "a", "text": "b"}]})

    assert isinstance(thread, Thread)
    assert "characters_cut" not in thread.count_posts(1)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (_PARTS % b"mixed" + b"--a\n\nb\n" * 1_000, "of its posts, 1 unreadable"),
        (_PARTS % b"digest" + b"--a\n\nFrom: a\n\nb\n\n" * 1_000, "of its posts, 1 unreadable"),
        (_SAVED + b"--a\n\nb\n" * 1_000, "it has too many parts for its length"),
        (_LETTER * 20_000, "It holds 20,000 messages, which are shorter than any mail is."),
        (
            b'{"type":"message","ts":"1600000000.1","text":"a"}\n' * 68_000,
            "These are too many messages to be read together; split the file",
        ),
        (_SAID * 120_001, "This is a log of more than 16 MiB or 120,000 lines"),
        (
            b"<html>" + b"<p>" * 100_000,
            "The page has more than 50,000 tags, and hardly anything between them",
        ),
        (
            b"From: a\nTo: b\n\n" + b"\n" * 200_000,
            "It has more than 100,000 lines, shorter than those of any text",
        ),
        (json.dumps({"posts": ["\n" * 200_000]}).encode(), "It has more than 100,000 lines"),
        (b"[" + b'"a",' * 700_000 + b"{}]", "it holds too many values to be read at once"),
        (b"[" + b'{"text":1},' * 150_000 + b"{}]", "it holds too many values to be read at once"),
    ],
    ids=[
        "parts",
        "digest",
        "saved page",
        "mailbox",
        "lines of a chat",
        "log",
        "tags",
        "lines",
        "lines in JSON",
        "strings",
        "objects",
    ],
)
def test_what_costs_much_more_than_its_bytes_is_refused_in_a_sentence(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    """Parts, messages and lines without number are refused, though their bytes are few."""
    (tmp_path / "many").write_bytes(data)
    (found,) = read_threads(tmp_path / "many")

    assert isinstance(found, BrokenThread)
    assert reason in found.reason


@pytest.mark.parametrize("line", [b'{"document":"a"}', b"{}", b"{"])
def test_threads_shorter_than_any_are_end_the_reading(tmp_path: Path, line: bytes) -> None:
    """Of very many tiny threads, or values that are none, 10,000 are read; then a sentence says why."""
    (tmp_path / "many").write_bytes((b'{"document":"a"}\n' * 2) + (line + b"\n") * 20_000)
    *first, last = read_threads(tmp_path / "many")

    assert 10_000 <= len(first) < 12_000
    assert isinstance(last, BrokenThread)
    assert last.reason == "It holds more than 10,000 threads, shorter than any are."


def test_carriage_returns_allow_no_more_threads(tmp_path: Path) -> None:
    """Lines that end as on old Macintoshes are counted as any others, once."""
    counts = set()
    for end in (b"\n", b"\r"):
        (tmp_path / "many").write_bytes((b'{"document":"a"}' + end) * 20_000)
        counts.add(len(list(read_threads(tmp_path / "many"))))

    assert len(counts) == 1


def test_short_threads_are_read(tmp_path: Path) -> None:
    """A data set of documents of a sentence or two is read whole."""
    (tmp_path / "many").write_text(f'{{"document": "{"It is flat. " * 16}"}}\n' * 15_000)

    assert sum(isinstance(found, Thread) for found in read_threads(tmp_path / "many")) == 15_000


def test_an_archive_of_tiny_files_without_number_is_refused(tmp_path: Path) -> None:
    """A zip archive holds no more files than its bytes make likely."""
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(6_000):
            archive.writestr(str(number), b"")
    (found,) = read_threads(tmp_path / "many.zip")

    assert isinstance(found, BrokenThread)
    assert "it holds more than 5,000 files, smaller than any are" in found.reason


def test_short_messages_and_parts_are_read(tmp_path: Path) -> None:
    """A digest of ten short messages and thousands of short letters are mail."""
    digest = _PARTS % b"digest" + b"--a\n\nFrom: a\n\nb\n\n" * 10 + b"--a--\n"
    for data, count in ((digest, 10), (_LETTER * 2_000, 2_000)):
        (tmp_path / "few").write_bytes(data)
        assert sum(isinstance(found, Thread) for found in read_threads(tmp_path / "few")) == count


def test_a_packed_bomb_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """A file that unpacks to far more than texts do is a record with a reason; what came before it stays."""
    path = tmp_path / "bomb.gz"
    thread = b'{"posts": [{"author": "a", "text": "b"}]}\n'
    path.write_bytes(gzip.compress(2 * thread + (b" " * 1000 + b"\n") * 200_000))
    first, _, last = read_threads(path)

    assert isinstance(first, Thread)
    assert isinstance(last, BrokenThread)
    assert "unpacks to more than 200 times its size" in last.reason
