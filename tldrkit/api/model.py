"""A model: what it writes of texts and threads, and every step that begins with one."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tldrkit.api.fields import File, build_fields, takes
from tldrkit.api.forum import to_thread
from tldrkit.api.results import Comparison, Scores
from tldrkit.errors import SpecError
from tldrkit.serving.settings import Access
from tldrkit.sources.model import ModelSource, resolve_writer
from tldrkit.specs import CompressSpec, EvalSpec, ExportSpec, Form, RunSpec, SummarizeSpec
from tldrkit.store.names import is_name, name_sibling
from tldrkit.store.store import ArtifactStore
from tldrkit.texts import render_html_table
from tldrkit.threads.thread import Thread

if TYPE_CHECKING:
    from tldrkit.api.store import Store
    from tldrkit.steps.export import Exported
    from tldrkit.steps.summarize import Summarized
    from tldrkit.writing.long_threads import Summary, ThreadSummarizer

_OTHERS = ("model_type", "test_dendrite_capacity")  # of RunSpec: what a model to begin with leaves no use for


class Model:
    """A model that can be loaded; its weights are read when they are needed, and then kept.

    Attributes:
        reference: The artifact's reference, the folder's path, the hub id, or ``central``.
        metrics: What its step measured; empty where it is no artifact.
    """

    def __init__(self, store: "Store", source: str) -> None:
        artifacts = ArtifactStore(store.artifacts)
        self._source: ModelSource = resolve_writer(artifacts, source)
        self._comparison = _find_comparison(artifacts, source, self._source)
        self._ready: tuple[SummarizeSpec, ThreadSummarizer] | None = None
        self.store = store
        self.reference = self._source.reference
        self.metrics: dict[str, Any] = self._source.manifest.metrics if self._source.manifest else {}

    @takes(SummarizeSpec)
    def summarize(
        self,
        threads: Sequence[str | Thread],
        *,
        spec: File | Sequence[File] = (),
        **fields: Any,  # noqa: ANN401  (of the spec)
    ) -> "list[Summary]":
        """Summarize texts and threads; of each sentence it is told which posts it most likely came from.

        Args:
            threads: Texts, and threads such as ``tldrkit.read_threads`` reads.
            spec: YAML files of fields; what is given by name wins.
            fields: Those of ``tldrkit summarize --help``, with underscores.

        Returns:
            Summaries in the order given: ``text``, ``sentences`` with the places of their ``posts`` from 0,
            ``ending``, and ``unfamiliar`` where the text is far from what the network knows.

        Raises:
            DataError: A text has no words.
            ModelError: The model cannot be loaded.
            SpecError: A field cannot be used.

        Examples:
            >>> model = tldrkit.load("central")
            >>> first, second = model.summarize(["The lift is broken. Tim mends it.", threads[0]])
            >>> first.text
            'The lift is broken. Tim mends it.'
            >>> [sentence.posts for sentence in first.sentences]
            [(0,), (0,)]
        """
        if isinstance(threads, str | Thread):
            raise SpecError("Texts and threads are given as a list.", hint="Such as: model.summarize([text])")
        given = [to_thread(number, one) for number, one in enumerate(threads, start=1)]
        asked = build_fields(SummarizeSpec, spec, fields)
        if self._ready is None or self._ready[0] != asked:
            from tldrkit.sources.loading import load_thread_summarizer

            options = self.store.build_options("summarize")
            completed = self._source.complete(asked, options)
            self._ready = asked, load_thread_summarizer(options, self._source, completed)
        return self._ready[1](given)

    @takes(SummarizeSpec)
    def summarize_files(
        self,
        *paths: str | PathLike[str],
        out: File | None = None,
        format: Form | None = None,  # noqa: A002  (the option's name)
        with_sources: bool = False,
        overwrite: bool = False,
        as_text: bool = False,
        spec: File | Sequence[File] = (),
        force: bool = False,
        **fields: Any,  # noqa: ANN401  (as above)
    ) -> "Summarized":
        """Summarize files of threads into a file, as `tldrkit summarize` does; what is done stays.

        Args:
            paths: Files, folders and patterns.
            out: File to write: .jsonl, .csv, .parquet or .md; where not given, one beside each input.
            format: What is written, however the file's name ends.
            with_sources: Say which posts, from 0, each sentence most likely came from.
            overwrite: Replace an output that is there already, though no earlier run wrote it.
            as_text: Take texts that do not read as prose as one post each.
            spec: YAML files of fields; what is given by name wins.
            force: Do it all again.
            fields: Those of ``tldrkit summarize --help``, with underscores.

        Returns:
            Counts of threads, of broken inputs, and of what was known from before.

        Raises:
            DataError: A path does not exist, or a pattern matches nothing.
            StoreError: The output cannot be written, or is there and no run wrote it.
        """
        from tldrkit.records.summaries import Output
        from tldrkit.steps.summarize import summarize as run

        file = Path(out) if out else None
        output = Output(file=file, form=format, sources=with_sources, overwrite=overwrite)
        return run(
            self.store.build_options("summarize", force=force),
            build_fields(SummarizeSpec, spec, fields),
            paths=[Path(path) for path in paths],
            model=self.reference,
            output=output,
            as_text=as_text,
        )

    @takes(CompressSpec)
    def compress(
        self,
        *,
        name: str,
        match: "Model | str | None" = None,
        spec: File | Sequence[File] = (),
        force: bool = False,
        **fields: Any,  # noqa: ANN401  (as above)
    ) -> "Model":
        """Make it smaller, keeping what it can of what the network knows.

        Args:
            name: Name to publish the result under.
            match: A model whose deployed size the result shall have (run D).
            spec: YAML files of fields; what is given by name wins.
            force: Do it again though it is already done.
            fields: Those of ``tldrkit compress --help``, with underscores.

        Raises:
            CompressionError: The sizes cannot be made.
            SpecError: A field cannot be used.

        Examples:
            >>> small = model.compress(enc_num_layers=1, dataset="toy", name="small")
            >>> small.reference
            'small@v1'
            >>> small.metrics["params_deployed"] < 30_000
            True
        """
        from tldrkit.steps.compress import compress as run

        options, asked = (
            self.store.build_options("compress", force=force),
            build_fields(CompressSpec, spec, fields),
        )
        outcome = run(options, asked, source=self.reference, target=name, match=_name(match))
        return self.store.open_model(outcome)

    @takes(RunSpec, without=[*_OTHERS, "teacher"])
    def train(
        self,
        *,
        name: str | None = None,
        teacher: "Model | str | None" = None,
        spec: File | Sequence[File] = (),
        force: bool = False,
        **fields: Any,  # noqa: ANN401  (as above)
    ) -> "Model":
        """Fine-tune it, with or without artificial dendrites; where sizes are given, compress it first.

        Args:
            name: Name to publish the result under; ``EXPERIMENT/train`` where not given.
            teacher: A model to learn from as well.
            spec: YAML files of fields; what is given by name wins.
            force: Do it again though it is already done.
            fields: Those of ``tldrkit train --help``, with underscores.

        Raises:
            SpecError: A field cannot be used, or the result has no name.
            DataError: The data set cannot be used.
            ModelError: The sizes cannot be made, or PerforatedAI stops.

        Examples:
            >>> trained = model.train(dataset="toy", max_steps=2, eval_examples=2, name="c/train")
            >>> trained.metrics["steps"]
            2
        """
        from tldrkit.steps.one_line import compress_and_train, name_training

        for field in _OTHERS:
            if field in fields:
                raise SpecError(f"{field} is for the command line.", hint="Leave it out.")
        asked = build_fields(RunSpec, spec, fields | {"teacher": _name(teacher)})
        target = name_training(name, asked)
        options = self.store.build_options("train", force=force)
        outcomes = compress_and_train(
            options, asked, source=self.reference, target=target, small=name_sibling(target, "compress")
        )
        *_, artifact = [self.store.take(outcome) for outcome in outcomes]
        return self.store.load(artifact.reference)

    @takes(EvalSpec)
    def eval(
        self,
        *,
        name: str | None = None,
        spec: File | Sequence[File] = (),
        force: bool = False,
        **fields: Any,  # noqa: ANN401  (as above)
    ) -> Scores:
        """Score it: ROUGE, every prediction, parameters, bytes, latency, throughput and memory.

        Args:
            name: Name to publish the scores under; ``b/eval`` of ``b/train``, ``small/eval`` of ``small``
                where not given.
            spec: YAML files of fields; what is given by name wins.
            force: Do it again though it is already done.
            fields: Those of ``tldrkit eval --help``, with underscores.

        Raises:
            SpecError: A field cannot be used.
            DataError: The data set cannot be used.

        Examples:
            >>> scores = model.eval(dataset="toy", max_target_tokens=8, name="whole/eval")
            >>> scores.metrics["documents"]
            12
        """
        from tldrkit.steps.eval import eval as run

        target = name or _name_scores(self.reference)
        options = self.store.build_options("eval", force=force)
        outcome = run(options, build_fields(EvalSpec, spec, fields), source=self.reference, target=target)
        return Scores(self.store, self.store.take(outcome))

    @takes(SummarizeSpec)
    def serve(
        self,
        *,
        host: str = Access.host,
        port: int = Access.port,
        token_file: File | None = None,
        spec: File | Sequence[File] = (),
        **fields: Any,  # noqa: ANN401  (as above)
    ) -> None:
        """Summarize over HTTP, as `tldrkit serve` does, until Ctrl-C or SIGTERM; then return.

        Several models at once, limits and other names are for the command.

        Args:
            host: Address to listen at.
            port: Port; 0 is a free one. The address is told.
            token_file: File with the bearer token that requests must carry; where not given, the variable
                TLDRKIT_TOKEN holds it, or none is asked for.
            spec: YAML files of fields; what is given by name wins.
            fields: Those of ``tldrkit serve --help``, with underscores.

        Raises:
            SpecError: A field cannot be used, or it is called where a loop runs, as in a notebook.
            TldrkitError: The address cannot be had, or the extra `serve` is not installed.
        """
        from tldrkit.serving.settings import Limits, read_token
        from tldrkit.steps.serve import serve as run

        options = self.store.build_options("serve")
        run(
            options,
            build_fields(SummarizeSpec, spec, fields),
            sources=[self.reference],
            access=Access(host=host, port=port, token=read_token(Path(token_file) if token_file else None)),
            limits=Limits(),
            announce=lambda listening: options.display.log(
                {"message": f"Serving {self.reference} at {listening.address}; Ctrl-C stops."}
            ),
        )

    @takes(ExportSpec)
    def export(
        self,
        to: File,
        *,
        comparison: "Comparison | str | None" = None,
        push_to_hub: str | None = None,
        private: bool = True,
        spec: File | Sequence[File] = (),
        force: bool = False,
        **fields: Any,  # noqa: ANN401  (as above)
    ) -> "Exported":
        """Write it as a Hugging Face folder, with its card, that others load without tldrkit.

        Args:
            to: The folder.
            comparison: For the card; the one it was loaded by, where there was one.
            push_to_hub: Repository ``USER/NAME`` to send the folder to; made where there is none.
            private: Whether a repository that is made is.
            spec: YAML files of fields; what is given by name wins.
            force: Write it again.
            fields: Those of ``tldrkit export --help``, with underscores.

        Raises:
            StoreError: The folder exists and holds something else.
            SpecError: The comparison does not hold the model, or a field cannot be used.

        Examples:
            >>> exported = model.export(folder / "exported")
            >>> (exported.folder / "README.md").is_file()
            True
        """
        from tldrkit.steps.export import export as run

        if push_to_hub is not None:
            from tldrkit.steps.push import check_repository

            check_repository(push_to_hub)
        exported = run(
            self.store.build_options("export", force=force),
            build_fields(ExportSpec, spec, fields),
            source=self.reference,
            to=Path(to),
            comparison=_name(comparison) or self._comparison,
            name=push_to_hub,
        )
        if push_to_hub is not None:
            from tldrkit.steps.push import push

            push(exported.folder, push_to_hub, private=private, dry_run=False)
        return exported

    def __repr__(self) -> str:
        return f"Model({self.reference!r})"

    def _repr_html_(self) -> str:
        from tldrkit.scoring.metrics import MAIN
        from tldrkit.sources.origin import describe_training, find_training_data

        rows = [
            [head, f"{self.metrics[name]:,}"]
            for name, head in (
                ("params_deployed", "deployed parameters"),
                ("bytes", "bytes of weights"),
                ("dendrites", "dendrites per layer"),
            )
            if self.metrics.get(name) is not None
        ]
        if (best := self.metrics.get("best_val_rouge_l")) is not None:
            rows.append([f"best validation {MAIN.head}", MAIN.show(100 * best)])
        told = []
        if self._source.manifest or Path(self._source.location).is_dir():  # nothing is fetched to be shown
            known = find_training_data(ArtifactStore(self.store.artifacts), self._source)
            told = [describe_training(self.reference, known)]
        return render_html_table([[self.reference, ""], *rows], below=told)


def _find_comparison(store: ArtifactStore, asked: str, found: ModelSource) -> str | None:
    """Tell the comparison that a model was asked for by."""
    if found.manifest is None:
        return None
    artifact = store.resolve(asked)
    return artifact.reference if artifact.manifest.kind == "comparison" else None


def _name(given: "Model | Comparison | str | None") -> str | None:
    return given if given is None or isinstance(given, str) else given.reference


def _name_scores(reference: str) -> str:
    """Name a model's scores after it.

    Raises:
        SpecError: It has no name that scores can have.
    """
    target = name_sibling(reference.partition("@")[0], "eval")
    if not is_name(target):
        raise SpecError(f"The scores of {reference} need a name.", hint='Such as: model.eval(name="x/eval")')
    return target
