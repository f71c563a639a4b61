"""`tldrkit summarize`: files and folders of threads in, one record a thread out."""

import json
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tldrkit.errors import ModelError, SpecError, StoreError
from tldrkit.machine.memory import read_peak_memory
from tldrkit.options import EngineName, Options
from tldrkit.records.formats import Record, choose_form
from tldrkit.records.inputs import STDOUT, Inputs, Item, PassedOver, Shard, is_read_once, open_inputs
from tldrkit.records.outputs import find_file
from tldrkit.records.pace import Pace
from tldrkit.records.summaries import Output, build_record, open_files
from tldrkit.sources.loading import load_thread_summarizer
from tldrkit.sources.model import ModelSource, resolve_writer
from tldrkit.sources.origin import tell_training
from tldrkit.specs import SummarizeSpec
from tldrkit.steps.forecast import Forecast
from tldrkit.steps.revisions import describe_code
from tldrkit.steps.step import record_use
from tldrkit.store.digest import digest_json
from tldrkit.store.journal import Journal, open_journal
from tldrkit.store.ledger import Ledger, open_ledger
from tldrkit.store.store import DRAFTS, ArtifactStore
from tldrkit.texts import count_noun
from tldrkit.threads import Thread

if TYPE_CHECKING:
    from tldrkit.writing.long_threads import Summary, ThreadSummarizer

_FIGURES = ("threads", "broken", "empty", "known", "passed_over")  # of a run, for its record
_FAR = (
    "Threads far from what the model knows: {} of {}. Such summaries are likely made up; "
    "their records say why (unfamiliar)."
)
_BATCHES = 8  # read ahead, sorted by length and journaled together
_BATCH_CHARACTERS = 2048  # of a thread that counts as one of a batch; a longer one counts as several


@dataclass(kw_only=True)
class Summarized:
    """What came of a run over threads."""

    out: Path | None = None
    threads: int = 0
    broken: int = 0
    empty: int = 0
    """Threads whose summary has no words; among the threads, too."""
    passed_over: int = 0
    """Files in folders and archives that pages bring along, such as style sheets."""
    known: int = 0
    """Threads whose summary was there from a run before, or from an equal thread."""
    outdated: int = 0
    """Threads of the output before that were summarized with another model or other options."""
    unfamiliar: int = 0
    """Threads that are far from what the model knows."""

    def count(self, record: Record) -> None:
        """Count a record."""
        self.threads += "summary" in record
        self.empty += "summary" in record and "error" in record
        self.broken += "summary" not in record
        self.unfamiliar += "unfamiliar" in record


def summarize(
    options: Options,
    spec: SummarizeSpec,
    *,
    paths: Sequence[Path],
    model: str,
    output: Output,
    shard: Shard = Shard(),  # noqa: B008  (frozen)
    watch: float | None = None,
    engine: EngineName = "local",
    as_text: bool = False,
) -> Summarized:
    """Summarize every thread of the inputs; an output appears whole, its records in the order of the inputs.

    What is no thread becomes a record with its error, and the run goes on. Summaries are journaled in the
    store: the same command goes on where it was killed, and does only what is new or changed. A run that
    watches adds to its output, and takes nothing away.

    Args:
        options: The surroundings; ``force`` does all again.
        spec: How threads are summarized.
        paths: Files, folders, patterns, and `-` for the standard input.
        model: What to summarize with; ``central`` needs no network.
        output: Where records go.
        shard: The part of the files that is meant.
        watch: Seconds between two looks for new files, until interrupted; None for one pass.
        engine: Where it is done, which changes no summary.
        as_text: Whether texts are threads of one post though they do not read as prose.

    Raises:
        DataError: A path does not exist, or a pattern matches nothing.
        ModelError: The model cannot be loaded.
        ProcessError: An actor of the cluster failed.
        SpecError: The options do not fit together.
        StoreError: An output cannot be written, another run is at it, or it is there and no run wrote it.
        TldrkitError: There is no cluster, or Ray is not installed.
    """
    store = ArtifactStore(options.artifacts)
    source = resolve_writer(store, model)
    spec = source.complete(spec, options)
    out = output.file and shard.name(output.file)
    _check(paths, out, watch)
    form = choose_form(None if out == STDOUT else out, output.form)
    place = options if engine == "local" else replace(options, device="cpu")
    code = describe_code("summarize", place, spec.precision)
    identity = _identify(source, spec, code)
    with (
        _open_engine(engine, options, spec, source) as opened,
        open_ledger(store.root, _name_work(paths, shard, out), identity) as ledger,
        open_journal(store.root, identity, anew=options.force) as journal,
        open_files(output, out, form, ledger, adds=watch is not None) as files,
        open_inputs(
            paths, shard, files.file, drafts=store.root / DRAFTS, patient=files.adds, as_text=as_text
        ) as inputs,
        record_use(options, "summarize", spec.model_dump(mode="json")) as run,
        closing(options.display),
    ):
        run.provenance.update(model=source.reference, engine=engine, code=code)
        tell_training(options, store, source)
        work = Work(options=options, spec=spec, ledger=ledger, journal=journal, engine=opened)
        for done in _go_on(options, inputs, watch):
            done.out, done.outdated = out, files.write(work.run(inputs, done))
            run.metrics.update({name: getattr(done, name) for name in _FIGURES})
            if done.unfamiliar:
                options.display.log({"message": _FAR.format(done.unfamiliar, done.threads)})
        return done


