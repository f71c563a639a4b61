"""A model made ready to write summaries, on the device that was asked for."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from tldrkit.errors import SpecError
from tldrkit.options import Options
from tldrkit.sources.model import ModelSource
from tldrkit.specs import Precision

if TYPE_CHECKING:
    from tldrkit.families.summarizer import Summarizer
    from tldrkit.writing.lean import LeanSummarizer


def load_writer(options: Options, source: ModelSource) -> "Summarizer | LeanSummarizer":
    """Load a model, on a processor without torch where its kind allows.

    Raises:
        ModelError: The model cannot be loaded.
        SpecError: A GPU is asked for and there is none.
    """
    from tldrkit.writing.compiled.kernels.compiling import has_kept
    from tldrkit.writing.lean import load_lean

    device = choose_device(options)
    if device == "cpu" and (lean := load_lean(Path(source.location))):
        if not has_kept():
            options.display.log({"message": "Loops are compiled for this processor; the next run has them."})
        return lean
    from tldrkit.families.summarizer import load_summarizer
    from tldrkit.machine.device import set_threads

    set_threads(options.threads)
    summarizer = load_summarizer(source.location)
    summarizer.network.to(device)
    return summarizer


def choose_device(options: Options) -> str:
    """Choose where summaries are written, `cpu` or `cuda`; torch is asked only where there may be a GPU.

    Raises:
        SpecError: A GPU is asked for and there is none.
    """
    from tldrkit.machine.processor import may_have_gpu

    if options.device == "cuda" or (options.device == "auto" and may_have_gpu()):
        from tldrkit.machine.device import find_device

        return find_device(options.device).type
    return "cpu"


def check_for_ctranslate2(options: Options, source: ModelSource, precision: Precision) -> None:
    """Check, before anything is loaded, that CTranslate2 can write with a model; of the hub's, loading tells.

    Raises:
        ModelError: The model is no plain T5, or this processor lacks the precision.
        SpecError: A GPU is asked for.
        TldrkitError: CTranslate2 is not installed.
    """
    from tldrkit.writing.translation import check_translatable

    if options.device == "cuda":
        raise SpecError("CTranslate2 runs on a processor here.", hint="Leave out --device.")
    try:
        config = SimpleNamespace(**json.loads((Path(source.location) / "config.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):  # not there, or damaged
        config = SimpleNamespace()
    check_translatable(config, precision)
