from tests.reports.samples import build_report
from tests.reports.test_comparison import build_protocol, build_run, compare
from tests.reports.test_html import Page
from tldrkit.reports.forest import build_forest
from tldrkit.reports.html import render_page


def test_every_difference_has_its_seeds_beneath_it() -> None:
    """A diamond over the pooled interval, then a square for each seed, all on one axis that holds zero."""
    comparison = compare(*build_protocol(A=0.05, B=0.05, C=0.0))
    forest = build_forest(comparison)
    assert forest is not None
    (a, *seeds), first = forest.lines[:4], comparison.contrasts[0]

    assert [line.name for line in forest.lines] == [
        name for pair in ("B - A", "B - C", "C - A") for name in (pair, "seed 0", "seed 1", "seed 2")
    ]
    assert a.diamond.split()[0] == f"{a.low},{a.y}"
    assert [line.diamond for line in seeds] == [""] * 3
    assert a.numbers.startswith(f"{first.difference.mean:+.2f} [{first.difference.low:+.2f}, ")
    for line in forest.lines:
        assert forest.axis.start <= line.low < line.mean < line.high <= forest.axis.end
    assert [line.high < forest.zero for line in forest.lines] == [False] * 8 + [True] * 4
    assert len({line.y for line in forest.lines}) == 12


def test_one_seed_has_no_units_to_show() -> None:
    """A difference of one seed is a diamond alone, a run alone has no plot, a long name is cut in front."""
    long = build_run("x" * 30 + "end")
    forest = build_forest(compare(build_run("A"), long))
    assert forest is not None

    assert [line.name for line in forest.lines] == ["\N{HORIZONTAL ELLIPSIS}" + "x" * 12 + "end - A"]
    assert forest.lines[0].title.startswith("x" * 30)
    assert build_forest(compare(long)) is None


def test_the_page_draws_the_forest() -> None:
    """As many diamonds as questions, as many squares as they have seeds, and the numbers beside them."""
    report = build_report()
    page = Page(render_page(report))
    tags = [tag for tag, _ in page.elements]
    forest = build_forest(report.comparison)
    assert forest is not None

    assert (tags.count("polygon"), tags.count("rect")) == (4, 8)
    assert {line.numbers for line in forest.lines} <= set(page.find("text"))
