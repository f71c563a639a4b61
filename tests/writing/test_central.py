import json
import subprocess
import sys
from pathlib import Path

import pytest

from tldrkit.errors import ModelError
from tldrkit.options import Options
from tldrkit.specs import CompareSpec, CompressSpec, EvalSpec, SummarizeSpec
from tldrkit.steps.compare import compare, read_comparison
from tldrkit.steps.compress import compress
from tldrkit.steps.eval import eval as score
from tldrkit.steps.scored import read_scores
from tldrkit.threads import Post, Thread
from tldrkit.writing.central import CentralSummarizer
from tldrkit.writing.long_threads import ThreadSummarizer

EXAMPLES = Path(__file__).parents[2] / "examples/threads"
POSTS = ("The lift is broken.", "I like tea.", "Tim mends the broken lift.")
THREAD = Thread(id="1", title="The lift", posts=tuple(Post(author="ann", text=text) for text in POSTS))


def summarize(**fields: object) -> list[str]:
    """Summarize the thread without a network."""
    spec = SummarizeSpec.model_validate({"prefix": "", "max_source_tokens": 1000, **fields})
    return [one.text for one in ThreadSummarizer(CentralSummarizer(), spec)([THREAD])]


def test_sentences_stand_as_they_were_written() -> None:
    """A summary is sentences of posts, in order and without authors; its sources are those posts."""
    spec = SummarizeSpec(prefix="", max_source_tokens=1000, max_tokens=9)
    (summary,) = ThreadSummarizer(CentralSummarizer(), spec)([THREAD])

    assert summary.text == "The lift is broken. Tim mends the broken lift."
    assert summary.ending == "whole"
    assert [one.posts[0] for one in summary.sentences] == [0, 2]


def test_its_lengths_are_words() -> None:
    """max_tokens is the words of a summary at most, and max_source_tokens those that are read."""
    assert summarize(max_tokens=5) == ["Tim mends the broken lift."]
    assert summarize(max_tokens=4) == ["The lift is broken."]
    assert summarize(max_tokens=12, max_source_tokens=8) == ["Tim mends the broken lift."]


def test_the_first_minute_needs_no_network(tmp_path: Path) -> None:
    """`summarize --model central` finds words for every thread, and loads neither torch nor transformers."""
    code = (
        "import sys; from tldrkit.__main__ import main\n"
        "try: main()\n"
        "finally: print(*{'torch', 'transformers'} & set(sys.modules), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, "summarize", str(EXAMPLES), "--model=central", "--with-sources"]
    done = subprocess.run(
        [*command, "--out", "-"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=600
    )
    records = [json.loads(line) for line in done.stdout.splitlines()]

    assert done.stderr.splitlines()[-1] == ""
    assert len(records) == len(list(EXAMPLES.iterdir()))
    assert all(record["summary"] and record["sources"] for record in records)


def test_it_is_a_row_that_no_run_is_taken_for(corpus: Path, tmp_path: Path) -> None:
    """It scores what the table's floor does, stands beside any decoding, and never wins."""
    options = Options(artifacts=tmp_path / "store", data=corpus, device="cpu")
    scored = score(options, EvalSpec(dataset="toy"), source="central", target="x/eval").artifact
    artifact = compare(options, CompareSpec(resamples=100), references=["x/eval"], target="compare").artifact
    comparison = read_comparison(artifact)
    (row,) = comparison.rows

    assert row.scores["rougeL"] == pytest.approx(comparison.baselines["Central"]["rougeL"])
    assert comparison.winner == ""
    assert read_scores(scored).cost is None


def test_what_needs_a_network_refuses_it(corpus: Path, tmp_path: Path) -> None:
    """Nothing else can be done with it, and is not taken for a model of the hub."""
    options = Options(artifacts=tmp_path / "store", data=corpus, device="cpu")
    with pytest.raises(ModelError, match="no network"):
        compress(options, CompressSpec(dataset="toy", d_ff=8), source="central", target="x")
