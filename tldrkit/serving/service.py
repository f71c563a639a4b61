"""The models a server holds, and documents through them. Knows nothing of HTTP."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tldrkit.errors import DataError, UnknownReference
from tldrkit.serving.batching import Batcher, Style
from tldrkit.serving.contract import Generation
from tldrkit.serving.gauges import Gauges
from tldrkit.serving.settings import Limits
from tldrkit.texts import count_noun
from tldrkit.threads import Thread
from tldrkit.writing.central import CentralGenerator
from tldrkit.writing.decoding import Decoding
from tldrkit.writing.generation import Generated, Generator
from tldrkit.writing.long_threads import Reading


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """A model ready to write."""

    reference: str
    asked: str
    """What it was called when the server was started."""
    digest: str
    parameters: int
    decoding: Decoding
    """How it decodes; its tokens and beams are also the most a request may ask for."""

    generate: Generator | CentralGenerator
    read: Callable[[Thread], Reading]
    """Reads as much of a thread as the network can."""
    training: str = ""
    """What it was trained on, in a sentence."""


class Service:
    """Summarizes with one of several models, documents of all requests batched together.

    Args:
        models: At least one; the first answers where none is named.
        limits: What is taken on.
    """

    def __init__(self, models: Sequence[ServedModel], limits: Limits) -> None:
        self._models: Mapping[str, ServedModel] = {model.reference: model for model in models}
        self._names = name_models([(model.reference, model.asked) for model in models])
        self.limits = limits
        self.gauges = Gauges()
        self.batcher: Batcher[Generated] = Batcher(
            self._write,
            batch_size=models[0].decoding.batch_size,
            most_waiting=limits.waiting,
            watch=self.gauges.count_batch,
        )
        self.gauges.watch_waiting(lambda: self.batcher.waiting)

    @property
    def models(self) -> list[str]:
        """References of the models."""
        return list(self._models)

    def read(self, threads: Sequence[Thread], model: str | None) -> list[Reading]:
        """Read as much of each thread as a model can, as `summarize` of the command line does.

        Raises:
            UnknownReference: No such model is served.
        """
        return list(map(self._find(model).read, threads))

    async def summarize(
        self, documents: Sequence[str], model: str | None, asked: Generation
    ) -> list[Generated]:
        """Summarize documents in their order.

        Args:
            documents: Texts with something in them.
            model: Reference of a served model; None is the first.
            asked: How to write, within what the server allows.

        Raises:
            UnknownReference: No such model is served.
            DataError: More beams are asked for than the server allows, or more tokens at least than at most.
            Overloaded: More documents wait than may.
        """
        found = self._find(model)
        most = found.decoding
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
        style = Style(found.reference, fewest, tokens, beams, search)
        return await self.batcher.submit(style, documents)

    def _find(self, model: str | None) -> ServedModel:
        name = self._names.get(self.models[0] if model is None else model)
        if name is None:
            raise UnknownReference(f"No such model is served. Served: {', '.join(self.models)}.")
        return self._models[name]

    def describe(self) -> dict[str, Any]:
        """Describe models, how each decodes, and limits as JSON values."""
        shown = ("reference", "digest", "parameters", "training")
        models = [
            {name: getattr(one, name) for name in shown} | {"decoding": dataclasses.asdict(one.decoding)}
            for one in self._models.values()
        ]
        return {
            "task": "summarization",
            "models": models,
            "limits": dataclasses.asdict(self.limits),
        }

    def _write(self, style: Style, documents: list[str]) -> list[Generated]:
        model = self._models[style.model]
        decoding = dataclasses.replace(
            model.decoding,
            min_target_tokens=style.min_tokens,
            max_target_tokens=style.max_tokens,
            num_beams=style.num_beams,
            search=style.search,
        )
        return model.generate.with_decoding(decoding)(documents)


def name_models(models: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    """Map what a request may call a model to its reference: that, what it was asked for by, its bare name.

    Of two versions of one name, the name alone means what was asked for by it, else the first.

    Args:
        models: References, and what they were asked for by.
    """
    names = {reference: reference for reference, _ in models}
    names = {asked: reference for reference, asked in reversed(models)} | names
    return {reference.partition("@")[0]: reference for reference, _ in reversed(models)} | names
