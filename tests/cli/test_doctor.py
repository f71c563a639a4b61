import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from huggingface_hub import constants

from tests.cli.conftest import build_environment
from tldrkit import __version__
from tldrkit.machine.processor import may_have_gpu
from tldrkit.options import Options
from tldrkit.steps.doctor import ask_hub, examine

NAMED = "import sys; sys.argv[0] = 'tldrkit'; from tldrkit.__main__ import main; main()"


def run(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `tldrkit ARGUMENTS` as the installed script does."""
    root = str(Path(__file__).parents[2])
    surroundings = build_environment(PYTHONPATH=root, **environment)
    command = [sys.executable, "-c", NAMED, *arguments]
    return subprocess.run(
        command, cwd=folder, env=surroundings, capture_output=True, text=True, timeout=600, check=False
    )


def test_the_doctor_fills_one_screen(tmp_path: Path) -> None:
    """What a bug report needs stands in lines on the standard output, and nothing is made."""
    done = run("doctor", folder=tmp_path)
    names = [line[:20].strip() for line in done.stdout.splitlines()]

    assert done.returncode == 0
    assert {
        "tldrkit",
        "processor",
        "threads",
        "memory",
        "number formats",
        "hub",
        "libraries",
        "store",
    } <= set(names)
    assert len(names) < 25
    assert "not asked: HF_HUB_OFFLINE is set" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_hub_is_not_asked_where_its_libraries_do_not(tmp_path: Path) -> None:
    """Offline is what huggingface_hub and transformers take for it; the variable that says so is named."""
    for name, value in (("HF_HUB_OFFLINE", "yes"), ("TRANSFORMERS_OFFLINE", "1")):
        offline = {"HF_HUB_OFFLINE": "", name: value}
        assert f"not asked: {name} is set" in run("doctor", folder=tmp_path, **offline).stdout


def test_the_doctor_does_without_torch() -> None:
    """Where there is no GPU, looking at the machine does not import torch."""
    code = (
        "import sys; from tldrkit.steps.doctor import examine; from tldrkit.options import Options;"
        "found = dict(examine(Options())); print(found['GPU'], 'torch' in sys.modules)"
    )
    environment = build_environment(PYTHONPATH=str(Path(__file__).parents[2]))
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    assert may_have_gpu() or done.stdout.split() == ["none", "False"]


def test_the_doctor_keeps_the_user_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders in the user's own are named from `~` on."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    told = dict(examine(Options(artifacts=tmp_path / "store", data=tmp_path / "texts")))

    assert told["store"].startswith("none yet at ~/store; ")
    assert told["data"] == "~/texts"
    assert str(tmp_path) not in str(told)


def test_the_hub_is_asked_shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer of any status is told, and so is silence; another address than the hub's own is not named."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200 if self.path == "/" else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told = []
        for path in ("/", "/busy"):
            monkeypatch.setattr(constants, "ENDPOINT", address + path)
            told.append(ask_hub())
        server.shutdown()
    told.append(ask_hub())

    assert "answers, in" in told[0]
    assert told[1].endswith("answers, but with 503")
    assert "does not answer: Connection refused" in told[2]
    assert address not in "".join(told)


def test_the_version_names_libraries(tmp_path: Path) -> None:
    """The first line is the package's own version, the second what results depend on most."""
    first, second = run("--version", folder=tmp_path).stdout.splitlines()

    assert first == f"tldrkit {__version__}"
    assert all(f"{name} " in second for name in ("Python", "torch", "numpy"))


def test_the_shell_completes_references(tmp_path: Path) -> None:
    """The Tab key completes commands, options, and the names that the store holds."""
    for name in ("tiny/base", "tiny/b/train", "other"):
        (tmp_path / "store" / name / "v1").mkdir(parents=True)

    def complete(line: str, **environment: str) -> list[str]:
        words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
        told = {"_TLDRKIT_COMPLETE": "complete_bash", **words, **environment}
        return run(folder=tmp_path, **told).stdout.split()

    assert complete("tldrkit com") == ["compress", "compare"]
    assert complete("tldrkit train tiny", TLDRKIT_ARTIFACTS="store") == ["tiny/b/train", "tiny/base"]
    assert complete("tldrkit eval --artifacts store o") == ["other"]
    assert complete("tldrkit eval --max-ex") == ["--max-examples"]


def test_the_completion_of_a_shell_can_be_had(tmp_path: Path) -> None:
    """`--show-completion bash` prints a script for the shell, which the shell understands."""
    done = run("--show-completion", "bash", folder=tmp_path, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")

    assert "_TLDRKIT_COMPLETE=complete_bash" in done.stdout
    subprocess.run(["bash", "-n"], input=done.stdout, text=True, check=True, env=dict(os.environ))
