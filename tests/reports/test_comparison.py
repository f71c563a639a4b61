import dataclasses
import json
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from tldrkit.errors import ComparisonError, SpecError
from tldrkit.reports.claims import check_claims
from tldrkit.reports.comparison import ComparedRuns, compare_runs
from tldrkit.reports.page import render_markdown
from tldrkit.reports.scores import Cost, RunScores
from tldrkit.scoring.overlap import ROUGE_TYPES
from tldrkit.specs import ClaimSpec, CompareSpec
from tldrkit.store.lineage import Origin

DOCUMENTS = 60
RULES = {"Lead-3": 0.15, "Extractive oracle": 0.6}
ORIGIN = Origin(weights="w", base="b", base_name="base", trained_on="m", trained_in="fp32")
PARAMETERS = {"A": 1000, "B": 750, "C": 740, "D": 750}


def build_run(label: str, seed: int = 0, gain: float = 0.0, **changes: object) -> RunScores:
    """Build a run whose ROUGE-L is the same spread of scores plus a gain, with noise of its own."""
    noise = np.random.default_rng([seed, *label.encode()]).normal(0, 0.01, DOCUMENTS)
    scores = tuple(float(x) for x in np.linspace(0.1, 0.5, DOCUMENTS) + gain + noise)
    cost = Cost(
        parameters=PARAMETERS.get(label, 500),
        bytes=4_000_000,
        latency_median=0.1,
        latency_p95=0.2,
        batch_size=16,
        threads_per_second=3.0,
        tokens_per_second=90.0,
        peak_memory=10**9,
        joules_per_thread=None,
        machine="m",
        training_tokens=1_000_000,
        training_steps=100,
        training_seconds=60.0,
        dendrites=int(label == "B"),
    )
    costs = {name: changes.pop(name) for name in list(changes) if name in Cost.__dataclass_fields__}
    run = RunScores(
        label=label,
        seed=seed,
        reference=f"{label.lower()}/s{seed}/eval@v1",
        model=f"{label.lower()}/s{seed}/train@v1",
        cost=replace(cost, **cast(dict[str, Any], costs)),
        document_ids=tuple(f"t{number}" for number in range(DOCUMENTS)),
        scores=dict.fromkeys(ROUGE_TYPES, scores) | {"chrf": scores},
        empty=0,
        data="toy, test",
        data_digest="d1",
        documents_digest="e1",
        decoding={"num_beams": 4},
        origin=replace(ORIGIN, weights=f"{label}{seed}", base=f"base {seed}"),
        baselines={name: dict.fromkeys(ROUGE_TYPES, value) for name, value in RULES.items()},
    )
    return dataclasses.replace(run, **cast(dict[str, Any], changes))


def build_protocol(**gains: float) -> list[RunScores]:
    """Build runs of three seeds each, with the gains given."""
    return [build_run(label, seed, gain) for label, gain in gains.items() for seed in range(3)]


def compare(*runs: RunScores, claims: tuple[ClaimSpec, ...] = ()) -> ComparedRuns:
    return compare_runs(runs, CompareSpec(resamples=500, claims=claims))


def test_protocol_answers_its_questions() -> None:
    """Runs A to D give the four differences, each with its verdict and what it means."""
    comparison = compare(*build_protocol(A=0.05, B=0.05, C=0.0, D=0.1))
    verdicts = {f"{one.label}-{one.against}": one.verdict for one in comparison.contrasts}
    assert verdicts == {
        "B-A": "not shown",
        "B-C": "shown (higher)",
        "B-D": "shown (lower)",
        "C-A": "shown (lower)",
    }
    dendrites = comparison.contrasts[1]
    assert dendrites.difference.mean == pytest.approx(5, abs=0.5)
    assert dendrites.sentence.startswith("Is it the dendrites? B - C = +")
    assert dendrites.sentence.endswith(": shown (higher).")
    assert "3 seeds x 60 threads" in dendrites.sentence
    assert "up to" in comparison.contrasts[0].answer
    assert not comparison.warnings


