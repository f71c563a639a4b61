"""Batch runs from the command line, and killed for real."""

import gzip
import json
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.cli.conftest import Cli, build_environment
from tldrkit.data.synthetic import generate_examples
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

def run(name):
    done = summarize(Options(artifacts=Path("store"), threads=1, device="cpu"), spec,
        paths=[Path("threads")], model="base", output=Output(file=Path(name)))
    print(name, done.known, flush=True)

def start(name):
    child = os.fork()
    if not child:
        run(name)
        os._exit(0)
    return child

run("here.jsonl")
began = time.monotonic()
os.waitpid(start("unbroken.jsonl"), 0)
took, dice = time.monotonic() - began, random.Random(7)
for _ in range(20):
    child = start("killed.jsonl")
    time.sleep(dice.uniform(0.2, 0.8) * took)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
os.waitpid(start("killed.jsonl"), 0)
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
    assert "1 threads summarized, 0 of them known from before; 1 inputs could not be read." in done.stderr
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
    assert "2 files that pages bring along were passed over." in done.stderr
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
    ):
        done = cli("summarize", "toy.test.jsonl", "--model", "base", *arguments)
        assert done.returncode == 1
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr
    assert not (workplace / "artifacts").exists()
