"""Pages of HTML: the template that finds the most posts in a page reads it, else its schema.org data.

Knows what the values of a page mean; extract.py finds them, and templates.py says where they stand.
"""

import re
from collections.abc import Iterator

from tldrkit.errors import DataError
from tldrkit.threads.draft import Draft
from tldrkit.threads.html.boxes import find_boxes
from tldrkit.threads.html.extract import FIELDS, Extraction, FoundPost, Page, Value, Values
from tldrkit.threads.html.markup import render_html
from tldrkit.threads.html.schema_org import read_linked_data
from tldrkit.threads.html.templates import TEMPLATES, Template
from tldrkit.threads.json.fields import render_time
from tldrkit.threads.thread import BrokenThread, Place, Post, Thread

_TITLE = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_SITE = re.compile(r"\s([|•·»–—-]|::)\s(?:(?!\s[|•·»–—-]\s).){1,60}$")
_AROUND_TITLE = re.compile(
    r"^(?:(?:View )?Full Version|Print (?:Page|View)|Printable Version)\s*[:-]\s*"
    r"|\s-\sPrintable Version$|\s*\[Archive?\]$",
    re.IGNORECASE,
)
_IMAGE = re.compile(r"\[image[^\]\n]{0,500}\]")
_BEFORE_WORDS = re.compile(r"^[\s#¿»›>•·|]+")
_DATED = re.compile(r"\d{4}|\d:\d\d|\b(?:yesterday|today|ago)\b", re.IGNORECASE)
_ROUND_TIME = re.compile(
    r"^(?:Reply #\d+ )?on:\s*|^[^\[\n]*\[ | \]$|^发表于 *|\s+Post subject:.*|, License:.*"
)
_BOTH_TIMES = re.compile(r"(\d{4}-\d\d-\d\dT\S{5,8}) \d{9,12}")  # Hacker News writes ISO and seconds
_SIGNATURE = re.compile(r"\n_{15,} *(?:\n|$)")
_CODE_HEAD = re.compile(
    r"^(?:(?:PHP |HTML )?Code: ?\[?(?:Select(?: all)?|Expand)?\]?|Click to expand\.\.\.)\n+", re.MULTILINE
)
_POSTS, _POST = 10_000, 400  # that any page may have, and characters for which it may have one more
_NESTED = 8  # times the page that the values of its posts may be, standing in one another
_LONGEST_HEAD = 3000  # characters in which the line that a post begins with must stand
_LONGEST_TIME = 1000  # characters in which a time and the words round it must stand
_NUMBER = re.compile(r"[-−]?\d[\d,]{0,12}")
_GONE = frozenset(["[deleted]", "[removed]", "[flagged]", "This post is deleted!"])


def read_page(html: str, place: Place) -> Iterator[Thread | BrokenThread]:
    """Read a page; one without posts says so."""
    try:
        draft = _apply_templates(html) or read_linked_data(html)
    except DataError as error:
        yield place.refuse(str(error))
        return
    if draft is None:
        yield place.refuse(
            "The file is a page of HTML without the posts of any forum software that is known; "
            "save its words as text to have them read."
        )
        return
    draft.title = draft.title or _page_title(html)
    try:
        yield draft.seal(place.name)
    except DataError as error:
        yield place.refuse(str(error))


def _apply_templates(html: str) -> Draft | None:
    page = Page(html)
    best: tuple[Template, Extraction, frozenset[int]] | None = None
    most = (0, 0)
    for template in TEMPLATES:
        found = Extraction(template, page)
        if not found.posts:
            continue
        boxes = _find_headless(html, template, found) or find_boxes(found.posts)
        posts = [one.values for one in found.posts if "text" in one.values and one.number not in boxes]
        count = (len(posts), sum("author" in values for values in posts))
        if count > most:
            best, most = (template, found, boxes), count
    return _build(html, *best) if best else None


def _find_headless(html: str, template: Template, found: Extraction) -> frozenset[int]:
    """Find what is no post because it does not begin with the line that the template's posts begin with."""
    if not template.head:
        return frozenset()
    heads = ((post.number, _begin(html, post.values.read("text"))) for post in found.posts)
    return frozenset(number for number, head in heads if not re.match(template.head, head))