def test_rows_show_means_and_sizes() -> None:
    """A row holds points, the change of parameters against A, and means over its seeds."""
    runs = build_protocol(B=0.05, A=0.0)
    row = compare(*runs).rows[0]
    assert (row.label, row.seeds, row.cost["parameters"]) == ("B", (0, 1, 2), 750)
    assert row.parameters_change == pytest.approx(-25)
    assert row.scores["rougeL"] == pytest.approx(100 * np.mean([run.scores["rougeL"] for run in runs[:3]]))
    assert row.interval.low < row.scores["rougeL"] < row.interval.high
    assert row.models == ("b/s0/train@v1", "b/s1/train@v1", "b/s2/train@v1")


def test_winner_is_smallest_not_shown_lower() -> None:
    """A smaller run wins if it may be as good as the best; one shown to be lower never does."""
    comparison = compare(*build_protocol(A=0.05, B=0.05, C=0.0))
    assert (comparison.winner, comparison.winner_model) == ("B", "b/s0/train@v1")
    assert compare(*build_protocol(A=0.2, B=0.1, C=0.0)).winner == "A"


def test_other_labels_are_set_against_the_first() -> None:
    """Labels without a question of their own are compared with the first, or with A."""
    named = compare(build_run("small"), build_run("large"), build_run("old"))
    assert [(one.label, one.against) for one in named.contrasts] == [("large", "small"), ("old", "small")]
    mixed = compare(build_run("old"), build_run("A"), build_run("C"))
    assert [(one.label, one.against) for one in mixed.contrasts] == [("C", "A"), ("old", "A")]


def test_single_run_wins_alone() -> None:
    """One run is a comparison too: a row, no differences, and itself as the winner."""
    comparison = compare(build_run("A"))
    assert comparison.contrasts == ()
    assert comparison.winner_model == "a/s0/train@v1"
    assert "over documents only" in comparison.warnings[0]


@pytest.mark.parametrize(
    ("seeds_b", "paired", "count"), [((0, 1, 2), (0, 1, 2), 3), ((1, 2, 9), (1, 2), 2), ((7, 8, 9), (), 3)]
)
def test_seeds_in_common_are_paired(seeds_b: tuple[int, ...], paired: tuple[int, ...], count: int) -> None:
    """Seeds both labels have are paired; without any, all are used as independent, and a warning says so."""
    runs = [build_run("A", seed) for seed in range(3)] + [build_run("B", seed, 0.1) for seed in seeds_b]
    comparison = compare(*runs)
    (contrast,) = comparison.contrasts
    assert (contrast.seeds, contrast.difference.seeds) == (paired, count)
    assert ("unpaired" in contrast.sentence) == (not paired)
    assert any("different seeds" in warning for warning in comparison.warnings) == (seeds_b != (0, 1, 2))


def test_a_single_run_is_set_against_all_seeds() -> None:
    """A base of one seed is compared with every run made from it, not with the one that shares its seed."""
    runs = [build_run("base", 0), *(build_run("E", seed, 0.2 + seed / 100) for seed in range(3))]
    (contrast,) = compare(*runs).contrasts
    means = [100 * np.mean(run.scores["rougeL"]) for run in runs]

    assert contrast.difference.mean == pytest.approx(np.mean(means[1:]) - means[0])
    assert (contrast.seeds, contrast.parts) == ((), ())
    assert "1 seed x 60 threads (seeds unpaired: 3 and 1)" in contrast.sentence
    assert contrast.verdict.endswith("of these weights only")


