from huggingface_hub import ModelCard

from tests.reports.test_comparison import build_run
from tldrkit.reports.card import CardFacts, DataFacts, LineageFacts, ScoreFacts, render_card
from tldrkit.reports.comparison import compare_runs
from tldrkit.specs import CompareSpec

ROUGE = {"rouge1": 31.25, "rouge2": 10.5, "rougeL": 24.07, "rougeLsum": 24.1}


def build_facts() -> CardFacts:
    data = DataFacts(name="trl-lib/tldr", kind="English posts", hub_id="trl-lib/tldr", licence="cc-by-4.0")
    comparison = compare_runs([build_run("A"), build_run("B", gain=-0.05)], CompareSpec(resamples=200))
    return CardFacts(
        name="ann/tldr",
        dtype="fp32",
        parameters=1000,
        bytes=4000,
        custom_code=True,
        prefix="summarize: ",
        max_source_tokens=512,
        num_beams=4,
        max_target_tokens=128,
        base="google-t5/t5-small",
        base_on_hub=True,
        training="ann/tldr was trained on trl-lib/tldr (English posts of Reddit).",
        making=["Compressed.", "Trained."],
        data=[data],
        lineage=[LineageFacts(role="model", reference="b/train@v1", digest="abc")],
        scores=ScoreFacts(data=data, split="test", rouge=ROUGE, comparison=comparison, label="B"),
    )


def test_what_it_was_trained_on_is_said_at_once() -> None:
    """Before any number, and once more among the data with the licence."""
    text = render_card(build_facts())

    assert text.index("was trained on trl-lib/tldr (English posts of Reddit).") < text.index("## Use it")
    assert "- trl-lib/tldr, English posts; licence: cc-by-4.0." in text


def test_the_hub_reads_the_same_numbers_back() -> None:
    """The hub's own library finds the scores, the base and the data in the card as they were put in."""
    data = ModelCard(render_card(build_facts())).data

    assert {result.metric_config: result.metric_value for result in data.eval_results} == ROUGE
    assert {result.dataset_type for result in data.eval_results} == {"trl-lib/tldr"}
    assert (data.base_model, data.datasets) == ("google-t5/t5-small", ["trl-lib/tldr"])
    assert (data.pipeline_tag, data.library_name) == ("summarization", "transformers")


def test_no_terminal_obeys_a_card() -> None:
    """What a name or a data set brings along in control characters is not in the card."""
    text = render_card(CardFacts(**vars(build_facts()) | {"name": "a\x1b[2J\x9b"}))
    assert not {"\x1b", "\x9b"} & set(text)


def test_a_loss_is_told_as_a_gain_would_be() -> None:
    """The comparison stands in the card with its intervals and answers, whoever won."""
    text = render_card(build_facts())

    assert "| ROUGE-L, 95 % |" in text
    assert "B loses quality" in text
    assert "licence: cc-by-4.0" in text


def test_without_a_comparison_no_number_is_told() -> None:
    """A model nobody scored gets a card that says so, without a model-index."""
    facts = build_facts()
    text = render_card(CardFacts(**vars(facts) | {"scores": None}))

    assert "exported without a comparison" in text
    assert "model-index" not in text