def _go_on(options: Options, inputs: Inputs, watch: float | None) -> Iterator[Summarized]:
    """Yield what a pass shall count into: once, or whenever the files differ until interrupted.

    What could not be read or got no words in a pass is not forgotten when its file goes.
    """
    state = inputs.compute_state() if watch is not None else ""
    before = Summarized()
    while True:
        yield (done := Summarized())
        if watch is None:
            return
        done.broken, done.empty = max(done.broken, before.broken), max(done.empty, before.empty)
        before = done
        threads = count_noun(done.threads, "thread")
        options.display.log({"message": f"{threads} summarized; waiting for more."})
        try:
            state = inputs.wait(state, watch)
        except KeyboardInterrupt:
            return


def _check(paths: Sequence[Path], out: Path | None, watch: float | None) -> None:
    if any(map(is_read_once, paths)) and (out is None or watch is not None):
        raise SpecError(
            "The standard input and pipes are read once, and nothing can lie beside them.",
            hint="Leave out --sidecar and --watch, or name files and folders.",
        )
    if out is None or out == STDOUT:
        return
    target = find_file(out)
    if any(os.path.realpath(path) == str(target) for path in paths):
        raise StoreError(f"--out would overwrite the input {out}.", hint="Choose another file to write.")


def _identify(source: ModelSource, spec: SummarizeSpec, code: dict[str, Any]) -> str:
    """Identify what summaries are made with; neither batch size nor cluster changes anything but speed."""
    made_with = spec.model_dump(mode="json", exclude={"batch_size"})
    return digest_json({"code": code, "model": source.digest, "spec": made_with})


def _name_work(paths: Sequence[Path], shard: Shard, out: Path | None) -> str | None:
    """Name a run after its file, or after its inputs where files lie beside them; None where it has none."""
    if out == STDOUT:
        return None
    if out is not None:
        return digest_json(ascii(find_file(out)))
    return digest_json([*(ascii(path.absolute()) for path in paths), shard.number, shard.count])


class Engine(Protocol):
    """Where summaries are written."""

    @property
    def ahead(self) -> int:
        """Chunks worth beginning before the first one's summaries are asked for."""

    def start(self, part: Sequence[Thread], /) -> Callable[[], list[str]]:
        """Begin threads; what is returned waits for their summaries, as they are journaled."""


@dataclass(kw_only=True)
class ItemChunk:
    """Items whose threads are summarized together.

    Args:
        items: In the order of the inputs.
        keys: Of their threads.
        known: What the journal held of them.
        missing: Keys of those that are begun here; the others are known, or begun by a chunk before.
        fetch: Waits for the summaries of those.
    """

    items: Sequence[Item]
    keys: Sequence[str]
    known: dict[str, str]
    missing: Sequence[str]
    fetch: Callable[[], list[str]]


