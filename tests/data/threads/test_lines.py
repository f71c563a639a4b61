import re
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.data.threads.fields import render_time
from tldrkit.data.threads.lines import CODE_BLANK, drop_invisible, join_empty_lines, tidy
from tldrkit.data.threads.markdown import reduce_markdown
from tldrkit.data.threads.quotes import drop_repeated_quotes

TEXT = st.text(st.sampled_from("ab  \n\n\t\r\x0b\x1f\x00\u200b\ufeff\xa0\u2028é" + CODE_BLANK), max_size=30)


@given(text=TEXT)
def test_lines_are_tidied_alike_whatever_they_hold(text: str) -> None:
    """Printable or not, a line loses what is invisible and runs of blanks, and a text its empty lines."""
    seen = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff]", "", text)
    lines = [" ".join(line.split()) for line in seen.split("\n")]
    joined = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).replace(CODE_BLANK, " ").strip("\n")

    assert drop_invisible(text) == seen
    assert tidy(text) == "\n".join([line.rstrip() for line in joined.split("\n")]).strip("\n")


@given(text=TEXT)
def test_one_of_several_empty_lines_stays(text: str) -> None:
    """Three line ends or more become two."""
    assert join_empty_lines(text) == re.sub(r"\n{3,}", "\n\n", text)


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
