"""`tldrkit compress`: a smaller network that keeps what it can of its teacher."""

from tldrkit.errors import StoreError
from tldrkit.options import Options
from tldrkit.sources.model import ModelSource, resolve_model
from tldrkit.specs import CompressSpec
from tldrkit.steps.step import Bench, Outcome, Step, data_input, perform
from tldrkit.store.store import ArtifactStore

_HELD_OUT = 50  # validation examples on which losses are reported


def compress(
    options: Options, spec: CompressSpec, *, source: str, target: str, match: str | None = None
) -> Outcome:
    """Make a model smaller, and publish it.

    Args:
        options: The surroundings.
        spec: The sizes asked for.
        source: The teacher.
        target: Name of the result.
        match: A model whose deployed size the result must have within 1 %, feed-forward width first (run D).

    Raises:
        CompressionError: If the sizes cannot be made.
    """
    from tldrkit.datasets.sources import resolve_source

    store = ArtifactStore(options.artifacts)
    teacher = resolve_model(store, source)
    spec = teacher.complete(spec, options, target=target)
    texts = resolve_source(spec, options.data)
    inputs = [teacher.to_input(), data_input(texts.identity, texts.reference)]
    matched = resolve_model(store, match) if match else None
    if matched is not None:
        inputs.append(matched.to_input("match"))
    step = Step(name="compress", kind="model", target=target, spec=spec, inputs=tuple(inputs))

    def work(bench: Bench) -> None:
        corpus = texts.load_corpus()
        documents, held_out = (
            [(example.document, example.summaries[0]) for example in split]
            for split in (corpus.train, corpus.validation[:_HELD_OUT])
        )

        from tldrkit.compression.compress import compress as shrink
        from tldrkit.families.summarizer import load_summarizer
        from tldrkit.machine.device import set_threads
        from tldrkit.steps.fitting import save_model

        set_threads(options.threads)
        bench.tracker.log({"kind": "load", "message": f"loading {teacher.reference}"})
        summarizer = load_summarizer(teacher.location)
        bench.draft.provenance["loaded_from"] = str(summarizer.folder)
        size = _deployed_size(matched) if matched else None

        def advance(done: int, total: int) -> None:
            bench.tracker.log({"kind": "calibrate", "unit": "document", "done": done, "total": total})

        compressed = shrink(
            summarizer, spec, documents, held_out=held_out, target_params=size, advance=advance
        )
        save_model(bench, compressed.summarizer, {"compression": compressed.report}, taught=spec.taught)

    return perform(options, step, work)


def _deployed_size(model: ModelSource) -> int:
    if model.manifest is None or "params_deployed" not in model.manifest.metrics:
        raise StoreError(
            f"The deployed size of {model.reference} is not recorded.",
            hint="--match takes a model artifact, such as b/train.",
        )
    return int(model.manifest.metrics["params_deployed"])
