from pathlib import Path

import pytest

from tests.threads.sample_pages import FLAT, MYBB_PRINTED, PAGES, TREES, fill, page
from tests.threads.samples import PATCH, THANKS, TITLE
from tldrkit.threads import BrokenThread, Thread, read_threads


def read(tmp_path: Path, data: bytes) -> Thread | BrokenThread:
    path = tmp_path / "file.dat"
    path.write_bytes(data)
    (thread,) = read_threads(path)
    return thread


def read_one(tmp_path: Path, data: bytes) -> Thread:
    thread = read(tmp_path, data)
    assert isinstance(thread, Thread), thread
    return thread


@pytest.mark.parametrize("software", sorted(PAGES))
def test_every_software_gives_the_same_thread(tmp_path: Path, software: str) -> None:
    """Title, authors and texts come out; menus, signatures, scripts and marks do not."""
    thread = read_one(tmp_path, PAGES[software])

    assert thread.title == TITLE
    assert [post.author for post in thread.posts] == ["ann", "bo", "ann"]
    assert [post.text for post in thread.posts] == ["It is flat & old.", PATCH, THANKS]


@pytest.mark.parametrize("software", TREES)
def test_pages_with_trees_say_who_answers_whom(tmp_path: Path, software: str) -> None:
    """Indents, posts inside others, and nested JSON-LD give the post that is answered, else the first is."""
    assert [post.reply_to for post in read_one(tmp_path, PAGES[software]).posts] == [None, 0, 1]


@pytest.mark.parametrize(
    "software",
    ["phpBB 3", "XenForo 2", "Discourse", "Invision 4", "Invision 5", "Vanilla", "NodeBB", "microdata"],
)
def test_times_of_pages_become_iso(tmp_path: Path, software: str) -> None:
    """The datetime of a page's element is written as ISO 8601."""
    assert read_one(tmp_path, PAGES[software]).posts[0].time == "2020-09-13T12:26:40Z"


@pytest.mark.parametrize(
    ("software", "time"),
    [
        ("phpBB 3, printed", "Sun Sep 13, 2020 12:26 pm"),
        ("phpBB 3, subsilver2", "Sun Sep 13, 2020 12:26 pm"),
        ("phpBB 3, subsilver2 printed", "Sun Sep 13, 2020 12:26 pm"),
        ("vBulletin 3, printed", "09-13-2020, 12:26 PM"),
        ("vBulletin 4, printed", "09-13-2020, 12:26 PM"),
        ("vBulletin archive", "09-13-2020, 12:26 PM"),
        ("SMF, printed", "September 13, 2020, 12:26:40 PM"),
        ("SMF 1.1, printed", "September 13, 2020, 12:26:40 PM"),
        ("MyBB", "09-13-2020, 12:26 PM"),
        ("MyBB, printed", "09-13-2020"),
        ("MyBB archive", "09-13-2020, 12:26 PM"),
        ("bbPress", "13 September 2020 at 12:26"),
        ("Discuz", "2020-9-13 12:26"),
        ("FluxBB", "2020-09-13T12:26:40"),
        ("PunBB", "2020-09-13T12:26:40"),
        ("Invision 2", "Sep 13 2020, 12:26 PM"),
        ("Invision lo-fi", "Sep 13 2020, 12:26 PM"),
    ],
)
def test_local_times_of_pages_stand_alone(tmp_path: Path, software: str, time: str) -> None:
    """A local date stays as it is written, without the words round it."""
    assert read_one(tmp_path, PAGES[software]).posts[1].time == time


@pytest.mark.parametrize(
    "title", ["Print Page - Flat tyre", "Flat tyre - Printable Version", "Flat tyre [Archive]"]
)
def test_a_title_loses_what_views_put_round_it(tmp_path: Path, title: str) -> None:
    """Printed and archived pages put their kind into the title."""
    data = page(fill(FLAT["vBulletin archive"]), head="").replace(b"Flat tyre - Bikes", title.encode())
    assert read_one(tmp_path, data).title == TITLE


def test_a_printed_view_in_another_language_is_read(tmp_path: Path) -> None:
    """Words round the name and the time of a printed post are not looked at."""
    posts = [
        post.replace("Title:", "Titel:").replace("Post by:", "Beitrag von:").replace(" on ", " am ")
        for post in fill(FLAT["SMF, printed"])
    ]
    assert [post.author for post in read_one(tmp_path, page(posts)).posts] == ["ann", "bo", "ann"]


def test_a_rule_and_a_line_with_dashes_are_no_post(tmp_path: Path) -> None:
    """What follows a rule is a printed post only with the head of one, on a page that is such a view."""
    rows = ["<hr size='1' />Home - Contact - 2020<br />All rights reserved."]
    assert isinstance(read(tmp_path, page(rows)), BrokenThread)
    thread = read_one(tmp_path, MYBB_PRINTED.replace(b"<footer>", b"<footer>Powered by MyBB<br />"))
    assert [post.text for post in thread.posts] == ["It is flat & old.", PATCH, THANKS]


def test_a_quote_on_a_page_is_dropped_where_the_page_has_its_post(tmp_path: Path) -> None:
    """XenForo's quote of an earlier post goes with its attribution; a quote of what is not there stays."""
    quote = (
        '<div class="bbCodeQuote"><div class="attribution">ann said:</div><blockquote>{}</blockquote></div>'
    )
    posts = fill(FLAT["XenForo 1"])
    posts[1] = posts[1].replace("Patch it", quote.format("It is flat &amp; old.") + "Patch it")
    posts[2] = posts[2].replace("That", quote.format("Use some glue instead.") + "That")
    thread = read_one(tmp_path, page(posts))

    assert thread.posts[1].text == PATCH
    assert thread.posts[2].text == f"> ann said:\n> Use some glue instead.\n\n{THANKS}"


def test_a_page_keeps_its_encoding(tmp_path: Path) -> None:
    """The charset a page names is used; without one, what is no UTF-8 is read as Windows-1252."""
    html = page(fill(FLAT["SMF"])).decode().replace("worked", "läuft").replace("<head>", "<head>{}")
    for meta, charset in (('<meta charset="iso-8859-15">', "iso-8859-15"), ("", "cp1252")):
        data = html.replace("{}", meta, 1).encode(charset)
        assert read_one(tmp_path, data).posts[2].text == "That läuft."


def test_a_page_without_posts_says_so(tmp_path: Path) -> None:
    """A page of no forum software is one broken thread with one sentence."""
    thread = read(tmp_path, page(["<p>Welcome to our shop</p>"]))
    assert isinstance(thread, BrokenThread)
    assert "page of HTML without the posts" in thread.reason


HOSTILE = {
    "open comments": b"<!--" * 60_000,
    "open tags": b"<a " * 80_000,
    "open quotes": b"<a b=\"'" * 40_000,
    "open scripts": b"<script>" * 40_000,
    "nested": b'<div class="post_wrapper">' * 40_000,
    "closed": b"</div>" * 40_000,
    "entities": b"&#x" * 80_000,
    "quotes": b'<div class="inner"><blockquote>' * 10_000,
    "brackets": b"[quote]" * 30_000,
    "linked data": b'<script type="application/ld+json">[' * 20_000,
}


@pytest.mark.parametrize("attack", sorted(HOSTILE))
def test_hostile_pages_are_read_in_one_pass(tmp_path: Path, attack: str) -> None:
    """Marks opened tens of thousands of times, at whose square one would hang, leave the posts before."""
    data = page(fill(FLAT["SMF"])).replace(b"That worked.", HOSTILE[attack])
    assert [post.text for post in read_one(tmp_path, data).posts][1] == PATCH
