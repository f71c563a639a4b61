# ruff: noqa: E501  (files as programs write them)
import base64
import gzip
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.threads import BrokenThread, Thread, find_thread_files, parse_threads, read_threads

ASK, WATER, THANKS = "Who waters the plants?", "I do, on Mondays.", "Then I take Thursdays."


def letter(number: int, text: str, *headers: str) -> str:
    answered = f"In-Reply-To: <{number - 1}@x>\n" if number else ""
    given = "".join(f"{header}\n" for header in headers)
    subject = "Re: Plants" if number else "Plants"
    return f"From: {'ABC'[number]} <a@x>\nSubject: {subject}\nMessage-ID: <{number}@x>\n{answered}{given}\n{text}\n"


LETTERS = [letter(number, text) for number, text in enumerate([ASK, WATER, THANKS])]
MARK = "From a@x Tue Jun  4 08:00:00 2024\n"


def read(data: str | bytes) -> list[Thread | BrokenThread]:
    return list(parse_threads(data.encode() if isinstance(data, str) else data, "file"))


def read_one(data: str | bytes) -> Thread:
    (thread,) = read(data)
    assert isinstance(thread, Thread), thread
    return thread


def said(thread: Thread) -> list[tuple[str, str, int | None]]:
    return [(post.author, post.text, post.reply_to) for post in thread.posts]


WHOLE = [("A", ASK, None), ("B", WATER, 0), ("C", THANKS, 1)]
MARKS = [
    "From a@x Tue Jun  4 08:00:00 2024",
    "From - Tue Jun 04 08:00:00 2024",
    "From MAILER-DAEMON Tue Jun  4 08:00:00 2024",
    "From a at x  Tue Jun  4 08:00:00 2024",
    "From 1799999999999999999@xxx Tue Jun 04 08:00:00 +0000 2024",
    "From a@x Tue Jun  4 08:00 MET DST 2024",
    "From a@x Tue, 4 Jun 2024 08:00:00 +0200",
]


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("between", ["", "\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_messages_begin_at_lines_of_that_form(mark: str, between: str, end: str) -> None:
    """A line "From " with an address and a date begins a message, with an empty line before it or without."""
    box = "".join(f"{mark}\n{one}{between}" for one in LETTERS).replace("\n", end)
    assert said(read_one(box)) == WHOLE


def test_from_in_a_text_begins_no_message() -> None:
    """A line of prose that begins with "From " stays in its message."""
    text = "From what I heard it is closed.\nFrom: nobody\nFrom Monday on it is open."
    assert read_one(MARK + letter(0, text)).posts[0].text == text


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (">From here on", "From here on"),
        ("a\n>From b\n>From c", "a\nFrom b\nFrom c"),
        (">>From here on", ">From here on"),
        ("> a\n>From b\n> c\n\nd", "> a\n>From b\n> c\n\nd"),
    ],
)
def test_escaped_lines_are_restored(written: str, meant: str) -> None:
    """Mailboxes write `>From ` for "From "; beside quoted lines it is quoted."""
    assert read_one(MARK + letter(0, written)).posts[0].text == meant


def test_a_content_length_is_believed_where_it_leads_to_the_next_message() -> None:
    """In a message of known length a line like a mailbox's is text; a wrong length changes nothing."""
    text = f"{ASK}\n\n{MARK}Subject: quoted\n\nEnd."
    right = letter(0, text, f"Content-Length: {len(text) + 1}")
    assert read_one(f"{MARK}{right}\n{MARK}{LETTERS[1]}").posts[0].text.endswith("End.")
    assert read_one(f"{MARK}{right}").posts[0].text.endswith("End.")
    for length in (3, 10_000):
        wrong = letter(0, ASK, f"Content-Length: {length}")
        assert said(read_one(f"{MARK}{wrong}\n{MARK}{LETTERS[1]}\n{MARK}{LETTERS[2]}")) == WHOLE


