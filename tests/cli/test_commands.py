import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import QUICK, Cli, build_environment
from tests.encoders import save_encoder
from tests.wordpiece import LETTERS, LONGER, SPECIAL, build_summarizer, build_tokenizer
from tldrkit.families.summarizer import save_summarizer
from tldrkit.store.runs import list_runs
from tldrkit.store.store import ArtifactStore

VOCAB = len(SPECIAL) + len(LETTERS) + 3
COMMANDS = ["base", "compress", "train", "eval", "compare", "export", "summarize", "sweep", "artifacts"]


def check_clear(done: subprocess.CompletedProcess[str], sentence: str) -> None:
    """Hold a failure to one clear sentence with a hint, no traceback, and a status that is not 0."""
    assert done.returncode not in (0, None), done.stderr
    assert sentence in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert "Hint:" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches(cli: Cli, command: str) -> None:
    """Every command explains itself."""
    done = cli(command, "--help")

    assert done.returncode == 0
    assert "Usage" in done.stdout


def test_the_line_runs_from_the_command_line(cli: Cli, workplace: Path) -> None:
    """Compress, train with dendrites, eval, compare, export and summarize, one after the other."""
    small = ["--enc-num-layers", "2", "--dec-num-layers", "2", "--dec-d-model", "12"]
    limits = ["--max-source-tokens", "48", "--max-target-tokens", "8"]
    grow = ["--experiment", "B", "--do-pb", "true", "--switch_mode", "fixed", "--n_epochs_to_switch", "1"]
    for arguments, printed in (
        (["compress", "base", "--as", "b/compress", "--dataset", "toy", *small, *limits], "b/compress@v1"),
        (["train", "b/compress", "--as", "b/train", "--dataset", "toy", *QUICK, *grow], "b/train@v1"),
        (["eval", "b/train", "--as", "b/eval", "--dataset", "toy", "--num-beams", "1", *limits], "b/eval@v1"),
        (
            ["compare", "b/eval", "--json", "out/c.json", "--md", "out/c.md", "--html", "out/c.html"],
            "The run to take: B",
        ),
        (["export", "compare", "--to", "model"], "model"),
        (["summarize", "toy.test.jsonl", "--model", "b/train", "--out", "s.md", "--max_tokens", "8"], "s.md"),
        (["artifacts", "ls"], "b/train@v1"),
        (["artifacts", "lineage", "b/eval"], "b/compress@v1"),
        (["artifacts", "verify"], ""),
        (["artifacts", "gc"], ""),
    ):
        done = cli(*arguments)
        wordless = arguments[0] == "summarize"  # a network of a few steps may write no word, which is told
        assert done.returncode in ((0, 3) if wordless else (0,)), done.stderr
        assert printed in done.stdout
    assert json.loads((workplace / "out/c.json").read_text())["winner"] == "B"
    assert (workplace / "out/c.html").read_text(encoding="utf-8").count("B, seed 0, step 1: ") == 2
    assert "Model restructured by dendritic algorithm" in _metrics_of_all_runs(workplace)
    for arguments in (
        ["compress", "base", "--as", "b/compress", "--dataset", "toy", *small, *limits],
        ["train", "b/compress", "--as", "b/train", "--dataset", "toy", *QUICK, *grow],
        ["eval", "b/train", "--as", "b/eval", "--dataset", "toy", "--num-beams", "1", *limits],
    ):
        assert _run_and_look_for_torch(workplace, arguments) == ["already done", "no torch"]


def test_a_vocabulary_is_trimmed(cli: Cli, workplace: Path) -> None:
    """What that loses is told: here of a BART with BERT's kind of tokens, which other commands then take."""
    full = build_summarizer(build_tokenizer((*LETTERS, *LONGER)))
    save_summarizer(full, workplace / "bart")
    given = ["--dataset", "toy", "--max-source-tokens", "48", "--max-target-tokens", "8"]
    done = cli("compress", "bart", "--as", "small", "--vocab-size", str(VOCAB), *given)
    scored = cli("eval", "small", "--as", "eval", "--num-beams", "1", *given)

    assert re.search(r"[0-9.]+% of their tokens are unknown \([0-9.]+% before\)", done.stderr), done.stderr
    config = json.loads((workplace / "artifacts/small/v1/config.json").read_text())
    assert config["vocab_size"] == VOCAB < full.network.config.vocab_size
    assert scored.returncode == 0, scored.stderr


