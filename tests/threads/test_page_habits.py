# ruff: noqa: E501  (markup reads better whole)
from pathlib import Path

import pytest

from tldrkit.threads import BrokenThread, Thread, read_threads


def read(tmp_path: Path, body: str) -> Thread | BrokenThread:
    path = tmp_path / "file.dat"
    path.write_text(
        f"<!DOCTYPE html><html><head><title>A - b - Bikes</title></head><body>{body}</body></html>"
    )
    (thread,) = read_threads(path)
    return thread


def read_thread(tmp_path: Path, body: str) -> Thread:
    thread = read(tmp_path, body)
    assert isinstance(thread, Thread), thread
    return thread


def xenforo(text: str, author: str = "ann") -> str:
    return f'<article class="message" data-author="{author}"><div class="bbWrapper">{text}</div></article>'


@pytest.mark.parametrize(
    "body",
    [
        '<div id="edit1"><table id="post1"><tr><td class="thead">#1<br>13-09-2020, 12:26 PM</td></tr><tr><td>'
        '<a class="bigusername">ann</a><div id="post_message_1">Flat.</div></td></tr></table></div>',
        '<div class="topic-post"><article id="post_1"><a data-user-card="ann"></a><div class="cooked">Flat.</div>'
        "</article></div>",
        '<div class="js-comment-container"><div class="timeline-comment"><a class="author">ann</a>'
        '<div class="comment-body">Flat.</div></div></div>',
    ],
)
def test_what_stands_round_a_post_is_no_post(tmp_path: Path, body: str) -> None:
    """An element round a post is not counted as an empty one."""
    thread = read_thread(tmp_path, body)
    assert [(post.author, post.text) for post in thread.posts] == [("ann", "Flat.")]
    assert thread.posts_read == 1


def test_a_post_that_opens_with_a_quote_is_read_past_it(tmp_path: Path) -> None:
    """A post's element in phpBB 2 is closed and opened again round a quote; its date is not the day the author joined."""
    body = "".join(
        f'<tr><td><span class="name"><b>{author}</b></span><span class="postdetails">Joined: 01 Jan 2004</span></td>'
        '<td><span class="postdetails">Posted: Sun Sep 13, 2020 12:26 pm  Post subject: x</span>'
        f'<span class="postbody">{text}<br>_________________<br>my bikes</span></td></tr>'
        for author, text in [
            ("ann", "It is flat."),
            (
                "bo",
                '</span><table><tr><td class="quote">It is flat.</td></tr></table><span class="postbody">Patch it.',
            ),
        ]
    )
    thread = read_thread(tmp_path, f"<table>{body}</table>")
    assert [(post.author, post.text) for post in thread.posts] == [
        ("ann", "It is flat."),
        ("bo", "Patch it."),
    ]
    assert thread.posts[0].time == "Sun Sep 13, 2020 12:26 pm"


def test_a_name_behind_a_picture_is_found(tmp_path: Path) -> None:
    """A link round an avatar is not the author's name; Lobsters' comments answer what they stand under."""
    comment = '<li class="comments_subtree"><div class="comment"><a href="/~{0}"><img alt="{0} avatar"></a>'
    comment += '<a href="/~{0}">{0}</a><div class="comment_text">{1}</div></div>{2}</li>'
    inner = "<ol>" + comment.format("cy", "Or buy.", "") + "</ol>"
    body = '<li class="story"><a class="u-author">ann</a><div class="story_text">Flat.</div></li>'
    thread = read_thread(tmp_path, body + comment.format("bo", "Patch it.", inner))
    assert [(post.author, post.reply_to) for post in thread.posts] == [("ann", None), ("bo", 0), ("cy", 1)]


def test_comments_not_loaded_are_counted(tmp_path: Path) -> None:
    """A stub of "load more comments (4 replies)" is four posts not loaded; comments answer the submission."""
    thing = '<div class="thing"><a class="author">{}</a><div class="md">{}</div></div>'
    more = '<div class="thing"><span class="morecomments">load more comments (4 replies)</span></div>'
    thread = read_thread(tmp_path, thing.format("ann", "Flat.") + thing.format("bo", "Patch.") + more)
    assert (thread.not_loaded, thread.unused) == (4, {})
    assert [post.reply_to for post in thread.posts] == [None, 0]


@pytest.mark.parametrize("shown", ["https://x.org/a/lo...", "x.org/a/lo…", "https://x.org/a ... page"])
def test_a_shortened_address_is_written_out(tmp_path: Path, shown: str) -> None:
    """A link that shows the beginning of its address is the whole address."""
    body = xenforo(f"See <a href='https://x.org/a/long/page'>{shown}</a> now.")
    assert read_thread(tmp_path, body).posts[0].text == "See https://x.org/a/long/page now."


def test_words_that_end_in_dots_stay(tmp_path: Path) -> None:
    """A link whose words are no address keeps them."""
    assert (
        read_thread(tmp_path, xenforo("<a href='https://x.org/a'>see here...</a>")).posts[0].text
        == "see here..."
    )


@pytest.mark.parametrize(
    "quote",
    [
        "<blockquote><div><cite>ann wrote: <a>↑</a> Sun Sep 13</cite>It is flat again.</div></blockquote>",
        '<div class="quoteheader">Quote from: ann on Sunday</div><blockquote>It is flat again.</blockquote>',
        '<div class="bbcode_quote"><img alt="Quote"> Originally Posted by <b>ann</b><img alt="View Post">'
        '<div class="message">It is flat again.</div></div>',
    ],
)
def test_quotes_go_with_their_heads(tmp_path: Path, quote: str) -> None:
    """A quote of an earlier post is left out with the line that says whose it is, however that is written."""
    thread = read_thread(tmp_path, xenforo("It is flat again.") + xenforo(f"{quote}Patch it.", "bo"))
    assert thread.posts[1].text == "Patch it."


@pytest.mark.parametrize("head", ["Code:", "Code: <a>Select all</a>", "Code: [Select]", "PHP Code:"])
def test_heads_of_code_are_no_words(tmp_path: Path, head: str) -> None:
    """The bar above a code block is left out."""
    body = xenforo(f"Try<div>{head}</div><pre>a\n  b</pre>")
    assert read_thread(tmp_path, body).posts[0].text == "Try\na\n  b"


def test_a_page_s_title_loses_the_site_alone(tmp_path: Path) -> None:
    """Of a page's title only what stands behind the last mark is the site's name."""
    assert read_thread(tmp_path, xenforo("x")).title == "A - b"


def test_posts_in_one_another_are_refused(tmp_path: Path) -> None:
    """A page whose posts all hold each other is refused before its texts are rendered."""
    thread = read(tmp_path, '<article class="message"><div class="bbWrapper">x' * 3000)
    assert isinstance(thread, BrokenThread)
    assert "too deeply" in thread.reason