def _begin(html: str, value: Value) -> str:
    """Render the beginning of a text."""
    return value if isinstance(value, str) else render_html(html[value.start : value.stop][:_LONGEST_HEAD])


def _build(html: str, template: Template, found: Extraction, boxes: frozenset[int]) -> Draft:
    draft = Draft(title=_AROUND_TITLE.sub("", _first_line(_read(html, found.page, "title"))))
    above: list[tuple[int, str]] = []  # the posts an answer may be to, by depth
    outer: dict[int, int] = {}  # what stands round a post -> the post round that
    if sum("text" in post.values for post in found.posts) > _POSTS + len(html) // _POST:
        raise DataError(f"The page has more than {_POSTS:,} posts, shorter than any are.")
    _check_nesting(html, found)
    for post in found.posts:
        parent_number = outer.get(post.parent, post.parent)
        is_mark = template.flat and "text" not in post.values
        if is_mark or post.number in boxes or not (post.values or post.deleted):
            outer[post.number] = parent_number  # such a mark stands elsewhere on the page too
            continue
        if "more" in post.values and "text" not in post.values:
            draft.miss(_whole(_read(html, post.values, "more")) or 1)
            continue
        if template.rooted and parent_number < 0 and post.number:
            parent_number = found.posts[0].number
        key, parent = f"#{post.number}", f"#{parent_number}"
        if template.depth:
            given = _whole(_read(html, post.values, "depth"))
            depth = -1 if given is None else given  # the story has no indent
            while above and above[-1][0] >= depth:
                above.pop()
            parent = above[-1][1] if above else ""
            above.append((depth, key))
        _add(draft, html, post, head=template.head, key=key, parent=parent)
    return draft


def _add(draft: Draft, html: str, post: FoundPost, *, head: str, key: str, parent: str) -> None:
    text = _read(html, post.values, "text")
    begun = re.match(head, text) if head else None
    if text in _GONE or (post.deleted and not text):
        draft.leave_out("deleted", key=key, parent=parent)
        return
    author = _first_line(begun["author"] if begun else _read(html, post.values, "author"))
    time = render_time(_find_time(begun["time"] if begun else _read(html, post.values, "time")))
    text = text[begun.end() :].strip() if begun else text
    votes = _whole(_read(html, post.values, "votes"))
    text = _CODE_HEAD.sub("", text)
    signature = _SIGNATURE.search(text)
    if signature:
        text = text[: signature.start()].rstrip()
    draft.add(Post(author=author, text=text, time=time, votes=votes), key=key, parent=parent)


def _check_nesting(html: str, found: Extraction) -> None:
    values = (post.values.read(name) for post in found.posts for name in FIELDS)
    if sum(value.stop - value.start for value in values if isinstance(value, slice)) > _NESTED * len(html):
        raise DataError("The posts of this page stand in one another too deeply.")


def _find_time(text: str) -> str:
    """Find the line with a date, without the words round it."""
    lines = text[:_LONGEST_TIME].rpartition("Posted:")[2].strip().split("\n")
    dated = next((line for line in lines if _DATED.search(line)), "")
    time = (dated or _first_line("\n".join(lines))).strip("«» ").rpartition("»")[2].strip()
    both = _BOTH_TIMES.fullmatch(time)
    return f"{both[1]}Z" if both else _ROUND_TIME.sub("", time)[:100]


def _read(html: str, values: Values, name: str) -> str:
    value = values.read(name)
    return value if isinstance(value, str) else render_html(html[value])


def _whole(text: str) -> int | None:
    number = _NUMBER.search(text)
    return int(number[0].replace(",", "").replace("−", "-")) if number else None


def _first_line(text: str) -> str:
    """Find the first line with words, without the marks and images before them."""
    lines = (_BEFORE_WORDS.sub("", line).strip() for line in _IMAGE.sub("", text).split("\n"))
    return next((line for line in lines if line), "")[:500]


def _page_title(html: str) -> str:
    found = _TITLE.search(html)
    title = " ".join(render_html(found[1]).split()) if found else ""
    bare = _AROUND_TITLE.sub("", title)
    return bare if bare != title else _AROUND_TITLE.sub("", _SITE.sub("", title))
