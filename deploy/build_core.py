"""Build a wheel of tldrkit-core: the same code, asking only for what summarizing and serving need.

    python deploy/build_core.py dist

It summarizes and serves T5, BART and kin on a processor, without torch; what needs more says so. The package
is called tldrkit in both, so one environment holds one of the two. Nothing is asked of a registry.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORE = {
    "huggingface_hub",
    "llvmlite",
    "numba",
    "numpy",
    "platformdirs",
    "pydantic",
    "pyyaml",
    "rich",
    "safetensors",
    "tokenizers",
    "typer",
    "webencodings",
}
"""Of the dependencies in pyproject.toml, which has their versions."""

BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"


def write_project(text: str) -> str:
    """Turn the project file of tldrkit into that of its core: another name, fewer dependencies, one extra."""
    asked = re.search(r"^dependencies = \[\n(.*?)^\]\n", text, re.M | re.S)
    extras = re.search(r"^\[project\.optional-dependencies\]\n(.*?)(?=^\[)", text, re.M | re.S)
    serve = re.search(r"^serve = \[\n.*?^\]\n", text, re.M | re.S)
    if not (asked and extras and serve):
        raise SystemExit("pyproject.toml has another form than this script knows.")
    lines = [line for line in asked[1].splitlines() if _name(line) in CORE]
    if {_name(line) for line in lines} != CORE:
        raise SystemExit(f"pyproject.toml lacks some of {', '.join(sorted(CORE))}.")
    text = text.replace(extras[1], serve[0] + "\n").replace(asked[1], "\n".join(lines) + "\n")
    return text.replace('name = "tldrkit"\n', 'name = "tldrkit-core"\n', 1)


def _name(line: str) -> str:
    found = re.match(r'\s*"([A-Za-z0-9._-]+)', line)
    return found[1] if found else ""


def build(to: Path) -> Path:
    """Build the wheel into a folder, and tell its path."""
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tldrkit-core-") as name:
        tree = Path(name)
        for folder in ("tldrkit", "experiments"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / folder, tree / folder, symlinks=True, ignore=ignored)
        for file in ("README.md", "LICENSE"):
            shutil.copy(ROOT / file, tree)
        project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        (tree / "pyproject.toml").write_text(write_project(project), encoding="utf-8")
        command = [sys.executable, "-c", BUILD, str(to.resolve())]
        done = subprocess.run(command, cwd=tree, check=True, capture_output=True, text=True)
    return to / done.stdout.splitlines()[-1]


if __name__ == "__main__":
    print(build(Path(sys.argv[1])))  # noqa: T201  (what a script is asked for)