@given(
    texts=st.lists(st.text("ab \nF", max_size=40).map(str.strip).filter(bool), min_size=1, max_size=5),
    blank=st.booleans(),
    length=st.sampled_from(["none", "right", "wrong"]),
)
def test_a_mailbox_is_split_where_it_was_joined(texts: list[str], blank: bool, length: str) -> None:
    """As many messages are read as were written, in their order."""
    box = ""
    for number, text in enumerate(texts):
        size = {"none": "", "right": f"Content-Length: {len(text) + 1}\n", "wrong": "Content-Length: 7\n"}
        box += f"{MARK}From: a@x\nSubject: {number}\n{size[length]}\n{text}\n{chr(10) * blank}"
    assert [thread.title for thread in read(box) if isinstance(thread, Thread)] == list(
        map(str, range(len(texts)))
    )


PLIST = '<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0"><dict/></plist>\n'


@pytest.mark.parametrize("length", [len(LETTERS[0]), len(LETTERS[0]) - 1])
def test_apples_messages_end_where_they_say(length: int) -> None:
    """An emlx file is its length, a message and a property list, which is none of it."""
    thread = read_one(f"{length}      \n{LETTERS[0]}{PLIST}")
    assert said(thread) == WHOLE[:1]
    assert said(read_one(f"9999\n{LETTERS[0]}")) == WHOLE[:1]


def test_a_number_before_text_is_text() -> None:
    """A first line that is a number makes no mail of a text."""
    assert read_one("1984\n\nWe read it again.").posts[0].text.startswith("1984")


@pytest.mark.parametrize(
    "headers",
    [
        "Path: news.x!not-for-mail\nNewsgroups: rec.clocks\n",
        "Xref: news.x rec.clocks:5\nPath: a!b\n",
        "Newsgroups: rec.clocks\nPath: a!b\nLines: 1\n",
        "Relay-Version: B 2.10\nPath: a!b\n",
        "Relay-Version: B 2.10\nPosting-Version: B 2.10\nPath: a!b\n",
    ],
)
def test_articles_of_usenet_are_messages(headers: str) -> None:
    """Articles begin with headers that no mail has; names stand in brackets behind addresses."""
    thread = read_one(
        f"{headers}From: ben@x (Ben Falk)\nSubject: Clock\nDate: 4 Jun 1995 08:00:00 GMT\n\nIt stops.\n"
    )
    assert (thread.title, said(thread)) == ("Clock", [("Ben Falk", "It stops.", None)])
    assert thread.posts[0].time == "1995-06-04T08:00:00Z"


def digest(parts: list[str], kind: str = "multipart/digest") -> str:
    inner = "".join(f"--bb\n{part}\n" for part in parts)
    return (
        "From: list@x\nSubject: List Digest, Vol 2\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="aa"\n\n--aa\nContent-Type: text/plain\n\nSend submissions to\n\n'
        f'--aa\nContent-Type: {kind}; boundary="bb"\n\n{inner}--bb--\n\n'
        "--aa\nContent-Type: text/plain\n\n______________________\nList mailing list\n\n--aa--\n"
    )


@pytest.mark.parametrize("head", ["\n", "Content-Type: message/rfc822\nMIME-Version: 1.0\n\n", ""])
def test_a_digest_is_the_threads_of_its_messages(head: str) -> None:
    """The messages of a digest are read as if they stood in a mailbox; what stands round them is no post."""
    assert said(read_one(digest([head + one for one in LETTERS]))) == WHOLE
    other = "From: D <d@x>\nSubject: Doors\n\nThey creak.\n"
    plants, doors = read(digest([head + one for one in [LETTERS[0], other, LETTERS[1]]]))
    assert isinstance(plants, Thread)
    assert isinstance(doors, Thread)
    assert ([post.text for post in plants.posts], doors.title) == ([ASK, WATER], "Doors")


def test_a_digest_in_a_mailbox_is_opened() -> None:
    """Digests and messages of one mailbox are gathered together."""
    assert said(read_one(f"{MARK}{digest(LETTERS[:2])}\n{MARK}{LETTERS[2]}")) == WHOLE


