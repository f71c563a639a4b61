"""`tldrkit sweep`: the runs of a sweep file, beside other processes at the same sweep."""

import dataclasses
import math
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tldrkit.errors import Busy, DataError, SpecError, StoreError, TrialStopped
from tldrkit.machine.libraries import advise_extra
from tldrkit.machine.memory import read_peak_memory
from tldrkit.options import Options
from tldrkit.scoring.metrics import MAIN
from tldrkit.search.sweepfile import METRIC, SweepSpec, read_sweep
from tldrkit.specs import RunSpec, build_spec
from tldrkit.steps.forecast import Forecast
from tldrkit.steps.one_line import compress_and_train
from tldrkit.steps.step import Outcome, build_provenance
from tldrkit.store.digest import digest_json
from tldrkit.store.disk import as_store_error, lock
from tldrkit.store.names import check_name
from tldrkit.store.runs import is_dead, record_run
from tldrkit.texts import count_noun
from tldrkit.tracking import Event, Tracker

if TYPE_CHECKING:
    from tldrkit.search.study import OpenTrial, Study

_FOLDER = ".sweeps"
_ENDED = ("finished", "stopped", "failed")
_HOPELESS = 3  # failures before the first run that finishes


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A sweep and its memory."""

    name: str
    spec: SweepSpec
    study: "Study"
    lock: Path
    """Held by the process that chooses its next trial."""

    def build_run(self, parameters: dict[str, object]) -> RunSpec:
        """Build the run of some parameters.

        Raises:
            SpecError: They do not fit together.
        """
        return build_spec(RunSpec, fields=self.spec.constants | parameters, origin="the sweep")


def open_sweep(
    options: Options, path: Path, *, name: str | None = None, storage: str | None = None, pareto: bool = False
) -> Sweep:
    """Open a sweep, a new one or one to go on with.

    Args:
        options: The surroundings.
        path: The sweep file.
        name: Name of the sweep, where it is not the file's own.
        storage: A journal file or a database URL; a journal in the store where not given.
        pareto: Whether few deployed parameters are an objective too.

    Raises:
        SpecError: The file or the storage cannot be used, or Optuna is not installed.
    """
    spec = read_sweep(path)
    name = check_name(name or spec.name)
    if not spec.constants.get("model_type"):
        raise SpecError(f"{path} does not say what to train.", hint="Such as: model_type: {value: t5-small}")
    try:
        from tldrkit.search.study import Study
    except ImportError:
        raise SpecError("Optuna is not installed.", hint=advise_extra("sweep")) from None
    folder = options.artifacts / _FOLDER
    own_lock = folder / f"{name}.lock"
    with as_store_error(options.artifacts):
        own_lock.parent.mkdir(parents=True, exist_ok=True)
        with lock(own_lock):
            place = storage or str(folder / f"{name}.journal")
            study = Study(name, spec, place, pareto=pareto)
    if study.lost:
        told = count_noun(study.lost, "line that was", "lines that were")
        options.display.log(
            {"message": f"{place} had {told} broken: the sweep goes on without what was there."}
        )
    return Sweep(name=name, spec=spec, study=study, lock=own_lock)


def run_trials(options: Options, sweep: Sweep, count: int) -> None:
    """Run trials until the sweep has `count`, those of other processes and of earlier calls included.

    Raises:
        DataError: The data set cannot be used.
        StoreError: The store cannot be written.
        TldrkitError: The last failure, where several trials failed and none has finished.
    """
    root, count = options.artifacts, min(count, sweep.spec.run_cap or count)
    spec = sweep.spec.model_dump(mode="json")
    with record_run(root, "sweep", command=options.command, spec=spec) as run:
        run.provenance.update(build_provenance(options))
        total = sweep.study.limit(count)
        forecast = Forecast(options.display, partial(read_peak_memory, "cpu"))
        try:
            while True:
                done = sum(trial.state in _ENDED for trial in sweep.study.list_trials())
                forecast.log({"kind": "sweep", "unit": "trial", "done": done, "total": total})
                with lock(sweep.lock):
                    trial = sweep.study.claim(count, run.id, partial(is_dead, root))
                if trial is None:
                    break
                _try(options, sweep, trial)
        finally:
            options.display.close()
            run.metrics.update(Counter(trial.state for trial in sweep.study.list_trials()))


def _try(options: Options, sweep: Sweep, trial: "OpenTrial") -> None:
    """Run a trial, and tell the study what became of it."""

    def say(message: str) -> None:
        options.display.log({"kind": "trial", "message": f"trial {trial.number}: {message}"})

    say(", ".join(f"{name} {_render(value)}" for name, value in trial.parameters.items()))
    started = time.monotonic()
    try:
        while (outcome := _make(options, sweep, trial)) is None:
            time.sleep(1)
    except TrialStopped as stopped:
        trial.stop(seconds=round(time.monotonic() - started, 1))
        say(str(stopped))
    except (DataError, StoreError, OSError):
        raise
    except Exception as error:
        trial.fail(error=" ".join(str(error).split())[:300], seconds=round(time.monotonic() - started, 1))
        say(f"failed: {error}")
        states = Counter(one.state for one in sweep.study.list_trials())
        if states["failed"] >= _HOPELESS and not states["finished"] + states["stopped"]:
            raise
    else:
        metrics = outcome.artifact.manifest.metrics
        values = [metrics["best_val_rouge_l"], metrics["params_deployed"]]
        trial.finish(
            values[: sweep.study.objectives],
            reference=outcome.artifact.reference,
            seconds=round(time.monotonic() - started, 1),
            params_deployed=metrics["params_deployed"],
            dendrites=metrics["dendrites"],
        )
        size = count_noun(values[1], "parameter")
        say(f"{MAIN.head} {MAIN.show(100 * values[0])}, {size}, {outcome.artifact.reference}")


def _make(options: Options, sweep: Sweep, trial: "OpenTrial") -> Outcome | None:
    """Compress and train; None where another process is at the same step."""
    spec = sweep.build_run(trial.parameters)
    compression = spec.build_compression()
    size = digest_json(compression.model_dump(mode="json"))[:8] if compression else ""
    steps = compress_and_train(
        dataclasses.replace(options, display=_Referee(options.display, trial, spec)),
        spec,
        source=str(spec.model_type),
        target=f"{sweep.name}/train",
        small=f"{sweep.name}/compress-{size}",
    )
    try:
        *_, outcome = steps
    except Busy:
        return None
    return outcome


class _Referee:
    """Passes events on, and ends a run that falls behind."""

    def __init__(self, display: Tracker, trial: "OpenTrial", spec: RunSpec) -> None:
        self._display = display
        self._trial = trial
        self._spec = spec

    def log(self, event: Event) -> None:
        """Pass the event on; after a validation, ask whether the run may go on.

        Raises:
            TrialStopped: It may not.
        """
        self._display.log(event)
        if event.get("kind") != "validation" or not 0 < event["step"] < self._spec.max_steps:
            return
        validation = math.ceil(event["step"] / self._spec.eval_every)
        if self._trial.report(event[METRIC], validation):
            raise TrialStopped(
                f"stopped after validation {validation}: {MAIN.head} {MAIN.show(100 * event[METRIC])}"
            )

    def close(self) -> None:
        """Leave the display open for the next run."""


def _render(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
