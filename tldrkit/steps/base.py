"""`tldrkit base`: a network to begin with, from a pretrained encoder or from scratch."""

from itertools import islice
from typing import TYPE_CHECKING

from tldrkit.families.taught import Positions
from tldrkit.options import Options
from tldrkit.sources.encoder import describe_encoder, resolve_encoder
from tldrkit.sources.model import check_positions
from tldrkit.specs import BaseSpec, Taught, WarmStartSpec
from tldrkit.steps.precision import settle_precision
from tldrkit.steps.step import Bench, Outcome, Step, data_input, perform
from tldrkit.store.store import ArtifactStore

_HELD_OUT = 500  # validation examples on which a trimmed vocabulary is measured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers import PreTrainedTokenizerBase

    from tldrkit.datasets.batches import Tokens
    from tldrkit.datasets.examples import Corpus
    from tldrkit.families.summarizer import Summarizer


def base(options: Options, spec: BaseSpec, *, target: str) -> Outcome:
    """Train a tokenizer on the corpus, then a T5 from scratch; publish both as a model.

    Raises:
        DataError: If the data set cannot be used.
    """
    from tldrkit.datasets.sources import resolve_source

    spec, elsewhere = settle_precision(spec.complete(Taught()), options)
    source = resolve_source(spec, options.data)
    step = Step(
        name="base",
        kind="model",
        target=target,
        spec=spec,
        elsewhere=elsewhere,
        inputs=(data_input(source.identity, source.reference),),
        shared=True,
    )

    def work(bench: Bench) -> None:
        corpus = source.load_corpus()  # before the seconds that the imports below take

        from tldrkit.bases.scratch import build_base
        from tldrkit.dendrites.growth import FixedShape
        from tldrkit.steps.fitting import fit_and_save

        summarizer = build_base(spec, _list_texts(corpus))
        copies = _draw_copies(summarizer.tokenizer, spec)
        fit_and_save(bench, options, spec, summarizer, corpus, FixedShape(), first=copies)

    return perform(options, step, work)


def base_from_encoder(options: Options, spec: WarmStartSpec, *, encoder: str, target: str) -> Outcome:
    """Make a BART of a pretrained encoder, trim its vocabulary and fine-tune it as asked, and publish it.

    Args:
        options: The surroundings.
        spec: The decoder's layers, the tokens kept, and the training, if any.
        encoder: A folder, a hub id, or `minilm`.
        target: Name of the result.

    Raises:
        DataError: If the data set cannot be used.
        ModelError: If the encoder cannot be loaded, or does not map onto a BART.
        UnknownReference: If it is not found.
    """
    from tldrkit.datasets.sources import resolve_source

    spec = spec.complete(Taught(prefix=""))  # an encoder was told of no task
    spec, elsewhere = settle_precision(spec, options) if spec.max_steps else (spec, None)
    origin = resolve_encoder(ArtifactStore(options.artifacts), encoder)
    texts = resolve_source(spec, options.data) if spec.max_steps or spec.vocab_size else None
    data = [data_input(texts.identity, texts.reference)] if texts else []
    step = Step(
        name="base",
        kind="model",
        target=target,
        spec=spec,
        elsewhere=elsewhere,
        inputs=(origin.to_input("encoder"), *data),
        shared=True,
    )

    def work(bench: Bench) -> None:
        corpus = texts.load_corpus() if texts else None

        from tldrkit.bases.warm_start import build_from_encoder
        from tldrkit.dendrites.growth import FixedShape
        from tldrkit.steps.fitting import fit_and_save, save_model

        bench.tracker.log({"kind": "load", "message": f"loading {origin.reference}"})
        folder = origin.find_folder()
        summarizer = build_from_encoder(
            folder,
            dec_num_layers=spec.dec_num_layers,
            max_target_tokens=spec.taught.max_target_tokens,
        )
        bench.draft.provenance["loaded_from"] = str(folder)
        bench.draft.metrics["encoder"] = describe_encoder(origin, folder)
        positions = summarizer.network.config.max_position_embeddings
        check_positions(origin.reference, Positions(positions, positions), spec.taught)
        if corpus and spec.vocab_size:
            bench.draft.metrics["vocabulary"] = _trim(summarizer, spec.vocab_size, corpus)
        if corpus and spec.max_steps:
            fit_and_save(bench, options, spec, summarizer, corpus, FixedShape())
        else:
            save_model(bench, summarizer, {}, taught=spec.taught)

    return perform(options, step, work)


def _draw_copies(tokenizer: "PreTrainedTokenizerBase", spec: BaseSpec) -> "Iterator[list[Tokens]]":
    from tldrkit.datasets.copies import stream_copies

    marks = set(tokenizer.all_special_ids)
    tokens = [token for token in range(len(tokenizer)) if token not in marks]
    return islice(stream_copies(tokens, tokenizer.eos_token_id, spec), spec.copy_steps)


def _list_texts(corpus: "Corpus") -> list[str]:
    return [text for example in corpus.train for text in (example.document, *example.summaries)]


def _trim(summarizer: "Summarizer", size: int, corpus: "Corpus") -> dict[str, float]:
    """Keep the tokens that the training split uses most; tell what that loses on the validation split."""
    from tldrkit.compression.vocabulary import trim_by_use

    held_out = [text for one in corpus.validation[:_HELD_OUT] for text in (one.document, *one.summaries)]
    return trim_by_use(summarizer, size, _list_texts(corpus), held_out)