@pytest.mark.parametrize("names", [True, False])
def test_a_plain_digest_is_the_threads_of_its_messages(names: bool) -> None:
    """A digest of plain text has a long rule below its preamble, and short ones between messages."""
    parts = [
        f"{f'Message: {number}' if names else 'X-Number: 1'}\nDate: Tue, 04 Jun 2024 08:0{number}:00 +0000\n"
        f"Content-Type: text/plain; charset=utf-8\n{one}"
        for number, one in enumerate(LETTERS)
    ]
    rule = f"\n{30 * '-'}\n\n"
    body = f"Send to list@x\n\nToday's Topics:\n\n   1. Plants (A)\n\n{70 * '-'}\n\n{rule.join(parts)}"
    end = f"{rule}Subject: Digest Footer\n\n____\nlist mailing list\n{rule}End of List Digest, Vol 2\n{25 * '*'}\n"
    thread = read_one(f"From: list@x\nSubject: List Digest, Vol 2\n\n{body}{end}")
    assert (thread.title, said(thread)) == ("Plants", WHOLE)


def test_a_message_with_rules_is_no_digest() -> None:
    """A rule above words that look like headers makes no digest of a message."""
    text = f"Before.\n{70 * '-'}\n\nFrom: a\nDate: b\n\nIn it."
    assert "Before." in read_one(letter(0, text)).posts[0].text


@pytest.mark.parametrize("encoding", ["7bit", "base64"])
def test_an_attached_message_is_a_post_before_the_one_that_brings_it(encoding: str) -> None:
    """A message attached to another one is a message of its thread, and not part of its text."""
    held = LETTERS[0] if encoding == "7bit" else base64.encodebytes(LETTERS[0].encode()).decode()
    thread = read_one(
        "From: D <d@x>\nSubject: Fwd: Plants\nMessage-ID: <9@x>\n"
        'Content-Type: multipart/mixed; boundary="aa"\n\n--aa\nContent-Type: text/plain\n\nSee below.\n'
        f"--aa\nContent-Type: message/rfc822\nContent-Transfer-Encoding: {encoding}\n\n{held}\n--aa--\n"
    )
    assert said(thread) == [("A", ASK, None), ("D", "See below.", None)]


def page(name: str) -> str:
    return (
        f"<html><head><title>Lock</title></head><body><h2 class=3D'topic-title'>Lock</h2><div id=3D'p1' "
        f"class=3D'post bg2'><dl class=3D'postprofile'><dt><a class=3D'username'>{name}</a></dt></dl>"
        "<div class=3D'content'>The key =\nsticks, =C3=A4h.</div></div></body></html>"
    )


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        ("From: <Saved by Blink>\nSnapshot-Content-Location: https://x/t\nSubject: Lock\n", "text/html"),
        ('From: "Saved by Internet Explorer 11"\nSubject: Lock\n', 'text/html; charset="utf-8"'),
        ("From: <Saved by UnMHT>\nSubject: Lock\n", "text/html;charset=utf-8"),
        ("Subject: Lock\nDate: Tue, 4 Jun 2024 08:00:00 +0000\n", "text/html"),
    ],
)
def test_a_saved_page_is_read_as_the_page(head: str, kind: str) -> None:
    """What a browser saved in one file is the page in it, whichever part that is; frames are passed over."""
    frame = f"--b\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\nContent-Location: https://ads/x\n\n{page('ad')}\n"
    first = frame if "Snapshot" in head else ""
    thread = read_one(
        f'{head}MIME-Version: 1.0\nContent-Type: multipart/related;\n\ttype="text/html";\n\tboundary="b"\n\n'
        f"{first}--b\nContent-Type: {kind}\nContent-Transfer-Encoding: quoted-printable\n"
        f"Content-Location: https://x/t\n\n{page('nora')}\n"
        f"--b\nContent-Type: text/css\nContent-Location: a.css\n\nbody {{}}\n{frame}--b--\n"
    )
    assert (thread.title, said(thread)) == ("Lock", [("nora", "The key sticks, äh.", None)])


