import gzip
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tldrkit.threads import BrokenThread, Post, Thread, parse_threads, read_threads
from tldrkit.threads.html.markup import reduce_html

THREAD = Thread(
    id="7",
    title="Flat tyre",
    posts=(Post(author="Ann", text="It is flat.\nAgain.", time="2020"), Post(author="Bo", text="Patch it.")),
)


def read(tmp_path: Path, data: str | bytes, name: str = "file.dat") -> list[Thread | BrokenThread]:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(read_threads(path))


def test_a_document_is_title_and_posts() -> None:
    """A document is the title and each `author: text`, blank lines between; what is empty is left out."""
    assert THREAD.document() == "Flat tyre\n\nAnn: It is flat.\nAgain.\n\nBo: Patch it."
    assert Thread(id="", title="", posts=(Post(author="", text="Alone."),)).document() == "Alone."


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("packed", [False, True])
def test_the_plain_shape_is_read(tmp_path: Path, indent: int | None, packed: bool) -> None:
    """A thread written as JSON comes back as it was, on one line or many, packed or not, under any name."""
    data = json.dumps(asdict(THREAD), indent=indent).encode()
    assert read(tmp_path, gzip.compress(data) if packed else data) == [THREAD]


def test_the_forums_shape_is_read(tmp_path: Path) -> None:
    """An author object, `content` of HTML and `created_at` are read; deleted posts are left out."""
    posts = [
        {
            "author": {"username": "ann", "name": "Ann B"},
            "content": "<p>Is it <b>flat</b>?</p>",
            "created_at": "1",
        },
        {"author": None, "content": None},
    ]
    (thread,) = read(tmp_path, json.dumps({"id": 7, "title": "Tyre", "posts": posts}))
    assert thread == Thread(
        id="7",
        title="Tyre",
        posts=(Post(author="ann", text="Is it flat?", time="1"),),
        unused={"empty": 1},
    )


def test_lines_are_read_one_by_one(tmp_path: Path) -> None:
    """In JSON lines each line is a thread or broken by itself; its number names it where it has no id."""
    lines = [
        json.dumps(asdict(THREAD)),
        "",
        '{"document": "Title\\n\\nAnn: text"}',
        '{"id": "x"',
        '{"id": "y"}',
    ]
    first, document, cut, empty = read(tmp_path, "\n".join(lines), "t.jsonl")
    assert first == THREAD
    assert (document.id, document.document()) == ("t-3", "Title\n\nAnn: text")
    assert (cut.line, empty.line) == (4, 5)
    assert "no JSON" in cut.reason
    assert "neither posts nor a document" in empty.reason


def test_a_broken_first_line_leaves_the_others(tmp_path: Path) -> None:
    """JSON lines whose first line is cut are still read line by line."""
    broken, thread = read(tmp_path, '{"id": "x", "po\n' + json.dumps(asdict(THREAD)) + "\n")
    assert isinstance(broken, BrokenThread)
    assert broken.line == 1
    assert thread == THREAD


@pytest.mark.parametrize("heading", ["# Flat tyre #\n", "Flat tyre\n====\n", "\n\n## Flat tyre\r\n"])
def test_text_is_one_post_under_its_heading(tmp_path: Path, heading: str) -> None:
    """Plain text and Markdown are one post without author; an opening heading is the title."""
    (thread,) = read(tmp_path, heading + "\nIt is flat.\n\n# Later\n", "tyre.md")
    assert thread == Thread(
        id="tyre", title="Flat tyre", posts=(Post(author="", text="It is flat.\n\nLater"),)
    )


