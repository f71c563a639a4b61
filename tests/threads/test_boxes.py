# ruff: noqa: E501  (markup reads better whole)
from pathlib import Path

import pytest

from tests.threads.sample_pages import FLAT, fill, page
from tests.threads.test_pages import read_one
from tldrkit.threads import Thread

BOXES = {
    "thanks, with their givers": (
        "vBulletin 4",
        '<li class="postbitlegacy" id="post_thanks_box_1"><a class="username">cy</a><span class="date">14-09-2020</span>'
        '<blockquote class="postcontent">cy thanks for this</blockquote></li>',
    ),
    "thanks, without a name": (
        "vBulletin 4",
        '<li class="postbit" id="post_thanks_2"><blockquote class="postcontent">cy says thanks</blockquote></li>',
    ),
    "an advertisement with a name": (
        "XenForo 2",
        '<article class="message message--ad" data-author="Shop"><div class="bbWrapper">Buy tubes!</div></article>',
    ),
    "an advertisement that names itself nowhere": (
        "FluxBB",
        '<div class="blockpost"><dl><dt>Shop</dt></dl><div class="postmsg">Buy tubes!</div></div>',
    ),
    "who liked, in another language": (
        "phpBB 3",
        '<div id="pliste" class="post bg2"><div class="content">3 Personen gefällt das</div></div>',
    ),
    "a box with nothing of a post": (
        "MyBB",
        '<div class="post" id="post_offer"><div class="post_body">Tubes at half the price</div></div>',
    ),
    "a poll": (
        "Invision 4",
        '<article class="ipsComment cPoll"><h3>Tube or tubeless?</h3><div data-role="commentContent">Vote</div></article>',
    ),
    "likes, in camel case": (
        "FluxBB",
        '<div class="blockpost postLikes"><dl><dt>Liked by</dt></dl><div class="postmsg">cy, di</div></div>',
    ),
    "a signature on its own": (
        "Vanilla",
        '<div class="ItemComment UserSignature"><div class="Message">my bikes</div></div>',
    ),
}  # fmt: skip


def read_texts(tmp_path: Path, posts: list[str]) -> list[str]:
    thread: Thread = read_one(tmp_path, page(posts))
    return [post.text for post in thread.posts]


@pytest.mark.parametrize("kind", BOXES)
def test_a_box_with_a_post_s_class_is_no_post(tmp_path: Path, kind: str) -> None:
    """What names itself thanks or an advertisement, or has no author, time nor id of a post, is none."""
    software, box = BOXES[kind]
    posts = fill(FLAT[software])
    texts = read_texts(tmp_path, posts)

    assert read_texts(tmp_path, [posts[0], box, *posts[1:], box]) == texts
    assert len(texts) == 3


@pytest.mark.parametrize(
    ("software", "name", "without"),
    [
        ("phpBB 3", "bg1 liked", '<a class="username">ann</a>'),  # a guest
        ("vBulletin 4", "postcontainer thanked", '<span class="date">13-09-2020</span>'),
        ("MyBB", "classic has-ads", '<span class="post_date">09-13-2020, 12:26 PM</span>'),
    ],
)
def test_a_post_with_an_id_of_a_post_is_one(tmp_path: Path, software: str, name: str, without: str) -> None:
    """A post that says it was thanked for, or lacks a name or a time, stays by its id."""
    posts = fill(FLAT[software].replace(name.split()[0], name))
    posts[0] = posts[0].replace(without, "")
    assert len(read_texts(tmp_path, posts)) == 3


def test_posts_without_any_marks_are_posts(tmp_path: Path) -> None:
    """Where no box has an author, a time or an id, nothing tells them apart."""
    posts = [
        f'<div class="ItemComment"><div class="Message">{text}</div></div>' for text in ("Flat.", "Patch.")
    ]
    assert read_texts(tmp_path, posts) == ["Flat.", "Patch."]


def test_a_signature_is_not_the_text_of_a_post_without_one(tmp_path: Path) -> None:
    """A post's text is not looked for in its signature."""
    posts = fill(FLAT["XenForo 2"])
    posts[1] = posts[1].replace(
        "<div class=\"bbWrapper\">Patch it <a href='http://x.y'>from inside</a>.</div>", ""
    )
    assert read_texts(tmp_path, posts) == ["It is flat & old.", "That worked."]


@pytest.mark.parametrize("name", ["post_thanks", "thanks-list", "adsbygoogle", "advertisement", "signature"])
def test_boxes_in_a_text_are_not_read(tmp_path: Path, name: str) -> None:
    """Thanks, advertisements and signatures within a post's text are none of its words."""
    posts = fill(FLAT["phpBB 3"])
    posts[2] = posts[2].replace("worked.", f'worked.<div class="{name}"><p>cy, di</p></div>')
    assert read_texts(tmp_path, posts)[2] == "That worked."
