import json
from pathlib import Path
from typing import Any

import pytest

from tldrkit.threads import BrokenThread, Post, Thread, read_threads

ANN, BO = {"username": "ann"}, {"username": "bo"}


def read(tmp_path: Path, data: object) -> list[Thread | BrokenThread]:
    path = tmp_path / "file.dat"
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return list(read_threads(path))


def read_one(tmp_path: Path, data: object) -> Thread:
    (thread,) = read(tmp_path, data)
    assert isinstance(thread, Thread), thread
    return thread


def said(thread: Thread) -> list[tuple[str, str, int | None]]:
    return [(post.author, post.text, post.reply_to) for post in thread.posts]


TREE = [{"id": 1, "author": "ann", "content": "a", "replies": [{"author": "bo", "content": "b"}]}]
STORY = {"id": 1, "type": "story", "by": "ann", "title": "T", "text": "a", "descendants": 1}
COMMENT = {"id": 2, "type": "comment", "by": "bo", "text": "b", "parent": 1}
ISSUE = {"number": 7, "title": "T", "user": ANN, "body": "a", "node_id": "x", "comments": 1}
NOTE = {"id": 2, "user": BO, "body": "b", "node_id": "y"}
QUESTION = {"question_id": 1, "title": "T", "body": "a", "owner": {"display_name": "ann"}, "answer_count": 1}
ANSWER = {"answer_id": 2, "question_id": 1, "body": "b", "owner": {"display_name": "bo"}}
VIEW = {"post": {"id": 5, "name": "T", "body": "a"}, "creator": {"name": "ann"}, "counts": {"comments": 1}}
ANSWER_VIEW = {"comment": {"id": 1, "content": "b", "path": "0.1"}, "creator": {"name": "bo"}}
LOBSTER = {"short_id": "x", "title": "T", "description": "<p>a</p>", "submitter_user": "ann"}
LOBSTER_COMMENT = {"short_id": "y", "comment": "<p>b</p>", "commenting_user": "bo", "depth": 0}