@dataclass(kw_only=True)
class Work:
    """Threads turned into records, with the journal at hand."""

    options: Options
    spec: SummarizeSpec
    ledger: Ledger
    journal: Journal
    engine: Engine

    def run(self, inputs: Inputs, done: Summarized) -> Iterator[tuple[Path, Record]]:
        """Read the inputs and yield each file with a record, in order; what is done is counted."""
        memory = partial(read_peak_memory, "cpu") if isinstance(self.engine, JournaledWriter) else None
        pace = Pace(Forecast(self.options.display, memory), inputs)
        for chunk in self._look_ahead(_cut_chunks(inputs.read(), self.spec.batch_size)):
            known = self._complete(chunk)
            done.known += len(chunk.keys) - len(chunk.missing)
            values = iter(chunk.keys)
            for item in chunk.items:
                if isinstance(item.found, PassedOver):
                    done.passed_over += 1
                    continue
                record = build_record(item, known[next(values)] if isinstance(item.found, Thread) else "{}")
                done.count(record)
                yield item.file, record
            pace.advance(chunk.items, fresh=bool(chunk.missing))

    def _look_ahead(self, chunks: Iterator[list[Item]]) -> Iterator[ItemChunk]:
        """Begin chunks, as many ahead of the one that is yielded as the engine has use for."""
        begun = deque[ItemChunk]()
        for items in chunks:
            begun.append(self._begin(items, {key for chunk in begun for key in chunk.missing}))
            if len(begun) > self.engine.ahead:
                yield begun.popleft()
        while begun:
            yield begun.popleft()

    def _begin(self, items: Sequence[Item], begun: set[str]) -> ItemChunk:
        """Look up the summaries of threads, and begin those that are neither known nor begun."""
        threads = [item.found for item in items if isinstance(item.found, Thread)]
        keys = [_compute_key(thread) for thread in threads]
        known = self.journal.find(keys)
        missing = {
            key: thread
            for key, thread in zip(keys, threads, strict=True)
            if key not in known and key not in begun
        }
        fetch = self.engine.start(list(missing.values())) if missing else list
        return ItemChunk(items=items, keys=keys, known=known, missing=list(missing), fetch=fetch)

    def _complete(self, chunk: ItemChunk) -> dict[str, str]:
        """Wait for the summaries that are missing and journal them; those begun before are journaled."""
        new = dict(zip(chunk.missing, chunk.fetch(), strict=True))
        if new:
            self.ledger.start()
            self.journal.add(new)
        known = chunk.known | new
        return known | self.journal.find([key for key in chunk.keys if key not in known])


@dataclass(kw_only=True)
class JournaledWriter:
    """Summarizes threads in this process; a summary is told as the journal holds it.

    Args:
        options: Device and threads.
        spec: How threads are summarized.
        source: The model.
        code: What the run takes its summaries to be made by; None where it is this process.
    """

    options: Options
    spec: SummarizeSpec
    source: ModelSource
    code: dict[str, Any] | None = None
    _summarizer: "ThreadSummarizer | None" = field(default=None, init=False)

    ahead = 0

    def start(self, threads: Sequence[Thread]) -> Callable[[], list[str]]:
        """Summarize threads when they are asked for."""
        return partial(self, threads)

    def __call__(self, threads: Sequence[Thread]) -> list[str]:
        """Summarize threads."""
        return [_render(summary) for summary in self._summarize(threads)]

    def _summarize(self, threads: Sequence[Thread]) -> "list[Summary]":
        """Summarize with the model, which is loaded when first needed."""
        if self._summarizer is None:
            self._summarizer = self._load()
        return self._summarizer(threads)

    def _load(self) -> "ThreadSummarizer":
        if self.code not in (None, describe_code("summarize", self.options, self.spec.precision)):
            raise ModelError(
                "This machine of the cluster would write otherwise: by other code, or on another processor.",
                hint="Use machines of one kind, with the same tldrkit; or --precision fp32.",
            )
        return load_thread_summarizer(self.options, self.source, self.spec)


def _open_engine(
    name: EngineName, options: Options, spec: SummarizeSpec, source: ModelSource
) -> AbstractContextManager[Engine]:
    """Open what writes summaries: this process, or a cluster whose every actor does what it would do."""
    if name == "local":
        return nullcontext(JournaledWriter(options=options, spec=spec, source=source))
    if options.device == "cuda" or options.threads not in (None, 1):
        raise SpecError(
            "Each actor of a cluster runs on one processor thread.",
            hint="Leave out --device and --threads.",
        )
    from tldrkit.writing.cluster import open_cluster

    folder = Path(source.location)
    there = replace(source, location=str(folder.resolve()) if folder.is_dir() else source.location)
    alone = Options(device="cpu", threads=1)
    code = describe_code("summarize", alone, spec.precision)
    writer = JournaledWriter(options=alone, spec=spec, source=there, code=code)
    return open_cluster(writer, lambda message: options.display.log({"message": message}))


def _cut_chunks(items: Iterator[Item], batch_size: int) -> Iterator[list[Item]]:
    """Cut what is read into chunks of about equal work, which depend on nothing but the items."""
    chunk, weight = list[Item](), 0.0
    for item in items:
        chunk.append(item)
        weight += _weigh(item)
        if weight >= batch_size * _BATCHES:
            yield chunk
            chunk, weight = [], 0.0
    if chunk:
        yield chunk


def _weigh(item: Item) -> float:
    if not isinstance(item.found, Thread):
        return 1.0
    return max(1.0, sum(len(post.text) for post in item.found.posts) / _BATCH_CHARACTERS)


def _compute_key(thread: Thread) -> str:
    """Compute a digest of all that a summary depends on."""
    return digest_json([thread.title, [[post.author, post.text] for post in thread.posts]])


def _render(summary: "Summary") -> str:
    return json.dumps(summary.describe(), ensure_ascii=False)
