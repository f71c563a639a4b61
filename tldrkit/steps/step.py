"""What all steps share: skip what is done, record the run, publish the result."""

import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tldrkit import __version__
from tldrkit.errors import DamagedArtifact, ReadOnlyStore, TrialStopped
from tldrkit.machine.libraries import find_version
from tldrkit.machine.memory import read_peak_memory
from tldrkit.machine.processor import describe_processor
from tldrkit.options import Options, count_processes, is_first_process
from tldrkit.specs import Precision, Spec
from tldrkit.steps.forecast import Effort, Forecast, describe_place, find_earlier
from tldrkit.steps.revisions import describe_code
from tldrkit.store.checkpoints import Checkpoints, hold_checkpoints, is_begun
from tldrkit.store.manifest import Input, compute_identity
from tldrkit.store.runs import Run, forget_run, record_run
from tldrkit.store.store import Artifact, ArtifactDraft, ArtifactStore
from tldrkit.tracking import FanOut, JsonlTracker, NullTracker, Tracker, WandbTracker

_LIBRARIES = (
    "torch",
    "transformers",
    "tokenizers",
    "accelerate",
    "datasets",
    "perforatedai",
    "rouge-score",
    "numpy",
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command's work: a pure function of a spec and input artifacts."""

    name: str
    """The command, such as `train`."""

    kind: str
    """What it publishes, such as `model`."""

    target: str
    """Name the result is published under."""

    spec: Spec
    elsewhere: Spec | None = None
    """What the same asking is on machines with another number format; a person is told of its results."""

    inputs: tuple[Input, ...] = ()
    precision: Precision = "fp32"
    """In which it writes summaries."""

    group: str = ""
    """Experiment and seed it belongs to; the folder of its target where there are none."""

    shared: bool = False
    """Whether all processes of a run work on it; otherwise the first does, and the others wait."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a step led to."""

    artifact: Artifact
    done_before: bool
    """True where an equal step had already made the artifact."""

    def say_done(self, again: str) -> str:
        """Say that it was done before, and what does it again."""
        return f"{self.artifact.reference} is already done: same spec, same inputs ({again} does it again)."


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What a step's work is given: where to put its files, and whom to tell."""

    draft: ArtifactDraft
    run: Run
    tracker: Tracker
    checkpoints: Checkpoints | None = None
    """Where the state of unfinished work is kept; None in processes that keep nothing."""


def perform(options: Options, step: Step, work: Callable[[Bench], None]) -> Outcome:
    """Publish what `work` makes, unless the same step was done before.

    Of several processes the first one decides, publishes, records and tracks.

    Raises:
        TldrkitError: What `work` raises, after the run was recorded as failed; nothing is published then.
    """
    if count_processes() == 1:
        return _perform_here(options, step, work)
    from tldrkit.machine.device import join_processes
    from tldrkit.machine.processes import exchange, telling_failures

    def call_and_work(bench: Bench) -> None:
        exchange(None)
        work(bench)

    join_processes(options.device)
    with telling_failures():
        if is_first_process():
            outcome = _perform_here(options, step, call_and_work if step.shared else work)
            return exchange(outcome)[0]
        while True:
            told: list[Outcome | None] = exchange(None)
            if told[0] is not None:
                return told[0]
            with _forgetting(step) as bench:
                work(bench)


def _perform_here(options: Options, step: Step, work: Callable[[Bench], None]) -> Outcome:
    store = ArtifactStore(options.artifacts)
    spec = step.spec.model_dump(mode="json")
    code = describe_code(step.name, options, step.precision)
    identity = compute_identity(step.kind, spec, step.inputs, code)
    if not options.force:
        found = store.find(step.target, identity)
        if found is not None:
            return Outcome(artifact=_make_newest(store, step, found), done_before=True)
        _tell_of_elsewhere(options, store, step, code)
    with (
        hold_checkpoints(store.root, step.target, identity) as checkpoints,
        record_run(store.root, step.name, command=options.command, spec=spec) as run,
    ):
        provenance = build_provenance(options) | {"run": run.id}
        run.provenance.update(provenance)
        place, started = describe_place(provenance), time.monotonic()
        earlier = find_earlier(store, spec, step.inputs, place)
        with track(options, run, step) as tracker:
            with store.publish(
                step.target,
                kind=step.kind,
                spec=spec,
                inputs=step.inputs,
                code=code,
                provenance=provenance,
            ) as draft:
                if options.force:
                    checkpoints.clear()
                read_memory = partial(_read_memory, draft)
                told = Forecast(tracker, read_memory, earlier=earlier)
                try:
                    work(Bench(draft=draft, run=run, tracker=told, checkpoints=checkpoints))
                except TrialStopped:
                    checkpoints.clear()  # nobody will go on from there
                    raise
                seconds = max(time.monotonic() - started, draft.metrics.get("training_seconds", 0))
                effort = Effort(seconds=round(seconds, 1), peak_memory=read_memory(), place=place)
                draft.provenance["effort"] = asdict(effort)
                run.metrics.update(draft.metrics)
            _log_result(tracker, draft)
        run.artifact = draft.artifact.reference
        return Outcome(artifact=draft.artifact, done_before=False)


def _read_memory(draft: ArtifactDraft) -> int:
    """Read the most memory so far: of the GPU that the work has said it runs on, or of this process."""
    facts = draft.provenance
    return read_peak_memory(facts["device"] if "gpu" in facts else "cpu")


def _tell_of_elsewhere(options: Options, store: ArtifactStore, step: Step, code: Mapping[str, Any]) -> None:
    """Say where the same asking was done or begun in another number format, which is left alone."""
    if step.elsewhere is None:
        return
    here, there = step.spec.model_dump(mode="json"), step.elsewhere.model_dump(mode="json")
    identity = compute_identity(step.kind, there, step.inputs, code)
    name = there["precision"]
    if found := store.find(step.target, identity):
        told = f"{found.reference} was made in {name}. --precision {name} takes that one."
    elif is_begun(store.root, step.target, identity):
        told = f"what was begun in {name} is left alone. --precision {name} goes on from it."
    else:
        return
    options.display.log({"message": f"--precision auto is {here['precision']} here; {told}"})


def _log_result(tracker: Tracker, draft: ArtifactDraft) -> None:
    """Tell the trackers what was measured, and what was published."""
    manifest = draft.artifact.manifest
    numbers = {name: value for name, value in draft.metrics.items() if isinstance(value, int | float)}
    tracker.log({"kind": "result", **numbers})
    published = {"artifact": manifest.name, "type": manifest.kind, "digest": manifest.digest}
    tracker.log({"kind": "published", **published, "reference": draft.artifact.reference})


@contextmanager
def record_use(options: Options, step: str, spec: Mapping[str, Any]) -> Iterator[Run]:
    """Record a run that publishes nothing; where the store may only be read, say so and go on without.

    Args:
        options: The surroundings, with a display.
        step: Name of the command.
        spec: What was asked for.

    Raises:
        StoreError: The disk is full, or the like.
    """
    with ExitStack() as held:
        try:
            run = held.enter_context(record_run(options.artifacts, step, command=options.command, spec=spec))
        except ReadOnlyStore as error:
            options.display.log({"message": f"This run is not recorded: {error}"})
            run = held.enter_context(forget_run(step))
        run.provenance.update(build_provenance(options))
        yield run


@contextmanager
def _forgetting(step: Step) -> Iterator[Bench]:
    """Give a bench of which nothing stays."""
    with forget_run(step.name) as run:
        draft = ArtifactDraft(run.path.parent / "draft", {})
        draft.path.mkdir()
        yield Bench(draft=draft, run=run, tracker=NullTracker())


def _make_newest(store: ArtifactStore, step: Step, found: Artifact) -> Artifact:
    """Freshen what was found; publish it again where another spec's result came after it.

    The steps that follow take the newest version of a name.
    """
    try:
        newest = store.resolve(step.target)
    except DamagedArtifact:
        newest = None
    if newest is not None and newest.reference == found.reference:
        with suppress(ReadOnlyStore):  # nobody can make anything from there
            store.touch(found)
        return found
    manifest = found.manifest
    provenance = {**manifest.provenance, "copied_from": found.reference}
    with store.publish(
        step.target,
        kind=step.kind,
        spec=manifest.spec,
        inputs=step.inputs,
        code=manifest.code,
        provenance=provenance,
    ) as draft:
        for entry in manifest.files:
            (draft.path / entry.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found.path / entry.path, draft.path / entry.path)
        draft.metrics.update(manifest.metrics)
    return draft.artifact


@contextmanager
def track(options: Options, run: Run, step: Step) -> Iterator[Tracker]:
    """Open the run's trackers: its metrics file always, the display, and W&B when asked."""
    trackers: list[Tracker] = [JsonlTracker(run.metrics_path), options.display]
    if options.wandb != "off":
        folder = run.metrics_path.parent
        config = step.spec.model_dump(mode="json") | {"step": step.name}
        trackers.append(
            WandbTracker(
                mode=options.wandb,
                name=step.target,
                group=step.group or Path(step.target).parent.as_posix(),
                job=step.name,
                config=config,
                folder=folder,
            )
        )
    tracker = FanOut(step.target, trackers)
    try:
        yield tracker
    finally:
        tracker.close()


def build_provenance(options: Options) -> dict[str, Any]:
    """State with what, where and how the work is done."""
    return {
        "command": list(options.command),
        "tldrkit": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "processor": describe_processor(),
        "device": options.device,
        "threads": options.threads,
        "processes": count_processes(),
        "git_commit": _git_commit(),
        "libraries": {name: find_version(name) for name in _LIBRARIES},
    }


def _git_commit() -> str | None:
    """Tell the commit of the tldrkit checkout, if it is one."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None


def name_group(label: str, seed: int) -> str:
    """Name the runs of an experiment with one seed; empty where they have no label."""
    return f"{label}, seed {seed}" if label else ""


def data_input(identity: Mapping[str, Any], reference: str) -> Input:
    """Describe a data set as a step's input."""
    from tldrkit.store.digest import digest_json

    return Input(role="data", reference=reference, digest=digest_json(dict(identity)))
