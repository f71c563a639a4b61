"""The page of the study says what the scores kept beside it say."""

import re
from pathlib import Path

import tldrkit
from tests.docs.test_command_lines import ROOT

PAGE = ROOT / "docs/measurements/study.md"
CELL = re.compile(r"\| `([\w-]+)` \| ([\d.]+) \| ([\d.]+) \| (\S+) (\[.+?\]) \| ([\d.]+) \| ([\d.]+) \|")
ROW = re.compile(r"\| ([BD] [\w-]+) \| 8 \|(?:[^|]+\|){6} ([\d.]+) \|")
ANSWER = re.compile(
    r"B ([\w-]+) - D \S+ = (\S+) ROUGE-L (\[.+?\]), 8 seeds x 400 threads, p = ([\d.]+): not shown\. "
    r".+: ([\d.]+) points"
)


def test_the_table_comes_from_the_kept_scores(tmp_path: Path) -> None:
    """Means, differences, p and the smallest difference that would have been seen, of every cell."""
    kept = sorted((PAGE.parent / "scores/study").glob("*/*/s*/scores.json.gz"))
    made = tldrkit.Store(tmp_path, quiet=True).compare(
        *map(str, kept), name="study", spec=ROOT / "experiments/study/questions.yaml"
    )
    report = (made.path / "comparison.md").read_text(encoding="utf-8")
    means = dict(ROW.findall(report))
    answers = [
        (cell, means[f"B {cell}"], means[f"D {cell}"], difference, interval, p, seen)
        for cell, difference, interval, p, seen in ANSWER.findall(report)
    ]

    assert len(answers) == 4
    assert CELL.findall(PAGE.read_text(encoding="utf-8")) == answers
