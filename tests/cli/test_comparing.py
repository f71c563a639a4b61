"""`tldrkit compare` as it is typed: other stores beside the first, and a sheet that people fill in."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import build_environment
from tests.steps.test_report import score_rows
from tldrkit.options import Options

COMPARE = ["compare", "x/s0/eval", "y/s0/eval", "--resamples", "200"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stores, with other outputs of x and y."""
    folder = tmp_path_factory.mktemp("comparing")
    for place, text in (("artifacts", "{} ate {} cakes"), ("other", "{} and {} pies")):
        for label in "xy":
            score_rows(Options(artifacts=folder / place), folder, label, prediction=text.format(label, label))
    return folder


def run(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tldrkit", *COMPARE, *more],
        cwd=folder, env=build_environment(), capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


def test_the_terminal_shows_replications_and_what_verdicts_cover(folder: Path) -> None:
    """A table of stores, each store's difference, and what could have been shown."""
    done = run(folder, "--also", "other")

    assert done.returncode == 0, done.stderr
    assert "replication" in done.stdout
    assert "other: y - x = " in done.stdout
    assert (
        "The smallest difference it had an 80 % chance to show, with 2 replications and 9 threads"
        in done.stdout
    )


def test_a_sheet_is_written_once_and_read_when_filled_in(folder: Path) -> None:
    """The first call writes it, the second says that nothing is filled in, the third shows the ratings."""
    first = run(folder, "--rate", "sheet.csv", "--rate-threads", "3", "--seed", "5")
    sheet = folder / "sheet.csv"
    text = sheet.read_text(encoding="utf-8-sig")
    second = run(folder, "--rate", "sheet.csv", "--seed", "5")
    assert first.returncode == 0, first.stderr
    assert "fill in the column `rating` of sheet.csv" in first.stderr
    assert second.returncode != 0
    assert "Error: sheet.csv is not filled in: no summary has a rating." in second.stderr
    assert sheet.read_text(encoding="utf-8-sig") == text

    heads, *rows = text.splitlines()
    sheet.write_text("\n".join([heads, *(f"{row}{1 + ('y ate' in row)}" for row in rows)]))
    third = run(folder, "--rate", "sheet.csv", "--seed", "5")
    assert third.returncode == 0, third.stderr
    assert len(rows) == 6
    assert "+25.00 [+25.00, +25.00]" in third.stdout
    assert "People rated 3 threads, all runs' summaries of 3." in third.stderr

    (folder / "other.csv").write_text("\n".join([heads, *(f"{row}{2 + ('y ate' in row)}" for row in rows)]))
    both = run(folder, "--rate", "sheet.csv", "--rate", "other.csv", "--seed", "5")
    assert both.returncode == 0, both.stderr
    assert "+25.00 [+25.00, +25.00]" in both.stdout
    assert "are 1.00 apart on average, over 6 pairs of ratings from 1 to 5." in both.stderr
