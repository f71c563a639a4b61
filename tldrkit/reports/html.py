"""A report as one HTML page that asks nothing of a network.

Knows how the page is put together from the files in ``web/``; what it shows comes from the report alone. All
that comes from runs is untrusted: the template escapes it, the script puts it in as text, and the page's own
policy forbids any other script and any resource.
"""

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined

from tldrkit import __version__
from tldrkit.reports.charts import WIDTH, build_course, build_scatter
from tldrkit.reports.comparison import ComparedRuns
from tldrkit.reports.examples import Examples
from tldrkit.reports.forest import build_forest
from tldrkit.reports.page import OTHERS_RULE, POOLING_RULE, SCALE, WINNER_RULE, describe_method, find_notes
from tldrkit.reports.report import Report
from tldrkit.reports.scores import name_run
from tldrkit.reports.tables import (
    build_costs,
    build_differences,
    build_others,
    build_quality,
    build_replications,
)
from tldrkit.scoring.metrics import MAIN
from tldrkit.store.lineage import Lineage
from tldrkit.texts import count_noun

_COLOURS = 8  # that the style sheet has for runs


@dataclass(frozen=True, kw_only=True)
class Node:
    """What something was made from; what was shown above is not shown again."""

    number: int
    """Of the place where its inputs are shown."""
    name: str
    source: Lineage
    again: bool
    inputs: tuple["Node", ...]


def render_page(report: Report) -> str:
    """Render the page; equal reports give equal pages."""
    comparison = report.comparison
    script = _read("script.js")
    template = _build_environment().get_template("template.html")
    return template.render(
        comparison=comparison,
        digest=report.lineage.digest,
        reference=report.lineage.reference,
        colours={row.label: number % _COLOURS for number, row in enumerate(comparison.rows)},
        quality=build_quality(comparison),
        others=[build_others(comparison), build_costs(comparison)],
        differences=build_differences(comparison),
        replications=build_replications(comparison),
        pooling_rule=POOLING_RULE,
        notes=find_notes(comparison),
        method=describe_method(comparison),
        metric=MAIN.head,
        scale=SCALE,
        others_rule=OTHERS_RULE,
        winner_rule=WINNER_RULE,
        forest=build_forest(comparison),
        scatter=build_scatter(comparison),
        course=build_course(report.curves),
        width=WIDTH,
        examples=report.examples,
        examples_json=_render_json(report.examples),
        nodes=_number_nodes(report.lineage, _name_runs(comparison)),
        style=_read("style.css"),
        script=script,
        script_hash=b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        version=__version__,
    )


def _build_environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tldrkit.reports", "web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["count_noun"] = count_noun
    environment.filters["verdict"] = lambda verdict: re.sub(r"[(),]", "", verdict)  # as names of a class
    return environment


def _read(name: str) -> str:
    return (resources.files("tldrkit.reports") / "web" / name).read_text(encoding="utf-8")


def _render_json(examples: Examples) -> str:
    """Render data for the script, in which no text can end the element that holds it."""
    text = json.dumps(asdict(examples), ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _name_runs(comparison: ComparedRuns) -> dict[str, str]:
    return {
        reference: name_run(row.label, seed, replication)
        for row in comparison.rows
        for seed, reference, replication in zip(row.seeds, row.references, row.replications, strict=True)
    }


def _number_nodes(lineage: Lineage, names: Mapping[str, str]) -> tuple[Node, ...]:
    """Number what a comparison was made from, in the order of the page."""
    shown: dict[tuple[str, str], int] = {}

    def build(source: Lineage) -> Node:
        key = (source.reference, source.digest)
        again = key in shown and bool(source.inputs)
        number = shown.setdefault(key, len(shown) + 1)
        inputs = () if again else tuple(map(build, source.inputs))
        name = names.get(source.reference, source.role)
        return Node(number=number, name=name, source=source, again=again, inputs=inputs)

    return tuple(map(build, lineage.inputs))
