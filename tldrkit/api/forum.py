"""Threads read from files, with what could not be read counted beside them."""

from collections import Counter
from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from tldrkit.errors import DataError
from tldrkit.records.inputs import Inputs, PassedOver
from tldrkit.texts import count_noun, render_html_table
from tldrkit.threads.thread import BrokenThread, Thread

_SHOWN = 20  # threads in a notebook


class Threads(list[Thread]):
    """A list of threads, and what was found beside them.

    Attributes:
        refused: What could not be read, each with its file and the reason.
        passed_over: Files in folders and archives that pages bring along, such as style sheets.
    """

    def __init__(
        self, threads: Iterable[Thread] = (), refused: tuple[BrokenThread, ...] = (), passed_over: int = 0
    ) -> None:
        super().__init__(threads)
        self.refused = refused
        self.passed_over = passed_over

    def count_reasons(self) -> dict[str, int]:
        """Count what could not be read by its reason, the most frequent first."""
        return dict(Counter(one.reason for one in self.refused).most_common())

    def _repr_html_(self) -> str:
        rows = [[one.id, one.title, str(len(one.posts))] for one in self[:_SHOWN]]
        rest = [f"… {count_noun(len(self) - _SHOWN, 'more thread')}."] if len(self) > _SHOWN else []
        told = [f"{count}: {reason}" for reason, count in self.count_reasons().items()]
        refused = [f"{count_noun(len(self.refused), 'input')} could not be read.", *told] if told else []
        return render_html_table([["id", "title", "posts"], *rows], below=[*rest, *refused])


def read_threads(*paths: str | PathLike[str], as_text: bool = False) -> Threads:
    """Read forum threads from files, folders and patterns, in every shape that ``tldrkit summarize`` reads.

    Args:
        paths: Files, folders, and patterns such as ``threads/**/*.json``.
        as_text: Whether texts are threads of one post though they do not read as prose.

    Returns:
        The threads; what cannot be read is in ``refused``, and stops nothing.

    Raises:
        DataError: A path does not exist, or a pattern matches nothing.

    Examples:
        >>> threads = tldrkit.read_threads("examples/threads")
        >>> len(threads), len(threads.refused)
        (10, 0)
        >>> threads[0].title
        'Bike stolen from the shed, we need a new code'
    """
    found = [item.found for item in Inputs(paths=[Path(path) for path in paths], as_text=as_text).read()]
    return Threads(
        (one for one in found if isinstance(one, Thread)),
        tuple(one for one in found if isinstance(one, BrokenThread)),
        sum(isinstance(one, PassedOver) for one in found),
    )


def to_thread(number: int, given: str | Thread) -> Thread:
    """Take a text for a thread of one post.

    Raises:
        DataError: It has no words.
    """
    thread = Thread.of_text(f"text {number}", given) if isinstance(given, str) else given
    if not thread.document().strip():
        raise DataError(f"Text {number} has no words.", hint="Leave it out.")
    return thread
