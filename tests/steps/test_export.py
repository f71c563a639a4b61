import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import torch
from huggingface_hub import ModelCard

from tests.cli.conftest import build_environment
from tests.lowercase import THREAD
from tests.lowercase import build_summarizer as build_lowercase
from tests.steps.conftest import Line
from tests.steps.hub import StandInHub
from tldrkit.errors import SpecError, StoreError
from tldrkit.families.hub_code.spelling import restore_writing
from tldrkit.families.summarizer import Summarizer, load_summarizer, save_summarizer
from tldrkit.specs import ExportSpec
from tldrkit.steps.export import export
from tldrkit.store.store import ArtifactStore

TEXT = "summarize: The fan is loud. It is old."
ELSEWHERE = """
import json, sys
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

for name in ("tldrkit", "perforatedai"):
    try:
        __import__(name)
        raise SystemExit(name + " is here")
    except ModuleNotFoundError:
        pass
told = []
for folder, custom in (sys.argv[1], False), (sys.argv[2], True):
    network = AutoModelForSeq2SeqLM.from_pretrained(folder, trust_remote_code=custom).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=custom)
    batch = tokenizer(sys.argv[3], return_tensors="pt")
    with torch.no_grad():
        logits = network(**batch, decoder_input_ids=batch["input_ids"]).logits.double().tolist()
        written = network.generate(**batch)[0]
    told.append([logits, tokenizer.decode(written, skip_special_tokens=True).strip()])
sys.path.insert(0, sys.argv[2])
from handler import EndpointHandler

handler = EndpointHandler(sys.argv[2])
told.append(handler({"inputs": sys.argv[3].removeprefix("summarize: ")}))
told.append(handler({"inputs": ["a", "b"], "parameters": {"max_new_tokens": 2, "num_beams": 1}}))
try:
    handler({"inputs": 3})
except ValueError as error:
    told.append(str(error))
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of a fresh environment that sees all installed libraries but tldrkit and perforatedai."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    seen = folder / "seen"
    seen.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(("tldrkit", "__editable__", "perforated")) and entry.suffix != ".pth":
            (seen / entry.name).symlink_to(entry)
    packages = next((folder / "venv/lib").glob("python*/site-packages"))
    (packages / "seen.pth").write_text(str(seen))
    return folder / "venv/bin/python"


def compute_logits(summarizer: Summarizer) -> torch.Tensor:
    batch = summarizer.tokenizer(TEXT, return_tensors="pt")
    with torch.no_grad():
        network = summarizer.network.eval()
        logits: torch.Tensor = network(**batch, decoder_input_ids=batch["input_ids"]).logits
    return logits.double()


def write(summarizer: Summarizer, text: str = TEXT, **how: int) -> str:
    batch = summarizer.tokenizer(text, return_tensors="pt")
    written = summarizer.network.eval().generate(**batch, **how)[0]
    return str(summarizer.tokenizer.decode(written, skip_special_tokens=True)).strip()


def test_an_export_does_the_same_where_only_torch_and_transformers_are(
    line: Line, tmp_path: Path, bare_python: Path
) -> None:
    """A plain network loads with stock classes, a grown asymmetric one with the code it brings.

    Both give the artifact's logits to the bit and its beam-4 text; the handler, that text by its contract.
    """
    store = ArtifactStore(line.options.artifacts)
    names = ("a/train", "b/train")
    folders = [
        export(line.options, ExportSpec(), source=name, to=tmp_path / name[0]).folder for name in names
    ]
    bare = os.environ | {"HF_MODULES_CACHE": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1"}
    command = [bare_python, "-I", "-c", ELSEWHERE, *folders, TEXT]
    done = subprocess.run(command, env=bare, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    *told, handled, several, refusal = json.loads(done.stdout)

    for name, (logits, text) in zip(names, told, strict=True):
        original = load_summarizer(store.resolve(name).path)
        assert (torch.tensor(logits, dtype=torch.float64) - compute_logits(original)).abs().max() == 0.0
        assert text == write(original, num_beams=4, max_new_tokens=16)
    assert handled == [{"summary_text": told[1][1]}]
    assert len(several) == 2
    assert "a text or a list of texts" in refusal


@pytest.mark.parametrize("run", ["a", "b"])
def test_graphs_write_without_torch_what_torch_writes_greedily(
    line: Line, tmp_path: Path, bare_python: Path, run: str
) -> None:
    """The documented example, run as it stands, writes torch's greedy text, of texts long and short.

    Graphs in 8 bits are smaller and run the same way.
    """
    page = (Path(__file__).parents[2] / "docs/how-to/export.md").read_text(encoding="utf-8")
    example = page.partition("## Without torch")[2].partition("```python\n")[2].partition("```")[0]
    code = f"{example}\nassert 'torch' not in sys.modules and 'transformers' not in sys.modules"
    texts = ["The fan is loud.", "ann: It is flat and old.\n\nbo: Patch it from inside, then try again."]
    spec = ExportSpec(format="onnx", max_target_tokens=12)
    whole = export(line.options, spec, source=f"{run}/train", to=tmp_path / "graphs")
    small = export(
        line.options, spec.model_copy(update={"dtype": "int8"}), source=f"{run}/train", to=tmp_path / "int8"
    )
    written = []
    for exported in (whole, small):
        command = [bare_python, "-I", "-c", code, exported.folder, *texts]
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        written.append(done.stdout.decode())

    summarizer = load_summarizer(ArtifactStore(line.options.artifacts).resolve(f"{run}/train").path)
    expected = [
        write(summarizer, text=f"summarize: {text}", num_beams=1, max_new_tokens=12) for text in texts
    ]
    assert written[0] == "".join(f"{text}\n" for text in expected)
    assert written[1]
    assert small.bytes < whole.bytes


def test_a_handler_writes_as_people_write(line: Line, tmp_path: Path) -> None:
    """With lower case alone in the tokenizer, each answer has its text's case, whatever else is sent."""
    save_summarizer(build_lowercase(), tmp_path / "plain")
    exported = export(
        line.options, ExportSpec(), source=str(tmp_path / "plain"), to=tmp_path / "model"
    ).folder
    spec = importlib.util.spec_from_file_location("exported_handler", exported / "handler.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    texts = [THREAD, THREAD.lower()]
    how = {"max_new_tokens": 8, "num_beams": 2, "num_return_sequences": 2}
    asked = how | {"truncation": "only_first", "clean_up_tokenization_spaces": True}
    answers = module.EndpointHandler(str(exported))({"inputs": texts, "parameters": asked})

    summarizer = load_summarizer(exported)
    batch = summarizer.tokenizer([f"summarize: {text}" for text in texts], padding=True, return_tensors="pt")
    raw = summarizer.tokenizer.batch_decode(
        summarizer.network.generate(**batch, **how), skip_special_tokens=True
    )
    expected = [
        restore_writing(one, text)
        for one, text in zip(raw, (text for text in texts for _ in "ab"), strict=True)
    ]
    assert [answer["summary_text"] for answer in answers] == expected
    assert expected != [one.strip() for one in raw]


def test_weights_in_bf16_take_half_the_room(line: Line, tmp_path: Path) -> None:
    """The number format is the export's own: smaller on disk, told in the card, part of what was asked."""
    whole = export(line.options, ExportSpec(), source="b/train", to=tmp_path / "fp32")
    half = export(line.options, ExportSpec(dtype="bf16"), source="b/train", to=tmp_path / "bf16")
    exact, rough = (compute_logits(load_summarizer(one.folder)) for one in (whole, half))

    assert half.bytes < 0.65 * whole.bytes
    assert json.loads((half.folder / "config.json").read_text())["dtype"] == "bfloat16"
    assert f"{half.bytes:,} bytes of weights in bf16" in (half.folder / "README.md").read_text()
    assert 0 < (exact - rough).abs().max() < 0.05 * exact.abs().max()
    with pytest.raises(StoreError, match="may replace"):
        export(line.options, ExportSpec(), source="b/train", to=half.folder)


def test_the_card_tells_what_the_store_knows(line: Line, tmp_path: Path) -> None:
    """The card holds scores, making, lineage and the comparison, of the winner or of a run named."""
    store = ArtifactStore(line.options.artifacts)
    folder = export(
        line.options, ExportSpec(), source="b/train", to=tmp_path / "b", comparison="compare"
    ).folder
    text = (folder / "README.md").read_text(encoding="utf-8")
    results = ModelCard.load(folder / "README.md").data.eval_results
    winner = export(line.options, ExportSpec(), source="compare", to=tmp_path / "winner")

    assert [result.metric_config for result in results] == ["rouge1", "rouge2", "rougeL", "rougeLsum"]
    assert {(result.dataset_name, result.dataset_split) for result in results} == {("toy", "test")}
    for name in ("b/train", "b/compress", "base"):
        assert store.resolve(name).manifest.digest[:12] in text
    assert "Is it the dendrites? B - C" in text
    assert "Grown with PerforatedAI: 1 dendrite (sigmoid) on each" in text
    assert str(line.data) not in text
    assert winner.model == store.resolve("compare").manifest.metrics["winner_model"]
    assert "of this comparison" in (winner.folder / "README.md").read_text(encoding="utf-8")


def test_a_comparison_of_others_is_refused(line: Line, tmp_path: Path) -> None:
    """A card is not filled from a comparison that does not hold the model, or is none; nothing is written."""
    for comparison, sentence in (("compare", "does not compare"), ("a/eval", "not a comparison")):
        with pytest.raises(SpecError, match=sentence):
            export(line.options, ExportSpec(), source="b/compress", to=tmp_path / "x", comparison=comparison)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_pushed_whole(line: Line, tmp_path: Path) -> None:
    """The hub gets every file of the folder, weights by its large-file way, under the name in the card.

    A dry run lists the same files and asks the hub nothing; a name that is none is refused.
    """
    command = [sys.executable, "-m", "tldrkit", "export", "b/train", "--to", "model", "--push-to-hub"]
    store = {"TLDRKIT_ARTIFACTS": str(line.options.artifacts)}
    with StandInHub() as hub:
        surroundings = build_environment(**hub.environment, **store)
        listed, done, wrong = (
            subprocess.run(
                [*command, *more], cwd=tmp_path, env=surroundings, capture_output=True, text=True, check=False
            )
            for more in (["ann/tldr", "--dry-run"], ["ann/tldr"], ["tldr"])
        )

    files = {path.name: path.read_bytes() for path in (tmp_path / "model").iterdir()}
    assert (listed.returncode, done.returncode, wrong.returncode) == (0, 0, 1), done.stderr
    assert all(name in listed.stderr for name in files)
    assert hub.created == ["ann/tldr"]
    assert hub.files == files
    assert "name: ann/tldr" in files["README.md"].decode()
    assert "USER/NAME" in wrong.stderr


def test_a_hub_that_refuses_ends_in_a_sentence(line: Line, tmp_path: Path) -> None:
    """Without the right token the export stays, and a sentence says what the hub said."""
    with StandInHub() as hub:
        surroundings = build_environment(
            **hub.environment | {"HF_TOKEN": "hf_wrong"}, TLDRKIT_ARTIFACTS=str(line.options.artifacts)
        )
        command = [sys.executable, "-m", "tldrkit", "export", "a/train", "--to", "model"]
        done = subprocess.run(
            [*command, "--push-to-hub", "ann/tldr"], cwd=tmp_path, env=surroundings, capture_output=True,
            text=True, check=False,
        )  # fmt: skip

    assert (done.returncode, hub.files) == (1, {})
    assert "did not take ann/tldr" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "model/README.md").is_file()
