import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.scoring.baselines import (
    central,
    choose_units,
    count_words,
    cut_words,
    lead,
    longest,
    oracle,
    split_units,
    title,
)
from tldrkit.scoring.overlap import compute_rouge
from tldrkit.threads import Post, Thread

THREAD = Thread(
    id="1",
    title="Bike: it clicks",
    posts=(
        Post(author="Ada", text="My bike clicks. What is it?"),
        Post(author="Bo B.", text="> What is it?\nThe chain is worn! Change it."),
        Post(author="Ada", text="Done\nthank you"),
    ),
)
DIALOGUE = "Ann: Hi. You there?\r\nBob: Yes: always\r\n#Person1#: Good"
SENTENCES = st.lists(st.text("ab c.!?:>\n", min_size=0, max_size=12), max_size=8).map("\n".join)


def test_units_of_a_thread_are_sentences() -> None:
    """The units of a thread are its posts' sentences and lines: no title, no authors, nothing quoted."""
    plain = Thread(id="1", title="It clicks", posts=THREAD.posts)
    assert split_units(plain.document()) == [
        "My bike clicks.",
        "What is it?",
        "The chain is worn!",
        "Change it.",
        "Done",
        "thank you",
    ]


def test_units_of_a_dialogue_are_turns() -> None:
    """The units of a dialogue are its turns, whole, without the speakers."""
    assert split_units(DIALOGUE) == ["Hi. You there?", "Yes: always", "Good"]


def test_units_of_plain_text_are_sentences() -> None:
    """A text without authors is split into sentences; its first paragraph is no title."""
    assert split_units('He said "no." She left.\n\nIt rained.') == [
        'He said "no."',
        "She left.",
        "It rained.",
    ]
    assert title("He left.\n\nIt rained.") == ""


def test_a_document_of_quotes_keeps_them() -> None:
    """Quoted lines count where there is nothing else."""
    assert split_units("> One. Two.") == ["> One.", "Two."]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("It clicks\n\nAda: Help.\n\nBo: No.", "It clicks"),
        ("SUBREDDIT: r/bikes\n\nTITLE: It clicks: why?\n\nPOST: Help.\n\nPlease.", "It clicks: why?"),
        ("Ada: Help.\n\nBo: No.", ""),
        (DIALOGUE, ""),
        ("One line", ""),
        ("", ""),
    ],
)
def test_title_is_the_line_before_the_posts(document: str, expected: str) -> None:
    """A title is the line before the first post, or one marked so; other documents have none."""
    assert title(document) == expected


def test_lead_and_longest_take_so_many_units() -> None:
    """Lead-n takes the first n units, Longest-n the n longest ones, longest first."""
    document = "Ann: one\nBob: three is longest\nAnn: two two"
    assert lead(document, 2) == "one three is longest"
    assert longest(document, 2) == "three is longest two two"
    assert lead(document, 9) == "one three is longest two two"


def test_oracle_takes_what_raises_rouge() -> None:
    """The oracle takes the units that raise ROUGE-L, in the document's order, and leaves the others."""
    document = "T\n\nAda: The cat sat. Dogs bark. It rained all day."
    assert oracle(document, ["the cat sat while it rained all day"]) == "The cat sat. It rained all day."
    assert oracle(document, ["nothing of that"]) == ""


@given(SENTENCES, SENTENCES)
def test_oracle_is_never_worse_than_any_unit(document: str, reference: str) -> None:
    """No single unit has a higher ROUGE-L, by rouge_score itself, than the oracle."""
    units = split_units(document)
    if units:
        candidates = [oracle(document, [reference]), *units]
        best, *others = compute_rouge(candidates, [[reference]] * len(candidates))["rougeL"]
        assert best >= max(others) - 1e-9


@given(st.text())
def test_any_text_has_baselines(document: str) -> None:
    """No text makes a baseline fail, and no unit is empty or has blanks around it."""
    assert all(unit and unit == unit.strip() for unit in split_units(document))
    assert lead(document, 3) == " ".join(split_units(document)[:3])
    assert isinstance(title(document) + longest(document, 1) + oracle(document, [document]), str)


@pytest.mark.parametrize(
    "sentence",
    [
        "They all want one simple thing: lower rents.",
        "one simple thing: rents will fall",
        "Nora said in the hall: bring a ladder.",
        "what we know so far: nothing",
    ],
)
@pytest.mark.parametrize(
    "form", ["{}", "Rent\n\nAda: Hello.\n\n{}", "Rent\n\nAda: {}", "Rent\n\nAda: Well.\n{}"]
)
def test_no_words_are_taken_out_of_a_sentence(sentence: str, form: str) -> None:
    """Only a name that a post begins with is its author; what stands before a later colon is text."""
    assert sentence in split_units(form.format(sentence))


@pytest.mark.parametrize("name", ["ada", "Bo B.", "user_7", "Ada van Loon", "新人", "JJ 99"])
def test_the_author_of_a_post_is_left_out(name: str) -> None:
    """A name is one word, or up to three of which the first and last are not small; it is no text."""
    assert split_units(f"Rent\n\n{name}: It fell.\n\nBo: Why: tell me.") == ["It fell.", "Why: tell me."]


def test_central_units_share_words_with_the_others() -> None:
    """The most central units that have so many words together, in order; equal ones count once."""
    posts = ("The lift is broken.", "I like tea.", "The lift is broken.", "Tim mends the broken lift.")
    document = Thread(id="1", title="", posts=tuple(Post(author="", text=text) for text in posts)).document()

    assert choose_units(document, 9) == "The lift is broken. Tim mends the broken lift."
    assert choose_units(document, 5) == "The lift is broken."
    assert central("") == ""


@given(SENTENCES, st.integers(1, 9))
def test_central_units_keep_within_their_words(document: str, most: int) -> None:
    """However short the budget, a document with units gives one at least; cut, it has no more words."""
    chosen = choose_units(document, most)

    assert bool(chosen) == bool(split_units(document))
    assert count_words(cut_words(chosen, most)) <= most
    assert count_words(central("tic tac toe " * 100)) <= 48


def test_words_of_every_script_are_counted() -> None:
    """Where words have no spaces between them each character counts as one."""
    assert [
        count_words(text)
        for text in ("it's a bike", "\u6211\u5011\u660e\u5929\u53bb", "\u043d\u0438\u0442\u044c")
    ] == [4, 5, 1]
    assert cut_words("one two, three", 2) == "one two"
    assert cut_words("one two, three.", 3) == "one two, three."


def test_oracle_copies_by_the_words_of_the_score() -> None:
    """With words of any script the oracle finds the Russian sentence that copies its reference."""
    document = "Всё сломано. Кошка спит дома. Никто не знает."
    assert oracle(document, ["кошка дома"]) == ""
    assert oracle(document, ["кошка дома"], "unicode") == "Кошка спит дома."
