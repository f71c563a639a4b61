import os
import subprocess
import sys

import pytest

from tldrkit.machine.kernel_cache import CACHED_KERNELS, VARIABLE

DOORS = ("tldrkit.families.summarizer", "tldrkit.families.hub_code.handler", "tldrkit.steps.fitting")


def look(module: str, **environment: str) -> str:
    """Import a module in a process of its own, and read how many kernels oneDNN will keep."""
    code = f"import os, {module}; print(os.environ.get({VARIABLE!r}))"
    bare = {name: value for name, value in os.environ.items() if name != VARIABLE}
    done = subprocess.run(
        [sys.executable, "-c", code], env=bare | environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("module", DOORS)
def test_few_kernels_are_kept_wherever_networks_run(module: str) -> None:
    """The number is set before torch multiplies anything, for tldrkit and for the exported handler alike."""
    assert look(module) == str(CACHED_KERNELS)


def test_a_number_that_the_user_has_set_stays() -> None:
    """Whoever knows better is left alone."""
    assert look(DOORS[0], **{VARIABLE: "64"}) == "64"
