"""`tldrkit serve`: models behind HTTP, until the process is told to stop."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tldrkit.errors import SpecError, TldrkitError
from tldrkit.machine.libraries import advise_extra
from tldrkit.options import Options
from tldrkit.serving.settings import Access, Limits, is_loopback
from tldrkit.sources.loading import load_thread_summarizer
from tldrkit.sources.model import ModelSource, resolve_writer
from tldrkit.sources.origin import tell_training
from tldrkit.specs import SummarizeSpec
from tldrkit.steps.step import record_use
from tldrkit.store.store import ArtifactStore
from tldrkit.threads import Thread

if TYPE_CHECKING:
    from tldrkit.serving.service import ServedModel


@dataclass(frozen=True, kw_only=True)
class Listening:
    """What is told when requests are answered."""

    address: str
    """A URL."""
    models: tuple[str, ...]


def serve(
    options: Options,
    spec: SummarizeSpec,
    *,
    sources: Sequence[str],
    access: Access,
    limits: Limits,
    announce: Callable[[Listening], None],
) -> None:
    """Answer requests with the models' summaries until SIGTERM or SIGINT.

    Raises:
        ModelError: A model cannot be loaded.
        SpecError: A model is named twice, or a loop runs here, as in a notebook.
        TldrkitError: The address cannot be had, or the libraries of the extra `serve` are not installed.
    """
    if _is_in_loop():
        raise SpecError(
            "A notebook runs a loop of its own, beside which nothing can be served.",
            hint=f"In a terminal: tldrkit serve {' '.join(sources)}",
        )
    store = ArtifactStore(options.artifacts)
    models = [resolve_writer(store, source) for source in sources]
    names = tuple(model.reference for model in models)
    if len(set(names)) < len(names):
        raise SpecError("A model is named twice.", hint=f"These are served: {', '.join(sorted(set(names)))}.")
    try:
        from tldrkit.serving.server import describe_address, listen, run_server
    except ModuleNotFoundError as error:
        raise TldrkitError(f"{error.name} is not installed.", hint=advise_extra("serve")) from error
    if not is_loopback(access.host) and not access.token:
        told = f"Whoever reaches {access.host} can use this server: it asks for no token (--token-file)."
        options.display.log({"message": told})
    fields = spec.model_dump(mode="json")
    with (
        listen(access) as listening,
        record_use(options, "serve", fields) as run,
    ):
        from tldrkit.serving.app import build_app
        from tldrkit.serving.service import Service

        run.provenance.update(models=names)
        served = [
            replace(_load(options, spec, model, asked), training=tell_training(options, store, model))
            for model, asked in zip(models, sources, strict=True)
        ]
        service = Service(served, limits)
        run_server(
            build_app(service, access),
            listening,
            seconds=limits.seconds,
            announce=lambda: announce(Listening(address=describe_address(listening), models=names)),
        )


def _is_in_loop() -> bool:
    """Tell whether this thread runs an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _load(options: Options, spec: SummarizeSpec, model: ModelSource, asked: str) -> "ServedModel":
    from tldrkit.serving.service import ServedModel

    summarize = load_thread_summarizer(options, model, model.complete(spec, options))
    short = replace(summarize.decoding, num_beams=2, min_target_tokens=0, max_target_tokens=1)
    any_thread = Thread.of_text("", "tl;dr")
    summarize.with_decoding(short)([any_thread])  # compiles what the first request would wait for
    return ServedModel(
        reference=model.reference,
        asked=asked,
        digest=model.digest,
        parameters=summarize.parameters,
        summarize=summarize,
    )
