"""The command line where its surroundings are bad: streams, encodings, signals, files that are no specs."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import build_environment

TLDRKIT = f"{sys.executable} -m tldrkit"


def run(command: str, folder: Path, **more: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["bash", "-c", f"ulimit -v 8000000; {command}"],
        cwd=folder,
        env=build_environment(**more),
        capture_output=True,
        timeout=600,
    )


@pytest.mark.parametrize("arguments", ["--help", "--version", "artifacts ls"])
@pytest.mark.parametrize("output", [">&-", "> /dev/full"])
def test_an_output_that_cannot_be_written_is_told_in_a_sentence(
    tmp_path: Path, arguments: str, output: str
) -> None:
    """A closed standard output, or a full one, ends the command with one sentence."""
    (tmp_path / "artifacts").mkdir()
    done = run(f"{TLDRKIT} {arguments} {output}", tmp_path)

    assert done.returncode == 1
    assert done.stderr.startswith(b"Error: ")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", ["--version", "summarize threads --model central --out -"])
def test_a_reader_that_has_seen_enough_ends_a_command_in_silence(tmp_path: Path, arguments: str) -> None:
    """A command whose output goes to `head` says nothing when `head` has ended."""
    (tmp_path / "threads").symlink_to(Path(__file__).parents[2] / "examples/threads")
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "tldrkit", *arguments.split()],
        cwd=tmp_path,
        env=build_environment(),
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=600,
    )
    os.close(write)

    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("streams", ["<&-", "2>&-", "<&- 2>&-"])
def test_other_streams_may_be_closed(tmp_path: Path, streams: str) -> None:
    """A command that needs neither input nor error works without them."""
    done = run(f"{TLDRKIT} --version {streams}", tmp_path)

    assert (done.returncode, done.stdout.startswith(b"tldrkit ")) == (0, True)


@pytest.mark.parametrize("more", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_an_ascii_terminal_gets_escapes(tmp_path: Path, more: dict[str, str]) -> None:
    """What the terminal's encoding lacks is written as escapes."""
    helped = run(f"{TLDRKIT} --help", tmp_path, **more)
    failed = run(f"{TLDRKIT} artifacts show é…", tmp_path, **more)

    assert (helped.returncode, b"summarize" in helped.stdout) == (0, True)
    assert (failed.returncode, failed.stderr[:7]) == (1, b"Error: ")
    assert b"Traceback" not in failed.stderr


@pytest.mark.parametrize("delay", [0.05, 0.15, 0.4])
def test_an_interrupt_in_the_first_moments_is_one_sentence(tmp_path: Path, delay: float) -> None:
    """Ctrl-C while modules are imported ends the command without a traceback."""
    code = "from tldrkit.__main__ import main; print(flush=True); main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "--help"],
        cwd=tmp_path,
        env=build_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()

    assert b"Traceback" not in told
    assert process.returncode in (0, 1, 130)


def test_bytes_that_are_no_text_are_refused_in_a_sentence(tmp_path: Path) -> None:
    """A model or a field whose name is no UTF-8 is refused, wherever it is given."""
    (tmp_path / "a.txt").write_text("It is loud.")
    for command in (
        r"summarize a.txt --out b.jsonl --model $'\xff\xfe'",
        r"train $'m\xff' --as x --dataset synthetic",
        r"base --as x --dataset synthetic --prefix $'\xff'",
        r"export a --to $'y\xff'",
    ):
        done = run(f"{TLDRKIT} {command}", tmp_path)
        assert done.returncode == 1
        assert b"UTF-8" in done.stderr
        assert b"Unexpected" not in done.stderr


SPECS = {
    "deep lists": "[" * 20_000,
    "deep maps": "{a: " * 5_000,
    "aliases": "\n".join(
        [f"a{n}: &a{n} [" + f"*a{n - 1}, " * 9 + "]" if n else "a0: &a0 x" for n in range(30)]
    ),
    "layers": "enc_num_layers: 100000000",
    "a float of layers": "dec_num_layers: 1.0e+8",
    "width": "d_model: 8000000\nd_ff: 8000000",
    "a day that is none": "prefix: 2023-02-31",
    "large": "# " + "a" * 300_000,
}


@pytest.mark.parametrize("name", SPECS)
def test_specs_that_would_take_all_memory_are_refused(tmp_path: Path, name: str) -> None:
    """A spec that is nested, large or asks for what no machine holds is one sentence."""
    (tmp_path / "spec.yaml").write_text(SPECS[name])
    done = run(f"{TLDRKIT} base --as x --dataset synthetic --spec spec.yaml", tmp_path)

    assert done.returncode == 1
    assert done.stderr.startswith(b"Error: ")
    assert len(done.stderr) < 2000
    assert not any(word in done.stderr for word in (b"Traceback", b"Unexpected"))


def test_a_spec_without_an_end_is_refused(tmp_path: Path) -> None:
    """A device that gives bytes for ever is no spec."""
    done = run(f"{TLDRKIT} base --as x --spec /dev/zero", tmp_path)

    assert (done.returncode, b"larger than" in done.stderr) == (1, True)


def test_more_beams_than_memory_holds_are_refused(tmp_path: Path) -> None:
    """The beams of a search are few."""
    done = run(f"{TLDRKIT} summarize a.txt --model m --out b.jsonl --num-beams 2000", tmp_path)

    assert (done.returncode, b"num_beams" in done.stderr) == (1, True)


def test_predictions_without_an_end_are_refused(tmp_path: Path) -> None:
    """A device or a pipe is no file of predictions, which is read twice."""
    os.mkfifo(tmp_path / "pipe.jsonl")
    for file in ("/dev/zero", "pipe.jsonl"):
        done = run(f"{TLDRKIT} eval --predictions {file} --as x", tmp_path)
        assert (done.returncode, b"must be a regular file" in done.stderr) == (1, True)
