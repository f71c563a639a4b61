"""Mail in encodings that it names, names wrongly, or keeps to itself."""

from base64 import encodebytes

import pytest

from tldrkit.threads.files import parse_threads
from tldrkit.threads.thread import Thread

RUSSIAN = "Тормоза скрипят после дождя, кто знает почему?"
JAPANESE = "雨の後にブレーキが鳴きます。なぜか分かる人はいますか？"
GERMAN = "Die Bremse quietscht bei Nässe, weiß jemand warum?"


def read(*messages: bytes) -> Thread:
    (thread,) = parse_threads(b"\n".join(messages), "box")
    assert isinstance(thread, Thread)
    return thread


@pytest.mark.parametrize(
    ("text", "codec", "label", "doubt"),
    [
        (RUSSIAN, "koi8-r", "", "koi8-r, a guess"),
        (RUSSIAN, "cp1251", "", "windows-1251, a guess"),
        (RUSSIAN, "cp1251", "us-ascii", "windows-1251, a guess"),
        (RUSSIAN, "cp1251", "x-unknown", "windows-1251, a guess"),
        (RUSSIAN, "cp1251", "utf-8", "windows-1251, a guess"),
        (RUSSIAN, "cp1251", "windows-1251", ""),
        (RUSSIAN, "utf-8", "iso-8859-1", "utf-8, a guess"),
        (RUSSIAN, "utf-8", "", ""),
        (JAPANESE, "shift_jis", "", "shift_jis, a guess"),
        (JAPANESE, "euc_jp", "", "euc-jp, a guess"),
        (JAPANESE, "iso2022_jp", "", "iso-2022-jp, a guess"),
        (JAPANESE, "iso2022_jp", "iso-2022-jp", ""),
        (JAPANESE, "utf-7", "utf-7", ""),
        (GERMAN, "latin-1", "", "windows-1252, a guess"),
        (GERMAN, "latin-1", "iso-8859-15", ""),
    ],
)
@pytest.mark.parametrize("coded", [False, True])
def test_a_guess_at_a_messages_encoding_is_said(
    text: str, codec: str, label: str, doubt: str, coded: bool
) -> None:
    """What a message says of its encoding is believed if it can be; else it is guessed, with a word."""
    kind = f"Content-Type: text/plain{f'; charset={label}' if label else ''}\n" if label or coded else ""
    kind += "Content-Transfer-Encoding: base64\n" if coded else ""
    body = encodebytes(text.encode(codec)) if coded else text.encode(codec)
    thread = read(b"From: Ann <a@x>\nSubject: S\n" + kind.encode() + b"\n" + body)
    assert ([post.text for post in thread.posts], thread.encoding) == ([text], doubt)


def test_a_subject_of_bytes_is_guessed_by_the_words_below_it() -> None:
    """A short header is in the encoding of the message."""
    title = "Скрип"
    thread = read(f"From: Ann <a@x>\nSubject: {title}\n\n{RUSSIAN}".encode("koi8-r"))
    assert (thread.title, thread.encoding) == (title, "koi8-r, a guess")


def test_a_few_damaged_bytes_do_not_change_the_encoding() -> None:
    """What is UTF-8 but for some bytes is read as that, and they are counted."""
    kind = b"From: Ann <a@x>\nSubject: S\nContent-Type: text/plain; charset=utf-8\n\n"
    thread = read(kind + RUSSIAN.encode()[:-2] + b"\n")
    assert thread.posts[0].text == RUSSIAN[:-2] + "\ufffd"
    assert thread.encoding == "utf-8, 1 unreadable"


def test_a_thread_names_each_guess_once() -> None:
    """Messages of one thread may be in several encodings."""
    bodies = [(RUSSIAN, "koi8-r"), (GERMAN, "latin-1"), (RUSSIAN, "koi8-r"), (GERMAN, "utf-8")]
    head = "From a@x Tue Jun  4 09:00:00 2024\nFrom: A <a@x>\nSubject: Re: S"
    thread = read(*[f"{head}\n\n{text}\n".encode(codec) for text, codec in bodies])
    assert [post.text for post in thread.posts] == [text for text, _ in bodies]
    assert thread.encoding == "koi8-r, a guess; windows-1252, a guess"


def test_a_digests_encoding_is_that_of_its_messages() -> None:
    """A guess at a plain digest is said of the threads that it holds."""
    long, short = "-" * 70, "-" * 30
    parts = f"\n\n{short}\n\n".join(
        f"From: {name}\nSubject: Re: Тормоза\n\n{RUSSIAN}" for name in ("Аня", "Борис")
    )
    text = f"From: l@x\nSubject: Plants Digest\n\nToday:\n\n{long}\n\n{parts}\n\n{short}\n\nEnd of Digest\n"
    thread = read(text.encode("cp1251"))
    assert [post.author for post in thread.posts] == ["Аня", "Борис"]
    assert thread.encoding == "windows-1251, a guess"


@pytest.mark.parametrize(
    ("label", "meta", "codec", "doubt"),
    [
        ("", "", "cp1251", "windows-1251, a guess"),
        ("windows-1251", "", "cp1251", ""),
        ("", "<meta charset=windows-1251>", "cp1251", ""),
        ("iso-8859-1", "", "utf-8", "utf-8, a guess"),
    ],
)
def test_a_saved_pages_encoding_is_that_of_its_part(label: str, meta: str, codec: str, doubt: str) -> None:
    """A page saved as MHTML is decoded by what it says, else by its part's header, else by a guess."""
    posts = "".join(
        f'<article itemscope itemtype="https://schema.org/Comment"><span itemprop="author">{name}</span>'
        f'<div itemprop="text">{RUSSIAN}</div></article>'
        for name in ("ann", "ben")
    )
    page = f"<html><head>{meta}<title>T</title></head><body>{posts}</body></html>"
    kind = "Content-Type: text/html" + (f"; charset={label}" if label else "")
    head = (
        "From: <Saved by Blink>\nSnapshot-Content-Location: https://x.example/t\nMIME-Version: 1.0\n"
        'Content-Type: multipart/related; type="text/html"; boundary="b"\n\n--b\n'
        f"{kind}\nContent-Transfer-Encoding: binary\nContent-Location: https://x.example/t\n\n"
    )
    thread = read(head.encode() + page.encode(codec) + b"\n--b--\n")
    assert [post.text for post in thread.posts] == [RUSSIAN] * 2
    assert thread.encoding == doubt
