"""What sites put round and into posts: shared posts, polls, pictures, notices, boxes of links, footnotes."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.threads.samples import DISCOURSE, MORE, SUBMISSION, listing, reddit_comment
from tldrkit.threads import Thread, read_threads


def read_one(tmp_path: Path, data: object) -> Thread:
    path = tmp_path / "file.dat"
    path.write_text(json.dumps(data))
    (thread,) = read_threads(path)
    assert isinstance(thread, Thread), thread
    return thread


def submit(**fields: object) -> Any:  # noqa: ANN401  (decoded JSON)
    own = {"selftext": "", "is_self": False, "url": "https://www.reddit.com/gallery/p", **fields}
    return [listing([{"kind": "t3", "data": SUBMISSION["data"] | own}])]  # type: ignore[operator]


SHARED = {"id": "w", "title": "Rims", "selftext": "The rim is **bent**.", "is_self": True, "author": "cy"}
PARTS: dict[str, tuple[dict[str, object], str]] = {
    "the post it shares": ({"crosspost_parent_list": [SHARED]}, "The rim is bent."),
    "the link of the post it shares": (
        {
            "url": "/r/x/",
            "crosspost_parent_list": [SHARED | {"selftext": "", "url": "https://x.y", "is_self": False}],
        },
        "https://x.y",
    ),
    "a poll": (
        {
            "selftext": "Which?",
            "poll_data": {"options": [{"text": "Patch"}, {"text": "Buy", "vote_count": 3}]},
        },
        "Which?\n\n- Patch\n- Buy",
    ),
    "pictures": (
        {
            "is_gallery": True,
            "gallery_data": {"items": [{"media_id": "a", "caption": "The hole"}, {"media_id": "b"}]},
        },
        "[image: The hole]\n[image]",
    ),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_submission_is_all_it_shows(tmp_path: Path, part: str) -> None:
    """A shared post's text, a poll's choices and pictures' captions are the text of a Reddit submission."""
    fields, text = PARTS[part]
    assert [post.text for post in read_one(tmp_path, submit(**fields)).posts] == [text]


@pytest.mark.parametrize(
    "fields", [{"author": "AutoModerator"}, {"author": "mod", "stickied": True, "distinguished": "moderator"}]
)
def test_notices_of_moderators_are_no_posts(tmp_path: Path, fields: dict[str, object]) -> None:
    """A pinned notice and what AutoModerator writes are counted as moderation."""
    notice = reddit_comment("n", "x", "Be kind.", "t3_p", [])
    notice["data"] |= fields
    thread = read_one(tmp_path, [listing([SUBMISSION]), listing([notice, MORE])])
    assert (len(thread.posts), thread.unused) == (1, {"moderation": 1})


BOX = (
    '<aside class="onebox allowlistedgeneric" data-onebox-src="https://x.y/z"><header class="source">'
    '<a href="https://x.y/z">x.y</a></header><article class="onebox-body">{title}<p>Buy now, only today.</p>'
    "</article></aside>"
)
HEAD = '<h3><a href="https://x.y/z">Tyres &amp; more</a></h3>'
MARK = '<sup class="footnote-ref"><a href="#footnote-7-1">[1]</a></sup>'
NOTE = '<li id="footnote-7-1" class="footnote-item"><p>Rubber. <a href="#footnote-ref-7-1">↩︎</a></p></li>'
COOKED = {
    "the title of a link's box": (
        f"<p>Look:</p>{BOX.format(title=HEAD)}<p>Fine?</p>",
        "Look:\n\nTyres & more\n\nFine?",
    ),
    "the address of a box without title": (BOX.format(title=""), "https://x.y/z"),
    "boxes that do not end": ('<aside class="onebox' * 3 + ' data-onebox-src="https://x.y">', "https://x.y"),
    "a video": (
        '<p>See</p><div class="lazyYT" data-video-title="Mending" data-video-id="1"><a><img></a></div>',
        "See\n\nMending\n[image]",
    ),
    "a poll": (
        '<p>Which?</p><div class="poll"><div class="poll-container"><ul><li>Patch</li><li>Buy</li></ul></div>'
        '<div class="poll-info"><span class="info-number">0</span><span class="info-label">voters</span>'
        "</div></div>",
        "Which?\n\nPatch\n\nBuy",
    ),
    "footnotes": (
        f"<p>Glue{MARK} it.</p><ol>{NOTE}</ol>",
        "Glue[1] it.\n\n[1] Rubber.",
    ),
}


@pytest.mark.parametrize("part", COOKED)
def test_boxes_become_what_they_name(tmp_path: Path, part: str) -> None:
    """Of what Discourse adds to a post stay a link's title or address, choices, and footnotes by number."""
    cooked, text = COOKED[part]
    post = DISCOURSE["post_stream"]["posts"][0] | {"cooked": cooked}  # type: ignore[index]
    thread = read_one(tmp_path, DISCOURSE | {"post_stream": {"posts": [post]}})
    assert [post.text for post in thread.posts] == [text]
