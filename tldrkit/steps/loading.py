"""A model made ready to write summaries, on the device that was asked for."""

from pathlib import Path
from typing import TYPE_CHECKING

from tldrkit.options import Options
from tldrkit.steps.source import ModelSource

if TYPE_CHECKING:
    from tldrkit.models.lean import LeanSummarizer
    from tldrkit.models.summarizer import Summarizer


def load_writer(options: Options, source: ModelSource) -> "Summarizer | LeanSummarizer":
    """Load a model, on a processor without transformers where its kind allows.

    Raises:
        ModelError: The model cannot be loaded.
        SpecError: A GPU is asked for and there is none.
    """
    from tldrkit.engines.device import build_accelerator, set_threads
    from tldrkit.models.lean import load_lean

    set_threads(options.threads)
    device = build_accelerator(options.device, "fp32").device
    if device.type == "cpu" and (lean := load_lean(Path(source.location))):
        return lean
    from tldrkit.models.summarizer import load_summarizer

    summarizer = load_summarizer(source.location)
    summarizer.network.to(device)
    return summarizer
