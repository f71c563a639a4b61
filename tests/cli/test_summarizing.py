"""Batch runs from the command line, and killed for real."""

import gzip
import json
import signal
import subprocess
import sys
import time
import unicodedata
import zipfile
from functools import partial
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, build_environment
from tldrkit.datasets.synthetic.threads import generate_examples
from tldrkit.store.runs import list_runs

QUICK = ["--max-tokens", "8", "--num-beams", "1", "--batch-size", "1", "--max-source-tokens", "48"]

# Loads and compiles all once; its children summarize, which takes all their time, and are killed.
KILLED = """
import os, random, signal, sys, time
from pathlib import Path
from tldrkit.options import Options
from tldrkit.specs import SummarizeSpec
from tldrkit.steps.summarize import Output, summarize

spec = SummarizeSpec(max_tokens=8, num_beams=1, batch_size=1, max_source_tokens=48)

def run(name, store="store"):
    done = summarize(Options(artifacts=Path(store), threads=1, device="cpu"), spec,
        paths=[Path("threads")], model="base", output=Output(file=Path(name)))
    print(name, done.known, flush=True)

def start(name, store="store"):
    child = os.fork()
    if not child:
        run(name, store)
        os._exit(0)
    return child

run("here.jsonl", "another")
began = time.monotonic()
os.waitpid(start("unbroken.jsonl", "third"), 0)
took, dice = time.monotonic() - began, random.Random(7)
for _ in range(20):
    child = start("killed.jsonl")
    time.sleep(dice.uniform(0.2, 0.8) * took)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
os.waitpid(start("killed.jsonl"), 0)
"""


# A network that writes nothing.
WORDLESS = """
from tldrkit.__main__ import main
from tldrkit.steps.summarize import JournaledWriter

NOTHING = '{"ending": "whole", "summary": "", "sources": [], "posts_used": 1}'
JournaledWriter.__call__ = lambda self, threads: [NOTHING] * len(threads)
main()
"""


def write_threads(folder: Path, count: int) -> None:
    folder.mkdir()
    for number, example in enumerate(generate_examples("test")[:count]):
        (folder / f"{number:03}.json").write_text(json.dumps({"document": example.document}))


def test_a_killed_run_ends_as_if_it_had_not_been(workplace: Path) -> None:
    """After twenty SIGKILLs at random moments the output is that of an unbroken run; nothing else is left."""
    write_threads(workplace / "threads", 48)
    done = subprocess.run(
        [sys.executable, "-c", KILLED], cwd=workplace, env=build_environment(),
        capture_output=True, text=True, timeout=900, check=True,
    )  # fmt: skip

    assert done.stdout.splitlines()[:2] == ["here.jsonl 0", "unbroken.jsonl 0"]
    assert int(done.stdout.split()[-1]) > 0
    assert (workplace / "killed.jsonl").read_bytes() == (workplace / "unbroken.jsonl").read_bytes()
    assert not [path for path in workplace.iterdir() if path.name.startswith(".")]
    assert "killed" in {run["status"] for run in list_runs(workplace / "store")}


def test_pipes_packed_files_and_errors(cli: Cli, workplace: Path) -> None:
    """What cannot be read is a record, and the exit status says so once all is written."""
    (workplace / "a.gz").write_bytes(gzip.compress(b"It is flat."))
    (workplace / "b.json").write_text('{"posts": [')
    done = cli("summarize", "*.gz", "b.json", "--model", "base", "--out", "s.md", *QUICK)

    assert done.returncode == 3
    assert done.stdout == "s.md\n"
    assert "1 thread summarized, 0 of them known from before; 1 input could not be read." in done.stderr
    assert (workplace / "s.md").read_text().count("\n## ") == 2


def test_a_folder_with_parts_of_pages_and_an_archive(cli: Cli, workplace: Path) -> None:
    """What pages bring along is counted, members are named after their archive, and a guess is said."""
    folder = workplace / "saved"
    folder.mkdir()
    (folder / "forum.css").write_text("body { color: #111; }")
    (folder / "forum").write_text("body {\n  color: #111;\n  margin: 0;\n}\n")
    (folder / "a.txt").write_bytes("Лифт опять стоит, кто позвонит мастеру?".encode("cp1251"))
    with zipfile.ZipFile(folder / "b.zip", "w") as archive:
        archive.writestr("c/d.txt", "It is flat.")
    done = cli("summarize", "saved", "--model", "base", "--out", "s.jsonl", *QUICK)

    assert done.returncode == 0
    assert "2 files that pages bring along passed over." in done.stderr
    guessed, member = map(json.loads, (workplace / "s.jsonl").read_text().splitlines())
    assert guessed["encoding"] == "windows-1251, a guess"
    assert (member["id"], member["file"]) == ("d", "saved/b.zip/c/d.txt")


def test_code_is_refused_unless_insisted_on(cli: Cli, workplace: Path) -> None:
    """A file that does not read as prose is an error with the way out, which is --as-text."""
    (workplace / "a.py").write_text("import os\n\n\ndef main() -> None:\n    print(os.name)\n")
    command = ("summarize", "a.py", "--model", "base", "--out", "s.jsonl", *QUICK)

    refused = cli(*command)
    assert refused.returncode == 3
    reason = "The file seems to be program code; --as-text takes it as one post."
    assert json.loads((workplace / "s.jsonl").read_text())["error"] == reason

    assert cli(*command, "--as-text").returncode == 0
    assert "error" not in json.loads((workplace / "s.jsonl").read_text())


