import re
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.threads.html.markup import render_html
from tldrkit.threads.json.fields import render_time
from tldrkit.threads.text.bbcode import reduce_bbcode
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.text.quotes import drop_repeated_quotes


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>see <a href='http://x.y'>this</a></p>", "see this"),
        ("<p>a\nb<br>\nc</p>", "a b\nc"),
        ("<pre><code>if a &lt; b:\n    go()</code></pre>", "if a < b:\n    go()"),
        ("<p>x<code>y</code></p>", "xy"),
        ("<p>ok <img class='emoji' alt=':tada:' src='e.png'></p>", "ok 🎉"),
        ("<p>ok <img class='smilie' alt=':)'></p>", "ok :)"),
        ("<p><img src='a.png' alt='a flat tyre'><img src='b.png'></p>", "[image: a flat tyre][image]"),
        ("<blockquote><p>a</p><blockquote>b</blockquote></blockquote><p>c</p>", "> a\n> b\n\nc"),
        ("<p>a</p><blockquote>never closed", "a\n\n> never closed"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "1 2"),
        ("<div>a</div><div class='signature'>b</div>", "a"),
        ("<p>a<script>b</script><style>c</style><!-- d --></p>", "a"),
        ('<p title="a > b">c</p>', "c"),
        ("<p>a\u200b\x00b</p>", "ab"),
    ],
)
def test_html_reads_as_a_reader_sees_it(html: str, text: str) -> None:
    """Links and emoji are their words, code keeps its lines, images say so, quotes are marked, marks go."""
    assert render_html(html) == text


@pytest.mark.parametrize("mark", ["\x01", "\x02"])
def test_marks_of_a_source_are_as_invisible_as_other_control_characters(mark: str) -> None:
    """What marks blanks or line ends while text is reduced is left out where a source holds it."""
    assert render_html(f"<p>a{mark}b</p><pre>{mark}c  d</pre>") == "ab\n\nc  d"
    assert reduce_markdown(f"a{mark}b **c**") == "ab c"


def test_line_ends_of_the_source_are_blanks_but_in_code_and_words_for_images() -> None:
    """Among blocks, a line ends where a tag says so, where code does, or where the words of an image do."""
    html = "<p>a\nb<br>c\r\nd</p><pre>e\nf\r\n</pre><blockquote>g\nh</blockquote><img alt='i\nj'>"
    assert render_html(html) == "a b\nc d\n\ne\nf\n\n> g h\n\n[image: i\nj]"
    assert render_html("a\nb<i>c</i>") == "a\nbc"


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("**a** _b_ ~~c~~ `d`", "a b c d"),
        ("snake_case_name and 2*3*4", "snake_case_name and 2*3*4"),
        ("[this](http://x.y/a_(b)) and <http://x.y>", "this and http://x.y"),
        ("![a tyre](http://x.y/z.png)", "[image: a tyre]"),
        ("# Title #\n\ntext", "Title\n\ntext"),
        ("```py\nif *a*:\n    b\n```\nend", "if *a*:\n    b\nend"),
        ("> quoted **a**\n\nb", "> quoted a\n\nb"),
        ("a\n\n---\n\nb", "a\n\nb"),
        ("<details><summary>log</summary>x</details> :tada: :unknown:", "logx 🎉 :unknown:"),
        ("a <!-- b --> c", "a  c"),
        (r"1\. \*a\*", "1. *a*"),
        ("vector<int> x", "vector<int> x"),
    ],
)
def test_markdown_reads_as_a_reader_sees_it(markdown: str, text: str) -> None:
    """Marks go, code and quotes stay, and what only looks like a mark is text."""
    assert reduce_markdown(markdown) == text


@pytest.mark.parametrize(
    ("bbcode", "text"),
    [
        ('[quote="ann, post:1"]a[/quote]b', "> ann said:\n> a\n\nb"),
        ("[b]a[/b] [url=http://x.y]b[/url] [img]c.png[/img]", "a b [image]"),
        ("[code]x[0][/code]", "x[0]"),
        ("a[0] [b] c", "a[0] [b] c"),
        ("[quote][quote]a[/quote]b", "> ab"),
    ],
)
def test_bbcode_reads_as_a_reader_sees_it(bbcode: str, text: str) -> None:
    """BBCode is treated as HTML is; brackets that close nothing are text."""
    assert reduce_bbcode(bbcode) == text