VARIANTS: dict[str, Any] = {
    "a thread whose posts hold their answers": {"title": "T", "posts": TREE},
    "a thread beside its posts": {
        "thread": {"title": "T", "body": "a", "user": ANN},
        "posts": [{"id": 2, "body": "b", "user": BO, "parentId": "#opening"}],
    },
    "posts counted by an object": {"title": "T", "posts": {"data": TREE, "total": 2}},
    "an item beside its comments": {"story": STORY, "comments": [COMMENT]},
    "an item with whole kids": {**STORY, "kids": [COMMENT]},
    "items by their ids": {"1": STORY, "2": COMMENT},
    "an issue and the list of its comments": [ISSUE, [NOTE]],
    "an issue with comments_data": {**ISSUE, "comments_data": [NOTE]},
    "a question beside its answers": {"question": QUESTION, "answers": [ANSWER]},
    "a question and answers in one list": {"items": [ANSWER, QUESTION]},
    "Lemmy's two answers side by side": {
        "post": {"post_view": VIEW},
        "comments": {"comments": [ANSWER_VIEW]},
    },
    "a story beside its comments": {"story": LOBSTER, "comments": [LOBSTER_COMMENT]},
    "a submission with its comments": {
        "id": "s",
        "title": "T",
        "selftext": "a",
        "author": "ann",
        "comments": [{"id": "c", "author": "bo", "body": "b", "parent_id": "t3_s"}],
    },
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_answers_are_found_wherever_they_stand(tmp_path: Path, variant: str) -> None:
    """Answers nested in posts, beside their topic or under another name are read, and nothing is missing."""
    thread = read_one(tmp_path, VARIANTS[variant])

    assert thread.title == "T"
    assert [(author, text) for author, text, _ in said(thread)] == [("ann", "a"), ("bo", "b")]
    assert (thread.not_loaded, thread.unused) == (0, {})


@pytest.mark.parametrize("variant", sorted(set(VARIANTS) - {"a thread beside its posts"}))
def test_answers_name_what_they_answer(tmp_path: Path, variant: str) -> None:
    """However a tree is written, the second post answers the first."""
    assert [parent for *_, parent in said(read_one(tmp_path, VARIANTS[variant]))] == [None, 0]


@pytest.mark.parametrize("key", ["author_name", "sender", "from", "poster", "speaker"])
def test_authors_go_by_many_names(tmp_path: Path, key: str) -> None:
    """An author is found under the names forums use, as a text or an object."""
    for author in ("ann", {"name": "ann"}):
        posts = [{key: author, "message": "a"}]
        assert read_one(tmp_path, {"messages": posts}).posts[0].author == "ann"


@pytest.mark.parametrize(
    ("given", "time"),
    [
        *[(1600000000, "2020-09-13T12:26:40Z"), ("1600000000.5", "2020-09-13T12:26:40Z")],
        *[("1600000000123", "2020-09-13T12:26:40Z"), ("2020-09-13 12:26:40", "2020-09-13T12:26:40")],
        *[("2020-09-13T12:26:40.123456Z", "2020-09-13T12:26:40Z"), ("2020-09-13", "2020-09-13")],
        *[("Sun, 13 Sep 2020 12:26:40 +0200", "2020-09-13T12:26:40+02:00"), ("last Sunday", "last Sunday")],
        *[(None, ""), (True, ""), ([1], "")],
    ],
)
def test_times_have_one_form(tmp_path: Path, given: object, time: str) -> None:
    """Seconds, milliseconds, ISO 8601 and mail dates are written alike; other texts stay."""
    thread = read_one(tmp_path, {"posts": [{"author": "ann", "text": "a", "time": given}]})
    assert thread.posts[0].time == time


@pytest.mark.parametrize(
    ("given", "votes"), [("12", 12), (3.0, 3), ([{"user": 1}, {"user": 2}], 2), ("x", None)]
)
def test_votes_are_numbers_or_lists_of_voters(tmp_path: Path, given: object, votes: int | None) -> None:
    """A number, a text of one, or a list of those who voted are votes."""
    thread = read_one(tmp_path, {"posts": [{"author": "ann", "text": "a", "likes": given}]})
    assert thread.posts[0].votes == votes


def test_posts_of_several_threads_are_told_apart(tmp_path: Path) -> None:
    """A list of posts that name their threads, and hits of several stories, give a thread for each."""
    posts = [{"threadId": n % 2, "author": "ann", "text": f"{n}"} for n in range(4)]
    hits = [{"objectID": f"{n}", "story_id": n % 2, "comment_text": f"{n}", "_tags": []} for n in range(4)]
    for data in (posts, {"hits": hits}):
        threads = read(tmp_path, data)
        assert [[post.text for post in thread.posts] for thread in threads if isinstance(thread, Thread)] == [
            ["0", "2"],
            ["1", "3"],
        ]


def test_a_body_given_as_html_alone_is_read(tmp_path: Path) -> None:
    """A Reddit comment with only `body_html`, escaped as the API does, is its text."""
    html = "&lt;div class=&quot;md&quot;&gt;&lt;p&gt;a &amp;amp; b&lt;/p&gt;&lt;/div&gt;"
    comment = {"kind": "t1", "data": {"id": "c", "author": "ann", "body_html": html}}
    assert said(read_one(tmp_path, [comment])) == [("ann", "a & b", None)]


def test_a_webhook_of_a_removal_does_not_use_the_comment(tmp_path: Path) -> None:
    """A comment that a payload says was deleted is counted and not used."""
    thread = read_one(tmp_path, {"action": "deleted", "issue": ISSUE, "comment": NOTE})
    assert (len(thread.posts), thread.unused) == (1, {"deleted": 1})


def test_a_timeline_is_its_comments(tmp_path: Path) -> None:
    """Of a topic's events the comments are read; the others are counted."""
    events = [{"event": "labeled"}, {**NOTE, "event": "commented"}, {"event": "closed"}]
    thread = read_one(tmp_path, events)
    assert (said(thread), thread.unused) == ([("bo", "b", None)], {"event": 2})


@pytest.mark.parametrize(
    "error",
    [
        {"message": "Not Found", "documentation_url": "https://x.y"},
        {"data": None, "errors": [{"message": "Not Found"}]},
        {"errors": ["Not Found"], "error_type": "not_found"},
        {"error_id": 404, "error_message": "Not Found"},
    ],
)
def test_a_service_s_error_is_told(tmp_path: Path, error: object) -> None:
    """An error saved in place of a thread is refused in its own words."""
    (broken,) = read(tmp_path, error)
    assert isinstance(broken, BrokenThread)
    assert "Not Found" in broken.reason


def test_front_matter_names_title_author_and_date(tmp_path: Path) -> None:
    """What stands between `---` lines before a text is not the text."""
    text = b'---\ntitle: "Flat"\nauthor: ann\ntags:\n  - x\ndate: 2020-09-13\n---\n\nIt is *flat*.\n'
    thread = read_one(tmp_path, text)
    assert thread.title == "Flat"
    assert thread.posts == (Post(author="ann", text="It is flat.", time="2020-09-13"),)


def test_a_message_before_the_one_it_answers_stands_behind_it(tmp_path: Path) -> None:
    """Messages keep the order of the mailbox, but for answers that come before their question."""
    heads = [("bo", "2", "1"), ("ann", "1", ""), ("cy", "3", "9")]
    mails = (
        f"From x Sun Sep 13 12:26:40 2020\nFrom: {who}\nMessage-ID: <{own}>\nReferences: <1>\n"
        f"In-Reply-To: <{parent}>\nSubject: Re: T\n\n{who}\n\n"
        for who, own, parent in heads
    )
    thread = read_one(tmp_path, "".join(mails).encode())
    assert said(thread) == [("ann", "ann", None), ("bo", "bo", 0), ("cy", "cy", None)]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Yes.\n\nFrom: Ann <ann@x.y>\nSent: Sunday\nTo: Bo\nSubject: T\n\nFlat?", "Yes."),
        (
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nYes.\n-----BEGIN PGP SIGNATURE-----\n\nx",
            "Yes.",
        ),
    ],
)
def test_mail_is_its_words(tmp_path: Path, body: str, text: str) -> None:
    """A copied head with what follows it, and the armour of PGP, are left out."""
    assert read_one(tmp_path, f"From: ann\nSubject: T\n\n{body}".encode()).posts[0].text == text


