"""Compiled loops against torch's operations, and how they are kept."""

import hashlib
import math
from pathlib import Path

import numba
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tldrkit.writing.compiled.batch import build_cache
from tldrkit.writing.compiled.kernels import compiling
from tldrkit.writing.compiled.kernels.arrays import GROUP, OUTPUTS, RAISED, KVCache, Norm, View
from tldrkit.writing.compiled.kernels.attention import attend, attend_within, store
from tldrkit.writing.compiled.kernels.choice import find_top, sum_exponentials
from tldrkit.writing.compiled.kernels.elementary import find_bounds, normalize

HEADS, WIDTH, ENTRIES = 3, 11, 2 * OUTPUTS  # a width and counts that no block of a loop divides
LOGITS = st.lists(
    st.lists(st.floats(-1e4, 1e4, width=32) | st.just(-math.inf), min_size=70, max_size=70).filter(
        lambda row: max(row) > -math.inf
    ),
    min_size=1,
    max_size=3,
)


def draw(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def fill(*, rounded: bool) -> tuple[KVCache, Tensor, Tensor]:
    """Fill a cache; with the keys and values it should hold, (heads, entries, width)."""
    projected = draw(ENTRIES, 2, HEADS, WIDTH) * torch.logspace(-2, 2, ENTRIES)[:, None, None, None]
    cache, places = build_cache(ENTRIES, HEADS, WIDTH, rounded=rounded), torch.randperm(ENTRIES)
    store(projected[places].numpy(), cache, places.numpy())
    keys, values = projected.permute(1, 2, 0, 3)
    return cache, keys, values


def restore(cache: KVCache, width: int = WIDTH) -> tuple[Tensor, Tensor]:
    """Read keys and values back as floats, (heads, entries, width)."""
    found = []
    for packed, scales in ((cache.keys, cache.key_scales), (cache.values, cache.value_scales)):
        heads, blocks, steps, _ = packed.shape
        apart = packed.reshape(heads, blocks, steps, OUTPUTS, -1).astype(np.float32)
        apart -= RAISED if packed.dtype == np.uint8 else 0
        plain = apart.transpose(0, 1, 3, 2, 4).reshape(heads, blocks * OUTPUTS, -1)
        plain = plain if packed is cache.keys else plain.transpose(0, 2, 1)
        found.append(torch.from_numpy(plain[..., :width] * scales[..., None]))
    return found[0], found[1]


def test_a_cache_of_floats_keeps_what_it_is_given() -> None:
    """Each entry holds its own row's last two parts, exactly."""
    cache, *exact = fill(rounded=False)

    assert all(torch.equal(kept, one) for kept, one in zip(restore(cache), exact, strict=True))


def test_a_cache_of_8_bits_rounds_each_head_of_an_entry_by_its_own_largest() -> None:
    """The error is half a step of 1/127 of the largest, for entries of any size."""
    cache, *exact = fill(rounded=True)

    for rounded, vectors in zip(restore(cache), exact, strict=True):
        steps = vectors.abs().amax(-1, keepdim=True) / 127
        assert ((rounded - vectors).abs() <= 0.501 * steps).all()
        assert rounded.ne(vectors).any()


def test_zeros_are_kept_as_zeros() -> None:
    """Nothing is divided by a largest of zero."""
    cache = build_cache(OUTPUTS, 1, 4, rounded=True)
    store(np.zeros((2, 3, 1, 4), np.float32), cache, np.arange(2))

    assert not restore(cache, 4)[1][:, :2].any()


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("share", [1, 2, 4, 5])
@pytest.mark.parametrize("some", [False, True])
def test_rows_attend_to_the_entries_of_their_view(rounded: bool, share: int, some: bool) -> None:
    """It is softmax(q K + bias) V over those they look at, whatever else is there, for each row of a view.

    With 8 bits, queries and weights are rounded to 1/8192 of their largest.
    """
    cache, *_ = fill(rounded=rounded)
    keys, values = restore(cache)
    starts, counts = np.array([0, 0, 0, OUTPUTS, OUTPUTS]), np.array([1, 4, OUTPUTS + 9, 17, 3])
    counts += some * 2
    rows, generator = len(counts) * share, np.random.default_rng(0)
    places = np.array([generator.permutation(count)[: 3 * some] for count in counts.repeat(share)])
    projected, bias = draw(rows, 2, HEADS, WIDTH), draw(HEADS, int(counts.max()))
    mixed = torch.empty(rows, HEADS, WIDTH)
    attend(projected.numpy(), cache, View(starts, counts, places, bias.numpy()), mixed.numpy())

    for row in range(rows):
        own = (
            torch.from_numpy(places[row] if some else np.arange(counts[row // share])) + starts[row // share]
        )
        query = projected[row, 0]
        if rounded:
            step = query.abs().amax(-1, keepdim=True) / 8192
            query = (query / step).round() * step
        scores = torch.einsum("hw,hew->he", query, keys[:, own]) + bias[:, : len(own)]
        expected = torch.einsum("he,hew->hw", scores.softmax(-1), values[:, own])
        if not rounded:
            torch.testing.assert_close(mixed[row], expected, rtol=1e-4, atol=1e-4)
        bound = values[:, own].abs().amax((1, 2))[:, None] * (1e-4 + rounded * len(own) / 16384)
        assert ((mixed[row] - expected).abs() <= bound).all()


@pytest.mark.parametrize(("first", "count"), [(0, 150), (0, 1), (70, 80), (149, 1)])
def test_tokens_attend_to_all_of_their_source(first: int, count: int) -> None:
    """It is softmax(q K + bias) V, whichever of the tokens attend."""
    tokens = 150
    projected, by_distance = draw(tokens, 3, HEADS, WIDTH), draw(HEADS, 2 * tokens + 9)
    distances = torch.arange(tokens)[None] - torch.arange(tokens)[:, None]
    bias = by_distance[:, distances + by_distance.shape[1] // 2]
    query, key, value = projected.permute(1, 2, 0, 3)
    expected = ((query @ key.transpose(1, 2) + bias).softmax(-1) @ value).transpose(0, 1)
    mixed = torch.empty(count, HEADS, WIDTH)
    attend_within(projected.numpy(), first, by_distance.numpy(), mixed.numpy())

    torch.testing.assert_close(mixed, expected[first : first + count], rtol=1e-4, atol=1e-4)


def test_norms_are_torchs() -> None:
    """By root mean square, or by mean and variance with a bias; of rows of any size and of zeros."""
    hidden, weight, bias = draw(7, 37) * torch.logspace(-4, 4, 7)[:, None], draw(37), draw(37)
    hidden[2] = 0
    scaled, centred = torch.empty_like(hidden), torch.empty_like(hidden)
    normalize(hidden.numpy(), Norm(weight.numpy(), np.empty(0, np.float32), 1e-6, True), scaled.numpy())
    normalize(hidden.numpy(), Norm(weight.numpy(), bias.numpy(), 1e-5, False), centred.numpy())

    torch.testing.assert_close(scaled, torch.nn.functional.rms_norm(hidden, (37,), weight, 1e-6))
    expected = torch.nn.functional.layer_norm(hidden, (37,), weight, bias, 1e-5)
    torch.testing.assert_close(centred, expected, rtol=1e-5, atol=1e-5)


@settings(deadline=None)
@given(LOGITS)
def test_sums_of_exponentials_are_torchs(rows: list[list[float]]) -> None:
    """They are those of logsumexp, of tokens that cannot come, too."""
    logits = torch.tensor(rows)
    totals = torch.empty(len(rows))
    sum_exponentials(logits.numpy(), logits.amax(-1).numpy(), totals.numpy())

    torch.testing.assert_close(totals, logits.logsumexp(-1), rtol=1e-6, atol=1e-5)


@settings(deadline=None)
@given(LOGITS, st.integers(1, 70))
def test_the_best_come_in_order(rows: list[list[float]], count: int) -> None:
    """They are the first of a stable sort: of equal ones those that stand first, even where none can come."""
    logits = torch.tensor(rows)
    best, places = torch.empty(len(rows), count), torch.empty(len(rows), count, dtype=torch.long)
    find_top(logits.numpy(), best.numpy(), places.numpy())
    values, order = logits.sort(dim=-1, descending=True, stable=True)

    assert torch.equal(best, values[:, :count])
    assert torch.equal(places, order[:, :count])


def double(numbers: np.ndarray) -> None:
    numbers *= 2


def count_loaded() -> int:
    """Compile a loop anew, and tell how often it was loaded instead."""
    loop, numbers = compiling.compiled(double), np.ones(3)
    loop(numbers)
    assert numbers.tolist() == [2, 2, 2]
    return sum(loop.stats.cache_hits.values())


def test_a_loop_is_kept_on_its_shelf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It lies there once it is compiled, and is loaded from there by the next; what others keep stays."""
    monkeypatch.setattr(compiling, "_SHELF", str(tmp_path))
    monkeypatch.setattr(numba.config, "CACHE_DIR", "of others")

    assert not compiling.has_kept()
    assert count_loaded() == 0
    assert list(tmp_path.rglob("*.nbc"))
    assert compiling.has_kept()
    assert count_loaded() == 1
    assert numba.config.CACHE_DIR == "of others"


def test_a_loop_is_compiled_where_it_cannot_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a shelf it is compiled each time."""
    monkeypatch.setattr(compiling, "_SHELF", "")

    assert not compiling.has_kept()
    assert not count_loaded()
    assert not count_loaded()


def test_a_shelf_is_of_these_files_wherever_it_is(tmp_path: Path) -> None:
    """The first place that can be written gets it; its name is a digest of every file of the room."""
    files = (path.read_bytes() for path in sorted(Path(compiling.__file__).parent.glob("*.py")))
    digest = hashlib.sha256(b"".join(files)).hexdigest()[:16]
    (tmp_path / "file").touch()

    shelf = compiling.find_shelf("", tmp_path / "file", tmp_path / "a", tmp_path / "b")
    assert Path(shelf) == tmp_path / "a" / digest
    assert Path(shelf).is_dir()
    assert compiling.find_shelf(tmp_path / "file") == ""
    assert Path(attend.stats.cache_path).parent.name == digest


@settings(deadline=None)
@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=3 * GROUP))
def test_bounds_of_groups_are_numpys(numbers: list[float]) -> None:
    """Of any sign and size, infinities too, and of a last group that is not full."""
    vector = np.array(numbers, np.float32)
    groups = [vector[first : first + GROUP] for first in range(0, len(vector), GROUP)]
    bounds = np.empty((len(groups), 2), np.float32)
    find_bounds(vector, bounds)

    assert bounds.tolist() == [[one.min(), one.max()] for one in groups]
