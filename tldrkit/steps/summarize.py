"""`tldrkit summarize`: files and folders of threads in, one record a thread out."""

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tldrkit.data.records import EXTENSIONS, Record, choose_form, writing_records
from tldrkit.errors import SpecError, StoreError
from tldrkit.options import EngineName, Options
from tldrkit.specs import Form, SummarizeSpec
from tldrkit.steps.inputs import STDIN, Inputs, Item, PassedOver, Shard, open_inputs
from tldrkit.steps.loading import check_for_ctranslate2, load_writer
from tldrkit.steps.outputs import open_whole
from tldrkit.steps.pace import Pace
from tldrkit.steps.source import ModelSource, resolve_model
from tldrkit.steps.step import build_provenance
from tldrkit.store.digest import digest_json
from tldrkit.store.journal import Journal, open_journal
from tldrkit.store.runs import record_run
from tldrkit.store.store import ArtifactStore
from tldrkit.threads import BrokenThread, Thread
from tldrkit.threads.finding import SIDECAR

if TYPE_CHECKING:
    from tldrkit.engines.threads import Summary, ThreadSummarizer

_JOURNAL = 1  # schema of what is journaled
_BATCHES = 8  # read ahead, sorted by length and journaled together
_BATCH_CHARACTERS = 2048  # of a thread that counts as one of a batch; a longer one counts as several

Found = tuple[Path, Record]


@dataclass(frozen=True, kw_only=True)
class Output:
    """Where records go, and in which form.

    Args:
        file: One file for all; None for one beside each input.
        form: How records are written; by the file's name where not given.
        sources: Whether records say which posts each sentence came from.
    """

    file: Path | None = None
    form: Form | None = None
    sources: bool = False


