"""What a project has besides its code."""

import re
from pathlib import Path

import pytest
import yaml

import tldrkit
from tests.docs.test_command_lines import ROOT
from tldrkit.machine.libraries import advise_extra

FORMS = sorted(path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")


def test_every_file_says_the_same_version() -> None:
    """The package, its metadata, the citation and the changelog's newest heading."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    metadata = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    newest = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert newest
    assert citation["version"] == tldrkit.__version__ == newest[1]
    assert f'version = "{tldrkit.__version__}"' in metadata.splitlines()


def test_the_page_of_installing_names_the_libraries_of_extras() -> None:
    """It has the line that a command gives as a hint where an extra's libraries are missing."""
    page = (ROOT / "docs/how-to/install.md").read_text(encoding="utf-8")
    advice = [advise_extra(extra) for extra in ("serve", "sweep", "onnx", "ray")]

    assert not any("tldrkit[" in line for line in advice)
    assert [line for line in advice if f"`{line}`" not in page] == []


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_a_form_asks_its_questions_by_names_of_their_own(form: Path) -> None:
    """Each has the keys that GitHub asks for, and no id twice."""
    told = yaml.safe_load(form.read_text(encoding="utf-8"))
    fields = told["body"]

    assert told["name"]
    assert told["description"]
    assert all(field["type"] in ("textarea", "input") and field["attributes"]["label"] for field in fields)
    assert len({field["id"] for field in fields}) == len(fields)


def test_the_readme_is_short() -> None:
    """At most 120 lines."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120