def test_runs_that_grew_nothing_are_named() -> None:
    """Of every cell of a study: which seeds of B published no dendrites, and whether D has B's size."""
    runs = [build_run("B early", seed, dendrites=seed, parameters=700) for seed in range(3)] + [
        build_run("B late", seed, parameters=700) for seed in range(3)
    ]
    controls = [
        build_run(label, seed, parameters=size)
        for label, size in (("D early", 700), ("D late", 770))
        for seed in range(3)
    ]
    warnings = compare(*runs, *controls).warnings

    assert "No dendrites were published by B early in 1 of 3 seeds (0)." in warnings
    twice = [
        build_run(label, 0, dendrites=n, replication=name, origin=replace(ORIGIN, weights=f"{label} {name}"))
        for n, name in enumerate(("here", "there"))
        for label in "AB"
    ]
    assert "No dendrites were published by B in 1 of 2 seeds (0 (here))." in compare(*twice).warnings
    assert "No dendrites were published by B late: what it scores says nothing of them." in warnings
    assert [text for text in warnings if "no control" in text] == [
        "D late has 10.0 % more parameters than B late: it is no control of its size."
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"training_tokens": 5}, "same number of tokens: D 5; B 1,000,000"),
        ({"training_steps": 5}, "same number of steps: D 5; B 100"),
        ({"published_steps": 0}, "No validation of D, seed 0, was better than the one before its first step"),
        ({"hidden": 50}, "of 50 of 60 references it sees less than half"),
        ({"empty": 3}, "d/s0/eval@v1 has 3 empty predictions, which score 0"),
        ({"parameters": 900}, "D has 20.0 % more parameters than B"),
    ],
)
def test_unequal_conditions_are_named(changes: dict[str, Any], words: str) -> None:
    """Runs that trained or weigh otherwise than they should are compared, under a warning."""
    warnings = compare(build_run("D", **changes), build_run("B")).warnings
    assert any(words in warning for warning in warnings)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"document_ids": tuple(f"u{number}" for number in range(DOCUMENTS))}, "number 1 is 't0' and 'u0'"),
        (
            {"data_digest": "d2", "data": "toy, train"},
            r"\(toy, test\) and .* \(toy, train\) .*different references",
        ),
        ({"documents_digest": "e2"}, "different documents under the same ids"),
        ({"decoding": {"num_beams": 1}}, "decoded differently: num_beams 4 and 1"),
        ({"scoring": {"stemmer": False}}, "scored differently: .*stemmer True and False"),
        ({"label": "A"}, "both A with seed 0"),
    ],
)
def test_unlike_runs_raise(changes: dict[str, Any], words: str) -> None:
    """Runs that cannot be set side by side are refused in words that say what differs."""
    with pytest.raises(ComparisonError, match=words):
        compare(build_run("A"), dataclasses.replace(build_run("B"), **changes))


def test_each_run_may_have_the_prefix_it_was_taught() -> None:
    """A prefix belongs to the network, like its tokenizer; settings shown are those of all runs."""
    runs = [
        build_run(label, decoding={"prefix": prefix, "num_beams": 4})
        for label, prefix in (("A", "summarize: "), ("B", ""))
    ]

    assert compare(*runs).decoding == {"num_beams": 4}


def test_fewer_documents_raise() -> None:
    """Runs over splits of different sizes are refused with both sizes."""
    run = build_run("B")
    cut = {metric: scores[:5] for metric, scores in run.scores.items()}
    with pytest.raises(ComparisonError, match="60 and 5"):
        compare(build_run("A"), dataclasses.replace(run, document_ids=run.document_ids[:5], scores=cut))


def test_one_seed_speaks_of_its_weights() -> None:
    """A difference shown with one seed is not claimed of the recipe."""
    (contrast,) = compare(build_run("A", gain=0.1), build_run("C")).contrasts
    assert contrast.answer.startswith("Compression alone costs quality. With one seed")
    assert "1 seed x" in contrast.sentence


