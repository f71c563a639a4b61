"""What a file costs beside its summary in a run over many files, and how much memory their number takes.

Writes small threads into a folder, summarizes it with a tiny random network in a fresh process, and again,
which finds all done. Threads repeat, and each is summarized once: so nearly all of the time goes into
finding, reading, digests, the journal and the output. Prints seconds, microseconds a file and peak memory.

    python benchmarks/batch_runs.py [--files 2000 200000] [--distinct 1000]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tldrkit.bases.scratch import build_base
from tldrkit.datasets.synthetic.threads import generate_examples
from tldrkit.families.summarizer import save_summarizer
from tldrkit.specs import BaseSpec

TINY = BaseSpec(vocab_size=300, d_model=16, d_kv=4, num_heads=2, d_ff=24, enc_num_layers=1, dec_num_layers=1)
OPTIONS = "--model model --max-tokens 8 --num-beams 1 --batch-size 64 --max-source-tokens 64 --threads 1"
PER_FOLDER = 100_000
# From a small process: a child's peak memory begins with that of the process it was forked from.
MEASURE = """
import resource, subprocess, sys, time
started = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def write_threads(folder: Path, files: int, distinct: int) -> None:
    """Write threads of three short posts, a file each."""
    words = [word for example in generate_examples("test")[:50] for word in example.document.split()]
    texts = []
    for number in range(distinct):
        posts = [
            {"author": f"u{n}", "text": f"{number} {' '.join(words[n * 9 : n * 9 + 12])}"} for n in range(3)
        ]
        texts.append(json.dumps({"title": f"Thread {number}", "posts": posts}))
    for number in range(files):
        path = folder / f"{number // PER_FOLDER}" / f"{number:07}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(texts[number % distinct])


def run(folder: Path) -> tuple[float, float, float]:
    """Summarize the folder.

    Returns:
        Seconds of wall time, seconds of processor time, MB of memory at most.
    """
    command = [sys.executable, "-m", "tldrkit", "summarize", "threads", "--out", "s.jsonl", *OPTIONS.split()]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *command], cwd=folder, stdout=subprocess.PIPE, text=True, check=True
    )
    wall, processor, memory = map(float, done.stdout.split())
    return wall, processor, memory / (1e6 if sys.platform == "darwin" else 1e3)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, nargs="+", default=[2_000, 200_000])
    parser.add_argument("--distinct", type=int, default=1_000)
    given = parser.parse_args()
    for files in given.files:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "threads").mkdir()
            write_threads(folder / "threads", files, given.distinct)
            save_summarizer(build_base(TINY, ["some text"]), folder / "model")
            for label in ("first", "again"):
                wall, processor, memory = run(folder)
                each = processor / files * 1e6
                print(
                    f"{files:8,} files, {label}: {wall:7.1f} s, processor {processor:6.1f} s "
                    f"({each:6.0f} us a file), peak memory {memory:,.0f} MB",
                    flush=True,
                )


if __name__ == "__main__":
    main()
