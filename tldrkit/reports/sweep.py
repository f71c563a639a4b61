"""What came out of a sweep, as one HTML page that needs no network, and as Markdown."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from tldrkit.reports.coordinates import RunLine, render_coordinates, render_value
from tldrkit.reports.page import render_table
from tldrkit.scoring.metrics import MAIN
from tldrkit.search.study import Trial
from tldrkit.texts import count_noun, show_text

_SCORE = MAIN.head
_HEADS = ("trial", "state", _SCORE, "parameters", "dendrites", "seconds")

_STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#1c1c1c, #e8e8e8); --run: light-dark(#2f6f9f, #7fb8e0);
  --best: light-dark(#b5421c, #ff9a6b); --rule: light-dark(#c8c8c8, #555); }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); }
body { margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .6rem; text-align: right; border-bottom: 1px solid var(--rule); }
th, td { white-space: nowrap; }
.wide { overflow-x: auto; }
.bar { background: var(--run); height: .8rem; }
svg text { font-size: 11px; fill: var(--ink); } svg text.name { font-weight: 600; }
svg line { stroke: var(--ink); } polyline { fill: none; stroke: var(--run); stroke-width: 1.5; }
polyline.best { stroke: var(--best); stroke-width: 3; } polyline:hover { stroke-width: 5; }
"""


@dataclass(frozen=True, kw_only=True)
class SweepReport:
    """What there is to tell of a sweep."""

    name: str
    axes: Sequence[str]
    """The parameters that differ from run to run."""

    trials: Sequence[Trial]
    best: Sequence[Trial]
    """The best run; with two objectives the Pareto set."""

    importances: Mapping[str, float]
    commands: Sequence[str]
    """What to do with the best."""

    @property
    def summary(self) -> str:
        """How many trials there are, and what became of them."""
        states = Counter(trial.state for trial in self.trials)
        listed = ", ".join(f"{count} {state}" for state, count in states.most_common())
        again = sum("retry_of" in trial.facts for trial in self.trials)
        told = count_noun(len(self.trials), "trial") + (f": {listed}" if listed else "")
        return f"{told}; {again:,} of them tried again after a kill." if again else f"{told}."


def render_sweep_markdown(report: SweepReport) -> str:
    """Render the report as Markdown."""
    blocks = [
        f"# Sweep {report.name}",
        report.summary,
        "## The best",
        render_table(_tabulate(report, report.best)),
    ]
    if report.importances:
        rows = [[name, f"{share:.0%}"] for name, share in report.importances.items()]
        blocks += ["## Importance", render_table([["parameter", "share"], *rows]), _IMPORTANCE]
    commands = ["```", *report.commands, "```"]
    blocks += ["## Go on with the best", "\n".join(commands)] if report.commands else []
    blocks += ["## All trials", render_table(_tabulate(report, report.trials))]
    return show_text("\n\n".join(blocks) + "\n")


def render_sweep(report: SweepReport) -> str:
    """Render the report as one HTML page: the table, parallel coordinates and importances."""
    title = escape(f"Sweep {report.name}")
    parts = [f"<h1>{title}</h1><p>{escape(report.summary)}</p>"]
    scored = [trial for trial in report.trials if trial.values and set(report.axes) <= set(trial.parameters)]
    if scored and report.axes:
        parts += ["<h2>The runs</h2>", f'<div class="wide">{_draw(report, scored)}</div>']
        parts.append(f"<p>One line a run, stopped ones at their last {_SCORE}; point at one to read it.</p>")
    parts += ["<h2>The best</h2>", _render_rows(_tabulate(report, report.best))]
    if report.importances:
        parts += ["<h2>Importance</h2>", _render_bars(report.importances), f"<p>{_IMPORTANCE}</p>"]
    if report.commands:
        parts += ["<h2>Go on with the best</h2>", f"<pre>{escape(chr(10).join(report.commands))}</pre>"]
    parts += ["<h2>All trials</h2>", _render_rows(_tabulate(report, report.trials))]
    head = f'<meta charset="utf-8"/><title>{title}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


_IMPORTANCE = (
    "A parameter's share in whether a run is among the better ones (PED-ANOVA); few runs say little about it."
)


def _draw(report: SweepReport, scored: Sequence[Trial]) -> str:
    best = {trial.number for trial in report.best}
    lines = [
        RunLine(
            values={**trial.parameters, _SCORE: 100 * trial.values[0]},
            label=f"trial {trial.number}, {trial.state}: {_SCORE} {MAIN.show(100 * trial.values[0])}",
            best=trial.number in best,
        )
        for trial in scored
    ]
    return render_coordinates([*report.axes, _SCORE], lines)


def _tabulate(report: SweepReport, trials: Sequence[Trial]) -> list[list[str]]:
    rows = [
        [
            str(trial.number),
            _describe(trial),
            f"{100 * trial.values[0]:.2f}" if trial.values else "",
            f"{trial.facts['params_deployed']:,}" if "params_deployed" in trial.facts else "",
            *(str(trial.facts.get(fact, "")) for fact in ("dendrites", "seconds")),
            *(render_value(trial.parameters.get(name, "")) for name in report.axes),
            str(trial.facts.get("reference") or trial.facts.get("error", "")),
        ]
        for trial in trials
    ]
    return [[*_HEADS, *report.axes, "result"], *rows]


def _describe(trial: Trial) -> str:
    again = f", again after {trial.facts['retry_of']}" if "retry_of" in trial.facts else ""
    return f"{trial.state}{again}"


def _render_rows(table: Sequence[Sequence[str]]) -> str:
    heads, *rows = table
    lines = ["".join(f"<th>{escape(cell)}</th>" for cell in heads)]
    lines += ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    return f'<div class="wide"><table>{"".join(f"<tr>{line}</tr>" for line in lines)}</table></div>'


def _render_bars(importances: Mapping[str, float]) -> str:
    rows = [
        f'<tr><td>{escape(name)}</td><td>{share:.0%}</td><td style="width:20rem">'
        f'<div class="bar" style="width:{100 * share:.0f}%"></div></td></tr>'
        for name, share in importances.items()
    ]
    return f"<table>{''.join(rows)}</table>"
