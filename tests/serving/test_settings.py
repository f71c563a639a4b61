"""Where a server's token comes from."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.errors import SpecError
from tldrkit.serving.settings import read_token

TOKEN = "xyzzy-0815"


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_a_token_is_what_the_file_says(tmp_path_factory: pytest.TempPathFactory, token: str) -> None:
    """Any visible characters, whatever blanks and line ends stand around them."""
    file = tmp_path_factory.mktemp("secrets") / "token"
    file.write_text(f" {token}\r\n\n")
    assert read_token(file) == token


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"two words", b"two\nlines", "sésame".encode(), b"\xff", b"x" * 5000]
)
def test_what_is_no_token_is_refused(tmp_path: Path, content: bytes) -> None:
    """A server that was to ask for a token never starts without one."""
    (tmp_path / "token").write_bytes(content)
    for file in (tmp_path / "token", tmp_path / "none", Path("/dev/zero")):
        with pytest.raises(SpecError, match=str(file)):
            read_token(file)


def test_the_environment_holds_a_token_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file wins; a variable that is set and empty is an error, not an open door."""
    monkeypatch.delenv("TLDRKIT_TOKEN", raising=False)
    assert read_token(None) is None
    monkeypatch.setenv("TLDRKIT_TOKEN", TOKEN)
    (tmp_path / "token").write_text("another")
    assert (read_token(None), read_token(tmp_path / "token")) == (TOKEN, "another")
    monkeypatch.setenv("TLDRKIT_TOKEN", " ")
    with pytest.raises(SpecError, match="TLDRKIT_TOKEN"):
        read_token(None)
