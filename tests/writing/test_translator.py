"""Summaries by CTranslate2 beside those of our own engine; the command line in real processes."""

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from transformers import GenerationConfig

from tests.cli.conftest import Cli, base_folder, build_environment, cli, hide, workplace  # noqa: F401  (fixtures)
from tests.training.test_loop import build, fit
from tests.writing.test_cluster import count_pieces, write_threads
from tldrkit.datasets.examples import Corpus
from tldrkit.errors import ModelError
from tldrkit.families.summarizer import Summarizer
from tldrkit.store.runs import list_runs
from tldrkit.writing.decoding import Decoding
from tldrkit.writing.generation import Generated, Generator
from tldrkit.writing.translator import Translator

pytest.importorskip("ctranslate2", reason="ctranslate2 is not installed")

GREEDY = Decoding(
    prefix="summarize: ", max_source_tokens=160, max_target_tokens=24, num_beams=1, batch_size=4
)
RUN = [
    *("summarize", "threads", "--model", "base"),
    *("--max-tokens", "16", "--num-beams", "1", "--batch-size", "1"),
]
FOREIGN = ["--engine", "ctranslate2"]
ONE = ["summarize", "toy.test.jsonl", "--model", "base", "--out", "s.jsonl", *FOREIGN]

# `tldrkit`, which dies once it has journaled three groups.
DYING = """
import os, signal
from tldrkit.__main__ import main
from tldrkit.store.journal import Journal

add, left = Journal.add, iter(range(2, -1, -1))

def add_and_die(self, pieces):
    add(self, pieces)
    if not next(left):
        os.kill(os.getpid(), signal.SIGKILL)

Journal.add = add_and_die
main()
"""


@pytest.fixture(scope="module", params=["random", "trained"])
def summarizer(request: pytest.FixtureRequest, examples: Corpus) -> Summarizer:
    """A network that has seen nothing, and one that has learned what a summary looks like."""
    untrained = build(examples)
    if request.param == "random":
        return untrained
    network = fit(examples, max_steps=200, eval_every=200, lr=1e-2).network
    return Summarizer(network.eval(), untrained.tokenizer)


def write(
    summarizer: Summarizer, kind: type[Generator | Translator], decoding: Decoding, corpus: Corpus
) -> list[Generated]:
    documents = ["", *(example.document for example in corpus.train)]
    return kind(summarizer.network, summarizer.tokenizer, decoding)(documents)


@pytest.mark.parametrize("fewest", [0, 9])
def test_greedily_it_writes_our_own_texts(summarizer: Summarizer, fewest: int, examples: Corpus) -> None:
    """In fp32 text, number of tokens and how it ended are those of our engine, in the order given."""
    decoding = replace(GREEDY, min_target_tokens=fewest)
    theirs = write(summarizer, Translator, decoding, examples)

    assert theirs == write(summarizer, Generator, decoding, examples)
    assert len({one.text for one in theirs}) > 1


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("num_beams", [1, 4])
def test_every_document_has_a_summary(
    summarizer: Summarizer, num_beams: int, precision: str, examples: Corpus
) -> None:
    """With beams and in int8, of as many tokens as asked for; one shorter than allowed has ended."""
    decoding = replace(GREEDY, num_beams=num_beams, precision=precision, min_target_tokens=5)  # type: ignore[arg-type]
    written = write(summarizer, Translator, decoding, examples)

    assert len(written) == len(examples.train) + 1
    assert all(5 <= one.tokens <= 24 for one in written)
    assert all(one.ended for one in written if one.tokens < 24)


def test_defaults_it_does_not_know_are_refused(examples: Corpus) -> None:
    """A network whose generation defaults change the search, or name no end, is left alone."""
    one = build(examples)
    for fields in ({"no_repeat_ngram_size": 2, "eos_token_id": 1}, {}):
        one.network.generation_config = GenerationConfig(**fields)
        with pytest.raises(ModelError, match="plain searches"):
            Translator(one.network, one.tokenizer, GREEDY)


def test_workers_share_the_threads(summarizer: Summarizer, examples: Corpus) -> None:
    """There are as many workers as threads unless fewer are asked for; they write the same."""
    decoding = replace(GREEDY, threads=2)
    both, alone = (Translator(summarizer.network, summarizer.tokenizer, decoding, few) for few in (None, 1))
    documents = [example.document for example in examples.train]

    assert (both._translator.num_translators, alone._translator.num_translators) == (2, 1)
    assert both(documents) == alone(documents)


