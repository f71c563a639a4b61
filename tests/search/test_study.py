import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.search.conftest import Open
from tldrkit.errors import SpecError
from tldrkit.search.mending import mend
from tldrkit.search.study import OpenTrial, Study
from tldrkit.search.sweepfile import SweepSpec
from tldrkit.store.disk import is_locked, lock

GRID = {
    "method": "grid",
    "parameters": {
        "lr": {"values": [0.1, 0.2, 0.3]},
        "do_pb": {"values": [True, False]},
        "seed": {"value": 1},
    },
}


def claim(study: Study, count: int = 99, *, dead: str = "") -> OpenTrial:
    trial = study.claim(count, "me", lambda worker: worker == dead)
    assert trial is not None
    return trial


@pytest.mark.parametrize("method", ["random", "bayes"])
def test_a_sweep_is_the_same_every_time(open_study: Open, method: str) -> None:
    """What is chosen follows from what was tried before, and differs from trial to trial."""
    chosen = []
    for storage in ("a.journal", "b.journal"):
        study = open_study(storage, method=method)
        for number in range(13):
            trial = claim(study)
            chosen.append(trial.parameters["lr"])
            trial.finish([number / 13])

    assert chosen[:13] == chosen[13:]
    assert len(set(chosen)) == 13


def test_bayes_searches_where_it_was_good(open_study: Open) -> None:
    """After forty trials the chosen values gather round the best one."""
    study = open_study(method="bayes")
    for _ in range(40):
        trial = claim(study)
        trial.finish([1 - abs(trial.parameters["lr"] - 0.3)])
    late = [trial.parameters["lr"] for trial in study.list_trials()[-10:]]

    assert sum(abs(value - 0.3) < 0.2 for value in late) >= 6
    assert max(study.compute_importances(), key=study.compute_importances().__getitem__) == "lr"


def test_a_grid_has_every_point_once(open_study: Open) -> None:
    """A grid ends after its last point, also where a process died in between."""
    study = open_study(**GRID)
    assert (study.limit(2), study.limit(99)) == (2, 6)
    for number in range(7):
        trial = claim(study, dead="me" if number == 3 else "")
        if number != 2:
            trial.finish([0.1])
    points = [tuple(trial.parameters.values()) for trial in study.list_trials() if trial.state == "finished"]

    assert len(points) == len(set(points)) == 6
    assert study.claim(99, "me", lambda worker: worker == "") is None


def test_a_count_is_of_the_whole_sweep(open_study: Open) -> None:
    """Opened again, a sweep lacks only what is missing from its count; failures count."""
    for number in range(3):
        trial = claim(open_study(), 3)
        trial.fail(error="x") if number else trial.finish([0.5])

    assert open_study().claim(3, "me", lambda worker: worker == "") is None
    assert [trial.state for trial in open_study().list_trials()] == ["finished", "failed", "failed"]


def test_a_trial_whose_worker_died_is_tried_again(open_study: Open) -> None:
    """It is marked, its parameters go to the next trial, and after two more deaths nobody tries it again."""
    study = open_study()
    first = claim(study)
    again = [claim(open_study(), dead="me") for _ in range(3)]
    trials = study.list_trials()

    assert [trial.state for trial in trials] == ["killed", "killed", "killed", "running"]
    assert [trial.facts.get("retry_of") for trial in trials] == [None, 0, 1, None]
    assert again[0].parameters == again[1].parameters == first.parameters != again[2].parameters


def test_a_trial_of_a_living_worker_is_left_alone(open_study: Open) -> None:
    """Others take the next one."""
    trials = [claim(open_study()) for _ in range(2)]

    assert [trial.number for trial in trials] == [0, 1]
    assert [trial.state for trial in open_study().list_trials()] == ["running", "running"]


def test_hyperband_stops_what_falls_behind(open_study: Open) -> None:
    """Of many runs with early_terminate some are stopped, never the best; without it none is."""
    stopping = {"type": "hyperband", "min_iter": 1, "max_iter": None, "eta": 3, "s": None}
    for stops, fields in ((True, {"early_terminate": stopping}), (False, {})):
        study = open_study(f"{stops}.journal", **fields)
        stopped = []
        for number in range(20):
            trial = claim(study)
            score = 1 - number / 20
            if any(trial.report(score * validation, validation) for validation in range(1, 10)):
                stopped.append(number)
                trial.stop()
            else:
                trial.finish([score])
        assert bool(stopped) is stops
        assert 0 not in stopped


def test_two_objectives_have_a_pareto_set(open_study: Open) -> None:
    """With parameters as an objective the best are those that no other beats in both, smallest first."""
    study = open_study(pareto=True)
    for values in ((0.5, 100), (0.6, 200), (0.4, 150), (0.3, 50)):
        trial = claim(study)
        assert not trial.report(0.0, 1)
        trial.finish(values)

    assert [trial.number for trial in study.find_best()] == [3, 0, 1]


def test_a_database_will_do_too(open_study: Open, tmp_path: Path) -> None:
    """A storage may be a database's URL; one that cannot be opened, or holds another sweep, is refused."""
    url = f"sqlite:///{tmp_path}/s.db"
    claim(open_study(url)).finish([0.5])

    assert [trial.values for trial in open_study(url).list_trials()] == [(0.5,)]
    with pytest.raises(SpecError, match="another sweep"):
        open_study(url, method="bayes")
    with pytest.raises(SpecError, match="cannot be used"):
        open_study("nothing://nowhere")