def test_a_base_begins_with_an_encoder(cli: Cli, workplace: Path) -> None:
    """With --encoder the options are a warm start's: its sizes stay, and what is from scratch is refused."""
    save_encoder(workplace / "encoder")
    lengths = ("--max-source-tokens", "32", "--max-target-tokens", "16")
    command = ("base", "--encoder", "encoder", "--as", "base/v", *lengths)
    made = cli(*command, "--dec-num-layers", "1", "--dataset", "toy", "--data", ".", "--vocab-size", "64")
    refused = cli(*command, "--d-model", "16")

    assert made.returncode == 0
    assert made.stdout.strip() == "base/v@v1"
    assert re.search(r"64 of \d+ tokens are kept\. .* of their tokens are unknown \(.* before\)", made.stderr)
    check_clear(refused, "d_model in the command line cannot be used: with an encoder, its own size is kept.")


def _run_and_look_for_torch(workplace: Path, arguments: list[str]) -> list[str]:
    code = (
        "import sys\nfrom tldrkit.__main__ import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('torch' if 'torch' in sys.modules else 'no torch')"
    )
    command = [sys.executable, "-c", code, *arguments]
    bare = build_environment(TLDRKIT_DATA=".")
    done = subprocess.run(command, cwd=workplace, env=bare, capture_output=True, text=True, check=True)
    return ["already done" if "already done" in done.stderr else "done now", done.stdout.splitlines()[-1]]


def _metrics_of_all_runs(workplace: Path) -> str:
    return "".join(path.read_text() for path in (workplace / "artifacts/runs").glob("*.metrics.jsonl"))


ONE_LINE = (
    "--experiment {experiment} --model_type t5-small --dataset reddit_tldr --enc_num_layers 4 "
    "--dec_num_layers 3 --dec_d_model 384 --do_pb {do_pb} --max_steps 5000"
)


@pytest.fixture
def hub_copies(tmp_path: Path, corpus: Path) -> dict[str, str]:
    """A hub cache that holds a tiny `t5-small` of width 400, and a data folder with `reddit_tldr`."""
    from tldrkit.bases.scratch import build_base
    from tldrkit.families.summarizer import save_summarizer
    from tldrkit.specs import BaseSpec

    spec = BaseSpec(
        vocab_size=300, d_model=400, d_kv=4, num_heads=2, d_ff=24, enc_num_layers=5, dec_num_layers=5
    )
    model = tmp_path / "hub/models--t5-small"
    (model / "refs").mkdir(parents=True)
    (model / "refs/main").write_text("0" * 40)
    save_summarizer(build_base(spec, ["some text"]), model / "snapshots" / ("0" * 40))
    for split in ("train", "validation", "test"):
        shutil.copy(corpus / f"toy.{split}.jsonl", tmp_path / f"reddit_tldr.{split}.jsonl")
    return {"HF_HUB_CACHE": str(tmp_path / "hub")}


@pytest.mark.parametrize(("experiment", "do_pb"), [("A", "false"), ("B", "true"), ("C", "false")])
def test_one_line_experiments_run(
    cli: Cli, workplace: Path, hub_copies: dict[str, str], experiment: str, do_pb: str
) -> None:
    """A script's flags (shortened by later ones) record a compress step, then train; A stays whole."""
    flags = ONE_LINE.format(experiment=experiment, do_pb=do_pb).split()
    done = cli("train", *flags, *QUICK, **hub_copies)
    names = {artifact.manifest.name for artifact in ArtifactStore(workplace / "artifacts").list()}
    run = experiment.lower()

    assert done.returncode == 0, done.stderr
    assert names == ({"a/train"} if run == "a" else {f"{run}/compress", f"{run}/train"})
    if run != "a":
        config = json.loads(
            (ArtifactStore(workplace / "artifacts").resolve(f"{run}/train").path / "config.json").read_text()
        )
        assert (config["num_layers"], config["num_decoder_layers"], config["dec_d_model"]) == (4, 3, 384)


