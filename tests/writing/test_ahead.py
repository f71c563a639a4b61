"""Loops that are compiled before they are needed."""

import subprocess
import sys
from pathlib import Path

from tldrkit.writing.ahead import compile_ahead
from tldrkit.writing.compiled.kernels.attention import attend_within
from tldrkit.writing.compiled.kernels.compiling import has_kept
from tldrkit.writing.compiled.kernels.layer import write_layer
from tldrkit.writing.compiled.kernels.target import has_int8


def test_loops_of_each_number_format_are_compiled_with_a_line_each() -> None:
    """Both formats of a decoder's layer are there afterwards, and what was done is told."""
    lines: list[str] = []
    compile_ahead(lines.append)

    assert len(write_layer.signatures) >= 1 + has_int8()
    assert attend_within.signatures
    assert [line.split()[0] for line in lines] == ["Compiling"] * (1 + has_int8()) + ["Loops"]
    assert "fp32" in lines[0]
    assert has_kept()


def test_it_is_a_command() -> None:
    """`make` runs it when it installs; what is told goes to the standard error."""
    command = [sys.executable, "-m", "tldrkit.writing.ahead"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])

    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("Loops are compiled")
