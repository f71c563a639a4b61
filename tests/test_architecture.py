"""The house's rules, as DESIGN and docs/explanation/architecture.md draw them."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tldrkit"
FILES = sorted(PACKAGE.rglob("*.py"))

BOTTOM = {"errors", "texts"}
FLOOR = BOTTOM | {"specs", "tensors", "tracking", "files", "packings", "encodings"}
NETWORKS = FLOOR | {"machine", "families", "dendrites"}
TEXTS = {"threads", "datasets", "scoring"}
MAY_IMPORT = {
    "errors": set(),
    "files": BOTTOM | {"packings", "encodings"},
    "packings": set(),
    "encodings": set(),
    "specs": BOTTOM,
    "tensors": BOTTOM,
    "texts": set(),
    "tracking": BOTTOM,
    "options": BOTTOM | {"tracking"},
    "store": BOTTOM,
    "machine": BOTTOM,
    "threads": FLOOR,
    "datasets": FLOOR | {"threads"},
    "scoring": FLOOR,
    "families": FLOOR | {"machine"},
    "dendrites": NETWORKS,
    "compression": NETWORKS,
    "bases": NETWORKS | {"compression"},
    "writing": NETWORKS | TEXTS,
    "training": NETWORKS | TEXTS | {"writing"},
    "search": FLOOR,
    "reports": FLOOR | {"scoring", "store", "search"},
    "serving": FLOOR | {"threads", "writing"},
    "records": FLOOR | {"datasets", "threads", "store"},
    "sources": NETWORKS | {"datasets", "scoring", "store", "writing", "options"},
    "steps": NETWORKS
    | TEXTS
    | {"bases", "compression", "options", "records", "reports", "search", "serving", "sources", "store"}
    | {"training", "writing"},
    "cli": FLOOR | {"machine", "options", "store", "records", "scoring", "steps", "reports", "serving"},
    "models": {"families"},
    "api": FLOOR
    | {"options", "store", "records", "steps", "scoring", "sources", "reports", "serving", "writing"}
    | {"threads", "cli"},
    "__main__": {"cli"},
    "__init__": {"api", "errors", "threads"},
    # Rooms within rooms that know less than the room they are in.
    "datasets/synthetic": BOTTOM | {"datasets/examples", "threads"},
    "families/hub_code": set(),
    "training/packed": {"dendrites", "families/hub_code", "families/blueprint", "families/positions"},
    "writing/compiled": BOTTOM
    | {"dendrites/cascade", "families/blueprint", "families/drawing", "families/positions", "specs"},
    "writing/compiled/kernels": set(),
}
DOORS = {
    "typer": ("cli/",),
    "rich": ("cli/console.py",),
    "click": (),
    "yaml": ("specs/spec.py",),
    "wandb": ("tracking.py",),
    "datasets": ("datasets/hub.py", "scoring/rouge.py"),
    "evaluate": ("scoring/rouge.py",),
    "rouge_score": ("scoring/words.py",),
    "regex": ("scoring/words.py",),
    "sacrebleu": ("scoring/chrf.py",),
    "jinja2": ("reports/html.py",),
    "perforatedai": ("dendrites/perforated.py",),
    "perforatedbp": (),
    "safetensors": ("tensors.py",),
    "accelerate": ("machine/", "training/"),
    "pyarrow": ("datasets/parquet.py", "packings.py"),
    "sqlite3": ("store/journal.py", "store/ledger.py"),
    "onnx": ("families/onnx_graphs.py",),
    "onnxruntime": ("families/onnx_graphs.py",),
    "fastapi": ("serving/app.py",),
    "starlette": ("serving/app.py",),
    "uvicorn": ("serving/server.py",),
    "prometheus_client": ("serving/gauges.py",),
    "optuna": ("search/study.py",),
    "ray": ("writing/cluster.py",),
    "ctranslate2": (),
    "numba": ("writing/compiled/kernels/",),
    "llvmlite": ("writing/compiled/kernels/",),
    "pickle": (),
    "pandas": ("api/results.py",),
    "webencodings": ("encodings.py",),
}


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if node.module == "tldrkit":
                yield from (f"tldrkit.{alias.name}" for alias in node.names)
            else:
                yield node.module


def find_room(path: str) -> str:
    """The innermost room of a path such as ``writing/compiled/rules`` that has a rule of its own."""
    parts = path.split("/")
    return next(room for depth in range(len(parts), 0, -1) if (room := "/".join(parts[:depth])) in MAY_IMPORT)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_follow_the_map(path: Path) -> None:
    """Every import points down the map, and third-party libraries enter by their own door."""
    where = path.relative_to(PACKAGE).as_posix()
    room = find_room(where.removesuffix(".py"))
    for name in imports_of(path):
        top, _, rest = name.partition(".")
        target = rest.replace(".", "/") + "/"
        if top == "tldrkit":
            allowed = MAY_IMPORT[room] | {room, "__version__"}
            assert any(target.startswith(f"{part}/") for part in allowed), f"{where} must not import {name}"
        elif top in DOORS:
            assert where.startswith(DOORS[top] or ("nowhere",)), f"{where} must not import {top}"


def test_no_two_rooms_import_each_other() -> None:
    """The map has an order: whoever may import a room is imported by nothing in it."""
    below: dict[str, set[str]] = {}
    while len(below) < len(MAY_IMPORT):
        free = {
            room
            for room, may in MAY_IMPORT.items()
            if {m.split("/")[0] for m in may} <= {*below, room.split("/")[0]}
        }
        assert free - set(below), f"in a circle: {set(MAY_IMPORT) - set(below)}"
        below |= {room: MAY_IMPORT[room] for room in free}


def test_asking_for_help_loads_nothing_heavy() -> None:
    """The command line imports neither torch nor what builds on it, nor W&B, NumPy or pandas."""
    code = "import tldrkit.cli.app, sys; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {
        "torch",
        "transformers",
        "datasets",
        "wandb",
        "numpy",
        "pandas",
        "evaluate",
        "perforatedai",
    } & set(loaded)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_stay_small(path: Path) -> None:
    """No file exceeds 400 lines, no function 70 lines or 6 positional arguments."""
    text = path.read_text(encoding="utf-8")
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]

    assert len(text.splitlines()) <= 400
    assert [f.name for f in functions if (f.end_lineno or 0) - f.lineno >= 70] == []
    assert [f.name for f in functions if len(f.args.args) > 6] == []


def find_meanings(path: Path) -> Iterator[tuple[str, str]]:
    """Find the public names of a module, and what each means; not what has its name, as steps do."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names = [one.id for one in targets if isinstance(one, ast.Name)]
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names = [node.name]
        for name in names:
            if not name.startswith("_") and name != path.stem:
                yield name, ast.unparse(node)


def test_a_public_name_means_one_thing() -> None:
    """No two modules give one name to different things; `api/` calls things as those it is in front of."""
    meanings: dict[str, dict[str, str]] = {}
    for path in FILES:
        place = path.relative_to(PACKAGE).as_posix()
        if not place.startswith(("api/", "__main__")):
            for name, meaning in find_meanings(path):
                meanings.setdefault(name, {})[meaning] = place

    assert {name: list(told.values()) for name, told in meanings.items() if len(told) > 1} == {}


def test_nothing_is_unpickled() -> None:
    """No file calls torch.load, pickle or their kin."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in FILES)

    assert "torch.load(" not in text
    assert "weights_only" not in text


STEPS = [
    "base",
    "compress",
    "train",
    "eval",
    "predictions",
    "compare",
    "export",
    "summarize",
    "serve",
    "sweep",
]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_is_done_loads_no_torch(step: str) -> None:
    """What decides whether a step must be done imports neither torch nor transformers."""
    code = f"import tldrkit.steps.{step}, sys; print('torch' in sys.modules, 'transformers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "False"]
