"""What long threads lose by being cut, and what other ways of reading them keep: ROUGE against references.

Two writers behind every way: a model, and an extractive stand-in that takes the most central sentences of
what it is given. Both read and write no more than so many tokens at once.

    python benchmarks/long_threads.py MODEL [--data FOLDER] [--max-source-tokens 512] [--max-tokens 128]
        [--threads N] [--examples N] [--files NAME] [--writers extractive model] [--ways cut reduced]

ROUGE-1, -2, -L and -Lsum of each way, and ROUGE-L less that of the first way, with its 95 % interval.
"""

import argparse
import gzip
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from tldrkit.families.summarizer import Summarizer, load_summarizer
from tldrkit.families.taught import read_taught
from tldrkit.scoring.centrality import choose_central
from tldrkit.scoring.intervals import Array, Pair, compute_intervals
from tldrkit.scoring.overlap import compute_rouge
from tldrkit.threads import Post, Thread
from tldrkit.writing.decoding import Decoding
from tldrkit.writing.generation import Generator
from tldrkit.writing.long_threads import (
    CountTokens,
    count_with,
    drop_cut_sentence,
    measure_room,
    reduce_thread,
)
from tldrkit.writing.sentences import split_sentences

FILES = ("convosumm_email.validation.jsonl", "qmsum_meetings.validation.jsonl.gz")

Write = Callable[[Sequence[str]], list[str]]


def load(path: Path, examples: int | None) -> tuple[list[Thread], list[list[str]]]:
    """Load threads and their reference summaries."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        rows = [json.loads(line) for line in file][:examples]
    threads = [
        Thread(
            id=row["id"],
            title=row.get("title", ""),
            posts=tuple(Post(author=one["author"], text=one["text"]) for one in row["posts"] if one["text"]),
        )
        for row in rows
    ]
    return threads, [row.get("summaries") or [row["summary"]] for row in rows]


def build_stand_in(count: CountTokens, most: int, budget: int) -> Write:
    """Build the extractive writer."""

    def write_one(text: str) -> str:
        sentences = split_sentences(text)
        costs, room, read = count(sentences), most, 0
        while read < len(sentences) and costs[read] <= room:
            room -= costs[read]
            read += 1
        sentences, costs = sentences[: max(read, 1)], costs[: max(read, 1)]
        return " ".join(sentences[place] for place in choose_central(sentences, costs, budget))

    return lambda texts: [write_one(text) for text in texts]


def build_model(summarizer: Summarizer, prefix: str, most: int, budget: int) -> Write:
    """Build the model's writer, greedy."""
    decoding = Decoding(
        prefix=prefix, max_source_tokens=most, max_target_tokens=budget, num_beams=1, batch_size=16
    )
    generate = Generator(summarizer.network, summarizer.tokenizer, decoding)
    return lambda texts: [drop_cut_sentence(one)[0] for one in generate(texts)]