@pytest.mark.parametrize(
    ("bases", "scope"),
    [
        (("b", "b", "b", "b"), "this base"),
        (("b", "b", "w", "w"), "these bases"),
        (("b1", "b2", "b1", "b2"), ""),
        (("b1", "b2", "b1", ""), "these runs"),
    ],
)
def test_verdicts_say_what_they_cover(bases: tuple[str, ...], scope: str) -> None:
    """Runs of several seeds speak of the base they go back to; of more only where both sides have several."""
    made = [(label, seed, 0.1 * (label == "A")) for label in "AC" for seed in range(2)]
    origins = [replace(ORIGIN, weights=str(number), base=base) for number, base in enumerate(bases)]
    runs = [build_run(*one, origin=origin) for one, origin in zip(made, origins, strict=True)]
    claims = (ClaimSpec(label="C", against="A", measure="rougeL", at_most=-0.8),)
    comparison = compare(*runs, claims=claims)
    only = f", of {scope} only" if scope else ""

    assert comparison.contrasts[0].verdict == f"shown (lower){only}"
    assert comparison.judgements[0].verdict == f"held{only}"
    for text in (render_markdown(comparison), json.dumps(comparison.to_dict())):
        assert f"shown (lower){only}" in text
        assert f"held{only}" in text
        assert ("said of" in text) == bool(scope)


def test_seeds_that_share_some_of_several_bases_are_named() -> None:
    """Neither seeds of one base alone nor seeds of a base each are warned of."""
    for bases, is_told in (("bbb", False), ("bcd", False), ("bbc", True)):
        origins = [replace(ORIGIN, weights=str(seed), base=base) for seed, base in enumerate(bases)]
        runs = [build_run("A", seed, origin=origin) for seed, origin in enumerate(origins)]
        told = [one for one in compare(*runs).warnings if "Some seeds of A go back to one base" in one]
        assert len(told) == is_told


def test_what_could_have_been_shown_is_told() -> None:
    """Each difference comes with the smallest that had a fair chance; asking more questions raises it."""
    few = compare(*build_protocol(A=0.05, C=0.0)).contrasts[0]
    many = compare(*build_protocol(A=0.05, B=0.0, C=0.0, D=0.1)).contrasts[-1]
    half = (few.difference.high - few.difference.low) / 2

    assert (many.label, many.against) == (few.label, few.against)
    assert half < few.difference.detectable < many.difference.detectable
    assert "80 % chance to show, with 3 seeds and 60 threads: " in few.power
    assert few.power in render_markdown(compare(*build_protocol(A=0.05, C=0.0)))


def test_other_processors_and_formats_are_named() -> None:
    """Runs that were trained or written elsewhere, or in another format, are named; alike ones are not."""
    a, b = (build_run(label, scored_on="x") for label in "AB")
    other = replace(ORIGIN, trained_on="n (avx2)", trained_in="bf16", weights="w")
    told = " ".join(compare(replace(a, origin=other), replace(b, scored_on="y")).warnings)

    assert "Trained on different processors, whose rounding differs: n (avx2): A; m: B." in told
    assert "Trained in different number formats, whose rounding differs: bf16: A; fp32: B." in told
    assert "written on different processors, whose rounding differs: x: A; y: B." in told
    assert "rounding" not in " ".join(compare(a, b).warnings)


def test_questions_are_asked_of_any_labels() -> None:
    """A spec's questions come before the protocol's; one that these runs cannot answer is named."""
    given = (
        {"label": "deep", "against": "D"},
        {"label": "B", "against": "A", "text": "Well?"},
        {"label": "x", "against": "D"},
    )
    runs = [build_run(label) for label in ("A", "B", "D", "deep")]
    comparison = compare_runs(runs, CompareSpec(resamples=200, questions=given))
    asked = [f"{one.question} {one.label} - {one.against}" for one in comparison.contrasts]

    assert asked == ["Does it differ? deep - D", "Well? B - A", "Or merely the extra parameters? B - D"]
    assert "x - D is not asked: there is no run x." in comparison.warnings


def test_no_runs_raise() -> None:
    """Nothing to compare is an error with a next step."""
    with pytest.raises(ComparisonError, match="no runs") as caught:
        compare()
    assert "tldrkit eval" in caught.value.hint


