"""What is made: one frozen spec per step, read from YAML and the command line alike.

A spec is part of an artifact's identity. How the work is done (device, threads, folders) is no spec: see
``options.py``.
"""

from tldrkit.specs.compression import CompressSpec
from tldrkit.specs.data import DataSpec
from tldrkit.specs.run import SIZES, RunSpec
from tldrkit.specs.scoring import (
    ClaimSpec,
    CompareSpec,
    EvalSpec,
    PredictionsSpec,
    QuestionSpec,
    ScoreSpec,
)
from tldrkit.specs.search import AS_IT_IS, Search
from tldrkit.specs.spec import Spec, SpecT, build_spec, read_count, read_yaml, render_yaml
from tldrkit.specs.taught import Taught, TaughtSpec, TaughtSpecT
from tldrkit.specs.training import BaseSpec, FitSpec, Placement, TrainSpec, WarmStartSpec
from tldrkit.specs.use import ExportSpec, Form, Precision, SummarizeSpec

__all__ = [
    "AS_IT_IS",
    "SIZES",
    "BaseSpec",
    "ClaimSpec",
    "CompareSpec",
    "CompressSpec",
    "DataSpec",
    "EvalSpec",
    "ExportSpec",
    "FitSpec",
    "Form",
    "Placement",
    "Precision",
    "PredictionsSpec",
    "QuestionSpec",
    "RunSpec",
    "ScoreSpec",
    "Search",
    "Spec",
    "SpecT",
    "SummarizeSpec",
    "Taught",
    "TaughtSpec",
    "TaughtSpecT",
    "TrainSpec",
    "WarmStartSpec",
    "build_spec",
    "read_count",
    "read_yaml",
    "render_yaml",
]
