"""What is built for others: an sdist, the wheel made of it, and a folder that `tldrkit init` writes."""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.cli.conftest import base_folder, build_environment

__all__ = ["base_folder"]  # a fixture

ROOT = Path(__file__).parents[1]
BUILD = "import sys; from setuptools import build_meta as b; print(getattr(b, sys.argv[1])(sys.argv[2]))"
HELP = (
    "import tldrkit, typer; from tldrkit.cli.app import app; print(tldrkit.__file__)\n"
    "for name in typer.main.get_command(app).commands: app([name, '--help'], standalone_mode=False)"
)
CORE = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
sys.argv[0] = "tldrkit"
from tldrkit.__main__ import main
main()
"""
HEAVY = (
    "accelerate", "datasets", "evaluate", "jinja2", "nltk", "pandas", "perforatedai", "pyarrow",
    "rouge_score", "sacrebleu", "scipy", "torch", "transformers", "wandb",
)  # fmt: skip
EXAMPLES = ROOT / "examples/threads"


def build(kind: str, source: Path, to: Path) -> Path:
    """Build an sdist or a wheel without asking a registry."""
    command = [sys.executable, "-c", BUILD, kind, str(to)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=300, check=True)
    return to / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel made of the sdist, installed without dependencies: a folder for PYTHONPATH."""
    folder = tmp_path_factory.mktemp("packages")
    tree = folder / "tree"
    tree.mkdir()
    for name in ("tldrkit", "experiments"):
        shutil.copytree(ROOT / name, tree / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    shutil.unpack_archive(build("build_sdist", tree, folder), folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    wheel = build("build_wheel", unpacked, folder)
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-index",
        "--no-compile",
        "-q",
        "--target",
    ]
    subprocess.run([*command, str(folder / "site"), str(wheel)], check=True, timeout=300)
    return folder / "site"


def run(installed: Path, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the installed package, in a folder outside the clone."""
    environment = build_environment(PYTHONPATH=str(installed))
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )


def test_every_command_is_in_the_wheel(installed: Path, tmp_path: Path) -> None:
    """Help of every command, a real run and the files beside the code come out of the wheel alone."""
    helped = run(installed, tmp_path, "-c", HELP)
    command = ["-m", "tldrkit", "summarize", str(EXAMPLES), "--model", "central", "--out", "out.jsonl"]
    done = run(installed, tmp_path, *command)
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]

    assert helped.returncode == 0, helped.stderr
    assert helped.stdout.startswith(str(installed))
    assert done.returncode == 0, done.stderr
    assert all(record["summary"] for record in records)
    ours = {
        path.relative_to(ROOT / "tldrkit")
        for path in (ROOT / "tldrkit").rglob("*.[ehjcp]*")
        if path.is_file()
    }
    theirs = {
        path.relative_to(installed / "tldrkit")
        for path in (installed / "tldrkit").rglob("*")
        if path.is_file()
    }
    assert {path for path in ours if "__pycache__" not in path.parts} <= theirs


def test_a_folder_is_begun_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """`init` writes the repository's own experiments, and `make abc` plans there what it plans in a clone."""
    done = run(installed, tmp_path, "-m", "tldrkit", "init", "mine")
    again = run(installed, tmp_path, "-m", "tldrkit", "init", "mine")
    made = {path.relative_to(tmp_path / "mine") for path in (tmp_path / "mine").rglob("*") if path.is_file()}

    assert done.returncode == 0, done.stderr
    assert "holds all of it already" in again.stderr
    assert made == {
        Path("Makefile"),
        Path("README.md"),
        *(path.relative_to(ROOT) for path in (ROOT / "experiments").rglob("*") if path.is_file()),
    }
    assert all(
        (tmp_path / "mine" / path).read_bytes() == (ROOT / path).read_bytes()
        for path in made
        if path.parts[0] == "experiments"
    )
    plans = [
        {
            line.split("tldrkit ", 1)[1]
            for line in plan(folder, tmp_path)
            if "tldrkit " in line and "pip" not in line
        }
        for folder in (tmp_path / "mine", ROOT)
    ]
    assert plans[0] == plans[1]


def plan(folder: Path, store: Path) -> list[str]:
    """Ask make for the commands of `abc`."""
    if not shutil.which("make"):
        pytest.skip("no make")
    bare = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "-n", "abc", f"ARTIFACTS={store / 'store'}"]
    return subprocess.run(
        command, cwd=folder, env=bare, capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    """A file of another content stops it before anything is written."""
    (tmp_path / "Makefile").write_text("mine:\n")
    done = run(ROOT, tmp_path, "-m", "tldrkit", "init", ".")

    assert done.returncode == 1
    assert "Makefile would be overwritten" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["Makefile"]


def test_the_core_asks_for_little(tmp_path: Path) -> None:
    """The core's wheel holds the whole code, and asks for none of the heavy libraries."""
    command = [sys.executable, str(ROOT / "deploy/build_core.py"), str(tmp_path)]
    built = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    shutil.unpack_archive(built.stdout.strip(), tmp_path / "site", "zip")
    (found,) = importlib.metadata.distributions(path=[str(tmp_path / "site")])
    asked = [line.split(";")[0] for line in found.requires or ()]
    code = (path.relative_to(ROOT) for path in (ROOT / "tldrkit").rglob("*.py"))

    assert found.metadata["Name"] == "tldrkit-core"
    assert not any(line.startswith(tuple(name.replace("_", "-") for name in HEAVY)) for line in asked)
    assert [path for path in code if not (tmp_path / "site" / path).is_file()] == []


def test_the_core_summarizes_and_serves(base_folder: Path, tmp_path: Path) -> None:
    """Without those libraries a T5 summarizes and answers over HTTP; what needs more says what is missing."""
    code = CORE.format(names=HEAVY)
    model = ["--max-tokens", "8", "--num-beams", "1"]
    done = run(
        ROOT,
        tmp_path,
        "-c",
        code,
        "summarize",
        str(EXAMPLES),
        "--model",
        str(base_folder),
        *model,
        "--out=x.jsonl",
    )
    refused = run(ROOT, tmp_path, "-c", code, "compress", str(base_folder), "--as", "x", "--d-ff", "8")
    command = [sys.executable, "-c", code, "serve", str(base_folder), *model, "--port", "0"]
    environment = build_environment(PYTHONPATH=str(ROOT))
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            asked = urllib.request.Request(
                address,
                json.dumps({"inputs": "The lift is broken."}).encode(),
                {"Content-Type": "application/json"},
            )
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                asked, timeout=600
            ) as answer:
                told = json.loads(answer.read())
        finally:
            server.terminate()

    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "x.jsonl").read_text().splitlines()) == len(list(EXAMPLES.iterdir()))
    assert "summary_text" in told[0]
    assert refused.returncode == 1
    assert "is not installed." in refused.stderr
    assert "Traceback" not in refused.stderr