def test_dendrites_are_announced_with_their_cost(cli: Cli) -> None:
    """A run tells what dendrites would cost, what it chose for its budget, and which settings do nothing."""
    asked = ("--do-pb", "--dendrite-budget", "2k", "--P_EPOCHS_TO_SWITCH", "3", "--dataset", "toy")
    done = cli("train", "base", "--as", "x", *asked, *QUICK)

    assert done.returncode == 0, done.stderr
    table = [line.split() for line in done.stderr.splitlines() if "<- this run" in line]
    assert [line[0] for line in table] == ["encoder-attention"]  # 1,656 of 2,000 parameters
    assert "p_epochs_to_switch and cap_n have no effect" in done.stderr


def test_whether_dendrites_fit_is_told_without_training(cli: Cli, workplace: Path) -> None:
    """One step for each number of dendrites: a line each, and nothing is published."""
    asked = ("--TEST_DENDRITE_CAPACITY", "true", "--do-pb", "--max-dendrites", "2", "--dataset", "toy")
    done = cli("train", "base", "--as", "x", *asked, *QUICK)

    assert done.returncode == 0, done.stderr
    rows = [line.split("│")[1:-1] for line in done.stdout.splitlines() if line.startswith("│")]
    sizes = [int(row[1].replace(",", "")) for row in rows]
    assert [row[0].strip() for row in rows] == ["0", "1", "2"]
    assert sizes == sorted(set(sizes))
    assert not (workplace / "artifacts" / "x").exists()


def test_an_unknown_yaml_key_is_refused(cli: Cli, workplace: Path) -> None:
    """A misspelt key names what was meant."""
    (workplace / "spec.yaml").write_text("max_stepps: 5\n")

    done = cli("train", "base", "--as", "x", "--spec", "spec.yaml")

    check_clear(done, "max_stepps")
    assert "'max_steps'" in done.stderr


def test_a_reference_that_does_not_exist_is_refused_at_once(cli: Cli) -> None:
    """Neither artifact, nor folder, nor reachable on the hub: one sentence, no minute of retries."""
    check_clear(cli("eval", "nobody/nothing", "--as", "x", "--dataset", "toy"), "nobody/nothing")


def test_truncated_weights_are_refused(cli: Cli, workplace: Path) -> None:
    """A safetensors file cut in half is named, and nothing is published."""
    shutil.copytree(workplace / "base", workplace / "cut", symlinks=False)
    weights = workplace / "cut/model.safetensors"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])

    check_clear(cli("train", "cut", "--as", "x", "--dataset", "toy", *QUICK), "model.safetensors")
    assert ArtifactStore(workplace / "artifacts").list() == []


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("", "empty"),
        ('{"document": "d", "summary": ""}\n' * 30, "summar"),
        ('{"document": "d"}\n', "summary"),
    ],
)
def test_an_unusable_data_set_is_refused(cli: Cli, workplace: Path, rows: str, sentence: str) -> None:
    """No rows, no summaries, or no such column: one clear sentence."""
    (workplace / "bad.jsonl").write_text(rows)

    check_clear(cli("train", "base", "--as", "x", "--dataset", "bad.jsonl", *QUICK), sentence)


def test_a_data_set_that_needs_the_network_is_refused_at_once(cli: Cli) -> None:
    """Without network a hub data set is one sentence naming the local alternatives."""
    done = cli("train", "base", "--as", "x", "--dataset", "xsum", *QUICK)

    check_clear(done, "xsum")
    assert "--data" in done.stderr or "local" in done.stderr


def test_a_folder_that_cannot_be_written_is_refused(cli: Cli, workplace: Path) -> None:
    """A store below a regular file cannot be made."""
    (workplace / "file").write_text("")

    check_clear(
        cli("train", "base", "--as", "x", "--dataset", "toy", "--artifacts", "file/store", *QUICK), "file"
    )


