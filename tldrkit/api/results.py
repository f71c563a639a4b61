"""What scoring and comparing made: values to read, a table, and how a notebook shows them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tldrkit.errors import TldrkitError
from tldrkit.store.store import Artifact
from tldrkit.texts import render_html_table

if TYPE_CHECKING:
    import pandas

    from tldrkit.api.model import Model
    from tldrkit.api.store import Store
    from tldrkit.reports.comparison import Contrast, LabelRow


class Scores:
    """What `eval` found of a model, or of another system's outputs.

    Attributes:
        reference: Such as ``b/eval@v1``.
        path: Folder with ``scores.json`` and ``predictions.jsonl``, a line for each document.
        metrics: Mean scores as fractions, and what a summary costs.
    """

    def __init__(self, store: "Store", artifact: Artifact) -> None:
        self.store = store
        self.reference = artifact.reference
        self.path: Path = artifact.path
        self.metrics: dict[str, Any] = artifact.manifest.metrics

    def __repr__(self) -> str:
        return f"Scores({self.reference!r})"

    def _repr_html_(self) -> str:
        from tldrkit.scoring.metrics import METRICS

        known = {name: score for name in METRICS if (score := self.metrics.get(name)) is not None}
        rows = [[METRICS[name].head, METRICS[name].show(100 * score)] for name, score in known.items()]
        rows += [["documents", f"{self.metrics['documents']:,}"]]
        return render_html_table([[self.reference, ""], *rows])


class Comparison:
    """Runs side by side: what each scores and costs, which differences are shown, and which run to take.

    Attributes:
        reference: Such as ``compare@v1``.
        path: Folder with ``comparison.json`` and ``comparison.md``.
    """

    def __init__(self, store: "Store", artifact: Artifact) -> None:
        from tldrkit.steps.compare import read_comparison

        self.store = store
        self._artifact = artifact
        self._value = read_comparison(artifact)
        self.reference = artifact.reference
        self.path: Path = artifact.path

    @property
    def rows(self) -> "tuple[LabelRow, ...]":
        """The runs, with scores times 100."""
        return self._value.rows

    @property
    def contrasts(self) -> "tuple[Contrast, ...]":
        """The questions asked of pairs of runs, each with its answer."""
        return self._value.contrasts

    @property
    def winner(self) -> str:
        """Label of the run to take; empty where only outputs were compared."""
        return self._value.winner

    def load(self) -> "Model":
        """Load the model of the run to take.

        Raises:
            StoreError: Only outputs were compared.
        """
        return self.store.load(self.reference)

    def to_frame(self) -> "pandas.DataFrame":
        """Build a table: a line for each run, then one for each summary made by rules, by their labels.

        Scores are times 100; what is not known is missing. Of a run's other figures the names are those of
        ``comparison.json``.

        Raises:
            TldrkitError: pandas is not installed.
        """
        try:
            import pandas
        except ModuleNotFoundError as error:
            raise TldrkitError("A frame needs pandas.", hint="pip install pandas") from error
        from tldrkit.scoring.metrics import MAIN

        lines = {
            row.label: {
                "seeds": len(row.seeds),
                **row.scores,
                f"{MAIN.name}_low": row.interval.low,
                f"{MAIN.name}_high": row.interval.high,
                "parameters_change": row.parameters_change,
                **row.cost,
            }
            for row in self._value.rows
        }
        return pandas.DataFrame.from_dict({**lines, **self._value.baselines}, orient="index")

    def to_dict(self) -> dict[str, Any]:
        """Give all of it as JSON values, as ``comparison.json`` has them."""
        return self._value.to_dict()

    def to_markdown(self) -> str:
        """Give the page that `compare --md` writes."""
        from tldrkit.reports.page import render_markdown

        return render_markdown(self._value)

    def to_html(self) -> str:
        """Give the page that `compare --html` writes, with curves and documents."""
        from tldrkit.steps.report import render_report
        from tldrkit.store.store import ArtifactStore

        return render_report(ArtifactStore(self.store.artifacts), self._artifact)

    def to_sheet(self, threads: int = 20) -> str:
        """Give the blind sheet (CSV) that `compare --rate` writes, for people to rate summaries on.

        Args:
            threads: How many are drawn for it.

        Raises:
            ComparisonError: The texts of a run are not kept.
        """
        from tldrkit.steps.report import build_sheet
        from tldrkit.store.store import ArtifactStore

        return build_sheet(ArtifactStore(self.store.artifacts), self._artifact, threads=threads)

    def __repr__(self) -> str:
        return f"Comparison({self.reference!r})"

    def _repr_html_(self) -> str:
        from tldrkit.reports.page import find_notes
        from tldrkit.reports.tables import build_costs, build_differences, build_others, build_quality

        value = self._value
        told = [line for contrast in value.contrasts for line in (contrast.whole, *contrast.beside)]
        told += [f"Claim: {judgement.sentence}" for judgement in value.judgements]
        if value.winner:
            told.append(f"The run to take: {value.winner} ({value.winner_model}).")
        told += [f"Mind: {note}" for note in find_notes(value)]
        others = [table for table in (build_others(value), build_costs(value)) if len(table[0]) > 1]
        others += [table for table in (build_differences(value),) if len(table) > 1]
        return "".join(
            [render_html_table(build_quality(value), below=told), *(render_html_table(one) for one in others)]
        )