def test_options_that_do_not_fit_are_refused(cli: Cli, workplace: Path) -> None:
    """No output, two of them, an unknown form or no shard: one sentence, and nothing is written."""
    for arguments, sentence in (
        ([], "--out and --sidecar"),
        (["--out", "s.jsonl", "--sidecar"], "--out and --sidecar"),
        (["--out", "s.doc"], "s.doc cannot be told"),
        (["--out", "s.jsonl", "--shard", "3/2"], "is no shard"),
        (["--out", ""], "A path is empty."),
        (["", "--out", "s.jsonl"], "A path is empty."),
        (["--out", "/dev/stdout"], "no regular file"),
        (["--out", "/dev/fd/1"], "no regular file"),
    ):
        done = cli("summarize", "toy.test.jsonl", "--model", "base", *arguments)
        assert done.returncode == 1
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr
    assert not (workplace / "artifacts").exists()


def test_an_engine_that_has_gone_is_named(cli: Cli, workplace: Path) -> None:
    """A command line of before gets one sentence with the engines there are, and nothing is begun."""
    done = cli(
        "summarize", "toy.test.jsonl", "--model", "base", "--out", "s.jsonl", "--engine", "ctranslate2"
    )
    assert done.returncode == 2
    assert "'ctranslate2' is not one of 'local', 'ray'" in done.stderr
    assert not (workplace / "artifacts").exists()


def test_pipes_of_the_shell_are_read_and_written(cli: Cli, workplace: Path) -> None:
    """`<(…)` is an input, `--out -` holds nothing but records; the next form writes none anew."""
    (workplace / "a.txt").write_text("It is flat.")
    run = f"{sys.executable} -m tldrkit summarize <(cat a.txt) --model base --out - {' '.join(QUICK)}"
    piped = subprocess.run(
        ["bash", "-c", run],
        cwd=workplace,
        env=build_environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    (row,) = map(json.loads, piped.stdout.splitlines())
    assert row["file"].startswith("/dev/fd/")
    assert row["posts_read"] == 1
    done = cli("summarize", "a.txt", "--model", "base", "--out", "s.csv", *QUICK)
    assert "1 of them known from before" in done.stderr


def test_many_summaries_without_words_are_said(workplace: Path) -> None:
    """Where more than a tenth have none, that is a warning; the exit status says that some have none."""
    write_threads(workplace / "threads", 2)
    run = [
        sys.executable,
        "-c",
        WORDLESS,
        "summarize",
        "threads",
        "--model",
        "base",
        "--out",
        "s.jsonl",
        *QUICK,
    ]
    done = subprocess.run(
        run, cwd=workplace, env=build_environment(), capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 3
    assert "Warning: 2 summaries have no words, of 2 threads." in done.stderr
    assert [json.loads(line)["summary"] for line in (workplace / "s.jsonl").read_text().splitlines()] == [
        "",
        "",
    ]


@pytest.mark.parametrize("end", [signal.SIGHUP, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_no_copy_of_its_input(
    cli: Cli, workplace: Path, end: signal.Signals
) -> None:
    """Whatever ends a run over `-`, no copy of its input stays, in the temporary folder or the store."""
    (workplace / "tmp").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "tldrkit", "summarize", "-", "--model", "base", "--out", "s.jsonl", *QUICK],
        cwd=workplace, env=build_environment(TMPDIR=str(workplace / "tmp")), stdin=subprocess.PIPE,
        preexec_fn=partial(signal.signal, signal.SIGHUP, signal.SIG_DFL),  # tests under nohup ignore it
    )  # fmt: skip
    assert process.stdin
    while not list(workplace.glob("artifacts/.drafts/*/stdin")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(end)
    assert process.wait(60) != 0
    process.stdin.close()
    assert [path for path in (workplace / "tmp").rglob("*") if path.is_file()] == []
    if end == signal.SIGKILL:
        assert cli("artifacts", "gc").returncode == 0
    assert list(workplace.glob("artifacts/.drafts/*")) == []


def test_journals_go_with_their_outputs(cli: Cli, workplace: Path) -> None:
    """`artifacts gc` leaves the journal of an output that is there, and removes it once that is gone."""
    (workplace / "a.txt").write_text("It is flat.")
    cli("summarize", "a.txt", "--model", "base", "--out", "s.jsonl", *QUICK)
    assert "0 entries removed." in cli("artifacts", "gc").stderr
    (workplace / "s.jsonl").unlink()
    assert "1 entry removed." in cli("artifacts", "gc").stderr
    assert not list(workplace.glob("artifacts/.journals/*.sqlite"))


def test_what_a_terminal_obeys_is_not_shown(cli: Cli, workplace: Path) -> None:
    """Names of files and texts of threads reach a terminal without control characters."""
    (workplace / "a\x1b]0;owned\x07.json").write_text(
        json.dumps({"title": "\x1b[2J\x9b2J", "document": "Flat."})
    )
    done = cli("summarize", ".", "--model", "base", "--out", "s\x1b[31m.md", *QUICK)
    gone = cli("summarize", "gone\x1b[31m", "--model", "base", "--out", "-", *QUICK)
    shown = cli("summarize", ".", "--model", "base", "--out", "-", *QUICK)
    assert "Nothing matches gone" in gone.stderr
    for text in (
        done.stdout,
        done.stderr,
        gone.stderr,
        shown.stdout,
        (workplace / "s\x1b[31m.md").read_text(),
    ):
        assert not {mark for mark in text if unicodedata.category(mark) == "Cc"} - {"\n", "\t"}
