"""The study of a sweep: what was tried, what comes next, and what became of runs whose process died.

The only importer of Optuna. Knows parameters and values; does not know what a trial does.
"""

import math
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice, product
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.pruners import BasePruner, HyperbandPruner, NopPruner
from optuna.samplers import BaseSampler, PartialFixedSampler, RandomSampler, TPESampler
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.trial import FrozenTrial, TrialState

from tldrkit.errors import SpecError
from tldrkit.search.mending import mend
from tldrkit.search.space import Axis, Choice, WholeNumbers, list_values
from tldrkit.search.sweepfile import StoppingSpec, SweepSpec
from tldrkit.texts import name_error, say_reason

State = Literal["finished", "stopped", "failed", "killed", "running", "waiting"]

optuna.logging.set_verbosity(optuna.logging.WARNING)

_RETRIES = 2  # a trial that kills every process is not tried for ever
_UNSIGNED = timedelta(seconds=60)  # a trial takes milliseconds from its beginning to its worker's name


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One run of a sweep, as the study remembers it."""

    number: int
    state: State
    parameters: Mapping[str, Any]
    values: tuple[float, ...] = ()
    """The score, 0 to 1 (of a stopped run the last), and deployed parameters where they are an objective."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    """The worker, the reference published, seconds, the error, `retry_of`."""


class Study:
    """The memory of a sweep that several processes share.

    Args:
        name: Name of the sweep in the storage.
        sweep: The sweep.
        storage: A journal file, or a database URL.
        pareto: Whether few deployed parameters are an objective beside the score; no run is stopped then.

    Attributes:
        lost: Lines of the journal that were broken, and are left out.

    Raises:
        SpecError: The storage cannot be used, or holds another sweep of that name.
    """

    def __init__(self, name: str, sweep: SweepSpec, storage: str, *, pareto: bool = False) -> None:
        self._sweep = sweep
        self._pareto = pareto
        definition = sweep.model_dump(mode="json", include={"method", "parameters", "early_terminate"})
        definition["pareto"] = pareto
        try:
            opened, self.lost = _open_storage(storage)
            self._study: optuna.Study = optuna.create_study(
                study_name=name,
                storage=opened,
                directions=["maximize", "minimize"] if pareto else ["maximize"],
                sampler=RandomSampler(),
                pruner=None if pareto else _build_pruner(sweep.early_terminate),
                load_if_exists=True,
            )
            known = self._study.user_attrs.get("sweep")
            if known is None:
                self._study.set_user_attr("sweep", definition)
        except SpecError as error:
            raise SpecError(f"{storage} cannot be used. {error}", hint=error.hint) from None
        except Exception as error:  # of the database's own driver, too
            secret = "@" in storage
            reason = name_error(error) if secret else say_reason(error)
            raise SpecError(
                f"{_name_storage(storage)} cannot be used: {reason}.",
                hint="Give --storage a journal file, or a database URL.",
            ) from (None if secret else error)
        if known not in (None, definition):
            raise SpecError(
                f"{_name_storage(storage)} holds another sweep named {name!r}.",
                hint="Go on with the file and options it was begun with, or choose another --as NAME.",
            )

    @property
    def objectives(self) -> int:
        """How many values a run is judged by: the score alone, or deployed parameters too."""
        return 2 if self._pareto else 1

    def claim(self, count: int, worker: str, is_dead: Callable[[str], bool]) -> "OpenTrial | None":
        """Begin the next trial; None where the sweep has its `count` trials, or its grid has no more.

        To be called by one process at a time. Trials whose worker died are marked first, and tried again.
        """
        self._reclaim(is_dead)
        trials = self.list_trials()
        if not any(trial.state == "waiting" for trial in trials):
            taken = sum(trial.state != "killed" for trial in trials)
            begun = len(trials) - sum(map(_is_retry, trials))
            if taken >= count or begun >= self.limit(begun + 1):
                return None
        trial = self._study.ask()
        trial.set_user_attr("worker", worker)
        return OpenTrial(self._study, trial, self._choose(trial, trials))

    def list_trials(self) -> list[Trial]:
        """List the trials in the order they began."""
        return [_describe(trial) for trial in self._study.get_trials(deepcopy=False)]

    def find_best(self) -> list[Trial]:
        """Find the best trial, or with two objectives the Pareto set, smallest first; none at first."""
        trials = self.list_trials()
        if not any(trial.state == "finished" for trial in trials):
            return []
        best = sorted(self._study.best_trials, key=lambda trial: trial.values[-1])
        return [trials[trial.number] for trial in best][: None if self._pareto else 1]

    def compute_importances(self) -> dict[str, float]:
        """Compute each parameter's share in a good score (PED-ANOVA); none where too few finished."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore", UserWarning
                )  # it warns that low is good to it, hence the minus
                return optuna.importance.get_param_importances(
                    self._study,
                    evaluator=PedAnovaImportanceEvaluator(),
                    target=lambda trial: -trial.values[0],
                )
        except (ValueError, RuntimeError):
            return {}

    def _reclaim(self, is_dead: Callable[[str], bool]) -> None:
        """Mark the trials whose worker died, and have them tried again with the same parameters."""
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            worker = trial.user_attrs.get("worker")
            if not (is_dead(worker) if worker else _is_long_ago(trial.datetime_start)):
                continue
            self._study.tell(trial.number, state=TrialState.FAIL)
            attempt = trial.user_attrs.get("attempt", 1)
            if attempt <= _RETRIES:
                again = {"retry_of": trial.number, "attempt": attempt + 1}
                self._study.enqueue_trial(trial.params, user_attrs=again)

    def limit(self, count: int) -> int:
        """Tell how many of so many trials there can be: a grid has an end."""
        if self._sweep.method != "grid":
            return count
        return min(count, math.prod(len(list_values(*item)) for item in self._sweep.searched.items()))

    def _choose(self, trial: optuna.Trial, before: Sequence[Trial]) -> dict[str, Any]:
        """Choose a trial's parameters; those of a trial that is tried again are given."""
        searched = self._sweep.searched
        if self._sweep.method == "grid":
            axes = {name: Choice(list_values(name, axis)) for name, axis in searched.items()}
            point = next(
                islice(product(*(axis.values for axis in axes.values())), _rank(trial, before), None)
            )
            fixed = dict(zip(axes, point, strict=True))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                self._study.sampler = PartialFixedSampler(fixed, RandomSampler())
            return {name: _suggest(trial, name, axis) for name, axis in axes.items()}
        self._study.sampler = _build_sampler(self._sweep.method, trial.number)
        return {name: _suggest(trial, name, axis) for name, axis in searched.items()}