@dataclass(kw_only=True)
class Summarized:
    """What came of a run over threads."""

    out: Path | None
    threads: int = 0
    broken: int = 0
    passed_over: int = 0
    """Files in folders and archives that pages bring along, such as style sheets."""
    known: int = 0
    """Threads whose summary was there from a run before, or from an equal thread."""
    outdated: int = 0
    """Summaries of a run before that were made with another model or other options, and were not used."""

    def count(self, record: Record) -> None:
        """Count a record."""
        if "error" in record:
            self.broken += 1
        else:
            self.threads += 1


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
    store: the same command goes on where it was killed, and does only what is new or changed.

    Args:
        options: The surroundings; ``force`` does all again.
        spec: How threads are summarized.
        paths: Files, folders, patterns, and `-` for the standard input.
        model: What to summarize with.
        output: Where records go.
        shard: The part of the files that is meant.
        watch: Seconds between two looks for new files, until interrupted; None for one pass.
        engine: Where it is done, which changes no summary, or by CTranslate2, which may.
        as_text: Whether texts are threads of one post though they do not read as prose.

    Raises:
        DataError: A path does not exist, or a pattern matches nothing.
        ModelError: The model cannot be loaded, or CTranslate2 cannot run it.
        ProcessError: An actor of the cluster failed.
        SpecError: The options do not fit together.
        StoreError: An output cannot be written, or another run is at it.
        TldrkitError: There is no cluster, or the engine's library is not installed.
    """
    store = ArtifactStore(options.artifacts)
    source = resolve_model(store, model)
    spec = source.complete(spec, options)
    out = output.file and shard.name(output.file)
    _check(paths, out, watch)
    form = choose_form(out, output.form)
    identity = _identify(source, spec, engine)
    with (
        open_inputs(paths, shard, out, as_text=as_text) as inputs,
        _open_engine(engine, options, spec, source) as opened,
        record_run(
            store.root, "summarize", command=options.command, spec=spec.model_dump(mode="json")
        ) as run,
        open_journal(store.root, _name_journal(inputs), identity, anew=options.force) as journal,
        closing(options.display),
    ):
        run.provenance.update(build_provenance(options) | {"model": source.reference, "engine": engine})
        work = Work(options=options, spec=spec, journal=journal, engine=opened)
        state = inputs.compute_state() if watch is not None else ""
        while True:
            done = Summarized(out=out, outdated=journal.outdated)
            records = work.run(inputs, done)
            _write(records if output.sources else _drop_sources(records), out, form)
            run.metrics.update(
                threads=done.threads, broken=done.broken, known=done.known, passed_over=done.passed_over
            )
            if watch is None:
                return done
            options.display.log({"message": f"{done.threads} threads summarized; waiting for more."})
            try:
                state = inputs.wait(state, watch)
            except KeyboardInterrupt:
                return done


def _check(paths: Sequence[Path], out: Path | None, watch: float | None) -> None:
    if STDIN in paths and (out is None or watch is not None):
        raise SpecError(
            "The standard input is read once, and nothing can lie beside it.",
            hint="Leave out --sidecar and --watch, or name files and folders.",
        )
    if out is None:
        return
    if out.exists() and not out.is_file():
        raise StoreError(
            f"{out} is no regular file.", hint="--out names a file to write, such as summaries.jsonl."
        )
    if any(path.resolve() == out.resolve() for path in paths):
        raise StoreError(f"--out would overwrite the input {out}.", hint="Choose another file to write.")


def _identify(source: ModelSource, spec: SummarizeSpec, engine: EngineName) -> str:
    """Identify what summaries are made with; neither batch size nor cluster changes anything but speed."""
    made_with = spec.model_dump(mode="json", exclude={"batch_size"})
    foreign = {"engine": engine} if engine == "ctranslate2" else {}
    return digest_json({"journal": _JOURNAL, "model": source.digest, "spec": made_with} | foreign)


def _name_journal(inputs: Inputs) -> str:
    """Name the journal after the output, or after the inputs where outputs lie beside them."""
    if inputs.out is not None:
        return digest_json(ascii(inputs.out.resolve()))
    paths = [ascii(path.absolute()) for path in inputs.paths]
    return digest_json([*paths, inputs.shard.number, inputs.shard.count])


class Engine(Protocol):
    """Where summaries are written."""

    @property
    def ahead(self) -> int:
        """Chunks worth beginning before the first one's summaries are asked for."""

    def start(self, part: Sequence[Thread], /) -> Callable[[], list[str]]:
        """Begin threads; what is returned waits for their summaries, as they are journaled."""


@dataclass(kw_only=True)
class Chunk:
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
    journal: Journal
    engine: Engine

    def run(self, inputs: Inputs, done: Summarized) -> Iterator[Found]:
        """Read the inputs and yield each file with a record, in order; what is done is counted."""
        pace = Pace(self.options.display, inputs)
        for chunk in self._look_ahead(_cut_chunks(inputs.read(), self.spec.batch_size)):
            known = self._complete(chunk)
            done.known += len(chunk.keys) - len(chunk.missing)
            values = iter(chunk.keys)
            for item in chunk.items:
                if isinstance(item.found, PassedOver):
                    done.passed_over += 1
                    continue
                record = _build_record(item, known[next(values)] if isinstance(item.found, Thread) else "{}")
                done.count(record)
                yield item.file, record
            pace.advance(chunk.items)

    def _look_ahead(self, chunks: Iterator[list[Item]]) -> Iterator[Chunk]:
        """Begin chunks, as many ahead of the one that is yielded as the engine has use for."""
        begun = deque[Chunk]()
        for items in chunks:
            begun.append(self._begin(items, {key for chunk in begun for key in chunk.missing}))
            if len(begun) > self.engine.ahead:
                yield begun.popleft()
        while begun:
            yield begun.popleft()

    def _begin(self, items: Sequence[Item], begun: set[str]) -> Chunk:
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
        return Chunk(items=items, keys=keys, known=known, missing=list(missing), fetch=fetch)

    def _complete(self, chunk: Chunk) -> dict[str, str]:
        """Wait for the summaries that are missing and journal them; those begun before are journaled."""
        new = dict(zip(chunk.missing, chunk.fetch(), strict=True))
        if new:
            self.journal.add(new)
        known = chunk.known | new
        return known | self.journal.find([key for key in chunk.keys if key not in known])


