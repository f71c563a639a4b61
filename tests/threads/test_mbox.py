import gzip
from pathlib import Path

import pytest

from tests.threads.samples import MBOX, PATCH
from tldrkit.threads import BrokenThread, Thread, read_threads


def read(tmp_path: Path, data: bytes) -> list[Thread | BrokenThread]:
    path = tmp_path / "file.dat"
    path.write_bytes(data)
    return list(read_threads(path))


def message(subject: str, body: str, *headers: str) -> bytes:
    lines = [
        "From a@b Sun Sep 13 12:26:40 2020",
        "From: a@b",
        f"Subject: {subject}",
        *headers,
        "",
        body,
        "",
        "",
    ]
    return "\n".join(lines).encode()


def test_threads_are_told_apart(tmp_path: Path) -> None:
    """Messages that answer one another are a thread wherever they stand; so are replies of one subject."""
    box = message("One", "a", "Message-ID: <1@x>") + message("Two", "b") + message("Re: one", "c")
    box += message("Other", "d", "In-Reply-To: <1@x>") + message("Two", "e")
    threads = read(tmp_path, box)

    assert [[post.text for post in thread.posts] for thread in threads if isinstance(thread, Thread)] == [
        ["a", "c", "d"],
        ["b"],
        ["e"],
    ]


@pytest.mark.parametrize("packed", [False, True])
def test_a_packed_mailbox_is_read_alike(tmp_path: Path, packed: bool) -> None:
    """A mailbox gives the same packed or not."""
    (thread,) = read(tmp_path, gzip.compress(MBOX) if packed else MBOX)
    assert isinstance(thread, Thread)
    assert (thread.id, thread.posts[0].author, thread.posts[0].time) == (
        "1@a.org",
        "Ann",
        "2020-09-13T12:26:40Z",
    )


@pytest.mark.parametrize(
    "body",
    [
        f"On Sun, 13 Sep 2020 Ann\n<ann@a.org> wrote:\n> It is flat & old.\n\n{PATCH}",
        f"{PATCH}\n\n-----Original Message-----\nFrom: Ann\nIt is flat & old.",
        f"{PATCH}\n\n2020-09-13 12:26 GMT+01:00 Ann <ann@a.org>:\n> It is flat & old.",
        f"{PATCH}\n-- \nBo, Tyres Ltd",
        f"{PATCH}\n____________________________\nBikes mailing list\nhttp://x.y",
        f"{PATCH}\n-------------- next part --------------\nAn HTML attachment was scrubbed...",
        f"{PATCH}\n\nSent from my phone",
    ],
)
def test_only_new_words_are_kept(tmp_path: Path, body: str) -> None:
    """Quotes of the thread with who wrote them, copies, signatures and footers of lists go."""
    first = message("Flat", "It is flat & old.", "Message-ID: <1@x>")
    (thread,) = read(tmp_path, first + message("Re: Flat", body, "In-Reply-To: <1@x>"))
    assert isinstance(thread, Thread)
    assert thread.posts[1].text == PATCH


def test_a_quote_of_what_is_not_there_stays(tmp_path: Path) -> None:
    """A quote of a message that the mailbox lacks is part of the thread."""
    body = "Ann wrote:\n> It has been flat for weeks.\n\nYes."
    (thread,) = read(tmp_path, message("Re: Flat", body))
    assert isinstance(thread, Thread)
    assert thread.posts[0].text == body


def test_one_message_is_a_thread(tmp_path: Path) -> None:
    """A single message without the line of a mailbox is read; text that only begins with "From" is text."""
    (mail,) = read(tmp_path, MBOX.partition(b"\n")[2].partition(b"\nFrom bo")[0])
    (text,) = read(tmp_path, b"From 2010 on it was flat.\nNobody: knew")
    assert isinstance(mail, Thread)
    assert isinstance(text, Thread)
    assert (mail.title, text.title) == ("Flat tyre", "")


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Type: text/plain; charset=nonsense",),
        ("Content-Transfer-Encoding: base64",),
        ("Content-Type: multipart/mixed",),
        ("Subject: =?utf-8?b?//8=?= =?x-none?q?a?=",),
        ("Date: Sun, 99 Sep 20200 99:99:99 +9999",),
    ],
)
def test_damaged_headers_are_no_exception(tmp_path: Path, headers: tuple[str, ...]) -> None:
    """A message whose headers cannot be believed is read or refused."""
    assert read(tmp_path, message("x", "Some words.", *headers))


def test_messages_are_not_lost_for_a_from_in_the_text(tmp_path: Path) -> None:
    """A line "From " in a message begins no other message unless a header follows."""
    (thread,) = read(tmp_path, message("x", "He said:\n\nFrom now on it is 2020 10:00\nwe patch."))
    assert isinstance(thread, Thread)
    assert thread.posts[0].text.endswith("we patch.")