def work(folder: Path, build: Callable[[], Study], count: int, began: Event | None) -> None:
    """Claim and finish trials as a sweep's process does; with `began`, say so in the third one and hang."""
    own = folder / f"{os.getpid()}.worker"
    with lock(own):
        done = 0
        while True:
            with lock(folder / "lock"):
                trial = build().claim(count, own.name, lambda worker: not is_locked(folder / worker))
            if trial is None:
                return
            if began and done == 2:
                began.set()
                time.sleep(600)
            trial.finish([0.5])
            done += 1


def test_processes_share_a_sweep_and_one_is_killed(tmp_path: Path) -> None:
    """Two processes at one journal, one of them killed: no trial is run twice, and none is lost."""
    context = multiprocessing.get_context("fork")
    spec = SweepSpec.model_validate(
        {"program": "tldrkit", "metric": {"name": "val_rouge_l", "goal": "maximize"}}
        | {"method": "random", "parameters": {"lr": {"min": 0.0, "max": 1.0}}}
    )
    build = lambda: Study("s", spec, str(tmp_path / "s.journal"))  # noqa: E731
    began = context.Event()
    victim = context.Process(target=work, args=(tmp_path, build, 24, began))
    victim.start()
    assert began.wait(60)
    other = context.Process(target=work, args=(tmp_path, build, 12, None))
    other.start()
    os.kill(victim.pid or 0, signal.SIGKILL)
    for process in (victim, other):
        process.join(60)
    work(tmp_path, build, 24, None)
    trials = build().list_trials()
    chosen = [trial.parameters["lr"] for trial in trials if trial.state == "finished"]

    assert [trial.state for trial in trials].count("killed") == 1
    assert len(chosen) == len(set(chosen)) == 24
    assert {trial.parameters["lr"] for trial in trials} == set(chosen)


def run_some(open_study: Open, count: int) -> list[float]:
    """Finish some more trials, and list the choices of all that finished."""
    study = open_study()
    for _ in range(count):
        claim(study, dead="me").finish([0.5])
    return [trial.parameters["lr"] for trial in open_study().list_trials() if trial.state == "finished"]


@pytest.mark.parametrize("cut", [1, 2, 20, 150, 700])
@pytest.mark.parametrize("zeros", [False, True])
def test_a_cut_journal_is_opened_again(open_study: Open, tmp_path: Path, cut: int, zeros: bool) -> None:
    """What is cut off, or filled with zeros, is left out and counted; what was finished is not lost."""
    before = run_some(open_study, 3)
    journal = tmp_path / "s.journal"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-cut] + (bytes(cut) if zeros else b""))
    lost = open_study().lost
    after = run_some(open_study, 2)

    assert lost == (1 if zeros or not whole[:-cut].endswith(b"\n") else 0)
    assert open_study().lost == 0
    assert after[:2] == before[:2]
    assert len(after) >= 4
    assert journal.read_bytes().startswith(whole[: whole.rfind(b"\n", 0, len(whole) - cut) + 1])


def test_another_process_reads_on_after_mending(open_study: Open, tmp_path: Path) -> None:
    """What stays keeps its place in the file, for processes that have it open."""
    run_some(open_study, 2)
    study = open_study()
    journal = tmp_path / "s.journal"
    whole = journal.read_bytes()
    line = next(line for line in whole.splitlines() if b'"user_attr":{"worker"' in line)
    journal.write_bytes(whole.replace(line, bytes(len(line)), 1) + b'{"op_code":4,"work')

    assert open_study().lost == 2
    start = whole.index(line) + len(line)
    assert journal.read_bytes()[start : len(whole)] == whole[start:]
    claim(study).finish([0.7])
    assert [trial.values for trial in open_study().list_trials()] == [(0.5,), (0.5,), (0.7,)]


def test_a_journal_that_cannot_be_mended_is_left_as_it_is(open_study: Open, tmp_path: Path) -> None:
    """Other files, and journals of which later lines rest on what is gone, are refused and not touched."""
    run_some(open_study, 3)
    whole = (tmp_path / "s.journal").read_bytes()
    create = next(line for line in whole.splitlines() if line.startswith(b'{"op_code":4'))
    for content, sentence in (
        (whole.replace(create, bytes(len(create)), 1), "what follows rests on it"),
        (bytes(400) + whole[400:], "no journal"),
        (b"dear diary,\n", "no journal"),
    ):
        (tmp_path / "s.journal").write_bytes(content)
        with pytest.raises(SpecError, match=sentence) as caught:
            open_study()
        assert caught.value.hint
        assert (tmp_path / "s.journal").read_bytes() == content


@given(st.data())
def test_mending_is_done_once(data: st.DataObject) -> None:
    """Whatever byte is gone, a mended journal is whole, no longer than before, and keeps all other lines."""
    lines = [
        b'{"op_code":0,"worker_id":"%d","study_name":"s","padding":"%s"}' % (n, b"x" * 9) for n in range(5)
    ]
    journal = b"".join(line + b"\n" for line in lines)
    place = data.draw(st.integers(1, len(journal) - 1))
    damaged = data.draw(st.sampled_from([journal[:place], journal[:place] + bytes(9), b"", bytes(9)]))
    mended, lost = mend(damaged)

    assert mend(mended) == (mended, 0)
    assert damaged.startswith(mended)
    assert lost == (damaged != mended)
