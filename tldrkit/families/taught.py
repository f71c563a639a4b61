"""How a model was taught to read and write, as its folder says it: the one place that knows.

Written beside the weights; a checkpoint of others has its configuration's word. Needs no torch.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

from tldrkit.errors import ModelError
from tldrkit.specs import Taught
from tldrkit.specs.taught import FEWEST_READ, FEWEST_WRITTEN, MOST_WRITTEN

ORIGIN = "tldrkit.json"
"""The file; exports say more of themselves in it."""

KEY = "reading"

_TOLD = ("t5", "tldr_t5", "longt5")
"""Families that are told their task by a prefix; mT5 learned without."""

_FEWEST = {"max_source_tokens": FEWEST_READ, "max_target_tokens": FEWEST_WRITTEN}


def save_taught(taught: Taught, folder: Path) -> None:
    """Write beside a model's weights how it was taught."""
    text = json.dumps({KEY: asdict(taught)}, indent=1)
    (folder / ORIGIN).write_text(text, encoding="utf-8")


def read_taught(folder: Path, spec: Mapping[str, Any] | None = None) -> Taught:
    """Find how a model was taught: what is written beside it, else by a spec, else by its configuration.

    Args:
        folder: The model's.
        spec: Of the step that made it, where that is known.

    Raises:
        ModelError: What is written there cannot be used.
    """
    said = _read_configuration(folder)
    for later in (spec or {}, _read_origin(folder)):
        said |= {name: later[name] for name in asdict(Taught()) if later.get(name) is not None}
    return Taught(**said)


class Positions(NamedTuple):
    """How many tokens a network has positions for, reading and writing; None where there is no limit."""

    read: int | None = None
    written: int | None = None


def read_positions(folder: Path) -> Positions:
    """Read how many tokens a network has positions for, as BART says it, or LED, or a pair of networks."""
    config = _read_mapping(folder / "config.json")
    found = [
        next(filter(lambda said: _is_count(said, 1), said), None)
        for said in (
            (
                config.get(f"max_{side}_position_embeddings"),
                _get_mapping(config, side).get("max_position_embeddings"),
                config.get("max_position_embeddings"),
            )
            for side in ("encoder", "decoder")
        )
    ]
    return Positions(*found)


def _read_origin(folder: Path) -> dict[str, Any]:
    """Read what tldrkit wrote beside the weights; an export of earlier days says less."""
    path = folder / ORIGIN
    if not path.is_file():
        return {}
    said = _read_mapping(path).get(KEY)
    if not isinstance(said, dict) or not isinstance(said.get("prefix"), str):
        raise _describe_damage(path)
    for name, fewest in _FEWEST.items():
        if name in said and not _is_count(said[name], fewest):
            raise _describe_damage(path)
    return said


def _read_configuration(folder: Path) -> dict[str, Any]:
    """Read what a checkpoint of others says of itself."""
    config, defaults, tokenizer = (
        _read_mapping(folder / name)
        for name in ("config.json", "generation_config.json", "tokenizer_config.json")
    )
    own = _get_mapping(_get_mapping(config, "task_specific_params"), "summarization")
    taught = Taught()
    positions = read_positions(folder)
    return {
        "prefix": next(
            (said["prefix"] for said in (own, config) if isinstance(said.get("prefix"), str)),
            taught.prefix if config.get("model_type") in _TOLD else "",
        ),
        "max_source_tokens": _bound(
            taught.max_source_tokens, FEWEST_READ, tokenizer.get("model_max_length"), positions.read
        ),
        "max_target_tokens": _bound(
            next(
                (most for said in (own, defaults, config) if (most := _find_most(said))),
                taught.max_target_tokens,
            ),
            FEWEST_WRITTEN,
            positions.written,
            MOST_WRITTEN,
        ),
    }


def _find_most(said: Mapping[str, Any]) -> int | None:
    """Find how many tokens are written at most; ``max_length`` counts the start mark too."""
    most, length = said.get("max_new_tokens"), said.get("max_length")
    if _is_count(most, FEWEST_WRITTEN):
        return int(most)
    return int(length) - 1 if _is_count(length, FEWEST_WRITTEN + 1) else None


def _bound(tokens: int, fewest: int, *bounds: object) -> int:
    """Bound a number of tokens by what a network and its tokenizer take, where they say so."""
    return min([tokens, *(int(bound) for bound in bounds if _is_count(bound, fewest))])


def _is_count(value: object, fewest: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= fewest


def _get_mapping(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = values.get(key)
    return found if isinstance(found, dict) else {}


def _read_mapping(path: Path) -> dict[str, Any]:
    """Read a JSON mapping; of one that cannot be read, loading the model says what is wrong."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _describe_damage(path: Path) -> ModelError:
    return ModelError(
        f"{path} does not say how the model was taught to read.",
        hint="Copy or export the folder again; without this file the model's configuration is asked.",
    )
