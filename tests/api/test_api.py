"""The library's own door: `import tldrkit`."""

import asyncio
import doctest
import importlib
import inspect
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer

import tldrkit
from tests.cli.conftest import build_environment
from tldrkit.bases.scratch import build_base
from tldrkit.cli.app import app
from tldrkit.families.summarizer import save_summarizer
from tldrkit.families.taught import ORIGIN
from tldrkit.specs import BaseSpec, EvalSpec, SummarizeSpec, TrainSpec

ROOT = Path(__file__).parents[2]
TINY: dict[str, Any] = {
    "vocab_size": 300, "d_model": 16, "d_kv": 4, "num_heads": 2, "d_ff": 24, "enc_num_layers": 2,
    "dec_num_layers": 2,
}  # fmt: skip
SHORT: dict[str, Any] = {"dataset": "toy", "max_source_tokens": 48, "max_target_tokens": 8}
QUICK: dict[str, Any] = SHORT | {
    "max_steps": 2, "batch_size": 2, "eval_every": 1, "eval_examples": 2, "precision": "fp32",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny random T5 in `tiny`."""
    folder = tmp_path_factory.mktemp("api")
    save_summarizer(build_base(BaseSpec(**TINY), ["some text to begin with"]), folder / "tiny")
    return folder


@pytest.fixture(scope="module")
def store(folder: Path, corpus: Path) -> tldrkit.Store:
    return tldrkit.Store(folder / "artifacts", data=corpus, device="cpu", threads=1, quiet=True)


@pytest.fixture
def inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working folder is the one that holds `tiny`, and its store the one in use."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("TLDRKIT_ARTIFACTS", raising=False)


@pytest.fixture
def model(store: tldrkit.Store, inside: None) -> tldrkit.Model:  # noqa: ARG001  (a place)
    return store.load("tiny")


def test_importing_it_loads_nothing_heavy() -> None:
    """`import tldrkit` loads no library and none of its own rooms; each name comes when it is used."""
    code = "import sys; before = set(sys.modules); import tldrkit; print(*set(sys.modules) - before)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    code = (
        "import sys, tldrkit; tldrkit.Store, tldrkit.Thread, tldrkit.load, tldrkit.DataError;"
        "print(*{'torch', 'transformers', 'numpy', 'pandas', 'datasets'} & set(sys.modules))"
    )
    used = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    own = {name for name in loaded.stdout.split() if name.split(".")[0] not in sys.stdlib_module_names}
    assert own == {"tldrkit"}
    assert used.stdout.split() == []


def test_every_name_can_be_had() -> None:
    """What is listed exists; an unknown name is told as Python does."""
    assert [name for name in tldrkit.__all__ if getattr(tldrkit, name, None) is None] == []
    with pytest.raises(AttributeError, match="no attribute 'summarise'"):
        tldrkit.summarise  # noqa: B018


@pytest.mark.parametrize("name", ["forum", "model", "results", "store"])
def test_examples_do_what_they_say(
    name: str, folder: Path, store: tldrkit.Store, model: tldrkit.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The examples in docstrings are run."""
    threads = tldrkit.read_threads(ROOT / "examples/threads")
    names = {"tldrkit": tldrkit, "folder": folder, "model": model, "store": store, "threads": threads}
    module = importlib.import_module(f"tldrkit.api.{name}")
    if name == "forum":
        monkeypatch.chdir(ROOT)
    runner = doctest.DocTestRunner(verbose=False)
    for example in doctest.DocTestFinder().find(module, globs=names):
        runner.run(example)

    assert runner.summarize(verbose=False).failed == 0


def test_the_line_is_a_few_words(model: tldrkit.Model, folder: Path) -> None:
    """Compress, train with dendrites, score, compare, take the winner: each a step in the store."""
    small = model.compress(**SHORT, dec_num_layers=1, name="b/compress")
    grown = small.train(**QUICK, do_pb=True, experiment="B")
    whole = model.train(**QUICK, experiment="A")
    scored = [one.eval(**SHORT, num_beams=1, latency_documents=1) for one in (whole, grown)]
    comparison = tldrkit.compare(*scored, name="compare", resamples=200)
    frame = comparison.to_frame()

    assert [one.reference for one in (small, grown, whole)] == ["b/compress@v1", "b/train@v1", "a/train@v1"]
    assert [one.reference for one in scored] == ["a/eval@v1", "b/eval@v1"]
    assert {"A", "B", "Lead-3", "Central"} <= set(frame.index)
    assert frame.loc["A", "rougeL"] == pytest.approx(100 * scored[0].metrics["rougeL"])
    assert comparison.load().reference in (whole.reference, grown.reference)
    assert comparison.store.load("compare").export(folder / "out").folder == (folder / "out").resolve()
    assert json.loads((folder / "out" / ORIGIN).read_text())["comparison"]
    assert set(comparison.to_dict()) >= {"rows", "contrasts", "winner"}


def test_the_commands_know_what_the_library_did(
    model: tldrkit.Model, corpus: Path, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What the library did is skipped by the command and by the library, which says so; force does not."""
    made = model.compress(**SHORT, dec_num_layers=1, name="twice")
    command = [sys.executable, "-m", "tldrkit", "compress", "tiny", "--as", "twice", "--dataset", "toy"]
    command += ["--dec-num-layers=1", "--max-source-tokens=48", "--max-target-tokens=8", f"--data={corpus}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    loud = tldrkit.Store(model.store.artifacts, data=corpus, device="cpu").load("tiny")
    again = loud.compress(**SHORT, dec_num_layers=1, name="twice")
    said = capfd.readouterr().err
    anew = loud.compress(**SHORT, dec_num_layers=1, name="twice", force=True)

    assert "already done" in done.stderr
    assert done.stdout.split() == [made.reference] == [again.reference] == ["twice@v1"]
    assert "twice@v1 is already done" in said
    assert anew.reference == "twice@v2"


def test_a_model_is_loaded_by_whatever_names_it(
    model: tldrkit.Model, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reference, one version of it, a folder, a hub id, and a comparison, which stands for its winner."""
    made = model.compress(**SHORT, dec_num_layers=1, name="named")
    scored = made.eval(**SHORT, num_beams=1, latency_documents=1)
    made.store.compare(scored, name="judged", resamples=200)
    copy = tmp_path / "hub/models--nora--tiny"
    (copy / "refs").mkdir(parents=True)
    (copy / "refs/main").write_text("0" * 40)
    shutil.copytree(folder / "tiny", copy / "snapshots" / ("0" * 40))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    names = ("named", "named@v1", "judged", folder / "tiny", "tiny", "nora/tiny")
    loaded = [model.store.load(name) for name in names]

    assert [one.reference for one in loaded] == [*["named@v1"] * 3, str(folder / "tiny"), "tiny", "nora/tiny"]
    for one in loaded[2:]:
        assert one.summarize(["The lift is broken."], num_beams=1, max_tokens=4)


SERVE = """
import sys, tldrkit
tldrkit.load("central").serve(port=0, token_file=sys.argv[1])
print("stopped")
"""


def test_a_model_is_served_until_it_is_stopped(tmp_path: Path) -> None:
    """It tells its address, answers whoever has the token, and returns when the process is told to stop."""
    (tmp_path / "token").write_text("right\n")
    command = [sys.executable, "-c", SERVE, "token"]
    environment = build_environment(PYTHONPATH=str(ROOT))
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        assert process.stdout
        told = next(line for line in process.stderr if line.startswith("Serving central at "))
        address = told.split()[3].rstrip(";")
        asked = {"inputs": "The lift is broken. Tim mends it."}
        answers = [
            httpx.post(address, json=asked, headers={"authorization": f"Bearer {token}"}, trust_env=False)
            for token in ("wrong", "right")
        ]
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "stopped\n"
        assert process.wait(30) == 0

    assert [answer.status_code for answer in answers] == [401, 200]
    assert answers[1].json()[0]["summary_text"]


def test_where_a_loop_runs_nothing_is_served() -> None:
    """A notebook's kernel is told in one sentence what to do instead."""

    async def serve() -> None:
        tldrkit.load("central").serve(port=0)

    with pytest.raises(tldrkit.SpecError, match="loop of its own") as caught:
        asyncio.run(serve())
    assert "tldrkit serve central" in caught.value.hint


def test_arguments_are_called_as_options_are() -> None:
    """What a method takes is an option of its command, but for what is given in another way."""
    verbs = {
        "base": (tldrkit.Store.base,), "compare": (tldrkit.Store.compare,), "sweep": (tldrkit.Store.sweep,),
        "compress": (tldrkit.Model.compress,), "train": (tldrkit.Model.train,),
        "eval": (tldrkit.Model.eval, tldrkit.Store.score), "export": (tldrkit.Model.export,),
        "summarize": (tldrkit.Model.summarize, tldrkit.Model.summarize_files),
        "serve": (tldrkit.Model.serve,),
    }  # fmt: skip
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for verb, methods in verbs.items():
        known = {
            option.lstrip("-").replace("-", "_")
            for parameter in commands[verb].params
            for option in (*parameter.opts, *parameter.secondary_opts, str(parameter.name))
        }
        taken = {name for method in methods for name in inspect.signature(method).parameters}
        assert taken - known <= {"self", "name", "scores", "claims", "questions", "threads"}, verb


def test_threads_and_texts_are_summarized_alike(model: tldrkit.Model) -> None:
    """A text is a thread of one post; each summary says which posts its sentences came from."""
    threads = tldrkit.read_threads(ROOT / "examples/threads")
    central = tldrkit.load("central").summarize(["The lift is broken. Tim mends it.", threads[0]])
    written = model.summarize([threads[0], "The lift is broken."], num_beams=1, max_tokens=8)

    assert str(central[0]) == "The lift is broken. Tim mends it."
    assert all(sentence.posts for sentence in central[1].sentences)
    assert len(written) == 2
    assert model.summarize([]) == []


def test_files_are_summarized_as_the_command_does(model: tldrkit.Model, folder: Path) -> None:
    """Records go into a file, and are known at the second time."""
    central = model.store.load("central")
    first = central.summarize_files(ROOT / "examples/threads", out=folder / "out.jsonl")
    second = central.summarize_files(ROOT / "examples/threads", out=folder / "out.jsonl")

    assert (first.threads, first.known) == (10, 0)
    assert (second.threads, second.known) == (10, 10)
    assert len((folder / "out.jsonl").read_text().splitlines()) == 10


def test_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    """Threads come without what is none; the reasons are counted, and nothing is raised."""
    (tmp_path / "good.txt").write_text("The lift is broken again, and nobody has come to mend it so far.\n")
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "empty.json").write_text("")
    threads = tldrkit.read_threads(tmp_path)

    assert [one.id for one in threads] == ["good"]
    assert len(threads.refused) == 2
    assert sum(threads.count_reasons().values()) == 2
    with pytest.raises(tldrkit.DataError, match="no file or folder"):
        tldrkit.read_threads(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda model: model.summarize("a text"), tldrkit.SpecError, "as a list"),
        (lambda model: model.summarize(["a text", " "]), tldrkit.DataError, "Text 2 has no words"),
        (lambda model: model.summarize(["a"], num_beam=2), tldrkit.SpecError, "'num_beam' in the call"),
        (lambda model: model.train(dataset="toy", lr=-1, name="x"), tldrkit.SpecError, "more than 0"),
        (lambda model: model.train(dataset="toy"), tldrkit.SpecError, "no name"),
        (lambda model: model.train(name="x", model_type="t5-small"), tldrkit.SpecError, "model_type"),
        (lambda model: model.compress(name="v3", dataset="toy"), tldrkit.StoreError, "cannot name"),
        (lambda model: model.store.load("nothing@v7"), tldrkit.UnknownReference, "nothing@v7"),
        (lambda model: model.store.load("central").compress(name="x"), tldrkit.ModelError, "no network"),
        (lambda model: model.store.compare("tiny"), tldrkit.TldrkitError, "tiny"),
    ],
)  # fmt: skip
def test_errors_are_the_commands(
    model: tldrkit.Model, call: Callable[[tldrkit.Model], object], error: type[Exception], said: str
) -> None:
    """What cannot be used is told in one sentence, by an error of the exported tree."""
    with pytest.raises(error, match=said) as raised:
        call(model)

    assert isinstance(raised.value, tldrkit.TldrkitError)


