"""What the command line says of a store that is damaged, gone, or may only be read."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.test_commands import check_clear
from tests.serving.conftest import start_server
from tests.steps.test_report import score_rows
from tldrkit.options import Options
from tldrkit.store.manifest import Input
from tldrkit.store.store import Artifact, ArtifactStore

READ = ["--num-beams", "1", "--max-tokens", "4", "--threads", "1"]


@pytest.fixture
def store(workplace: Path, base_folder: Path) -> ArtifactStore:
    """A store of two models, one made from the other, and of the scores `x/s0/eval` and `y/s0/eval`."""
    store = ArtifactStore(workplace / "artifacts")
    first = publish_model(store, "b/base", base_folder)
    source = Input(role="source", reference=first.reference, digest=first.manifest.digest)
    publish_model(store, "b/train", base_folder, source)
    for label in "xy":
        score_rows(Options(artifacts=store.root), workplace, label)
    (workplace / "u.txt").write_text("<user30>: the lift is stuck\n")
    return store


def publish_model(store: ArtifactStore, name: str, folder: Path, *inputs: Input) -> Artifact:
    """Publish a model folder as an artifact."""
    with store.publish(name, kind="model", spec={"name": name}, inputs=inputs, provenance={}) as draft:
        for path in folder.iterdir():
            shutil.copyfile(path, draft.path / path.name)
    return draft.artifact


def summarize(model: str, out: str = "x.jsonl") -> list[str]:
    return ["summarize", "u.txt", "--model", model, "--out", out, *READ]


def test_flipped_bytes_stop_every_command(cli: Cli, store: ArtifactStore, workplace: Path) -> None:
    """A model or scores whose bytes changed are named with the file, and nothing is made of them."""
    for name, file in (("b/train", "model.safetensors"), ("x/s0/eval", "scores.json")):
        path = store.resolve(name).path / file
        payload = bytearray(path.read_bytes())
        payload[-3] ^= 1
        path.write_bytes(payload)
    for arguments, file in (
        (summarize("b/train"), "model.safetensors"),
        (["eval", "b/train", "--as", "e", "--dataset", "toy"], "model.safetensors"),
        (["compress", "b/base", "--as", "c", "--dataset", "toy", "--match", "b/train"], "model.safetensors"),
        (["train", "b/base", "--as", "t", "--dataset", "toy", "--teacher", "b/train"], "model.safetensors"),
        (["export", "b/train@v1", "--to", "there"], "model.safetensors"),
        (["serve", "b/base", "b/train", "--port", "0"], "model.safetensors"),
        (["compare", "x/s0/eval", "y/s0/eval"], "scores.json"),
    ):
        check_clear(cli(*arguments), f"damaged: '{file}' was changed")
    traced = cli("artifacts", "lineage", "b/train")

    assert (traced.returncode, cli("artifacts", "verify").returncode) == (4, 4)
    assert "damaged" in traced.stdout
    assert sorted(store.find_names()) == ["b/base", "b/train", "x/s0/eval", "y/s0/eval"]
    assert not {"x.jsonl", "there"} & {path.name for path in workplace.iterdir()}


def test_a_lost_input_is_named(cli: Cli, store: ArtifactStore) -> None:
    """A model whose source was removed is told with it, by verify and by lineage; both end with 4."""
    shutil.rmtree(store.root / "b/base")
    for arguments in (["verify"], ["verify", "b/train"], ["lineage", "b/train"]):
        done = cli("artifacts", *arguments)
        assert (done.returncode, "b/base@v1" in done.stdout, "missing" in done.stdout) == (4, True, True)


@pytest.mark.parametrize("arguments", [["ls"], ["verify"], ["gc"], ["show", "b"], ["lineage", "b"]])
def test_a_store_that_is_not_there_is_an_error(cli: Cli, workplace: Path, arguments: list[str]) -> None:
    """It is named, by option or by environment, and no folder is made."""
    check_clear(cli("artifacts", *arguments, "--artifacts", "none"), f"no artifact store at {workplace}/none")
    check_clear(cli("artifacts", *arguments, TLDRKIT_ARTIFACTS="none"), f"{workplace}/none")
    assert not (workplace / "none").exists()


@pytest.mark.parametrize("reference", ["b/train", "b/train@v1", "b/s0/train", "train"])
def test_a_reference_asked_for_from_elsewhere_names_the_store(
    cli: Cli, workplace: Path, reference: str
) -> None:
    """Where there is no such artifact, the store that was looked into is named, and how to name another."""
    (workplace / "u.txt").write_text("a: b\n")
    for offline in "01":
        endpoint = {"HF_HUB_OFFLINE": offline, "HF_ENDPOINT": "http://127.0.0.1:9"}
        done = cli(*summarize(reference), **endpoint)
        check_clear(done, "--artifacts")
        assert f"{workplace}/artifacts" in done.stderr
        assert "Errno" not in done.stderr


def permit(folder: Path, mode: int) -> None:
    """Give a folder and those in it permissions."""
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(mode)


@contextmanager
def frozen(folder: Path) -> Iterator[None]:
    """Let a folder only be read: by its permissions, or for root by a mount."""
    if os.geteuid():
        permit(folder, 0o555)
        try:
            yield
        finally:
            permit(folder, 0o755)
        return
    if subprocess.run(["mount", "--bind", folder, folder], capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a folder for reading only")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_store_may_be_read_only(cli: Cli, store: ArtifactStore, workplace: Path) -> None:
    """What needs no store to write into works: looking, comparing, summarizing, exporting, serving."""
    with frozen(store.root):
        for arguments, told in (
            (["artifacts", "ls"], "b/train@v1"),
            (["artifacts", "verify"], ""),
            (["artifacts", "lineage", "b/train"], "b/base@v1"),
            (["compare", "x/s0/eval", "y/s0/eval", "--json", "c.json", "--html", "c.html"], "ROUGE-L"),
            (summarize("b/train"), "x.jsonl"),
            (["export", "b/train", "--to", "there"], "there"),
        ):
            done = cli(*arguments)
            assert done.returncode == 0, done.stderr
            assert told in done.stdout
        assert "not published" in cli("compare", "x/s0/eval", "y/s0/eval").stderr
        assert "not recorded" in cli(*summarize("b/train", "y.jsonl")).stderr
        check_clear(cli("compress", "b/base", "--as", "c", "--dataset", "toy"), "cannot be used")
        with start_server(workplace, "b/train", *READ) as server:
            assert server.http.post("/", json={"inputs": "The lift is stuck."}).status_code == 200
    assert (workplace / "x.jsonl").read_text() == (workplace / "y.jsonl").read_text()
    assert {path.name for path in workplace.iterdir()} >= {"c.json", "c.html", "x.jsonl", "there"}
    assert "compare" not in store.find_names()