def test_no_documents_no_summaries(examples: Corpus) -> None:
    """Nothing in, nothing out."""
    one = build(examples)
    assert Translator(one.network, one.tokenizer, GREEDY)([]) == []


def test_a_killed_run_ends_with_the_bytes_of_our_own(cli: Cli, workplace: Path) -> None:  # noqa: F811
    """Given again after a kill it goes on, writes what our engine writes, and leaves no copy of the model."""
    write_threads(workplace / "threads", 96)
    (workplace / "tmp").mkdir()
    own = {"TMPDIR": str(workplace / "tmp")}
    there = [*RUN, *FOREIGN, "--with-sources", "--artifacts", "there", "--out", "theirs.jsonl"]
    died = subprocess.run(
        [sys.executable, "-c", DYING, *there], cwd=workplace, env=build_environment(**own), check=False
    )
    assert died.returncode == -signal.SIGKILL
    assert not (workplace / "theirs.jsonl").exists()

    (journal,) = (workplace / "there").glob(".journals/*.sqlite")
    journaled = count_pieces(journal)
    assert 0 < journaled < 96
    again = cli(*there, **own)
    assert again.returncode == 3, again.stderr
    assert f"97 threads summarized, {journaled + 1} of them known from before" in again.stderr
    assert [path for path in (workplace / "tmp").rglob("*") if path.is_file()] == []
    assert list_runs(workplace / "there")[-1]["provenance"]["engine"] == "ctranslate2"

    cli(*RUN, "--with-sources", "--threads", "1", "--out", "ours.jsonl")
    assert (workplace / "theirs.jsonl").read_bytes() == (workplace / "ours.jsonl").read_bytes()


def test_another_engine_takes_nothing_over(cli: Cli, workplace: Path) -> None:  # noqa: F811
    """Summaries of our own engine are not taken for those of CTranslate2, nor the reverse; both are kept."""
    write_threads(workplace / "threads", 4)
    options = ["--num-beams", "4", "--threads", "2", "--length", "short", "--out", "s.jsonl"]
    theirs = [*FOREIGN, "--precision", "int8"]
    for engine, known, other in (([], 1, False), (theirs, 1, True), (theirs, 5, False), ([], 5, True)):
        done = cli(*RUN, *options, *engine)
        assert done.returncode == 3, done.stderr
        assert f"5 threads summarized, {known} of them known" in done.stderr
        assert (
            "5 summaries by another model, options, tldrkit or processor replaced." in done.stderr
        ) == other


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [({"model_type": "bart"}, "this model is none"), ({"growth": {"decoder.block.0": 1}}, "has dendrites")],
)
def test_other_models_are_refused_before_any_work(
    fields: dict[str, object],
    sentence: str,
    cli: Cli,  # noqa: F811
    workplace: Path,  # noqa: F811
) -> None:
    """A model that CTranslate2 cannot run is named in one sentence, and nothing is begun."""
    shutil.copytree(workplace / "base", workplace / "other")
    config = workplace / "other" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | fields))
    done = cli(*ONE, "--model", "other")

    assert done.returncode == 1
    assert sentence in done.stderr
    assert done.stderr.splitlines()[1:] == ["Hint: Leave --engine out."]
    assert not (workplace / "artifacts").exists()


def test_a_gpu_is_refused(cli: Cli) -> None:  # noqa: F811
    """It runs on processors, and does not ignore what was asked."""
    done = cli(*ONE, "--device", "cuda")

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Error: CTranslate2 runs on a processor here.",
        "Hint: Leave out --device.",
    ]


def test_without_it_it_is_told_how_to_get_it(cli: Cli, workplace: Path) -> None:  # noqa: F811
    """Where CTranslate2 cannot be imported, one sentence names the extra that brings it."""
    done = cli(*ONE, **hide("ctranslate2", workplace / "without"))

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Error: ctranslate2 is not installed.",
        "Hint: pip install 'tldrkit[ctranslate2]'",
    ]
    assert not (workplace / "artifacts").exists()
