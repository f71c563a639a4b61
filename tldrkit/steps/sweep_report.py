"""`tldrkit sweep --report`: the pages of a sweep, and its best run as specs."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tldrkit.errors import SpecError
from tldrkit.options import Options
from tldrkit.records.outputs import open_whole
from tldrkit.specs import SIZES, DataSpec, TrainSpec, render_yaml
from tldrkit.steps.sweep import Sweep

_OWN = ("experiment", "do_pb", "seed")  # what A, B, C and D differ in, and the seed, are the Makefile's


def write_report(options: Options, sweep: Sweep, folder: Path) -> None:
    """Write report.html, report.md, best.yaml for `train`, and the specs that make a profile of the folder.

    Raises:
        SpecError: No trial has been begun.
    """
    from tldrkit.reports.sweep import SweepReport, render_sweep, render_sweep_markdown

    study = sweep.study
    trials, best = study.list_trials(), study.find_best()
    if not trials:
        raise SpecError(f"The sweep {sweep.name!r} has no trials.", hint="Run some: --count N")
    files = _build_specs(sweep.spec.constants | dict(best[-1].parameters)) if best else {}
    report = SweepReport(
        name=sweep.name,
        axes=list(sweep.spec.searched),
        trials=trials,
        best=best,
        importances=study.compute_importances(),
        commands=_build_commands(options, sweep, folder) if best else (),
    )
    files |= {"report.md": render_sweep_markdown(report), "report.html": render_sweep(report)}
    for name, text in files.items():
        with open_whole(folder / name) as file:
            file.write(text)


def _build_specs(fields: Mapping[str, Any]) -> dict[str, str]:
    """Build the best run in one file, and as what all runs of a profile have in common."""
    data = {name: value for name, value in fields.items() if name in DataSpec.model_fields}
    sizes = {name: value for name, value in fields.items() if name in SIZES}
    training = {
        name: value for name, value in fields.items() if name in TrainSpec.model_fields and name not in _OWN
    }
    return {
        "best.yaml": render_yaml(fields),
        "compress.yaml": render_yaml(data | sizes),
        "train.yaml": render_yaml(training),
        "eval.yaml": render_yaml(data),
    }


def _build_commands(options: Options, sweep: Sweep, folder: Path) -> list[str]:
    profile = f"{sweep.name.replace('/', '-')}-best"
    variables = {"PROFILE": profile, "E": folder, "MODEL": sweep.spec.constants["model_type"]}
    variables |= {"DATA": options.data} if options.data else {}
    return [
        f"tldrkit train --spec {shlex.quote(str(folder / 'best.yaml'))} --as {profile}/train",
        " ".join(["make abc", *(f"{name}={shlex.quote(str(value))}" for name, value in variables.items())]),
    ]