@pytest.mark.parametrize(("size", "said"), [("60k", "free"), ("300k", "full")])
def test_a_full_disk_is_said_and_leaves_nothing_half_written(
    cli: Cli, workplace: Path, size: str, said: str
) -> None:
    """With no room for what training keeps the step is refused, with little more it fails; no rest stays."""
    disk = workplace / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small tmpfs")
    try:
        done = cli("train", "base", "--as", "x", "--dataset", "toy", "--artifacts", "disk/store", *QUICK)
        check_clear(done, said)
        assert ArtifactStore(disk / "store").list() == []
        assert ArtifactStore(disk / "store").collect_garbage() == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_training_is_recorded_and_leaves_nothing(workplace: Path, how: signal.Signals) -> None:
    """Ctrl-C (or a polite kill) in training: the run says interrupted, nothing is half-written."""
    endless = [*QUICK, "--max-steps", "1000000", "--eval-every", "1000000"]
    command = [sys.executable, "-m", "tldrkit", "train", "base", "--as", "x", "--dataset", "toy", *endless]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
    process = subprocess.Popen(
        command, cwd=workplace, env=build_environment(TLDRKIT_DATA="."), stderr=subprocess.PIPE, text=True
    )
    signal.signal(signal.SIGINT, before)
    while '"kind": "train"' not in _metrics_of_all_runs(workplace) and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(how)
    _, talk = process.communicate(timeout=600)
    store = ArtifactStore(workplace / "artifacts")

    assert process.returncode == 130, talk
    assert "Interrupted" in talk
    assert "Traceback" not in talk
    assert [run["status"] for run in list_runs(workplace / "artifacts")] == ["interrupted"]
    assert (store.list(), store.collect_garbage()) == ([], [])


def test_a_traceback_is_there_for_those_who_ask(cli: Cli) -> None:
    """TLDRKIT_DEBUG=1 shows where an error happened."""
    done = cli("eval", "nobody/nothing", "--as", "x", "--dataset", "toy", TLDRKIT_DEBUG="1")

    assert done.returncode != 0
    assert "Traceback" in done.stderr


def test_a_damaged_artifact_is_found(cli: Cli, workplace: Path) -> None:
    """`artifacts verify` names the file that was changed, with a status of its own."""
    assert cli("train", "base", "--as", "x", "--dataset", "toy", *QUICK).returncode == 0
    weights = workplace / "artifacts/x/v1/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    done = cli("artifacts", "verify", "x")

    assert done.returncode == 4
    assert "model.safetensors" in done.stdout


def test_outputs_of_any_system_are_scored_without_torch(workplace: Path, cli: Cli) -> None:
    """A file of predictions is scored and compared; neither loads torch or transformers."""
    rows = [
        {"id": str(n), "prediction": "" if n == 3 else f"Ann ate {n} cakes", "reference": "Ann ate 5 cakes"}
        for n in range(40)
    ]
    (workplace / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (workplace / "claims.yaml").write_text(
        "claims: [{label: x, against: y, measure: rougeL, at_least: 0}]\nresamples: 200\n"
    )
    for arguments in (
        ["eval", "--predictions", "x.jsonl", "--as", "x/eval"],
        ["eval", "--predictions", "x.jsonl", "--as", "z", "--label", "y", "--over_references", "best"],
        ["compare", "x/eval", "z", "--spec", "claims.yaml", "--html", "page.html"],
    ):
        assert _run_and_look_for_torch(workplace, arguments) == ["done now", "no torch"]
    done = cli("compare", "x/eval", "z", "--spec", "claims.yaml")
    assert "y - x = +0.00 ROUGE-L" in done.stdout
    assert "Claim: x - y at least +0 ROUGE-L: held" in done.stdout
    assert "has 1 empty prediction, which scores 0" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--predictions", "nothing.jsonl"], "nothing.jsonl cannot be read"),
        (["--predictions", "cut.jsonl"], "cut.jsonl:2 cannot be read"),
        (["base", "--predictions", "cut.jsonl"], "Exactly one of SOURCE and --predictions"),
        ([], "Exactly one of SOURCE and --predictions"),
        (["--predictions", "cut.jsonl", "--num-beams", "2"], "num_beams cannot be used"),
    ],
)
def test_unusable_predictions_are_refused(
    cli: Cli, workplace: Path, arguments: list[str], sentence: str
) -> None:
    """No file, a file cut short, or options that do not fit: one sentence, and nothing published."""
    (workplace / "cut.jsonl").write_text('{"prediction": "a", "reference": "b"}\n{"prediction": "a", "refe')

    check_clear(cli("eval", *arguments, "--as", "x/eval"), sentence)
    assert ArtifactStore(workplace / "artifacts").list() == []


def test_what_cannot_be_served_is_refused_at_once(cli: Cli) -> None:
    """A model named twice, and an address that is taken, end in one sentence."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        twice = cli("serve", "base", "base")
        busy = cli("serve", "base", "--port", str(taken.getsockname()[1]))

    assert (twice.returncode, busy.returncode) == (1, 1)
    assert "named twice" in twice.stderr
    assert "cannot be listened at" in busy.stderr