class Ways:
    """The ways of reading a thread that is too long: each makes of a thread the texts that are to be read."""

    def __init__(self, count: CountTokens, room: int) -> None:
        self._count, self._room = count, room

    def cut(self, thread: Thread) -> list[str]:
        """Read the beginning alone."""
        return [thread.document()]

    def both_ends(self, thread: Thread) -> list[str]:
        """Read posts from the beginning and from the end, by turns."""
        last = len(thread.posts) - 1
        order = [place // 2 if place % 2 == 0 else last - place // 2 for place in range(last + 1)]
        texts = [post.document() for post in thread.posts]
        costs, room, chosen = self._count(texts), self._room, list[int]()
        for place in order:
            room -= costs[place]
            if room < 0 and chosen:
                break
            chosen.append(place)
        return ["\n\n".join([thread.title, *(texts[place] for place in sorted(chosen))]).strip()]

    def central_posts(self, thread: Thread) -> list[str]:
        """Read the most central posts, in their order."""
        texts = [post.document() for post in thread.posts]
        chosen = choose_central(texts, self._count(texts), self._room)
        return ["\n\n".join([thread.title, *(texts[place] for place in chosen)]).strip()]

    def central_sentences(self, thread: Thread) -> list[str]:
        """Read the most central sentences of all posts, in their order."""
        texts = [one for post in thread.posts for one in split_sentences(post.document())]
        chosen = choose_central(texts, self._count(texts), self._room)
        return ["\n".join([thread.title, *(texts[place] for place in chosen)]).strip()]

    def parts_chosen(self, thread: Thread) -> list[str]:
        """Read all parts; the most central sentences of their summaries are the summary."""
        texts = [post.document() for post in thread.posts]
        parts, room = list[list[str]](), 0
        for text, cost in zip(texts, self._count(texts), strict=True):
            if not parts or cost > room:
                parts.append([thread.title])
                room = self._room - self._count([thread.title])[0]
            parts[-1].append(text)
            room -= cost
        return ["\n\n".join(part).strip() for part in parts]

    def parts_again(self, thread: Thread) -> list[str]:
        """Read all parts, then what was written of them, until one summary is left."""
        return self.parts_chosen(thread)

    def reduced(self, thread: Thread) -> list[str]:
        """Read the first and the last posts and the most central ones, in pieces where they are long."""
        return [reduce_thread(thread, self._count, self._room).text]


def write_all(
    ways: Ways, name: str, write: Write, threads: Sequence[Thread], count: CountTokens, budget: int
) -> list[str]:
    """Summarize threads one way; everything that can be written at the same time is."""
    left, done = dict(enumerate(threads)), dict[int, str]()
    while left:
        parts = {place: getattr(ways, name)(thread) for place, thread in left.items()}
        written = iter(write([text for texts in parts.values() for text in texts]))
        summaries = {place: [next(written) for _ in texts] for place, texts in parts.items()}
        for place, texts in summaries.items():
            if len(texts) == 1:
                done[place] = texts[0]
            elif name == "parts_chosen":
                sentences = [one for text in texts for one in split_sentences(text)]
                chosen = choose_central(sentences, count(sentences), budget)
                done[place] = " ".join(sentences[number] for number in chosen)
            else:
                posts = tuple(Post(author="", text=text) for text in texts if text)
                left[place] = Thread(id=left[place].id, title=left[place].title, posts=posts)
        left = {place: thread for place, thread in left.items() if place not in done}
    return [done[place] for place in range(len(threads))]


def describe(scores: Array, others: Array) -> str:
    """Describe by how much scores differ from others."""
    pair = Pair(a=scores, b=others)
    (found,) = compute_intervals([scores], [pair], resamples=5000, seed=0).pairs
    return f"{found.mean:+.2f} [{found.low:+.2f}, {found.high:+.2f}]"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[1] / "../shared/data")
    parser.add_argument("--max-source-tokens", type=int, default=512)
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--examples", type=int)
    parser.add_argument("--files", nargs="+", default=FILES, help="in the folder of --data")
    parser.add_argument("--writers", nargs="+", default=["extractive", "model"])
    parser.add_argument(
        "--ways", nargs="+", default=[name for name in vars(Ways) if not name.startswith("_")]
    )
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    summarizer = load_summarizer(given.model)
    count = count_with(summarizer.tokenizer)
    sizes = (given.max_source_tokens, given.max_tokens)
    prefix = read_taught(given.model).prefix
    room = measure_room(summarizer.tokenizer, prefix, given.max_source_tokens)
    writers = {
        "extractive": build_stand_in(count, *sizes),
        "model": build_model(summarizer, prefix, *sizes),
    }
    for file in given.files:
        threads, references = load(given.data / file, given.examples)
        long = sum(cost > given.max_source_tokens for cost in count([one.document() for one in threads]))
        print(f"\n{file}: {len(threads)} threads, {long} too long for {given.max_source_tokens} tokens")
        for writer in given.writers:
            first = None
            for name in given.ways:
                started = time.perf_counter()
                ways, write = Ways(count, room), writers[writer]
                texts = write_all(ways, name, write, threads, count, given.max_tokens)
                scores = compute_rouge(texts, references)
                means = "  ".join(f"{sum(values) / len(values) * 100:5.2f}" for values in scores.values())
                words = sum(len(text.split()) for text in texts) / len(texts)
                seconds = time.perf_counter() - started
                own = np.array([scores["rougeL"]]) * 100
                first = own if first is None else first
                row = f"{writer:10} {name:18} {means}  {describe(own, first)}"
                print(f"{row}  {words:3.0f} words {seconds:6.1f} s", flush=True)


if __name__ == "__main__":
    main()
