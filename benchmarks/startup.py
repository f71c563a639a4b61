"""How long a person waits for `--help`, for a step that is already done, and for a first summary.

Prints seconds of wall time, median and slowest of several runs of each command in a fresh process.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 7
COMMANDS = ("base", "compress", "train", "eval", "compare", "export", "summarize", "sweep", "artifacts")
SHAPE = "--vocab-size 300 --d-model 16 --d-kv 4 --num-heads 2 --d-ff 24 --enc-num-layers 1 --dec-num-layers 1"
QUICK = "--max-steps 1 --batch-size 2 --eval-examples 1 --max-source-tokens 32 --max-target-tokens 8"


def run(folder: str, *arguments: str) -> float:
    """Run a command and return the seconds it took."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "tldrkit", *arguments], cwd=folder, capture_output=True, check=True)
    return time.perf_counter() - started


def report(label: str, folder: str, *arguments: str) -> None:
    """Print one line of the table."""
    seconds = [run(folder, *arguments) for _ in range(RUNS)]
    print(f"{label:28} median {statistics.median(seconds):.2f} s   slowest {max(seconds):.2f} s")


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        for command in COMMANDS:
            report(f"{command} --help", folder, command, "--help")
        base = ("base", "--as", "base", *SHAPE.split(), *QUICK.split())
        train = ("train", "base", "--as", "train", *QUICK.split())
        score = ("eval", "train", "--as", "eval", "--max-examples", "2", "--max-target-tokens", "8")
        compare = ("compare", "eval")
        for step in (base, train, score, compare):
            run(folder, *step)
            report(f"{step[0]}, already done", folder, *step)
        Path(folder, "thread.txt").write_text("ann: The fan is loud.\n\nbob: Clean it.\n")
        write = ("summarize", "thread.txt", "--model", "train", "--out", "out.jsonl", "--force")
        report("summarize, one small file", folder, *write)
        print(f"store: {sum(1 for _ in Path(folder).rglob('manifest.json'))} artifacts")


if __name__ == "__main__":
    main()