def test_a_saved_page_without_a_page_is_refused() -> None:
    """A web archive that holds no page says so in a sentence."""
    (broken,) = read("From: <Saved by Blink>\nSubject: x\nContent-Type: text/css\n\nbody {}\n")
    assert isinstance(broken, BrokenThread)
    assert "MHTML" in broken.reason


def test_a_maildir_is_one_mailbox(tmp_path: Path) -> None:
    """The files of a Maildir are the messages of threads; what is being delivered is passed over."""
    box = tmp_path / "mail" / "Plants"
    for name, text in [
        ("cur/1717480800.M1P1.host:2,S", LETTERS[0]),
        ("new/1717480900.M2P1.host", LETTERS[1]),
        ("cur/1717481000.M3P1.host:2,RS", LETTERS[2]),
        ("tmp/1717481100.M4P1.host", letter(0, "Half a mess")),
    ]:
        (box / name).parent.mkdir(parents=True, exist_ok=True)
        (box / name).write_text(text)
    (tmp_path / "mail" / "note.txt").write_text("Words.")

    assert list(find_thread_files([tmp_path])) == [tmp_path / "mail/note.txt", box]
    (thread,) = read_threads(box)
    assert isinstance(thread, Thread)
    assert said(thread) == WHOLE


def test_a_message_that_is_moved_while_a_maildir_is_read_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that shows mail moves it from new to cur, with flags, between listing and opening."""
    for name in ("cur", "new", "tmp"):
        (tmp_path / name).mkdir()
    new, seen = tmp_path / "new/1717480900.M2P1.host", tmp_path / "cur/1717480900.M2P1.host:2,S"
    (tmp_path / "cur/1717480800.M1P1.host:2,S").write_text(LETTERS[0])
    new.write_text(LETTERS[1])
    opened = Path.open

    def move(path: Path, mode: str) -> IO[Any]:
        if path == new and new.exists():
            new.rename(seen)
        return opened(path, mode)

    monkeypatch.setattr(Path, "open", move)
    (thread,) = read_threads(tmp_path)
    assert isinstance(thread, Thread)
    assert said(thread) == WHOLE[:2]


def test_an_empty_maildir_says_so(tmp_path: Path) -> None:
    """A Maildir without a message is one sentence."""
    for name in ("cur", "new", "tmp"):
        (tmp_path / name).mkdir()
    (broken,) = read_threads(tmp_path)
    assert isinstance(broken, BrokenThread)
    assert broken.reason == "There is no message in it."


def test_packed_mail_is_read_alike(tmp_path: Path) -> None:
    """Messages packed with gzip are read as they are."""
    path = tmp_path / "list.mbox.gz"
    path.write_bytes(gzip.compress("".join(MARK + one for one in LETTERS).encode()))
    (thread,) = read_threads(path)
    assert isinstance(thread, Thread)
    assert said(thread) == WHOLE


@pytest.mark.parametrize(
    "subject",
    [
        "Re: Plants",
        "AW: Plants",
        "RE : Plants",
        "Antwort: Plants",
        "回复：Plants",
        "SV: VS: Plants",
        "Re[2]: Plants",
        "[list] Odp: Plants",
        "R: Plants",
        "Отв: Plants",
        "RES: ENC: Plants",
        "Re(2): Plants",
        "Fwd: Plants",
    ],
)
def test_subjects_of_answers_join_threads(subject: str) -> None:
    """Without ids an answer is known by its subject, whatever its language writes before it."""
    box = f"{MARK}From: A <a@x>\nSubject: Plants\n\n{ASK}\n\n{MARK}From: B <b@x>\nSubject: {subject}\n\n{WATER}\n"
    assert [post.text for post in read_one(box).posts] == [ASK, WATER]