@pytest.mark.parametrize(
    "scores", [{}, dict.fromkeys(ROUGE_TYPES, (0.5,)), dict.fromkeys(ROUGE_TYPES, (np.nan,) * 60)]
)
def test_damaged_scores_raise(scores: dict[str, tuple[float, ...]]) -> None:
    """Scores that are missing, too few or not finite make no run."""
    with pytest.raises(ComparisonError, match="a/s0/eval@v1"):
        build_run("A", scores=scores)


def test_round_trips_through_json() -> None:
    """Runs and comparisons come back from JSON as they were; keys of later versions do no harm."""
    runs = build_protocol(A=0.05, B=0.05)
    comparison = compare(*runs)
    assert ComparedRuns.from_dict(json.loads(json.dumps(comparison.to_dict()))) == comparison
    assert RunScores.from_dict({**json.loads(json.dumps(runs[0].to_dict())), "new": 1}) == runs[0]
    for read, written in ((RunScores, runs[0].to_dict()), (ComparedRuns, comparison.to_dict())):
        with pytest.raises(ComparisonError, match="another version"):
            read.from_dict(written | {"format": 1})


def test_order_of_seeds_does_not_matter() -> None:
    """Rows, intervals and the winner do not depend on the order in which seeds are named."""
    runs = build_protocol(A=0.05, B=0.05)
    assert compare(*runs) == compare(*runs[2::-1], *runs[:2:-1])


def test_page_says_what_disappoints() -> None:
    """The page holds an even table, and says that dendrites are not shown to help and Lead-3 wins."""
    page = render_markdown(compare(*build_protocol(A=0.0, B=-0.2, C=-0.198)))
    table = page.split("\n\n")[1].splitlines()
    assert len(table) == 2 + 3 + 2
    assert len({line.count("|") for line in table}) == 1
    assert "Nothing here shows that the dendrites help." in page
    assert "B loses quality." in page
    assert "ROUGE-L, below what needs no network: Lead-3 (15.00)." in page
    assert "no network: Extractive oracle" not in page
    assert "stemmer True" in page


def test_no_terminal_obeys_a_page() -> None:
    """A label's control characters are not in the Markdown page."""
    assert "\x1b" not in render_markdown(compare(build_run("a\x1b[2J")))


def test_labels_cannot_break_the_table() -> None:
    """A bar in a label stays in its cell."""
    table = [line for line in render_markdown(compare(build_run("a|b"))).splitlines() if line.startswith("|")]
    assert "a\\|b" in table[2]


def test_seeds_may_differ_in_tokens_but_runs_of_a_seed_may_not() -> None:
    """Each seed orders the texts in its own way; a warning is due where two runs of one seed differ."""
    alike = [build_run(label, seed, training_tokens=seed) for label in "AB" for seed in range(3)]
    other = [*alike[:-1], build_run("B", 2, training_tokens=9)]

    assert not any("tokens" in warning for warning in compare(*alike).warnings)
    assert any("tokens" in warning for warning in compare(*other).warnings)


def test_given_outputs_stand_beside_runs() -> None:
    """Outputs of another system are compared, but never the run to take; what is not known is left empty."""
    given = build_run("x", gain=0.3, decoding=None, documents_digest="", model="")
    comparison = compare(build_run("A"), replace(given, cost=None))
    row = comparison.rows[1]
    assert comparison.winner == "A"
    assert (row.parameters_change, row.cost["parameters"]) == (None, None)
    assert comparison.contrasts[0].verdict == "shown (higher), of these weights only"
    assert any("outputs of x were given" in warning for warning in comparison.warnings)
    assert "None: only outputs" in render_markdown(compare(replace(given, cost=None)))


def test_unlike_runs_raise_beside_given_outputs() -> None:
    """Outputs without decoding or documents, named first, hide no difference between the others."""
    given = build_run("x", decoding=None, documents_digest="")
    for changes in ({"decoding": {"num_beams": 1}}, {"documents_digest": "e2"}):
        with pytest.raises(ComparisonError, match=r"a/s0/eval@v1 and b/s0/eval@v1 (are|summarize)"):
            compare(given, build_run("A"), build_run("B", **changes))


