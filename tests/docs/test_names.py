"""Files and folders that a document names are there."""

import re
from pathlib import Path

import pytest

from tests.docs.test_command_lines import PAGES, ROOT

NAMED = re.compile(
    r"`((?:tests|benchmarks|tldrkit|experiments|examples|deploy|docs)/[\w./-]+|[\w/]+/\w+\.py)`"
)
WITHIN = ("", "tldrkit", "tldrkit/threads", "tldrkit/writing/compiled")  # where pages are at home
MADE_UP = {"steps/NAME.py", "cli/NAME.py"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_a_page_names_are_there(page: Path) -> None:
    """A name between backquotes is a path of the project, or one within its package."""
    named = set(NAMED.findall(page.read_text(encoding="utf-8"))) - MADE_UP

    assert [name for name in named if not any((ROOT / folder / name).exists() for folder in WITHIN)] == []
