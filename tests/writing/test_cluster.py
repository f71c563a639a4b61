"""The same work on a real Ray cluster: one machine with two processors, begun and ended here."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, base_folder, build_environment, cli, hide, workplace  # noqa: F401  (fixtures)
from tldrkit.datasets.synthetic.threads import generate_examples

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed")

SECRET = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "a-token-of-this-test-and-of-nothing-else"}
RUN = [
    *("summarize", "threads", "--model", "base"),
    *("--max-tokens", "16", "--num-beams", "1", "--batch-size", "1"),
]
ONE = ["summarize", "toy.test.jsonl", "--model", "base", "--out", "s.jsonl", "--engine", "ray"]

# What a part does to its actor: nothing, an error, or its death, the first time or each time.
ACTORS = """
import os, sys
from pathlib import Path
from tldrkit.writing.cluster import open_cluster
from tldrkit.errors import ModelError, ProcessError

mark = Path(sys.argv[1])

def work(part):
    if part == "error":
        raise ModelError("No such folder.", hint="Name one.")
    if part == "death" or (part == "accident" and not mark.exists()):
        mark.touch()
        os._exit(1)
    return part.upper()

with open_cluster(work, lambda message: print(message, file=sys.stderr)) as cluster:
    waits = [cluster.start(part) for part in ("a", "accident", "b", "c", "d")]
    print([wait() for wait in waits], cluster.ahead, file=sys.stderr)
    for part in ("error", "death"):
        try:
            cluster.start(part)()
        except ProcessError as error:
            print(error, error.hint, file=sys.stderr)
"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Address of a cluster that others cannot use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tempfile.mkdtemp(prefix="ray-")  # short: it holds sockets, whose paths have a limit
    command = [
        *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--disable-usage-stats"),
        *("--node-ip-address=127.0.0.1", f"--port={port}", "--num-cpus=2", "--include-dashboard=false"),
        *("--object-store-memory=80000000", f"--temp-dir={folder}"),
    ]
    process = subprocess.Popen(
        command, env=build_environment(**SECRET), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout
        said = []
        for line in process.stdout:
            said.append(line)
            if "Ray runtime started" in line:
                break
        else:
            pytest.fail("".join(said))
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=600)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def write_threads(folder: Path, count: int) -> None:
    """Write threads that differ, the first of them twice, and a file that is none."""
    folder.mkdir()
    for number, example in enumerate(generate_examples("test")[:count]):
        (folder / f"{number:03}.json").write_text(json.dumps({"document": example.document}))
    (folder / "010b.json").write_bytes((folder / "000.json").read_bytes())
    (folder / "020b.json").write_text('{"posts": [')


def count_pieces(journal: Path) -> int:
    """Count what a journal holds; what was not committed is rolled back."""
    with closing(sqlite3.connect(journal)) as connection:
        return int(connection.execute("SELECT count(*) FROM pieces").fetchone()[0])


def wait_for_commits(store: Path, copy: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the journal of a store has grown twice: a copy may show a first commit that is not done."""
    seen = {0}
    while process.poll() is None and len(seen) < 3:
        with suppress(OSError, sqlite3.DatabaseError):  # not there yet, or between two states
            for path in store.glob(".journals/*.sqlite"):
                shutil.copy(path, copy)
                seen.add(count_pieces(copy))
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02)


@needs_ray
def test_a_killed_run_ends_with_the_bytes_of_a_local_one(cli: Cli, workplace: Path, address: str) -> None:  # noqa: F811
    """A run on a cluster, killed and given again, writes what one process does; each knows the other."""
    write_threads(workplace / "threads", 96)
    there = [*RUN, "--engine", "ray", "--artifacts", "there", "--out", "ray.jsonl"]
    environment = SECRET | {"RAY_ADDRESS": address}
    process = subprocess.Popen(
        [sys.executable, "-m", "tldrkit", *there], cwd=workplace, env=build_environment(**environment)
    )
    wait_for_commits(workplace / "there", workplace / "copy.sqlite", process)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (workplace / "ray.jsonl").exists()

    (journal,) = (workplace / "there").glob(".journals/*.sqlite")
    journaled = count_pieces(journal)
    assert 0 < journaled < 96
    again = cli(*there, **environment)
    assert again.returncode == 3, again.stderr
    known = f"97 threads summarized, {journaled + 1} of them known from before; 1 input could not be read."
    assert again.stderr.splitlines()[-1] == known  # before it, perhaps, how far a slow machine is
    assert again.stdout == "ray.jsonl\n"

    cli(*RUN, "--threads", "1", "--out", "local.jsonl")
    assert (workplace / "ray.jsonl").read_bytes() == (workplace / "local.jsonl").read_bytes()
    known = cli(*RUN, "--artifacts", "there", "--out", "ray.jsonl")
    assert "97 threads summarized, 97 of them known" in known.stderr
    assert (workplace / "ray.jsonl").read_bytes() == (workplace / "local.jsonl").read_bytes()


@needs_ray
def test_what_becomes_of_actors_is_told(address: str, tmp_path: Path) -> None:
    """A lost actor's part is done by another one; an error, or a part none survives, is one sentence."""
    done = subprocess.run(
        [sys.executable, "-c", ACTORS, str(tmp_path / "happened")],
        env=build_environment(RAY_ADDRESS=address, **SECRET), capture_output=True, text=True,
        check=True, timeout=600,
    )  # fmt: skip

    assert done.stdout == ""
    waiting = "No processor of the cluster is free yet; waiting for one."  # a slow machine's word
    assert [line for line in done.stderr.splitlines() if line != waiting] == [
        "An actor died; another one does its part again.",
        "['A', 'ACCIDENT', 'B', 'C', 'D'] 4",
        "An actor failed: No such folder. Name one. "
        "Every machine of the cluster must be able to read the model under this name.",
        *["An actor died; another one does its part again."] * 2,
        "3 actors died, one after another, over the same part. "
        "Often memory ran out: a smaller --batch-size needs less. What was done before is kept.",
    ]


@needs_ray
@pytest.mark.parametrize("named", ["127.0.0.1:1", "nothing"])
def test_without_a_cluster_nothing_is_begun(cli: Cli, workplace: Path, named: str) -> None:  # noqa: F811
    """Where no cluster answers, one sentence says so at once, and how to begin one."""
    done = cli(*ONE, RAY_ADDRESS=named)

    assert done.returncode == 1
    assert done.stderr.startswith("Error: There is no Ray cluster to work on: ")
    assert "Hint: `ray start --head` begins a cluster" in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert not (workplace / "artifacts").exists()


def test_without_ray_it_is_told_how_to_get_it(cli: Cli, workplace: Path) -> None:  # noqa: F811
    """Where Ray cannot be imported, one sentence names the extra that brings it."""
    done = cli(*ONE, **hide("ray", workplace / "without"))

    assert done.returncode == 1
    assert done.stderr.splitlines() == ["Error: ray is not installed.", "Hint: pip install ray"]


def test_an_actor_has_one_thread(cli: Cli) -> None:  # noqa: F811
    """Threads or a GPU for actors are refused, not ignored."""
    for option in (["--threads", "2"], ["--device", "cuda"]):
        done = cli(*ONE, *option)
        assert done.returncode == 1
        assert "one processor thread" in done.stderr
