"""The files that run tldrkit as a service."""

import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.docs.test_command_lines import ROOT, find_command
from tests.test_packaging import build

FOLDER = ROOT / "deploy"
UNITS = sorted(FOLDER.glob("*.service"))
PROGRAM = "/opt/tldrkit/.venv/bin/tldrkit"


def read_command(unit: Path) -> list[str]:
    """Read what a unit starts."""
    (line,) = re.findall(r"^ExecStart=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
    return line.split()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_service_starts_a_command_that_can_be_given(unit: Path) -> None:
    """The command line knows the command and all its options."""
    program, *words = read_command(unit)
    command, rest = find_command(words)

    assert program == PROGRAM
    command.make_context("tldrkit", rest)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_nothing_wrong_with_a_unit(unit: Path, tmp_path: Path) -> None:
    """All keys and values are systemd's; a program that is there stands for the installed one."""
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text(encoding="utf-8").replace(PROGRAM, "/bin/true"), encoding="utf-8")
    told = subprocess.run(
        ["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False
    )

    assert (told.returncode, told.stderr) == (0, "")


def test_the_image_copies_what_is_there_and_starts_a_command_that_can_be_given() -> None:
    """Files that are copied exist, and the words of CMD follow those of ENTRYPOINT."""
    text = (FOLDER / "Containerfile").read_text(encoding="utf-8")
    copied = [word for line in re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE) for word in line.split()]
    (start,) = re.findall(r"^ENTRYPOINT (.*)$", text, re.MULTILINE)
    (words,) = re.findall(r"^CMD (.*)$", text, re.MULTILINE)
    command, rest = find_command(json.loads(words))

    assert json.loads(start) == ["tldrkit"]
    assert copied
    assert all((ROOT / name).exists() for name in copied)
    command.make_context("tldrkit", rest)


def test_the_image_installs_all_of_the_package(tmp_path: Path) -> None:
    """Of what is copied, where it is copied to, a wheel is made that holds every file of the package."""
    text = (FOLDER / "Containerfile").read_text(encoding="utf-8")
    tree = tmp_path / "tree"
    tree.mkdir()
    for line in re.findall(r"^COPY (.*)$", text, re.MULTILINE):
        *names, to = line.split()
        for name in names:
            if (ROOT / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / name, tree / to, symlinks=True, ignore=ignored)
            else:
                shutil.copy(ROOT / name, tree / to)
    with zipfile.ZipFile(build("build_wheel", tree, tmp_path)) as wheel:
        held = set(wheel.namelist())

    package = ROOT / "tldrkit"
    wanted = {path.relative_to(ROOT).as_posix() for path in package.rglob("*.*") if path.is_file()}
    experiments = {
        f"tldrkit/start/{path.relative_to(ROOT)}" for path in (ROOT / "experiments").rglob("*.yaml")
    }
    assert {name for name in wanted if "__pycache__" not in name} | experiments <= held
