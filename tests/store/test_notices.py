import os
import subprocess
import sys
from pathlib import Path

from tldrkit.store.runs import list_runs

# Speaks in every way a library has, before, in and after a run, and in a run within that one.
SPEAKING = """
import ctypes, logging, os, subprocess, sys, threading, warnings
from pathlib import Path
from tldrkit.store.notices import catch
from tldrkit.store.runs import record_run

def speak(when):
    print(f"{when}: print")
    print(f"{when}: error", file=sys.stderr)
    print(f"{when}: unfinished ", end="", file=sys.stderr)
    warnings.warn(f"{when}: warning")
    logging.getLogger("a.library").warning(f"{when}: root logger")
    thread = threading.Thread(target=lambda: print(f"{when}: thread", file=sys.stderr))
    thread.start()
    thread.join()
    ctypes.CDLL(None).printf(f"{when}: buffer\\n".encode())
    said = f"{when}: native code\\n".encode()
    ctypes.CDLL(None).write(2, said, len(said))
    subprocess.run(["echo", f"{when}: child"], check=True)

with catch() as (output, error):
    speak("early")
    with record_run(Path("store"), "sweep", command=[], spec={}):
        speak("outer")
        with record_run(Path("store"), "train", command=[], spec={}):
            speak("inner")
            output.write("ours\\n")
        speak("again")
    speak("late")
    error.write("our error\\n")
print("afterwards")
"""
WAYS = {"print", "error", "unfinished", "warning", "root logger", "thread", "native code", "child", "buffer"}


def test_what_libraries_say_goes_to_the_log_of_the_run(tmp_path: Path) -> None:
    """However it is said: to the innermost run's log, and nowhere without a run."""
    root = Path(__file__).parents[2]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [sys.executable, "-c", SPEAKING], cwd=tmp_path, env=buffered | {"PYTHONPATH": str(root)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert (done.stdout, done.stderr) == ("ours\nafterwards\n", "our error\n")
    outer, inner = (
        (tmp_path / "store" / "runs" / f"{record['id']}.log").read_text()
        for record in list_runs(tmp_path / "store")
    )
    for log, times in ((outer, ("outer", "again")), (inner, ("inner",))):
        assert {(when, way) for when in times for way in WAYS if f"{when}: {way}" in log} == {
            (when, way) for when in times for way in WAYS
        }
    assert "inner" not in outer
    assert "outer" not in inner
    assert not [when for when in ("early", "late") if when in outer + inner]
