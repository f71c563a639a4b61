"""What the command line says at a count of one."""

import re
from pathlib import Path

from tests.cli.conftest import Cli

ONCE = [
    *("--max-steps", "1", "--batch-size", "1", "--eval-every", "1", "--eval-examples", "1"),
    *("--warmup-steps", "200", "--max-source-tokens", "48", "--max-target-tokens", "8"),
]
SCORED = ["--max-examples", "1", "--latency-documents", "1", "--throughput-documents", "1"]
RIDDLE = re.compile(
    r"(?<![\w.,-])1 (?:[a-z]+ )?(?:threads|tokens|steps|posts|documents|predictions|examples|seeds"
    r"|validations|parameters|beams|files|entries|inputs|summaries|dendrites|layers|bytes)\b"
    r"|\b200 of 1\b|NoneType|Value error|Input should|[a-z]\.\.(?!\.)|[A-Z][a-z]+Error\b"
)


def test_one_of_anything_is_said_in_the_singular(cli: Cli, workplace: Path) -> None:
    """Training of one step, scoring of one example, a summary of one post: no message speaks of `1 steps`."""
    (workplace / "one.txt").write_text("It is flat.")
    (workplace / "null.json").write_text('{"posts": ["It is flat."]}\nnull\n')
    asked = [
        ["train", "base", "--as", "b/train", "--dataset", "toy", *ONCE],
        ["eval", "b/train", "--as", "b/eval", "--dataset", "toy", *SCORED],
        ["export", "b/train", "--to", "folder"],
        ["summarize", "one.txt", "--model", "b/train", "--out", "one.md", "--max-tokens", "8"],
        ["summarize", "null.json", "--model", "b/train", "--out", "null.md", "--max-tokens", "8"],
        ["train", "base", "--as", "x", "--dataset", "toy", "--lr", "-1"],
        ["train", "base", "--as", "x", "--dataset", "toy", "--dendrite-activation", "none"],
        ["train", "base", "--as", "x", "--dataset", "toy", "--dendrite-budget", "many"],
    ]
    done = [cli(*arguments) for arguments in asked]
    said = [one.stdout + one.stderr for one in done]
    said += [(workplace / file).read_text() for file in ("one.md", "null.md", "folder/README.md")]

    assert [found.group() for text in said if (found := RIDDLE.search(text))] == []
    assert "1 thread summarized" in said[3]
    assert "This JSON is null: it holds no posts." in (workplace / "null.md").read_text()
    assert "cannot be used: it must be more than 0." in said[5]