@pytest.mark.parametrize(
    ("post", "text"),
    [
        ({"text": None, "content": "a"}, "a"),
        ({"text": "", "body": "a"}, "a"),
        ({"content": " \n", "message": None, "html": "<p>a</p>"}, "a"),
        ({"text": 5, "content": "a"}, "a"),
    ],
)
def test_the_first_field_with_text_is_read(tmp_path: Path, post: dict[str, Any], text: str) -> None:
    """A field of a post's text that is null, blank or no text hides no other one."""
    thread = read_one(tmp_path, {"id": 0, "posts": [{"id": 0, "author": "ann", **post}]})
    assert (thread.id, said(thread), thread.unused) == ("0", [("ann", text, None)], {})


@pytest.mark.parametrize(
    ("post", "reason"),
    [
        ({"text": None, "content": ""}, "empty"),
        ({"text": 5}, "unreadable"),
        ({"text": [], "body": None}, "empty"),
    ],
)
def test_posts_without_text_are_counted(tmp_path: Path, post: dict[str, Any], reason: str) -> None:
    """A post is empty where a field of text is, and unreadable where all are of another type."""
    posts = [{"author": "ann", "text": "a"}, {"author": "bo", **post}]
    assert read_one(tmp_path, {"posts": posts}).unused == {reason: 1}


def test_zero_is_an_id(tmp_path: Path) -> None:
    """Threads and posts may be numbered from 0; who answers post 0 is known."""
    posts = [{"id": 0, "author": "ann", "text": "a"}, {"id": 1, "author": "bo", "text": "b", "parent_id": 0}]
    thread = read_one(tmp_path, {"id": 0, "title": "T", "posts": posts})
    assert thread.id == "0"
    assert said(thread) == [("ann", "a", None), ("bo", "b", 0)]
