"""Boxes that carry a post's class and are no posts: thanks, likes, advertisements, polls, signatures.

One rule. A post has an author, a time, or an id: a number in the form that ids of boxes with authors
have on the page. A box with none of them is no post where another has one; nor is one behind the first with
an author alone where two others have such ids. A box whose classes or id name what such boxes hold is no
post without a post's id; where the page has no such ids, without an author and a time.
"""

import re
from collections.abc import Sequence

from tldrkit.threads.html.extract import FoundPost

_NAMED = re.compile(
    r"thank|danke|merci|gracias|advert|sponsor|werbung|anzeige|signature|adsense"
    r"|(?<![a-z])(?:ads?|likes?|likers|reactions?|reputation|polls?|promo|promoted|banner)(?![a-z])"
)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_DIGITS = re.compile(r"\d+")


def find_boxes(posts: Sequence[FoundPost]) -> frozenset[int]:
    """Find the numbers of those that are no posts among what has a post's class and a text."""
    boxes = [post for post in posts if "text" in post.values]
    named = {post.number for post in boxes if _is_named(post)}
    form = {post.number: _find_form(post.id) for post in boxes}
    forms = {form[post.number] for post in boxes if post.number not in named and "author" in post.values} - {
        ""
    }
    marks = {
        post.number: ("author" in post.values, "time" in post.values, form[post.number] in forms)
        for post in boxes
    }
    others = [mark for number, mark in marks.items() if number not in named]
    if not any(map(any, others)):
        return frozenset()
    have_ids = sum(mark[2] for mark in others) > 1
    return frozenset(
        number
        for number, mark in marks.items()
        if not any(mark)
        or (have_ids and number != boxes[0].number and not any(mark[1:]))
        or (number in named and not (mark[2] if forms else mark[0] and mark[1]))
    )


def _is_named(post: FoundPost) -> bool:
    return _NAMED.search(_HUMP.sub("-", f"{post.id} {post.classes}").lower()) is not None


def _find_form(written: str) -> str:
    """Find an id's form, such as post_0; empty where it has no number."""
    form = _DIGITS.sub("0", written)
    return form if "0" in form else ""
