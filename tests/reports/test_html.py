import json
import re
from dataclasses import asdict, replace
from html.parser import HTMLParser

import pytest

from tests.reports.samples import HARM, build_report
from tldrkit.reports.html import render_page
from tldrkit.reports.report import Report
from tldrkit.scoring.metrics import METRICS

VOID = {"meta", "img", "input", "link", "br"}


class Page(HTMLParser):
    """The elements of a page with their attributes, and the texts in them; it must be well formed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        assert len(dict(attrs)) == len(attrs), f"{tag} has an attribute twice"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element without a text."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close the element that is open."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.texts.append((self.open[-1] if self.open else "", data))

    def find(self, tag: str) -> list[str]:
        """Find the texts of all elements of a kind."""
        return [text for own, text in self.texts if own == tag]


@pytest.fixture(scope="module")
def report() -> Report:
    return build_report()


@pytest.fixture(scope="module")
def text(report: Report) -> str:
    return render_page(report)


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_the_page_asks_nothing_of_a_network(page: Page, text: str) -> None:
    """No element names a resource, no style loads one, and the page's policy forbids all."""
    loading = {"src", "srcset", "data", "action", "poster", "background", "xlink:href", "formaction"}
    named = [(tag, attributes) for tag, attributes in page.elements if loading & attributes.keys()]
    links = {attributes["href"] or "" for _, attributes in page.elements if "href" in attributes}
    policies = [attributes["content"] or "" for _, attributes in page.elements if "http-equiv" in attributes]

    assert named == []
    assert all(link.startswith("#") for link in links)
    assert not {"link", "iframe", "object", "embed", "img"} & {tag for tag, _ in page.elements}
    assert not re.search(r"url\(|@import|https?:", text)
    assert policies[0].startswith("default-src 'none';")


def test_links_lead_somewhere(page: Page) -> None:
    """Every link inside the page names an id that is there once."""
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    links = {(attributes["href"] or "")[1:] for _, attributes in page.elements if "href" in attributes}

    assert len(set(ids)) == len(ids)
    assert links <= set(ids)


def test_texts_of_runs_stay_texts(report: Report, text: str, page: Page) -> None:
    """Marks in labels, ids, documents and data names are shown, never read: the page has as many elements."""
    harmless = Page(render_page(build_report(harm="")))

    assert [tag for tag, _ in page.elements] == [tag for tag, _ in harmless.elements]
    assert page.elements[-1][0] == "script"
    assert HARM not in text
    assert f"toy {HARM}" in "".join(page.find("p"))
    assert report.examples.documents[0].document.count(HARM) == 1


def test_the_script_gets_the_documents_whole(report: Report, page: Page) -> None:
    """What the script reads is the report's own value, in every script and with every mark."""
    (data,) = [text for text in page.find("script") if text.startswith("{")]

    assert json.loads(data) == json.loads(json.dumps(asdict(report.examples)))


def test_numbers_equal_those_of_the_json(report: Report, page: Page) -> None:
    """The cells are the comparison's values, rounded; every sentence is the comparison's own."""
    values = json.loads(json.dumps(report.comparison.to_dict()))
    cells = page.find("td")
    shown = " ".join(page.find("p"))

    for row in values["rows"]:
        assert [cell for cell in cells if cell == f"{row['cost']['parameters']:,.0f}"]
        assert all(METRICS[name].show(points) in cells for name, points in row["scores"].items())
        assert f"[{row['interval']['low']:.2f}, {row['interval']['high']:.2f}]" in cells
    for contrast in report.comparison.contrasts:
        assert contrast.whole in shown
        assert f"{contrast.sentence} {contrast.answer}" in shown
    for judgement in report.comparison.judgements:
        assert f" {judgement.claim}: {judgement.found}." in page.find("li")


def test_every_restructuring_is_marked_and_told(report: Report, page: Page) -> None:
    """Each is a line across the curves and a sentence with both sizes."""
    told = [one for curve in report.curves for one in curve.restructurings]
    marks = [attributes for _, attributes in page.elements if "mark" in (attributes.get("class") or "")]

    assert len(marks) == len(told) == 4
    assert "B, seed 0, step 40: 1,100 to 1,200 parameters; growing ended" in page.find("li")


def test_lineage_reaches_the_data(page: Page) -> None:
    """Every run is there with its name; what was shown before is linked to; the data's digest is whole."""
    names = [text for text in page.find("span") if text in ("A, seed 0", "D, seed 1")]

    assert names == ["A, seed 0", "D, seed 1"]
    assert page.find("a").count("as above") == 7
    assert any("d" * 64 in text for text in page.find("span"))


def test_a_part_of_the_documents_is_called_a_part(report: Report, page: Page) -> None:
    """The page says whether all documents are in it, or how many of which."""
    part = replace(report, examples=replace(report.examples, of=5000, ranks=7))

    assert "All documents, 60 of them." in page.find("p")
    assert any(
        "60 of 5,000 documents" in text and "the first 7" in text
        for text in Page(render_page(part)).find("p")
    )


def test_equal_reports_give_equal_pages(text: str) -> None:
    """A page is a function of its report, byte for byte."""
    assert render_page(build_report()) == text


def test_a_page_without_curves_sizes_or_rivals(report: Report) -> None:
    """What is not known is said in words: no training, no sizes, a run alone."""
    first = replace(report.comparison.rows[0], cost=dict.fromkeys(report.comparison.rows[0].cost))
    alone = replace(report.comparison, rows=(first,), contrasts=(), judgements=(), winner="", winner_model="")
    examples = replace(report.examples, runs=("A, seed 0",), documents=())
    page = Page(render_page(replace(report, comparison=alone, curves=(), examples=examples)))
    shown = " ".join(page.find("p"))

    assert "No training of these runs is recorded." in shown
    assert "Fewer than two runs tell their size." in shown
    assert shown.count("One run alone") == 2
    assert "svg" not in [tag for tag, _ in page.elements]
