"""Pages say what the scores kept beside them say."""

import json
import re
import statistics
from pathlib import Path

import pytest

import tldrkit
from tests.docs.test_command_lines import ROOT

MEASUREMENTS = ROOT / "docs/measurements"
CELL = re.compile(r"\| `([\w-]+)` \| ([\d.]+) \| ([\d.]+) \| (\S+) (\[.+?\]) \| ([\d.]+) \| ([\d.]+) \|")
ROW = re.compile(r"\| ([BD] [\w-]+) \| 8 \|(?:[^|]+\|){6} ([\d.]+) \|")
ANSWER = re.compile(
    r"B ([\w-]+) - D \S+ = (\S+) ROUGE-L (\[.+?\]), 8 seeds x 400 threads, p = ([\d.]+): not shown\. "
    r".+: ([\d.]+) points"
)
SPREAD = re.compile(r"\| `([\w-]+)` \|(?:[^|]+\|){5} ([048]) of 8 \| ([\d.]+) \|")
SEEDS = re.compile(r"^\| `([\w-]+)` \|((?: [+-]?\d\.\d\d(?: \(0\))? \|){8})$", re.MULTILINE)
NONE = re.compile(r"No dendrites were published by B ([\w-]+) in 4 of 8 seeds \((.+?)\)")


def compare(folder: Path, kept: str, questions: str) -> Path:
    """Compare kept scores, and return the folder of the comparison."""
    files = sorted((MEASUREMENTS / "scores").glob(f"{kept}/**/scores.json.gz"))
    made = tldrkit.Store(folder, quiet=True).compare(
        *map(str, files), name="kept", spec=ROOT / "experiments" / questions
    )
    return made.path


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the study's comparison."""
    return compare(tmp_path_factory.mktemp("study"), "study", "study/questions.yaml")


def test_the_studys_table_comes_from_kept_scores(study: Path) -> None:
    """Means, differences, p and the smallest difference that would have been seen, of every cell."""
    report = (study / "comparison.md").read_text()
    means = dict(ROW.findall(report))
    answers = [
        (cell, means[f"B {cell}"], means[f"D {cell}"], difference, interval, p, seen)
        for cell, difference, interval, p, seen in ANSWER.findall(report)
    ]

    assert len(answers) == 4
    assert CELL.findall((MEASUREMENTS / "study.md").read_text()) == answers


def test_the_studys_seeds_come_from_kept_scores(study: Path) -> None:
    """Each seed's difference, how they spread, and which seeds published no dendrites, of every cell."""
    page, report = (MEASUREMENTS / "study.md").read_text(), (study / "comparison.md").read_text()
    none = {cell: seeds.split(", ") for cell, seeds in NONE.findall(report)}
    told = {cell: [one.strip() for one in row.split("|")[:-1]] for cell, row in SEEDS.findall(page)}
    for contrast in json.loads((study / "comparison.json").read_text())["contrasts"]:
        cell = contrast["label"].removeprefix("B ")
        means = [part["difference"]["mean"] for part in contrast["parts"]]
        without = [str(seed) for seed, one in enumerate(told[cell]) if one.endswith(" (0)")]

        assert [float(one.split()[0]) for one in told[cell]] == [round(mean, 2) for mean in means]
        assert without == none.get(cell, [])
        assert (cell, str(8 - len(without)), f"{statistics.stdev(means):.2f}") in SPREAD.findall(page)


def compare_with_base(folder: Path, kept: str) -> tuple[str, str, str]:
    """Compare what was taught with its base: difference, interval and p."""
    report = (compare(folder, kept, "minilm/recipe/questions.yaml") / "comparison.md").read_text()
    (told,) = re.findall(r"E - minilm/whole/base@v1 = (\S+) ROUGE-L (\[.+?\]), .+?, p = ([\d.]+):", report)
    return told


def test_the_recipes_difference_comes_from_kept_scores(tmp_path: Path) -> None:
    """What E is above its base stands in the results and in the README as it was measured."""
    difference, interval, p = compare_with_base(tmp_path, "samsum")

    assert f"E - base = {difference} ROUGE-L {interval}, p = {p}" in (MEASUREMENTS / "results.md").read_text()
    assert f"E - base = {difference} {interval}, p = {p}" in (ROOT / "README.md").read_text()


def test_the_longer_tries_difference_comes_from_kept_scores(tmp_path: Path) -> None:
    """Taught for longer, too."""
    difference, interval, p = compare_with_base(tmp_path, "samsum*/[bl]*")

    told = f"{difference} ROUGE-L {interval} against the base, p = {p}, one seed"
    assert told in (MEASUREMENTS / "results.md").read_text()
