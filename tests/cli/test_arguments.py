import json
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.conftest import Cli
from tldrkit.cli.app import app
from tldrkit.cli.arguments import _normalize
from tldrkit.store.store import ArtifactStore

COMMANDS: dict[str, Any] = vars(typer.main.get_command(app))["commands"]
OPTIONS = COMMANDS["train"].params + COMMANDS["summarize"].params


def normalize(arguments: list[str]) -> list[str]:
    return list(_normalize(arguments, OPTIONS))


@pytest.mark.parametrize(
    ("given_form", "normal_form"),
    [
        (["--max_steps", "5"], ["--max-steps", "5"]),
        (["--max_steps=5"], ["--max-steps=5"]),
        (["--N_EPOCHS_TO_SWITCH=5"], ["--n-epochs-to-switch=5"]),
        (["--do_pb", "true"], ["--do-pb"]),
        (["--do-pb", "False"], ["--no-do-pb"]),
        (["--do_pb=True"], ["--do-pb"]),
        (["--do_pb=maybe"], ["--do-pb=maybe"]),
        (["--no_do_pb=false"], ["--do-pb"]),
        (["--do-pb"], ["--do-pb"]),
        (["--sidecar", "false", "x"], ["x"]),
        (["--early_stopping", "x"], ["--early-stopping=true", "x"]),
        (["--early-stopping", "False", "x"], ["--early-stopping=false", "x"]),
        (["--early-stopping", "never"], ["--early-stopping=never"]),
        (["--early_stopping=Never"], ["--early-stopping=never"]),
        (["--early_stopping", "None"], []),
        (["--no_early_stopping", "x"], ["--early-stopping=false", "x"]),
        (["--no-early-stopping", "false"], ["--early-stopping=true"]),
        (["--no-early-stopping=never"], ["--no-early-stopping=never"]),
        (["--as", "b_x/train"], ["--as", "b_x/train"]),
        (["my_file", "-h"], ["my_file", "-h"]),
        (["--", "--max_steps"], ["--", "--max_steps"]),
        (["--max_stepz", "true"], ["--max-stepz", "true"]),
        (["--max_steps"], ["--max-steps"]),
    ],
)
def test_every_spelling_is_understood(given_form: list[str], normal_form: list[str]) -> None:
    """Underscores, capitals and spelled-out booleans become what --help shows; values are kept."""
    assert normalize(given_form) == normal_form


@pytest.mark.parametrize("value", ["true", "FALSE", "True", "--Do_PB", "a_B", "-", "--"])
def test_values_are_not_eaten(value: str) -> None:
    """What stands behind an option that takes a value is its value, whatever it looks like."""
    for name in ("--as", "--experiment", "--data", "--spec"):
        assert normalize([name, value, "--do_pb"]) == [name, value, "--do-pb"]
        assert normalize([f"{name}={value}", "--do_pb"]) == [f"{name}={value}", "--do-pb"]


EMPTY = [
    ["artifacts", "ls", "--artifacts", ""],
    ["base", "--as", "x", "--spec", ""],
    ["export", "", "--to", "x"],
    ["train", "a", "--as", "x", "--data="],
    ["eval", "--as", "x", "--predictions", ""],
    ["compare", "a/eval", "b/eval", "--as", "x", "--html", ""],
    ["export", "a", "--to", ""],
    ["summarize", "", "--model", "a", "--out", "x.jsonl"],
    ["summarize", "a.txt", "--model", "a", "--out", ""],
    ["summarize", "a.txt", "--model", "", "--out", "x.jsonl"],
    ["serve", "a", "--token-file", ""],
    ["sweep", ""],
]


@pytest.mark.parametrize("arguments", EMPTY, ids=" ".join)
def test_an_empty_name_is_no_folder(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a variable that is not set leaves of a path or a model's name is refused, and never means `.`."""
    told: list[str] = []
    monkeypatch.setattr("tldrkit.cli.console.fail", lambda sentence, **_: told.append(sentence))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        app(arguments)

    assert ended.value.code == 1
    assert [sentence.endswith(" is empty.") for sentence in told] == [True]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", sorted({name for option in OPTIONS for name in option.opts if name[0] == "-"})
)
def test_none_is_as_if_not_given(name: str) -> None:
    """Agents write None for a null: of any option, in one word or two; other words are kept."""
    assert normalize(["None", f"{name}=None", "y"]) == ["None", "y"]
    assert normalize(["x", name, "None", "y"]) == ["x", "y"]


@given(
    st.lists(st.sampled_from(["--a_b", "--do_pb", "x", "y_z", "-h", "--lr=1", "Truely", "--as"]), max_size=8)
)
def test_values_keep_their_order(arguments: list[str]) -> None:
    """Whatever is no option name stays as it is, in its place, and doing it twice changes nothing."""
    values = [argument for argument in arguments if not argument.startswith("--")]
    rewritten = normalize(arguments)

    assert [a for a in rewritten if not a.startswith("--")] == values
    assert normalize(rewritten) == rewritten


def test_flags_are_told_by_the_command(cli: Cli, workplace: Path) -> None:
    """A name may be `true` and a label `FALSE`, and an agent's None is as if not given."""
    rows = [{"id": str(n), "prediction": "a b", "references": ["a c"]} for n in range(3)]
    (workplace / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = cli("eval", "--predictions", "rows.jsonl", "--as", "true", "--label", "FALSE", "--seed=None")

    assert (done.returncode, done.stdout.split()[-1:]) == (0, ["true@v1"]), done.stderr
    assert ArtifactStore(workplace / "artifacts").resolve("true").manifest.spec["label"] == "FALSE"
