import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.threads.html.extract import read_tags
from tldrkit.threads.html.markup import reduce_html, render_html
from tldrkit.threads.html.tags import find_tags, parse_tag, read_tag

# What HTML is written with, whole and in parts, so that tags are begun, broken and never ended.
WHOLE = "<p> </p> <br> <b> <x-y> </x> <!--> --> <!x> <![CDATA[ ]]> </a> </div> <script> </script> <scripts>"
BROKEN = "< > </ /> <3 <p \" ' = & &amp; &am p; word é -- </style <script-x> <template/>"
BLANK = [
    " ",
    "\n",
    "a < b",
    "<!-- a",
    "<BR />",
    "</b >",
    "</SCRIPT\n>",
    "<i\ntitle=>",
    "<?xml ?>",
    "<!doctype x>",
]
QUOTED = ["<a href='x>y'>", '<a href="', "<div class=quote>", "<img alt='a > b'>", "<style a='>'>"]
PARTS = [*WHOLE.split(), *BROKEN.split(), *BLANK, *QUOTED]
HTML = st.lists(st.sampled_from(PARTS), max_size=12).map("".join)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("a < b <3 c>d", "a < b <3 c>d"),
        ("<p>a<b", "a<b"),
        ("<p>a</p", "a</p"),
        ("<p>vector<int> x</p>", "vector<int> x"),
        ("<p>a<!-- <p>b</p> -->c<!-->d--> e", "ac e"),
        ("<p>a<!-- never closed <p>b", "a"),
        ("<p>a<script>if (1 < 2) '<p>'</script >b", "ab"),
        ("<p>a<STYLE><p></style><style>never closed", "a"),
        ("<p>a</script>b", "a</script>b"),
        ("<p>a<![CDATA[b]]>c<?xml d?>e<!DOCTYPE html>f", "acef"),
        ("<p>a<! b>c", "a<! b>c"),
        ("<p title='>'>a<p title=\"<\">b", 'a<p title="<">b'),
        ("<P>a<BR/>b<br />c<Br\n>d", "a\nb\nc\nd"),
        ("<p>&amp;lt;<b>&am</b>p;&#10;&lt", "&lt;&amp; <"),
        ("<p title>a<p 'b>c</p>", "a<p 'b>c"),
        ("<pre>a <b>b</b>\n\tc  </pre> d", "a b\n    c\nd"),
        ("<div class=quote>a<div>b</div><p>c</div>d", "> a\n> b\n> c\n\nd"),
        ("<p>a<button>b<blockquote>c</button>d</blockquote>e", "ad\ne"),
        ("<blockquote>a<button>b</blockquote><br>c</button>d", "> a\n\nd"),
    ],
)
def test_odd_html_keeps_its_words(html: str, text: str) -> None:
    """What is no tag is text; comments and scripts go to their end, or to that of all; quotes may hold >."""
    assert render_html(html) == text


@given(html=HTML)
def test_a_page_is_cut_the_same_at_each_angle_bracket_as_in_one_pass(html: str) -> None:
    """Reading piece by piece finds the tags, and the text between them, that one search finds."""
    pieces = iter(html.split("<"))
    texts, tags = [next(pieces)], []
    for piece in pieces:
        tag, text = read_tag(piece.partition(">"), pieces)
        texts.append(text)
        tags += [(tag.name, tag.closes)] if tag else []

    assert "".join(texts) == "".join(_texts_between(html))
    assert tags == [(one["name"].lower(), one["close"] != "") for one in find_tags(html) if one["name"]]
    assert tags == [(tag.name, tag.closes) for tag, _, _ in read_tags(html)]


def _texts_between(html: str) -> list[str]:
    places = [0, *(place for one in find_tags(html) for place in one.span()), len(html)]
    return [html[start:end] for start, end in zip(places[::2], places[1::2], strict=True)]


@given(html=HTML)
def test_a_tag_stands_where_it_is_said_to(html: str) -> None:
    """A tag of a page is what stands between its places, whether read before or not."""
    for tag, start, end in read_tags(html):
        again = parse_tag(html[start + 1 : end - 1])
        assert again is not None
        assert (again.name, again.attributes, again.classes) == (tag.name, tag.attributes, tag.classes)


@given(html=HTML)
def test_text_that_is_no_html_stays(html: str) -> None:
    """A text without a tag that is closed, or breaks a line, is not rendered."""
    text = html.replace("</", "< /").replace("<b", "< b").replace("<B", "< B").replace("<i", "< i")
    assert reduce_html(text) == text
