"""The models a server holds, and documents through them. Knows nothing of HTTP."""

import dataclasses
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from tldrkit.errors import DataError, UnknownReference
from tldrkit.serving.batching import Batcher, Style
from tldrkit.serving.contract import Generation
from tldrkit.serving.gauges import Gauges
from tldrkit.serving.settings import Limits
from tldrkit.texts import count_noun
from tldrkit.threads import Thread
from tldrkit.writing.long_threads import Listener, Summary, ThreadSummarizer, Told


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """A model ready to write."""

    reference: str
    asked: str
    """What it was called when the server was started."""
    digest: str
    parameters: int
    summarize: ThreadSummarizer
    """Its tokens and beams are also the most a request may ask for."""
    training: str = ""
    """What it was trained on, in a sentence."""


class Service:
    """Summarizes with one of several models, threads of all requests batched together.

    Args:
        models: At least one; the first answers where none is named.
        limits: What is taken on.
    """

    def __init__(self, models: Sequence[ServedModel], limits: Limits) -> None:
        self._models: Mapping[str, ServedModel] = {model.reference: model for model in models}
        self._names = name_models([(model.reference, model.asked) for model in models])
        self.limits = limits
        self.gauges = Gauges()
        self.batcher: Batcher[Thread, Summary] = Batcher(
            self._write,
            batch_size=models[0].summarize.decoding.batch_size,
            most_waiting=limits.waiting,
            watch=self.gauges.count_batch,
        )
        self.gauges.watch_waiting(lambda: self.batcher.waiting)

    @property
    def models(self) -> list[str]:
        """References of the models."""
        return list(self._models)

    async def summarize(
        self, threads: Sequence[Thread], model: str | None, asked: Generation
    ) -> list[Summary]:
        """Summarize threads in their order.

        Args:
            threads: With something in them.
            model: Reference of a served model; None is the first.
            asked: How to write, within what the server allows.

        Raises:
            UnknownReference: No such model is served.
            DataError: What is asked for cannot be honoured.
            Overloaded: More threads wait than may.
        """
        return await self.batcher.submit(self._find_style(model, asked), threads)

    async def follow(
        self, threads: Sequence[Thread], model: str | None, asked: Generation
    ) -> AsyncGenerator[tuple[int, Told | Summary], None]:
        """Yield the summaries of threads as they grow, each with its place, and each once it is whole.

        Raises:
            TldrkitError: As ``summarize`` does.
        """
        async with aclosing(self.batcher.follow(self._find_style(model, asked), threads)) as growing:
            async for found in growing:
                yield found

    def _find_style(self, model: str | None, asked: Generation) -> Style:
        found = self._find(model)
        most = found.summarize.decoding
        if asked.num_beams is not None and asked.num_beams > most.num_beams:
            raise DataError(f"parameters.num_beams: it must be at most {most.num_beams} on this server.")
        least, tokens = asked.find_tokens()
        tokens = min(tokens or most.max_target_tokens, most.max_target_tokens)
        if least is not None and least > tokens:
            raise DataError(
                f"parameters: a summary has {count_noun(tokens, 'token')} at most, so not {least:,} at least."
            )
        fewest = min(most.min_target_tokens, tokens) if least is None else least
        beams, search = asked.num_beams or most.num_beams, asked.find_search(most.search)
        return Style(found.reference, fewest, tokens, beams, search, asked.whole)

    def _find(self, model: str | None) -> ServedModel:
        name = self._names.get(self.models[0] if model is None else model)
        if name is None:
            raise UnknownReference(f"No such model is served. Served: {', '.join(self.models)}.")
        return self._models[name]

    def describe(self) -> dict[str, Any]:
        """Describe models, how each decodes, and limits as JSON values."""
        shown = ("reference", "digest", "parameters", "training")
        models = [
            {name: getattr(one, name) for name in shown}
            | {"decoding": dataclasses.asdict(one.summarize.decoding)}
            for one in self._models.values()
        ]
        return {
            "task": "summarization",
            "models": models,
            "limits": dataclasses.asdict(self.limits),
        }

    def _write(self, style: Style, threads: list[Thread], listeners: Sequence[Listener]) -> list[Summary]:
        summarize = self._models[style.model].summarize
        if style.whole and not all(map(summarize.reads_whole, threads)):
            raise DataError("truncation: do_not_truncate cannot be honoured: a text is longer than is read.")
        decoding = dataclasses.replace(
            summarize.decoding,
            min_target_tokens=style.min_tokens,
            max_target_tokens=style.max_tokens,
            num_beams=style.num_beams,
            search=style.search,
        )
        return summarize.with_decoding(decoding)(threads, listeners)


def name_models(models: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    """Map what a request may call a model to its reference: that, what it was asked for by, its bare name.

    Of two versions of one name, the name alone means what was asked for by it, else the first.

    Args:
        models: References, and what they were asked for by.
    """
    names = {reference: reference for reference, _ in models}
    names = {asked: reference for reference, asked in reversed(models)} | names
    return {reference.partition("@")[0]: reference for reference, _ in reversed(models)} | names
