import pytest

from tldrkit.datasets.examples import Example, Split
from tldrkit.errors import DataError


@pytest.mark.parametrize(("document", "summaries"), [(" ", ("a",)), ("a", ()), ("a", ("b", " "))])
def test_an_example_holds_texts(document: str, summaries: tuple[str, ...]) -> None:
    """An example without a document, without a summary or with an empty one cannot be made."""
    with pytest.raises(DataError):
        Example("x", document, summaries)


def test_an_example_survives_its_dict() -> None:
    """from_dict gives back what to_dict was given."""
    example = Example("x", "Long text.", ("Short.", "Brief."))
    assert Example.from_dict(example.to_dict()) == example


def test_a_split_reads_like_a_list() -> None:
    """A split has a length, an order, items and slices, and tells what was dropped."""
    examples = tuple(Example(str(number), "text", ("t",)) for number in range(3))
    split = Split(name="train", examples=examples, dropped=2)
    assert len(split) == 3
    assert list(split) == list(examples)
    assert split[1] == examples[1]
    assert split[:2] == examples[:2]
    assert split.dropped == 2