def test_every_metric_has_its_difference() -> None:
    """Each metric both runs have is set apart with its interval, over the documents both have a score of."""
    half = tuple(0.1 if number % 2 else None for number in range(60))
    own = build_run("A").scores
    runs = [build_run("A", scores=own | {"name_recall": half, "cut": (1.0,) * 60})]
    runs += [build_run("x", scores=own | {"name_recall": (0.3,) * 60}, gain=0.05)]
    comparison = compare(*runs)
    others = comparison.contrasts[0].others
    assert list(others) == ["rouge1", "rouge2", "rougeLsum", "chrf", "name_recall"]
    assert (others["name_recall"].mean, others["name_recall"].documents) == (pytest.approx(20), 30)
    assert others["rouge1"].documents == 60
    assert comparison.rows[0].scores["name_recall"] == pytest.approx(10)
    page = render_markdown(comparison)
    assert "| names | higher | +20.0 [+20.0, +20.0] |" in page
    assert "| cut | lower |" not in page


def test_claims_are_about_any_metric() -> None:
    """A metric of the table may be claimed; one that a run lacks is not known, another thing is refused."""
    claims = [ClaimSpec(label="B", against="A", measure=name, at_least=1) for name in ("chrf", "cut")]
    judged = compare(*build_protocol(A=0.0, B=0.05), claims=tuple(claims)).judgements
    assert [one.verdict for one in judged] == ["held", "not shown"]
    assert judged[1].found == "cut: not known of both"
    with pytest.raises(SpecError, match="no metric 'rouge3'"):
        check_claims([ClaimSpec(label="B", against="A", measure="rouge3", at_least=1)])


@pytest.mark.parametrize(
    ("claim", "verdict", "found"),
    [
        ({"label": "B", "measure": "parameters", "at_most": -25}, "held", "-25.0 %"),
        ({"label": "C", "measure": "parameters", "at_most": -27}, "not held", "-26.0 %"),
        ({"label": "B", "measure": "rougeL", "at_least": 0.8}, "held", "ROUGE-L ["),
        ({"label": "C", "measure": "rougeL", "at_most": -0.8}, "not held", "3 seeds x 60 threads"),
        ({"label": "C", "measure": "rouge1", "at_least": 0.0}, "not shown", "ROUGE-1 ["),
        ({"label": "D", "measure": "rougeL", "at_least": 0.8}, "not shown", "there is no run D"),
    ],
)
def test_claims_are_judged(claim: dict[str, Any], verdict: str, found: str) -> None:
    """A claim holds if all its interval does, does not if none does, and else is not shown, with numbers."""
    runs = build_protocol(A=0.0, B=0.05, C=0.0)
    (judgement,) = compare(*runs, claims=(ClaimSpec(against="A", **claim),)).judgements
    assert judgement.verdict == verdict
    assert found in judgement.sentence


def test_each_claim_gets_its_own_difference() -> None:
    """Among several claims none is judged by another's numbers, whatever is missing between them."""
    bounds = [("C", "rougeL"), ("D", "rougeL"), ("B", "parameters"), ("B", "rougeL")]
    claims = tuple(ClaimSpec(label=a, against="A", measure=m, at_least=1) for a, m in bounds)
    judged = compare(*build_protocol(A=0.0, B=0.05, C=-0.05), claims=claims).judgements
    assert [one.verdict for one in judged] == ["not held", "not shown", "not held", "held"]


def test_asking_more_asks_for_more() -> None:
    """The verdict rests on p corrected for the questions asked: never below either test's own."""
    comparison = compare(*build_protocol(A=0.05, B=0.05, C=0.0, D=0.1))
    for one in comparison.contrasts:
        assert one.p_adjusted >= max(one.p_permutation, one.difference.p_value)
        assert (one.verdict == "not shown") == (one.p_adjusted >= 0.05)
