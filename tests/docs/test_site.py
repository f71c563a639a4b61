import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FETCHED = re.compile(
    r"""<(?:script|img|link|iframe|source)\b[^>]*?(?:src|href)=["']?((?:https?:)?//[^"'\s>]+)"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(folder)]
    built = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_nothing_is_fetched_from_another_host(site: Path) -> None:
    """Scripts, styles, pictures and fonts of every page are files of the site."""
    pages = sorted(site.rglob("*.html"))
    assert pages

    assert [found for page in pages for found in FETCHED.findall(page.read_text(encoding="utf-8"))] == []
    styles = [style.read_text(encoding="utf-8") for style in site.rglob("*.css")]
    assert not any(re.search(r"url\(\s*[\"']?(https?:)?//", style) for style in styles)


@pytest.mark.parametrize(("words", "page"), [("tldrkit compress", "commands"), ("groups of 64", "writing")])
def test_the_search_index_holds_every_page(site: Path, words: str, page: str) -> None:
    """Words of a page, also of one made from the code, are found in it."""
    index = json.loads((site / "search/search_index.json").read_text(encoding="utf-8"))

    assert any(words in entry["text"] and page in entry["location"] for entry in index["docs"])
