"""What a server takes: many clients on loopback, documents batched together against one by one.

Both servers run at once and are asked by turns, so that other work on the machine disturbs both alike.
Prints answers a second, latencies, errors and memory (before, and after each fifth) of each turn, and the
ratio; then the server that batches gets SIGTERM while all clients ask. Without a model the shape that
`tldrkit base` makes is used with random weights, so that every summary has as many tokens as are allowed.

    python benchmarks/serve.py [--model FOLDER] [--clients 32] [--seconds 60] [--rounds 2] [--max-tokens 32]
        [--num-beams 4] [--batch-size 32] [--threads 1] [--alone]
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from tldrkit.bases.scratch import build_base
from tldrkit.datasets.synthetic.threads import generate_examples
from tldrkit.families.summarizer import save_summarizer
from tldrkit.specs import BaseSpec

ARRIVING = 0.25
"""Seconds a request is given to arrive before the server is stopped."""


@dataclass
class Turn:
    """What clients saw in one turn."""

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    begun: list[tuple[float, int]] = field(default_factory=list)
    """When each request was sent, and its status; 0: the connection was closed."""
    megabytes: list[float] = field(default_factory=list)
    elapsed: float = 0.0

    def describe(self) -> str:
        """Render one line."""
        cuts = statistics.quantiles(self.seconds, n=100)
        errors = {status: count for status, count in self.statuses.items() if status != 200}
        return (
            f"{self.rate:7.2f} answers/s; p50 {cuts[49]:.2f}, p95 {cuts[94]:.2f}, p99 {cuts[98]:.2f} s; "
            f"errors {errors or 'none'}; {', '.join(f'{one:.0f}' for one in self.megabytes)} MB"
        )

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.statuses.get(200, 0) / self.elapsed


@contextlib.contextmanager
def start(
    model: Path, batch_size: int, arguments: argparse.Namespace
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start a server; give its address and its process."""
    command = [
        sys.executable, "-m", "tldrkit", "serve", str(model), "--port", "0", "--batch-size", str(batch_size),
        "--num-beams", str(arguments.num_beams), "--max-tokens", str(arguments.max_tokens),
        "--threads", str(arguments.threads), "--timeout", "600",
    ]  # fmt: skip
    surroundings = os.environ | {"OMP_NUM_THREADS": str(arguments.threads)}
    with subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip(), process
        process.terminate()


def ask(address: str, texts: list[str], until: float, turn: Turn) -> None:
    """Ask one text after another over one connection, until the time is up or the connection is closed."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=600)
    for text in texts * 1000:
        if time.perf_counter() > until:
            return
        started, status = time.perf_counter(), 0
        body = json.dumps({"inputs": text})
        try:
            connection.request("POST", "/", body, {"content-type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except (OSError, HTTPException):
            return
        finally:
            turn.begun.append((started, status))
            turn.seconds.append(time.perf_counter() - started)
            turn.statuses[status] = turn.statuses.get(status, 0) + 1


def load(
    address: str, process: int, texts: list[str], arguments: argparse.Namespace, stop: float | None = None
) -> Turn:
    """Let all clients ask for a while, each beginning at another text; stop the server after some seconds."""
    turn, started = Turn(), time.perf_counter()
    until = started + arguments.seconds
    threads = [
        threading.Thread(target=ask, args=(address, texts[number:] + texts[:number], until, turn))
        for number in range(arguments.clients)
    ]
    for thread in threads:
        thread.start()
    if stop is not None:
        time.sleep(stop)
        os.kill(process, signal.SIGTERM)
    else:
        turn.megabytes.append(read_memory(process))
        for _ in range(5):
            time.sleep(arguments.seconds / 5)
            turn.megabytes.append(read_memory(process))
    for thread in threads:
        thread.join()
    turn.elapsed = time.perf_counter() - started
    return turn


def stop_under_load(
    address: str, process: subprocess.Popen[str], texts: list[str], arguments: argparse.Namespace
) -> str:
    """Stop a server while all clients ask; tell what became of what had been sent."""
    after = 10.0
    stopped = time.perf_counter() + after
    turn = load(address, process.pid, texts, arguments, stop=after)
    process.wait(600)
    sent = [status for begun, status in turn.begun if begun < stopped - ARRIVING]
    late = [status for begun, status in turn.begun if begun >= stopped - ARRIVING]
    return (
        f"SIGTERM after {after:.0f} s: of {len(sent)} requests sent before, {sent.count(200)} were answered; "
        f"of {len(late)} sent then or later, {late.count(200)} were, {late.count(0)} found the connection "
        f"closed; exit status {process.returncode}"
    )


def read_memory(process: int) -> float:
    """Read the resident memory of a process in MB."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--max-tokens", type=int, default=32)
    parser.add_argument("--num-beams", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--alone", action="store_true", help="without the server that does not batch")
    arguments = parser.parse_args()
    texts = [example.document for example in generate_examples("test")[:64]]
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        os.chdir(folder)  # run records go there
        model = arguments.model
        if model is None:
            model = Path("model")
            save_summarizer(build_base(BaseSpec(), texts), model)
        sizes = (arguments.batch_size,) if arguments.alone else (1, arguments.batch_size)
        servers = {size: stack.enter_context(start(model, size, arguments)) for size in sizes}
        for number in range(1, arguments.rounds + 1):
            rates = []
            for size, (address, process) in servers.items():
                turn = load(address, process.pid, texts, arguments)
                rates.append(turn.rate)
                print(f"round {number}, batches of {size:2} at most: {turn.describe()}", flush=True)
            if len(rates) > 1:
                print(f"round {number}: {rates[1] / rates[0]:.2f} times the answers with batches", flush=True)
        print(stop_under_load(*servers[arguments.batch_size], texts, arguments))


if __name__ == "__main__":
    main()
