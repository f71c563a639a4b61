from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.test_commands import check_clear
from tests.serving.conftest import start_server
from tldrkit.cli.secrets import refuse_secrets
from tldrkit.errors import SpecError
from tldrkit.store.runs import list_runs

SECRET = "xyzzy-0815"


@pytest.mark.parametrize(
    "words",
    [
        ["--storage", f"postgresql://nora:{SECRET}@db.example/sweeps"],
        [f"--storage=mysql+pymysql://nora:{SECRET}/1#@db.example/sweeps"],
        ["--storage", f"postgresql://db.example/sweeps?user=nora&password={SECRET}"],
        ["--dataset", f"https://{SECRET}@hub.example/d"],
        ["--token", SECRET],
        [f"--token={SECRET}"],
        ["--hf-token", SECRET],
        [f"--WANDB_API_KEY={SECRET}"],
        ["--model", "hf_AbCdEfGhIjKlMnOpQrStUvWxYz"],
    ],
)
def test_a_secret_on_the_command_line_is_refused(words: list[str]) -> None:
    """However it is given, and without being shown."""
    with pytest.raises(SpecError, match="holds a secret") as caught:
        refuse_secrets(["sweep", *words])
    assert SECRET not in str(caught.value) + caught.value.hint
    assert "TLDRKIT_STORAGE" in caught.value.hint


@pytest.mark.parametrize(
    "word",
    [
        "b/train@v3",
        "postgresql://nora@db.example/sweeps",
        "postgresql://db.example:5432/sweeps",
        "sqlite:////srv/nora@home/s.db",
        "http://127.0.0.1:8000/@nora",
        "google-t5/t5-small",
        "mail to nora@example.com: hello",
        "--max-source-tokens",
        "--token-file=/run/t",
        "hf_datasets/x.csv",
    ],
)
def test_what_is_no_secret_is_left_alone(word: str) -> None:
    """References, addresses without a password, and options that speak of tokens."""
    refuse_secrets([word])


def find_secret(folder: Path, done: str = "") -> list[str]:
    """Name the places where the secret stands: files under a folder, or what was said."""
    files = [path for path in folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    return [str(path.relative_to(folder)) for path in files] + (["said"] if SECRET in done else [])


def test_secrets_are_shown_nowhere(cli: Cli, workplace: Path) -> None:
    """No record, log, error or message of a server or a sweep holds its secret."""
    sweep = (
        "program: tldrkit\nmethod: random\nmetric: {name: val_rouge_l, goal: maximize}\nname: s\nparameters: "
    )
    (workplace / "s.yaml").write_text(sweep + "{model_type: {value: base}, lr: {min: 0.1, max: 1.0}}\n")
    url = f"postgresql://nora:{SECRET}@127.0.0.1:9/sweeps"
    for arguments in (
        ["serve", "base", "--token", SECRET],
        ["sweep", "s.yaml", "--count", "1", "--storage", url],
    ):
        done = cli(*arguments)
        check_clear(done, "holds a secret")
        assert find_secret(workplace, done.stdout + done.stderr) == []
    done = cli("sweep", "s.yaml", "--count", "1", TLDRKIT_STORAGE=url)
    check_clear(done, "The database postgresql://… cannot be used")
    assert find_secret(workplace, done.stdout + done.stderr) == []
    assert not list_runs(workplace / "artifacts")

    file = workplace / "token"
    file.write_text(SECRET)
    with start_server(workplace, "base", "--token-file", "token", "--threads", "1") as server:
        assert server.http.post("/", json={"inputs": "a"}).status_code == 401
    file.unlink()
    assert len(list_runs(workplace / "artifacts")) == 1
    assert find_secret(workplace) == []
