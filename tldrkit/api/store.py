"""A store and its surroundings: where steps find what they begin with, and put what they make."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tldrkit.api.fields import File, build_fields, takes
from tldrkit.api.model import Model
from tldrkit.api.results import Comparison, Scores
from tldrkit.errors import SpecError
from tldrkit.options import Device, Options, WandbMode, find_artifacts, limit_threads
from tldrkit.specs import BaseSpec, CompareSpec, PredictionsSpec, WarmStartSpec
from tldrkit.steps.step import Outcome
from tldrkit.store.store import Artifact, ArtifactStore
from tldrkit.tracking import NullTracker, Tracker


class Store:
    """A store of artifacts, and how the work is done whose results it keeps.

    Args:
        artifacts: Its folder; where not given, ``TLDRKIT_ARTIFACTS`` or ``artifacts``.
        data: Folder with local copies of known data sets; where not given, ``TLDRKIT_DATA`` or none.
        device: Where networks run.
        threads: Processor threads; the library's choice where not given.
        wandb: Whether Weights & Biases gets the metrics too.
        quiet: Whether nothing is told: no progress, and no advice.

    Examples:
        >>> tldrkit.Store("other", data="texts", threads=1)
        Store('other')
    """

    def __init__(
        self,
        artifacts: File | None = None,
        *,
        data: File | None = None,
        device: Device = "auto",
        threads: int | None = None,
        wandb: WandbMode = "off",
        quiet: bool = False,
    ) -> None:
        data = data or os.environ.get("TLDRKIT_DATA") or None
        self.artifacts = find_artifacts(artifacts)
        self.data = Path(data) if data else None
        self._options = Options(
            artifacts=self.artifacts, data=self.data, device=device, threads=threads, wandb=wandb
        )
        self._quiet = quiet

    def __repr__(self) -> str:
        return f"Store({str(self.artifacts)!r})"

    def list(self) -> "list[str]":
        """List the references of all artifacts."""
        return [artifact.reference for artifact in ArtifactStore(self.artifacts).list()]

    def load(self, source: str | os.PathLike[str]) -> Model:
        """Find a model; its weights are read when they are needed.

        Args:
            source: A reference such as ``b/train`` or ``b/train@v2``, a comparison (its winner), a model
                folder, a hub id, or ``central`` for summaries without a network.

        Raises:
            ModelError: It is a folder that is no model's, or not whole.
            UnknownReference: It names nothing.
            StoreError: It names an artifact that is no model and stands for none, or a damaged one.
        """
        return Model(self, os.fspath(source))

    @takes(BaseSpec)
    def base(
        self,
        *,
        name: str,
        encoder: str | None = None,
        spec: File | Sequence[File] = (),
        force: bool = False,
        **fields: Any,  # noqa: ANN401  (of the spec)
    ) -> Model:
        """Make a base: a BART from a pretrained encoder, or a small T5 from scratch.

        Args:
            name: Name to publish the result under.
            encoder: A folder, a hub id, or ``minilm``; from scratch where not given.
            spec: YAML files of fields; what is given by name wins.
            force: Do it again though it is already done.
            fields: Those of ``tldrkit base --help``, with underscores.

        Raises:
            SpecError: A field cannot be used.
            DataError: The data set cannot be used.
            ModelError: The encoder cannot be used.
        """
        from tldrkit.steps.base import base as run
        from tldrkit.steps.base import base_from_encoder

        options = self.build_options("base", force=force)
        if encoder is None:
            return self.open_model(run(options, build_fields(BaseSpec, spec, fields), target=name))
        warm = build_fields(WarmStartSpec, spec, fields)
        return self.open_model(base_from_encoder(options, warm, encoder=encoder, target=name))

    @takes(PredictionsSpec, without=["label"])
    def score(
        self,
        predictions: File,
        *,
        name: str,
        label: str | None = None,
        force: bool = False,
        **fields: Any,  # noqa: ANN401  (as above)
    ) -> Scores:
        """Score a file of another system's outputs: `eval --predictions FILE`.

        Args:
            predictions: JSONL with prediction, reference or references; id and document if you have them.
            name: Name to publish the scores under.
            label: Of the system in comparisons; the name without ``/eval`` where not given.
            force: Do it again though it is already done.
            fields: Seed, and what counts of several references.

        Raises:
            DataError: The file cannot be used.
        """
        from tldrkit.steps.predictions import score_predictions

        fields = {"label": label or name.removesuffix("/eval"), **fields}
        options = self.build_options("score", force=force)
        given = build_fields(PredictionsSpec, (), fields)
        outcome = score_predictions(options, given, file=Path(predictions), target=name)
        return Scores(self, self.take(outcome))

    @takes(CompareSpec)
    def compare(
        self,
        *scores: Scores | str,
        name: str = "compare",
        also: Sequence[File] = (),
        rate: Sequence[File] = (),
        spec: File | Sequence[File] = (),
        force: bool = False,
        **fields: Any,  # noqa: ANN401  (as above)
    ) -> Comparison:
        """Set runs side by side, with 95 % paired bootstrap intervals, and say in words what they show.

        Args:
            scores: What `eval` made, or references of it; runs of one label are the seeds of one run.
            name: Name to publish the comparison under.
            also: Other stores with the same names, each a replication.
            rate: Sheets of `Comparison.to_sheet` that people filled in, one a person.
            spec: YAML files of fields, such as ``experiments/claims.yaml``.
            force: Do it again though it is already done.
            fields: Those of ``tldrkit compare --help``.

        Raises:
            ComparisonError: The runs differ in data, split or decoding settings, or are no scores.
            UnknownReference: A reference names nothing.

        Examples:
            >>> floor = store.load("central").eval(dataset="toy")
            >>> whole = model.eval(dataset="toy", max_target_tokens=8, name="whole/eval")
            >>> comparison = store.compare(whole, floor)
            >>> comparison.winner
            'tiny'
            >>> list(comparison.to_frame().index)[:2]
            ['tiny', 'central']
        """
        from tldrkit.steps.compare import compare as run

        outcome = run(
            self.build_options("compare", force=force),
            build_fields(CompareSpec, spec, fields),
            references=[one if isinstance(one, str) else one.reference for one in scores],
            target=name,
            also=[Path(one) for one in also],
            ratings=[Path(one) for one in rate],
        )
        return Comparison(self, self.take(outcome))

    def sweep(
        self,
        file: File,
        *,
        count: int | None = None,
        name: str | None = None,
        storage: str | None = None,
        pareto: bool = False,
        report: File | None = None,
    ) -> None:
        """Run a W&B sweep file here, without an account; each trial compresses and trains a model.

        Args:
            file: The sweep.
            count: Runs of the whole sweep; none where not given.
            name: Of the sweep; the file's where not given.
            storage: Journal file or database that the processes of a sweep share.
            pareto: Whether few deployed parameters are asked for too.
            report: Folder for what came out: a page, a table, the best run as specs.

        Raises:
            SpecError: The file cannot be used, or there is nothing to do.
        """
        from tldrkit.steps.sweep import open_sweep, run_trials
        from tldrkit.steps.sweep_report import write_report

        if count is None and report is None:
            raise SpecError("There is nothing to do.", hint="Give count to run, report to look, or both.")
        options = self.build_options("sweep")
        opened = open_sweep(options, Path(file), name=name, storage=storage, pareto=pareto)
        if count is not None:
            run_trials(options, opened, count)
        if report is not None:
            write_report(options, opened, Path(report))

    def build_options(self, verb: str, *, force: bool = False) -> Options:
        """Build the surroundings of one step."""
        if self._options.threads:
            limit_threads(self._options.threads)
        return replace(
            self._options, force=force, command=(f"tldrkit.{verb}", "(Python)"), display=self._open_display()
        )

    def take(self, outcome: Outcome) -> Artifact:
        """Take what a step led to; tell the person where it was done before."""
        artifact = outcome.artifact
        if outcome.done_before:
            self._open_display().log({"message": outcome.say_done("force=True")})
        return artifact

    def open_model(self, outcome: Outcome) -> Model:
        """Open the model that a step made."""
        return self.load(self.take(outcome).reference)

    def _open_display(self) -> Tracker:
        if self._quiet:
            return NullTracker()
        from tldrkit.cli.console import ProgressTracker

        return ProgressTracker()


def load(source: str | os.PathLike[str]) -> Model:
    """Find a model in the store of the working folder; see ``Store.load``.

    Examples:
        >>> model = tldrkit.load("central")
        >>> model.reference
        'central'
    """
    return Store().load(source)


@takes(BaseSpec)
def base(*, name: str, **fields: Any) -> Model:  # noqa: ANN401  (of the spec)
    """Make a base in the store of the working folder; see ``Store.base``."""
    return Store().base(name=name, **fields)


@takes(CompareSpec)
def compare(*scores: Scores | str, **fields: Any) -> Comparison:  # noqa: ANN401  (as above)
    """Set runs side by side, in the store that holds their scores; see ``Store.compare``.

    Raises:
        SpecError: The scores are from several stores.
    """
    stores = [one.store for one in scores if isinstance(one, Scores)] or [Store()]
    if len({store.artifacts.absolute() for store in stores}) > 1:
        raise SpecError("The scores are from several stores.", hint="Score the models in one store.")
    return stores[0].compare(*scores, **fields)