class OpenTrial:
    """A trial that this process runs.

    Attributes:
        parameters: What was chosen for it, by name.
    """

    def __init__(self, study: optuna.Study, trial: optuna.Trial, parameters: Mapping[str, Any]) -> None:
        self._study = study
        self._trial = trial
        self.number = trial.number
        self.parameters = dict(parameters)

    def report(self, score: float, validation: int) -> bool:
        """Take note of a validation, counted from 1, and tell whether the run should stop."""
        if len(self._study.directions) > 1:
            return False
        self._trial.report(score, validation)
        return self._trial.should_prune()

    def finish(self, values: Sequence[float], **facts: Any) -> None:  # noqa: ANN401  (any JSON value)
        """Take note of what the run reached."""
        self._note(facts)
        self._study.tell(self._trial, list(values))

    def stop(self, **facts: Any) -> None:  # noqa: ANN401  (any JSON value)
        """Take note that the run was stopped early."""
        self._note(facts)
        self._study.tell(self._trial, state=TrialState.PRUNED)

    def fail(self, **facts: Any) -> None:  # noqa: ANN401  (any JSON value)
        """Take note that the run failed; it is not tried again."""
        self._note(facts)
        self._study.tell(self._trial, state=TrialState.FAIL)

    def _note(self, facts: Mapping[str, Any]) -> None:
        for name, value in facts.items():
            self._trial.set_user_attr(name, value)


def _name_storage(storage: str) -> str:
    """Name a storage in a message; who asks a database, and how it is asked, is nobody else's business."""
    scheme, mark, _ = storage.partition("://")
    return f"The database {scheme}://…" if mark else storage


def _open_storage(storage: str) -> tuple[str | BaseStorage, int]:
    """Open a storage; a journal is mended before, and the lines that it lost are counted."""
    if "://" in storage:
        return storage, 0
    path = Path(storage)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = JournalFileSymlinkLock(storage)
    lock.acquire()
    try:
        lost = _mend(path) if path.exists() else 0
    finally:
        lock.release()
    return JournalStorage(JournalFileBackend(storage, lock)), lost


def _mend(path: Path) -> int:
    before = path.read_bytes()
    after, lost = mend(before)
    if lost:
        with path.open("r+b") as file:
            file.write(after)
            file.truncate()
            os.fsync(file.fileno())
    return lost


def _build_pruner(stopping: StoppingSpec | None) -> BasePruner:
    """Build the pruner whose unit is a validation."""
    if stopping is None:
        return NopPruner()
    shortest = stopping.min_iter or max(1, (stopping.max_iter or 1) // stopping.eta ** (stopping.s or 1))
    return HyperbandPruner(
        min_resource=shortest, max_resource=stopping.max_iter or "auto", reduction_factor=stopping.eta
    )


def _build_sampler(method: str, number: int) -> BaseSampler:
    """Build a sampler for one trial, seeded with its number: processes never draw the same by seed."""
    if method == "random":
        return RandomSampler(seed=number)
    return TPESampler(seed=number, constant_liar=True)


def _suggest(trial: optuna.Trial, name: str, axis: Axis) -> Any:  # noqa: ANN401  (whatever the file lists)
    if isinstance(axis, Choice):
        return trial.suggest_categorical(name, axis.values)
    if isinstance(axis, WholeNumbers):
        return trial.suggest_int(name, axis.low, axis.high, step=axis.step)
    return trial.suggest_float(name, axis.low, axis.high, step=axis.step, log=axis.log)


def _describe(trial: FrozenTrial) -> Trial:
    states: dict[str, State] = {
        "COMPLETE": "finished",
        "PRUNED": "stopped",
        "FAIL": "failed" if "error" in trial.user_attrs else "killed",
        "RUNNING": "running",
        "WAITING": "waiting",
    }
    return Trial(
        number=trial.number,
        state=states[trial.state.name],
        parameters=trial.params or trial.system_attrs.get("fixed_params", {}),
        values=tuple(trial.values or ()),
        facts=trial.user_attrs,
    )


def _is_retry(trial: Trial) -> bool:
    return "retry_of" in trial.facts


def _rank(trial: optuna.Trial, before: Sequence[Trial]) -> int:
    """Tell the place in the grid: how many trials began before it, or before the one it tries again."""
    number = trial.user_attrs.get("retry_of", trial.number)
    while number < trial.number and _is_retry(before[number]):
        number = before[number].facts["retry_of"]
    return sum(not _is_retry(one) for one in before[:number])


def _is_long_ago(started: datetime | None) -> bool:
    return started is not None and datetime.now() - started > _UNSIGNED
