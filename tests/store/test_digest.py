import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tldrkit.store.digest import digest_file, digest_json, to_plain

numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(texts, values, max_size=6))
def test_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    """Equal JSON has one digest, in whatever order its keys were written, before and after a round trip."""
    turned = dict(reversed(value.items()))
    assert digest_json(value) == digest_json(turned) == digest_json(json.loads(json.dumps(value)))


@settings(deadline=None)
@given(values, values)
def test_other_json_has_another_digest(one: object, other: object) -> None:
    """Values with different JSON have different digests."""
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (digest_json(one) == digest_json(other)) == same


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [{"a": -float("inf")}]])
def test_not_a_number_is_refused(value: object) -> None:
    """What JSON cannot write has no digest."""
    with pytest.raises(ValueError, match="JSON"):
        digest_json(value)


def test_digest_of_text_is_that_of_utf8() -> None:
    """The canonical form is UTF-8 without spaces, so other programs can compute the digest too."""
    assert (
        digest_json({"b": "ü", "a": [1, None]})
        == hashlib.sha256('{"a":[1,null],"b":"ü"}'.encode()).hexdigest()
    )


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 21) + 7])
def test_file_digest_equals_the_reference(tmp_path: Path, size: int) -> None:
    """Reading in pieces gives the digest of the whole."""
    payload = np.random.default_rng(size).bytes(size)
    (tmp_path / "file").write_bytes(payload)
    assert digest_file(tmp_path / "file") == hashlib.sha256(payload).hexdigest()


def test_measured_values_become_json() -> None:
    """NaN, NumPy scalars, paths and tuples are no reason to lose a run."""
    measured = {
        "loss": float("nan"),
        "rouge": np.float32(0.5),
        "n": np.int64(3),
        "at": Path("a/b"),
        7: (1, True),
    }
    assert to_plain(measured) == {"loss": None, "rouge": 0.5, "n": 3, "at": "a/b", "7": [1, True]}
    assert to_plain(np.float64("inf")) is None


@settings(deadline=None)
@given(values)
def test_json_stays_as_it_is(value: object) -> None:
    """What is JSON already is not changed."""
    assert to_plain(value) == value
