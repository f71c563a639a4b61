"""`tldrkit summarize`: files and folders of threads in, one JSON line a thread out."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tldrkit.data.threads import BrokenThread, Thread, find_thread_files, read_threads
from tldrkit.errors import StoreError
from tldrkit.options import Options
from tldrkit.specs import SummarizeSpec
from tldrkit.steps.outputs import open_whole
from tldrkit.steps.source import resolve_model
from tldrkit.steps.step import build_provenance
from tldrkit.store.runs import record_run
from tldrkit.store.store import ArtifactStore

if TYPE_CHECKING:
    from tldrkit.engines.generation import Generator

_CHUNK = 16  # batches read ahead and sorted by length together


@dataclass(frozen=True, kw_only=True)
class Summarized:
    """What came of a run over threads."""

    out: Path
    threads: int
    broken: int


def summarize(
    options: Options, spec: SummarizeSpec, *, paths: Sequence[Path], model: str, out: Path
) -> Summarized:
    """Summarize every thread under the paths; the output appears whole, in the order of the input.

    A file that is no thread becomes a record with its error, and the run goes on.

    Raises:
        DataError: If a path does not exist.
        ModelError: If the model cannot be loaded.
    """
    store = ArtifactStore(options.artifacts)
    source = resolve_model(store, model)
    if out.exists() and not out.is_file():
        raise StoreError(
            f"{out} is no regular file.", hint="--out names a file to write, such as summaries.jsonl."
        )
    if any(path.resolve() == out.resolve() for path in paths):
        raise StoreError(f"--out would overwrite the input {out}.", hint="Choose another file to write.")
    files = [file for file in find_thread_files(paths) if file.resolve() != out.resolve()]
    with record_run(
        store.root, "summarize", command=options.command, spec=spec.model_dump(mode="json")
    ) as run:
        from tldrkit.engines.device import build_accelerator, set_threads
        from tldrkit.engines.generation import Generator, read_decoding
        from tldrkit.models.summarizer import load_summarizer

        run.provenance.update(build_provenance(options) | {"model": source.reference})
        set_threads(options.threads)
        summarizer = load_summarizer(source.location)
        summarizer.network.to(build_accelerator(options.device, "fp32").device)
        generate = Generator(summarizer.network, summarizer.tokenizer, read_decoding(spec))
        counts = {"threads": 0, "broken": 0}
        with closing(options.display), open_whole(out) as file:
            for record in _summarize_files(options, spec, generate, files):
                counts["broken" if "error" in record else "threads"] += 1
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
        run.metrics.update(counts)
    return Summarized(out=out, threads=counts["threads"], broken=counts["broken"])


def _summarize_files(
    options: Options, spec: SummarizeSpec, generate: "Generator", files: Sequence[Path]
) -> Iterator[dict[str, Any]]:
    done = 0
    items = _read_all(files)
    while chunk := list(islice(items, spec.batch_size * _CHUNK)):
        yield from _summarize_chunk(generate, chunk)
        done += len({file for file, _ in chunk})
        options.display.log({"kind": "summarize", "done": min(done, len(files)), "total": len(files)})


def _read_all(files: Iterable[Path]) -> Iterator[tuple[Path, Thread | BrokenThread]]:
    for file in files:
        for item in read_threads(file):
            yield file, item


def _summarize_chunk(
    generate: "Generator", chunk: Sequence[tuple[Path, Thread | BrokenThread]]
) -> Iterator[dict[str, Any]]:
    documents = [item.document() for _, item in chunk if isinstance(item, Thread)]
    written = iter(generate(documents))
    for file, item in chunk:
        if isinstance(item, Thread):
            place = {"id": item.id, "file": str(file), "title": item.title}
            yield place | item.count_posts() | {"summary": next(written).text}
        else:
            yield {"id": item.id, "file": str(file), "line": item.line, "error": item.reason}
