import json
from pathlib import Path

import pytest

from tests.cli.conftest import QUICK, Cli
from tldrkit.store.store import ArtifactStore

SAID = "was taught"


def test_a_command_that_is_told_otherwise_says_so_in_one_sentence(cli: Cli, workplace: Path) -> None:
    """Training that teaches another prefix says so; what then reads as it was taught says nothing.

    An evaluation that is told otherwise says so, also when it finds its work done.
    """
    told = cli("train", "base", "--as", "b/train", "--dataset", "toy", *QUICK, "--prefix", "tl;dr: ")
    threads = ["summarize", "toy.test.jsonl", "--model", "b/train", "--num-beams", "1"]
    silent = cli(*threads, "--out", "s.jsonl")
    scoring = [
        "eval",
        "b/train",
        "--as",
        "b/eval",
        "--dataset",
        "toy",
        "--max-examples",
        "2",
        "--num-beams",
        "1",
    ]
    asked = [cli(*scoring, "--max-source-tokens", "32") for _ in range(2)]
    spec = ArtifactStore(workplace / "artifacts").resolve("b/eval").manifest.spec

    assert [done.returncode for done in (told, silent, *asked)] == [0] * 4, told.stderr + silent.stderr
    assert (
        "base was taught prefix 'summarize: ', max_source_tokens 512, max_target_tokens 128; "
        "b/train is taught prefix 'tl;dr: ', max_source_tokens 48, max_target_tokens 8.\n"
    ) in told.stderr
    assert SAID not in silent.stderr
    for done in asked:
        assert done.stderr.count(SAID) == 1
        assert (
            "b/train@v1 was taught max_source_tokens 48; here it is told max_source_tokens 32." in done.stderr
        )
    assert "already done" in asked[1].stderr
    assert (spec["prefix"], spec["max_source_tokens"], spec["max_target_tokens"]) == ("tl;dr: ", 32, 8)


def test_a_run_in_one_line_says_it_once(cli: Cli, workplace: Path) -> None:
    """The compress step it implies is told otherwise, and the training then goes on from what that says."""
    done = cli("train", "base", "--as", "c/train", "--dataset", "toy", *QUICK, "--dec-num-layers", "1")
    names = {artifact.manifest.name for artifact in ArtifactStore(workplace / "artifacts").list()}

    assert done.returncode == 0, done.stderr
    assert names == {"c/compress", "c/train"}
    assert done.stderr.count(SAID) == 1


@pytest.mark.parametrize("command", ["summarize", "eval", "serve", "train", "compress", "export"])
def test_help_says_what_holds_where_nothing_is_given(cli: Cli, command: str) -> None:
    """No default of ours is promised for what a model was taught."""
    shown = " ".join(cli(command, "--help", COLUMNS="300").stdout.split())

    assert "as the model was taught" in shown


def test_a_damaged_file_is_one_clear_sentence(cli: Cli, workplace: Path, base_folder: Path) -> None:
    """A model whose file cannot be read is refused with what to do, and no traceback."""
    (workplace / "broken").mkdir()
    for path in base_folder.iterdir():
        (workplace / "broken" / path.name).symlink_to(path)
    (workplace / "broken/tldrkit.json").write_text(json.dumps({"reading": None}))
    done = cli("summarize", "toy.test.jsonl", "--model", "broken", "--out", "s.jsonl")

    assert done.returncode == 1
    assert "tldrkit.json does not say how the model was taught to read." in done.stderr
    assert "Traceback" not in done.stderr
