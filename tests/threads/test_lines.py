import re

from hypothesis import given
from hypothesis import strategies as st

from tldrkit.threads.text.lines import CODE_BLANK, drop_invisible, join_empty_lines, tidy

TEXT = st.text(st.sampled_from("ab  \n\n\t\r\x0b\x1f\x00\u200b\ufeff\xa0\u2028é" + CODE_BLANK), max_size=30)


@given(text=TEXT)
def test_lines_are_tidied_alike_whatever_they_hold(text: str) -> None:
    """Printable or not, a line loses what is invisible and runs of blanks, and a text its empty lines."""
    seen = re.sub("[\x00\x02-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff]", "", text)
    lines = [" ".join(line.split()) for line in seen.split("\n")]
    joined = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).replace(CODE_BLANK, " ").strip("\n")

    assert drop_invisible(text) == seen.replace(CODE_BLANK, "")
    assert tidy(text) == "\n".join([line.rstrip() for line in joined.split("\n")]).strip("\n")


@given(text=TEXT)
def test_one_of_several_empty_lines_stays(text: str) -> None:
    """Three line ends or more become two."""
    assert join_empty_lines(text) == re.sub(r"\n{3,}", "\n\n", text)
