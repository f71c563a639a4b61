"""The page in a real browser: Chromium without a window, driven by its own driver."""

import shutil
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

from tests.reports.samples import build_report
from tldrkit.reports.html import render_page
from tldrkit.reports.report import Report

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")

pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="no Chromium with chromedriver is installed (apt: chromium-driver)"
)


@pytest.fixture(scope="module")
def report() -> Report:
    return build_report()


@pytest.fixture(scope="module")
def opened(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """The page, open in a browser as wide as a desk."""
    page = tmp_path_factory.mktemp("page") / "report.html"
    page.write_text(render_page(report), encoding="utf-8")
    options = ChromeOptions()
    options.binary_location = str(BROWSER)
    for switch in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "window-size=1280,900"):
        options.add_argument(f"--{switch}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=ChromeService(str(DRIVER)))
    try:
        driver.get(page.as_uri())
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def browser(opened: Chrome) -> Chrome:
    """The same page, as it is when it was just opened."""
    opened.refresh()
    return opened


def read_rows(browser: Chrome) -> list[list[str]]:
    """Read the cells of the first table as they are shown."""
    rows: list[list[str]] = browser.execute_script(
        "return [...document.querySelectorAll('#table tbody tr')]"
        ".map((row) => [...row.cells].map((cell) => cell.innerText))"
    )
    return rows


def read_column(browser: Chrome, number: int) -> list[str]:
    return [row[number] for row in read_rows(browser)]


def find_heads(browser: Chrome) -> dict[str, WebElement]:
    heads = browser.find_elements(By.CSS_SELECTOR, "#table thead button")
    return {head.get_attribute("textContent") or "": head for head in heads}


def read_cards(browser: Chrome) -> list[str]:
    cards = browser.find_elements(By.CSS_SELECTOR, "#list article")
    return [card.get_attribute("textContent") or "" for card in cards]


def test_it_opens_without_a_complaint_and_loads_nothing_else(browser: Chrome) -> None:
    """No message in the console, no request but the file's own, and nothing in a text was run."""
    requests = [
        entry["message"]
        for entry in browser.get_log("performance")
        if 'requestWillBeSent"' in entry["message"]
    ]

    assert browser.get_log("browser") == []
    assert all("report.html" in request for request in requests)
    assert requests
    assert browser.title == "compare@v1: A, B, C, D"
    assert browser.find_elements(By.CSS_SELECTOR, "img, article script") == []


def test_numbers_shown_equal_the_json(browser: Chrome, report: Report) -> None:
    """The table's cells are the values of the comparison's JSON, rounded as they are shown."""
    heads = list(find_heads(browser))
    shown = {cells[0]: dict(zip(heads, cells, strict=True)) for cells in read_rows(browser)}
    for row in report.comparison.to_dict()["rows"]:
        cells = shown[row["label"]]
        assert cells["parameters"] == f"{row['cost']['parameters']:,.0f}"
        assert cells["ROUGE-L"] == f"{row['scores']['rougeL']:.2f}"
        assert cells["ROUGE-2"] == f"{row['scores']['rouge2']:.2f}"
        assert cells["ROUGE-L, 95 %"] == f"[{row['interval']['low']:.2f}, {row['interval']['high']:.2f}]"


def test_tables_are_sorted_by_any_column(browser: Chrome) -> None:
    """A head sorts by numbers, the largest first, and back; what is empty stays last; names sort as words."""
    heads = find_heads(browser)
    scores, sizes = list(heads).index("ROUGE-L"), list(heads).index("parameters")
    heads["ROUGE-L"].click()
    falling = list(map(float, read_column(browser, scores)))
    heads["ROUGE-L"].click()
    rising = list(map(float, read_column(browser, scores)))
    heads["parameters"].click()
    by_size = read_column(browser, sizes)
    heads["run"].click()

    assert falling == sorted(falling, reverse=True) != rising == sorted(rising)
    assert by_size == ["1,000", "750", "750", "740", "", ""]
    assert read_column(browser, 0) == ["A", "B", "C", "D", "Extractive oracle", "Lead-3"]
    assert len(browser.find_elements(By.CSS_SELECTOR, "#table [aria-sort]")) == 1


def test_documents_are_filtered_by_text(browser: Chrome, report: Report) -> None:
    """Only documents that hold the text remain, in any script and case, with both summaries and reference."""
    browser.find_element(By.ID, "text").send_keys("ТЕМА НИТЬ"[5:])
    texts = read_cards(browser)
    matching = [one for one in report.examples.documents if "нить" in one.document]

    assert f"of {len(matching)} shown" in browser.find_element(By.ID, "count").text
    assert len(texts) == min(10, len(matching))
    assert all("нить" in text and "reference" in text for text in texts)
    assert all("of B0" in text and "of A0" in text for text in texts)


def test_any_two_runs_are_set_side_by_side(browser: Chrome, report: Report) -> None:
    """Chosen runs are compared by their own numbers, ordered as asked; more are shown when asked for."""
    runs = report.examples.runs
    Select(browser.find_element(By.ID, "one")).select_by_visible_text("C, seed 1")
    Select(browser.find_element(By.ID, "other")).select_by_visible_text("A, seed 0")
    Select(browser.find_element(By.ID, "order")).select_by_value("one")
    one, other = runs.index("C, seed 1"), runs.index("A, seed 0")
    expected = sorted(
        ((row.points[one] - row.points[other], row) for row in report.examples.documents),
        key=lambda pair: -pair[0],
    )
    best, row = expected[0]
    text = read_cards(browser)[0]
    browser.find_element(By.ID, "more").click()

    assert f"C, seed 1 - A, seed 0 = {best:+.2f} ROUGE-L" in text
    assert row.summaries[one] in text
    assert row.summaries[other] in text
    assert f"C, seed 1: {row.points[one]:.2f} ROUGE-L" in text
    assert len(read_cards(browser)) == 20


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")]
)
def test_it_fits_a_phone_and_a_desk(browser: Chrome, width: int, scheme: str) -> None:
    """The page is never wider than its window, and dark where the reader's system is."""
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")

    assert browser.execute_script("return innerWidth") == width
    assert browser.execute_script(
        "return document.documentElement.scrollWidth == document.documentElement.clientWidth"
    )
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 29)"}[scheme]
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_it_prints_in_black_on_white_with_nothing_folded(browser: Chrome) -> None:
    """On paper the lineage is open, what asks for a click is gone, and a dark system changes nothing."""
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": dark})
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")

    assert paper == "rgb(255, 255, 255)"
    assert browser.find_elements(By.CSS_SELECTOR, "details:not([open])") == []
    assert not any(browser.find_element(By.ID, name).is_displayed() for name in ("filter", "more"))
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
