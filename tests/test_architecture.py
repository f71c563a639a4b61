"""The house's rules, as DESIGN and docs/architecture.md draw them."""

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
ROOMS = {"models", "data", "threads", "metrics", "store"}
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
    "threads": FLOOR,
    "data": FLOOR | {"threads"},
    "metrics": FLOOR,
    "models": FLOOR | {"metrics"},
    "search": FLOOR,
    "engines": FLOOR | {"models", "data", "threads", "metrics"},
    "reports": FLOOR | {"metrics", "store", "search"},
    "serving": FLOOR | {"data", "threads", "engines"},
    "steps": FLOOR | ROOMS | {"engines", "reports", "serving", "options", "search"},
    "cli": FLOOR | {"options", "store", "steps", "reports", "serving"},
    "__main__": {"cli"},
    "__init__": set(),
}
DOORS = {
    "typer": ("cli/",),
    "rich": ("cli/console.py",),
    "click": (),
    "yaml": ("specs/spec.py",),
    "wandb": ("tracking.py",),
    "datasets": ("data/hub.py", "metrics/rouge.py"),
    "evaluate": ("metrics/rouge.py",),
    "rouge_score": ("metrics/words.py",),
    "sacrebleu": ("metrics/chrf.py",),
    "jinja2": ("reports/html.py",),
    "perforatedai": ("models/dendrites.py",),
    "perforatedbp": (),
    "safetensors": ("tensors.py",),
    "accelerate": ("engines/",),
    "pyarrow": ("data/parquet.py", "packings.py"),
    "sqlite3": ("store/journal.py", "store/ledger.py"),
    "onnx": ("models/onnx_graphs.py",),
    "onnxruntime": ("models/onnx_graphs.py",),
    "fastapi": ("serving/app.py",),
    "starlette": ("serving/app.py",),
    "uvicorn": ("serving/server.py",),
    "prometheus_client": ("serving/gauges.py",),
    "optuna": ("search/study.py",),
    "ray": ("engines/cluster.py",),
    "ctranslate2": ("models/translation.py",),
    "numba": ("models/frozen/kernels/",),
    "llvmlite": ("models/frozen/kernels/",),
    "pickle": (),
    "webencodings": ("encodings.py",),
    "charset_normalizer": ("encodings.py",),
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


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_follow_the_map(path: Path) -> None:
    """Every import points down the map, and third-party libraries enter by their own door."""
    where = path.relative_to(PACKAGE).as_posix()
    room = where.split("/")[0].removesuffix(".py")
    for name in imports_of(path):
        top, _, rest = name.partition(".")
        if top == "tldrkit":
            target = rest.split(".")[0]
            assert target in MAY_IMPORT[room] | {room, "__version__"}, f"{where} must not import {name}"
        elif top in DOORS:
            assert where.startswith(DOORS[top] or ("nowhere",)), f"{where} must not import {top}"


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
