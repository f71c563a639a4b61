"""A model made ready to write summaries, on the device that was asked for."""

from pathlib import Path
from typing import TYPE_CHECKING

from tldrkit.families.folder import check_memory
from tldrkit.options import Options
from tldrkit.sources.model import ModelSource
from tldrkit.specs import SummarizeSpec

if TYPE_CHECKING:
    from tldrkit.writing.loaded import Loaded
    from tldrkit.writing.long_threads import ThreadSummarizer


def load_thread_summarizer(options: Options, source: ModelSource, spec: SummarizeSpec) -> "ThreadSummarizer":
    """Load what summarizes threads by a completed spec.

    Raises:
        ModelError: The model cannot be loaded.
        SpecError: A GPU is asked for and there is none.
    """
    from tldrkit.writing.long_threads import ThreadSummarizer

    return ThreadSummarizer(load_writer(options, source), spec, options.threads)


def load_writer(options: Options, source: ModelSource) -> "Loaded":
    """Load what writes summaries, on a processor without torch where its kind allows.

    Raises:
        ModelError: The model cannot be loaded.
        SpecError: A GPU is asked for and there is none.
    """
    if not source.has_network:
        from tldrkit.writing.central import CentralSummarizer

        return CentralSummarizer()
    from tldrkit.writing.compiled.kernels.compiling import has_kept
    from tldrkit.writing.lean import load_lean

    device, folder = choose_device(options), Path(source.location)
    check_memory(folder)
    if device == "cpu" and (lean := load_lean(folder)):
        if not has_kept():
            options.display.log(
                {"message": "Loops are compiled for this processor, up to a minute; the next run has them."}
            )
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
