"""Broken lines of a sweep's journal, as a lost power supply or a full disk leaves them: how it goes on.

Knows the lines of Optuna's journal files; opens none.
"""

import json
from typing import Any

from tldrkit.errors import SpecError

_BEGINNING = b'{"op_code":'
_NOTHING = b'{"op_code":8,"worker_id":"","trial_id":-1,"user_attr":{}}'
"""A line that Optuna passes over: of a trial that there is not, by a worker that there is not."""

_CREATE_STUDY, _CREATE_TRIAL = 0, 4


def mend(journal: bytes) -> tuple[bytes, int]:
    """Leave out the lines of a journal that are broken: at its end they are cut off, elsewhere overwritten.

    What stays keeps its place, for processes that have read so far.

    Returns:
        The journal, and how many lines it lost.

    Raises:
        SpecError: It is no journal, or what follows a broken line rests on it.
    """
    head = journal[: len(_BEGINNING)].rstrip(b"\0")
    if journal.strip(b"\0") and not (head and _BEGINNING.startswith(head)):
        raise SpecError("It is no journal of a sweep.", hint="Give --storage another file.")
    lines = journal.split(b"\n")
    logs = [_read(line) for line in lines]
    logs[-1] = None  # what follows the last line's end is no line
    whole = max((number for number, log in enumerate(logs, 1) if log is not None), default=0)
    broken = [number for number in range(whole) if logs[number] is None]
    for number in broken:
        lines[number] = _NOTHING.ljust(len(lines[number]))
    if broken and (len(b"\n".join(lines)) != len(journal) or not _holds_together(logs[:whole])):
        raise SpecError(
            f"Its line {broken[0] + 1} is damaged, and what follows rests on it.",
            hint="Move it away: the sweep begins anew, and finds the steps that are done.",
        )
    lost = len(broken) + sum(bool(line) for line in lines[whole:])
    return b"".join(line + b"\n" for line in lines[:whole]), lost


def _read(line: bytes) -> dict[str, Any] | None:
    try:
        log = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return log if isinstance(log, dict) and isinstance(log.get("op_code"), int) else None


def _holds_together(logs: list[dict[str, Any] | None]) -> bool:
    """Tell whether all studies and trials that lines speak of were begun in lines before them."""
    studies: set[str] = set()
    trials = 0
    for log in filter(None, logs):
        if log["op_code"] == _CREATE_STUDY:
            studies.add(str(log.get("study_name")))
        elif log.get("study_id", -1) >= len(studies) or log.get("trial_id", -1) >= trials:
            return False
        trials += log["op_code"] == _CREATE_TRIAL
    return True