def test_fields_are_shown_where_people_look() -> None:
    """`help` and a notebook show every field of a step with its default and its meaning."""
    for verb, spec in (("summarize", SummarizeSpec), ("train", TrainSpec), ("eval", EvalSpec)):
        method = getattr(tldrkit.Model, verb)
        shown = inspect.signature(method).parameters

        assert set(spec.model_fields) <= set(shown)
        assert all(shown[name].default == info.default for name, info in spec.model_fields.items())
        assert all(
            f"{name}: {info.description}" in method.__doc__ for name, info in spec.model_fields.items()
        )


HARM = "<script>alert(1)</script>"


def test_a_notebook_shows_what_things_are(model: tldrkit.Model) -> None:
    """Threads, models and comparisons show themselves as HTML in which texts are only texts."""
    thread = tldrkit.Thread(
        id="1", title=HARM, posts=tuple(tldrkit.Post(author=HARM, text=f"{HARM}\x1b[2J") for _ in range(40))
    )
    threads = tldrkit.Threads([thread])
    scored = model.eval(**SHORT, num_beams=1, latency_documents=1)
    comparison = model.store.compare(scored, name="shown", resamples=200)
    shown = [one._repr_html_() for one in (thread, comparison, model, scored, threads)]

    assert "10 more posts" in shown[0]
    assert "ROUGE-L" in shown[1]
    assert "tiny" in shown[2]
    assert f"{scored.metrics['documents']}" in shown[3]
    assert not any("<script" in text or "\x1b" in text for text in shown)


def test_scores_of_several_stores_are_not_compared(
    model: tldrkit.Model, tmp_path: Path, corpus: Path
) -> None:
    """A comparison lies in the store of its scores, which is one."""
    other = tldrkit.Store(tmp_path / "other", data=corpus, device="cpu", quiet=True)
    scored = [
        one.load("central").eval(dataset="toy", max_examples=2, name="x/eval") for one in (model.store, other)
    ]

    with pytest.raises(tldrkit.SpecError, match="several stores"):
        tldrkit.compare(*scored)
