"""`tldrkit base`: a small network from scratch, so that `compress` has something to keep."""

from tldrkit.options import Options
from tldrkit.specs import BaseSpec, Taught
from tldrkit.steps.step import Bench, Outcome, Step, data_input, perform


def base(options: Options, spec: BaseSpec, *, target: str) -> Outcome:
    """Train a tokenizer on the corpus, then a T5 from scratch; publish both as a model.

    Raises:
        DataError: If the data set cannot be used.
    """
    from tldrkit.data.sources import resolve_source

    spec = spec.complete(Taught())
    source = resolve_source(spec, options.data)
    step = Step(
        name="base",
        kind="model",
        target=target,
        spec=spec,
        inputs=(data_input(source.identity, source.reference),),
        shared=True,
    )

    def work(bench: Bench) -> None:
        corpus = source.load_corpus()  # before the seconds that the imports below take

        from tldrkit.models.growth import FixedShape
        from tldrkit.models.scratch import build_base
        from tldrkit.steps.fitting import fit_and_save

        texts = [text for example in corpus.train for text in (example.document, *example.summaries)]
        summarizer = build_base(spec, texts)
        fit_and_save(bench, options, spec, summarizer, corpus, FixedShape())

    return perform(options, step, work)