@pytest.mark.parametrize("text", ["[1] opens it", "- a list", "{quote}", "no heading\nhere", "<3 it"])
def test_text_may_open_with_any_mark(tmp_path: Path, text: str) -> None:
    """What opens like JSON, Markdown or HTML, and is not, is plain text."""
    (thread,) = read(tmp_path, text)
    assert thread.document() == text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"a\0b", "binary data; if it is text, save it as UTF-8"),
        (b"<!DOCTYPE html><p>x</p>", "HTML"),
        (b"From a@b Mon Jan 1\nSubject: x\n\n", "no text"),
        (b"# only a heading", "heading and no text"),
        (b"[]", "list"),
        (b"{}", "neither posts nor a document"),
        (b'{\n"posts": [1]}', "1 unreadable"),
        (b'{"posts": [{"author": "a"}]}', "1 unreadable"),
        (b'{"posts": [{"text": 1}]}', "1 unreadable"),
        (b'{"posts": []}', "no text"),
        (b'{\n"posts": [', "no JSON"),
        (gzip.compress(b"some text " * 99, mtime=0)[:-12], "cut short"),
        (b"\x1f\x8b no gzip", "cannot be read"),
    ],
)
def test_what_is_no_thread_is_one_sentence(tmp_path: Path, data: bytes, reason: str) -> None:
    """A file that holds no thread is one BrokenThread with one sentence saying why."""
    (broken,) = read(tmp_path, data)
    assert isinstance(broken, BrokenThread)
    assert reason in broken.reason
    assert broken.reason.endswith(".")


def test_lines_may_end_as_on_old_macintoshes(tmp_path: Path) -> None:
    """Carriage returns alone are line ends, in mail and in text."""
    (thread,) = read(tmp_path, b"From: Ann <a@x>\rSubject: Lift\r\rIt is stuck.\r")
    assert isinstance(thread, Thread)
    assert [(post.author, post.text) for post in thread.posts] == [("Ann", "It is stuck.")]
    (thread,) = read(tmp_path, b"The lift is stuck.\rIt is on floor three.")
    assert isinstance(thread, Thread)
    assert thread.posts[0].text == "The lift is stuck.\nIt is on floor three."


def test_a_file_that_cannot_be_opened_is_broken(tmp_path: Path) -> None:
    """A file that has gone is a BrokenThread, no exception."""
    (broken,) = read_threads(tmp_path / "gone.txt")
    assert "No such file" in broken.reason


@given(
    data=st.binary(max_size=300),
    start=st.sampled_from([b"", b"{", b'{"posts": [', b'{"a": 1}\n', b"[", b"\x1f\x8b\x08", b"# "]),
)
def test_any_bytes_are_threads_or_broken(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, start: bytes
) -> None:
    """Whatever a file holds, reading it raises nothing and gives at least one thread or broken thread."""
    found = read(tmp_path_factory.getbasetemp(), start + data, "any")
    assert found
    assert all(thread.document() if isinstance(thread, Thread) else thread.reason for thread in found)


KEYS = st.sampled_from(["id", "title", "posts", "author", "text", "content", "document", "username", "time"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(value=st.dictionaries(KEYS, VALUES))
def test_any_json_is_a_thread_or_broken(
    tmp_path_factory: pytest.TempPathFactory, value: dict[str, Any]
) -> None:
    """JSON of whatever shape raises nothing, and what is read has a text."""
    (found,) = read(tmp_path_factory.getbasetemp(), json.dumps(value), "any.json")
    assert found.document().strip() if isinstance(found, Thread) else found.reason


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
POSTS = st.builds(Post, author=st.text(max_size=9), text=TEXTS, time=st.text(max_size=9))
TITLES = st.text(max_size=9).map(lambda title: "" if title.isspace() else title)
THREADS = st.builds(Thread, id=TEXTS, title=TITLES, posts=st.lists(POSTS, min_size=1, max_size=4).map(tuple))


@given(threads=st.lists(THREADS, min_size=1, max_size=4), ascii_only=st.booleans())
@example(threads=[Thread(id="0", title="", posts=(Post(author="", text=">\r"),))], ascii_only=False)
def test_threads_survive_their_file(
    tmp_path_factory: pytest.TempPathFactory, threads: list[Thread], ascii_only: bool
) -> None:
    """Threads written as JSON lines are read back the same, in order."""
    lines = (json.dumps(asdict(thread), ensure_ascii=ascii_only) for thread in threads)
    assert read(tmp_path_factory.getbasetemp(), "\n".join(lines), "same.jsonl") == threads


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One &amp; two</p><p>three<br>four</p>", "One & two\n\nthree\nfour"),
        ("<ul><li>a</li><li>b</li></ul><script>no()</script>", "a\n\nb"),
        ("<p>a vector<int> of</p>", "a vector<int> of"),
        ("template<class B> a &amp; b < c", "template<class B> a &amp; b < c"),
        ("<p>x</p><![y", None),
    ],
)
def test_html_is_reduced_to_text(html: str, text: str | None) -> None:
    """Tags go and blocks become lines; angle brackets that are no tags stay; nothing raises."""
    reduced = reduce_html(html)
    assert text is None or reduced == text