@dataclass(kw_only=True)
class Writer:
    """Threads turned into summaries, as they are journaled, in this process.

    Args:
        options: Device and threads.
        spec: How threads are summarized.
        source: The model.
        translated: Whether CTranslate2 writes.
    """

    options: Options
    spec: SummarizeSpec
    source: ModelSource
    translated: bool = False
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
        from tldrkit.engines.generation import Generator
        from tldrkit.engines.threads import ThreadSummarizer
        from tldrkit.engines.translator import Translator

        writer = Translator if self.translated else Generator
        summarizer = load_writer(self.options, self.source)
        return ThreadSummarizer(summarizer, self.spec, writer, self.options.threads)


def _open_engine(
    name: EngineName, options: Options, spec: SummarizeSpec, source: ModelSource
) -> AbstractContextManager[Engine]:
    """Open what writes summaries: this process, or a cluster whose every actor does what it would do."""
    if name == "local":
        return nullcontext(Writer(options=options, spec=spec, source=source))
    if name == "ctranslate2":
        check_for_ctranslate2(options, source, spec.precision)
        here = replace(options, device="cpu")
        return nullcontext(Writer(options=here, spec=spec, source=source, translated=True))
    if options.device == "cuda" or options.threads not in (None, 1):
        raise SpecError(
            "Each actor of a cluster runs on one processor thread.",
            hint="Leave out --device and --threads.",
        )
    from tldrkit.engines.cluster import open_cluster

    folder = Path(source.location)
    there = replace(source, location=str(folder.resolve()) if folder.is_dir() else source.location)
    alone = Options(device="cpu", threads=1)
    writer = Writer(options=alone, spec=spec, source=there)
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
    sources = [{"sentence": one.text, "posts": list(one.posts)} for one in summary.sentences]
    value = {"ending": summary.ending, "summary": summary.text, "sources": sources}
    return json.dumps(value | {"posts_used": len(summary.posts)}, ensure_ascii=False)


def _build_record(item: Item, summary: str) -> dict[str, Any]:
    found, file = item.found, _show(str(item.name))
    if isinstance(found, BrokenThread):
        return {"id": _show(found.id), "file": file, "line": found.line, "error": found.reason}
    assert isinstance(found, Thread)  # what is passed over has no record
    written = json.loads(summary)
    counts = found.count_posts()
    if written["posts_used"] < len(found.posts):
        counts["posts_unused"] = {**found.unused, "not central": len(found.posts) - written["posts_used"]}
    doubt = {"encoding": found.encoding} if found.encoding else {}
    return {"id": _show(found.id), "file": file, "title": found.title, **doubt, **counts, **written}


def _show(name: str) -> str:
    """Make a name that may come from a file system a text that can be written."""
    return name.encode(errors="surrogateescape").decode(errors="replace")


def _drop_sources(records: Iterator[Found]) -> Iterator[Found]:
    for file, record in records:
        yield file, {key: value for key, value in record.items() if key != "sources"}


def _write(records: Iterator[Found], out: Path | None, form: Form) -> None:
    """Write records into one file, or into one beside each input."""
    if out is not None:
        with open_whole(out, "wb") as file, writing_records(form, file) as writer:
            for _, record in records:
                writer.write(record)
        return
    for path, group in groupby(records, key=lambda found: found[0]):
        beside = path.with_name(f"{path.name}{SIDECAR}{EXTENSIONS[form]}")
        with open_whole(beside, "wb") as file, writing_records(form, file) as writer:
            for _, record in group:
                writer.write(record)