@pytest.mark.parametrize(
    ("given", "time"),
    [
        (1600000000, "2020-09-13T12:26:40Z"),
        (1600000000.5, "2020-09-13T12:26:40Z"),
        (1600000000123, "2020-09-13T12:26:40Z"),
        ("1600000000", "2020-09-13T12:26:40Z"),
        ("2020-09-13T12:26:40.123456Z", "2020-09-13T12:26:40Z"),
        ("2020-09-13 12:26:40 UTC", "2020-09-13T12:26:40Z"),
        ("2020-09-13T12:26:40-0500", "2020-09-13T12:26:40-05:00"),
        ("2020-09-13T12:26:40", "2020-09-13T12:26:40"),
        ("Sun, 13 Sep 2020 12:26:40 +0000", "2020-09-13T12:26:40Z"),
        ("2020-99-13T12:26:40Z", "2020-99-13T12:26:40Z"),
        ("yesterday", "yesterday"),
        (1e300, ""),
        (float("nan"), ""),
        (10**400, ""),
        (None, ""),
        (True, ""),
    ],
)
def test_times_have_one_form(given: object, time: str) -> None:
    """Numbers, ISO 8601 and mail dates become one form; other texts stay, other values are no time."""
    assert render_time(given) == time


def test_only_quotes_of_earlier_posts_go() -> None:
    """A quote of an earlier post goes, one of a later post or of nothing stays, and no post becomes empty."""
    texts = ["One two three four.", "> one two three four\n\nYes.", "> five six seven eight\n\nNo.", "> Yes."]
    assert drop_repeated_quotes(texts) == [texts[0], "Yes.", texts[2], "> Yes."]


@given(text=st.text(st.sampled_from("ab .,-\n()\"'?%é"), max_size=30))
def test_text_without_marks_is_no_markdown(text: str) -> None:
    """What holds no mark of Markdown stays as it was written, blanks inside it too."""
    plain = text.replace("--", "").replace("- -", "").strip()
    assert "--" in plain or reduce_markdown(plain) == plain


@given(seconds=st.floats(-6e10, 9e10) | st.integers(-60_000_000_000, 90_000_000_000))
def test_seconds_are_the_standard_librarys(seconds: float) -> None:
    """Seconds since 1970 are the time in UTC that the standard library makes of them."""
    expected = datetime.fromtimestamp(seconds, tz=timezone.utc).isoformat(timespec="seconds")
    assert render_time(seconds) == (expected.replace("+00:00", "Z") if seconds else "")


WORDS = st.sampled_from(["one", "Two", "three", "vier", "snake_case", "don't", "1.5", "naïve", "—", "x-y"])


@pytest.mark.parametrize("far", [0, 20])
@given(said=st.lists(WORDS, min_size=4, max_size=9), tail=st.sampled_from(["", " ünd", " and"]))
def test_a_quote_goes_wherever_it_was_said(far: int, said: list[str], tail: str) -> None:
    """A quote of the words of an earlier post goes, just before it or long ago, in ASCII or not."""
    words = " ".join(said)
    between = [f"other words, number {number}" for number in range(far)]
    texts = [f"Ah, {words}!{tail}", *between, f"> {words.upper()}\n\nYes."]
    enough = len(re.findall(r"\w+", words)) >= 3  # fewer words are a run of their own
    assert drop_repeated_quotes(texts)[-1] == ("Yes." if enough else texts[-1])


def test_a_quote_that_is_changed_goes_while_most_of_it_was_said() -> None:
    """80 % of the runs of three words decide: here 8 of 10, then 7 of 10."""
    said = "a b c d e f g h i j k l"
    assert drop_repeated_quotes([said, "> a b c d e f g h i j x y\n\nYes."])[1] == "Yes."
    assert drop_repeated_quotes([said, "> a b c d e f g h i x y z\n\nNo."])[1].endswith("No.")
    assert drop_repeated_quotes([said, "> a b c d e f g h i x y z\n\nNo."])[1].startswith(">")
