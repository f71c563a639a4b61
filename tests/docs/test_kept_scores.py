"""Pages say what the scores kept beside them say."""

import re
from pathlib import Path

import tldrkit
from tests.docs.test_command_lines import ROOT

MEASUREMENTS = ROOT / "docs/measurements"
CELL = re.compile(r"\| `([\w-]+)` \| ([\d.]+) \| ([\d.]+) \| (\S+) (\[.+?\]) \| ([\d.]+) \| ([\d.]+) \|")
ROW = re.compile(r"\| ([BD] [\w-]+) \| 8 \|(?:[^|]+\|){6} ([\d.]+) \|")
ANSWER = re.compile(
    r"B ([\w-]+) - D \S+ = (\S+) ROUGE-L (\[.+?\]), 8 seeds x 400 threads, p = ([\d.]+): not shown\. "
    r".+: ([\d.]+) points"
)


def compare(folder: Path, kept: str, questions: str) -> str:
    """Compare kept scores, and return the report."""
    files = sorted((MEASUREMENTS / "scores").glob(f"{kept}/**/scores.json.gz"))
    made = tldrkit.Store(folder, quiet=True).compare(
        *map(str, files), name="kept", spec=ROOT / "experiments" / questions
    )
    return (made.path / "comparison.md").read_text(encoding="utf-8")


def test_the_studys_table_comes_from_kept_scores(tmp_path: Path) -> None:
    """Means, differences, p and the smallest difference that would have been seen, of every cell."""
    report = compare(tmp_path, "study", "study/questions.yaml")
    means = dict(ROW.findall(report))
    answers = [
        (cell, means[f"B {cell}"], means[f"D {cell}"], difference, interval, p, seen)
        for cell, difference, interval, p, seen in ANSWER.findall(report)
    ]

    assert len(answers) == 4
    assert CELL.findall((MEASUREMENTS / "study.md").read_text(encoding="utf-8")) == answers


def test_the_recipes_difference_comes_from_kept_scores(tmp_path: Path) -> None:
    """What E is above its base stands in the results and in the README as it was measured."""
    report = compare(tmp_path, "samsum", "minilm/questions.yaml")
    (told,) = re.findall(r"E - minilm/whole/base@v1 = (\S+) ROUGE-L (\[.+?\]), .+?, p = ([\d.]+):", report)
    difference, interval, p = told

    assert f"E - base = {difference} ROUGE-L {interval}, p = {p}" in (MEASUREMENTS / "results.md").read_text()
    assert f"E - base = {difference} {interval}, p = {p}" in (ROOT / "README.md").read_text()