def test_real_forum_threads_keep_their_posts(shared_data: Path) -> None:
    """A Foru.ms thread keeps title, authors and every post, and code in it stays code."""
    for path in sorted((shared_data / "threads" / "forums").glob("*.json")):
        value = json.loads(path.read_text(encoding="utf-8"))
        (thread,) = read_threads(path)
        assert (thread.id, thread.title, len(thread.posts)) == (
            value["id"],
            value["title"],
            value["post_count"],
        )
        assert [post.text for post in thread.posts] == [post["content"] for post in value["posts"]]


CODE = "def main():\n    print(1)\n"


def test_text_that_is_no_prose_is_refused_unless_insisted_on(tmp_path: Path) -> None:
    """What does not read as prose is refused by name with the way out, which takes it as one post."""
    (broken,) = read(tmp_path, CODE)
    assert isinstance(broken, BrokenThread)
    assert broken.reason == "The file seems to be program code; --as-text takes it as one post."

    (thread,) = read_threads(tmp_path / "file.dat", as_text=True)
    assert isinstance(thread, Thread)
    assert [post.text for post in thread.posts] == ["def main():\n    print(1)"]


def test_a_request_s_text_is_taken_as_it_is() -> None:
    """Bytes that are no file pass no gate."""
    (thread,) = parse_threads(CODE.encode(), "request")
    assert isinstance(thread, Thread)


@pytest.mark.parametrize("name", ["utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-32-le"])
@pytest.mark.parametrize(
    "text", ["Wobbly table\n====\n\nIt wobbles, Zoë.\n", json.dumps(asdict(THREAD)) + "\n"]
)
def test_wide_text_is_read_in_every_shape(tmp_path: Path, name: str, text: str) -> None:
    """UTF-16 and UTF-32, with a mark or without, are read like UTF-8, whatever they hold."""
    assert read(tmp_path, text.encode(name)) == read(tmp_path, text)


def test_a_guessed_encoding_is_said(tmp_path: Path) -> None:
    """Text and pages that are no UTF-8 and say nothing are read by a guess, and the thread says so."""
    russian = "Лифт опять стоит, кто позвонит мастеру? Я сегодня дома и открою дверь."
    page = f'<!DOCTYPE html><html><body><div class="post" id="p1"><div class="content">{russian}</div></div>'
    for text in (russian, page):
        (thread,) = read(tmp_path, text.encode("cp1251"))
        assert isinstance(thread, Thread)
        assert [post.text for post in thread.posts] == [russian]
        assert thread.encoding == "windows-1251, a guess"


def test_what_is_sure_has_no_word_on_its_encoding(tmp_path: Path) -> None:
    """UTF-8, and a page in the encoding it names, say nothing."""
    page = (
        '<html><meta charset="{0}"><body><div class="post" id="p1"><div class="content">刹车后轮</div></div>'
    )
    for name in ("utf-8", "gb2312"):
        (thread,) = read(tmp_path, page.format(name).encode(name))
        assert isinstance(thread, Thread)
        assert (thread.encoding, thread.posts[0].text) == ("", "刹车后轮")
