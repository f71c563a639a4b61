import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tldrkit.errors import StoreError
from tldrkit.store.names import Reference, check_name, is_name, name_sibling, parse_reference

segments = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", fullmatch=True).filter(
    lambda text: (
        text not in ("runs", "latest.json", "manifest.json") and not (text[0] == "v" and text[1:].isdigit())
    )
)
names = st.lists(segments, min_size=1, max_size=4).map("/".join)


@settings(deadline=None)
@given(names)
def test_names_of_segments_are_accepted(name: str) -> None:
    """Segments joined by slashes name an artifact, at any depth."""
    assert check_name(name) == name


@pytest.mark.parametrize(
    "text",
    [
        "/",
        "a/",
        "/a",
        "a//b",
        ".",
        "..",
        "a/../b",
        ".a",
        "-a",
        "a b",
        "a\n",
        "ä",
        "a\\b",
        "v3",
        "a/v12",
        "v0",
        "runs",
        "runs/a",
        "a@v1",
        "a/latest.json",
        "a\u0000",
        "~/a",
        "C:/a",
        "",
        "manifest.json/a",
        "a" * 101,
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    """What could leave the store, hide in it or be taken for a version is no name."""
    with pytest.raises(StoreError) as caught:
        check_name(text)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["a/runs", "v", "v3a", "vv3", "V3.1", "b", "0", "latest", "manifest"])
def test_look_alikes_are_accepted(text: str) -> None:
    """Only the very words are reserved."""
    assert is_name(text)


@settings(deadline=None)
@given(names, st.none() | st.integers(1, 10**6))
def test_references_are_read_back(name: str, version: int | None) -> None:
    """The text of a reference reads as the same reference."""
    reference = Reference(name=name, version=version)
    assert parse_reference(str(reference)) == reference


@pytest.mark.parametrize(
    "text", ["a@", "a@3", "a@v0", "a@v01", "a@v1@v2", "a@v-1", "a@latest", "@v1", "./a", "/tmp/a"]
)
def test_other_references_are_no_names(text: str) -> None:
    """A path, or a version that cannot be, is no reference to the store."""
    assert parse_reference(text) is None


def test_what_goes_with_a_model_is_named_after_it() -> None:
    """Beside a training's result, and below any other."""
    assert [name_sibling(name, "eval") for name in ("b/train", "train", "b/small")] == [
        "b/eval", "eval", "b/small/eval",
    ]  # fmt: skip
