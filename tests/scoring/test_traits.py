import pytest

from tldrkit.scoring.chrf import compute_chrf
from tldrkit.scoring.traits import (
    compute_length_ratio,
    compute_name_recall,
    compute_novelty,
    compute_repetition,
    compute_unsupported,
    find_names,
)

DIALOGUE = "Amanda: I baked cookies in Rome.\nJerry: Sure, 1,000 of them?\nAmanda: The oven broke."


def test_chrf_follows_its_definition() -> None:
    """One character of two in common: chrF2 of unigrams (1/2 both ways) and of no bigram, averaged."""
    assert compute_chrf("ab", ["ac"]) == pytest.approx(0.25)
    assert compute_chrf("日本語", ["日本語"]) == compute_chrf("a b", ["x", "ab"]) == 1.0
    assert compute_chrf("", ["text"]) == 0.0


def test_length_is_a_ratio_of_words() -> None:
    """Words of any script count, against the references' mean length; without words there is no ratio."""
    assert compute_length_ratio("eins zwei, drei!", ["а б", "four words are here"]) == 1.0
    assert compute_length_ratio("words", ["..."]) is None


def test_novelty_counts_pairs_not_in_the_document() -> None:
    """Of the three different word pairs one is new; case and punctuation make no pair new."""
    assert compute_novelty("The cat, sat down", "the CAT sat. Then it lay down") == pytest.approx(1 / 3)
    assert compute_novelty("word", "word") is compute_novelty("two words", "") is None


def test_repetition_counts_runs_that_stood_before() -> None:
    """Of six runs of three words in `a b c a b c a b` three are repeated."""
    assert compute_repetition("a b c A B C a b") == pytest.approx(3 / 6)
    assert compute_repetition("a b") is None


def test_names_are_found_by_rule() -> None:
    """Capitals inside a sentence, authors and numbers are names; the word that begins a sentence is not."""
    assert find_names("Sure. The man met Ann B. in Rome at 3:30 on 1,000 days") == {
        "ann",
        "rome",
        "3:30",
        "1000",
    }
    assert find_names("Amanda baked", DIALOGUE) == {"amanda"}
    assert find_names("The cookies", DIALOGUE) == set()
    assert find_names("Rome is old") == set()


def test_name_recall_takes_the_best_reference() -> None:
    """Names and numbers of the reference count where the summary has them, in any case."""
    references = ["Amanda baked 1000 cookies for Jerry.", "Amanda baked."]
    assert compute_name_recall("amanda burnt 1,000 of them", references[:1], DIALOGUE) == pytest.approx(2 / 3)
    assert compute_name_recall("amanda burnt them", references, DIALOGUE) == 1.0
    assert compute_name_recall("she burnt them", ["they burnt"], DIALOGUE) is None


def test_unsupported_names_are_not_in_the_document() -> None:
    """Of Jerry, Paris and 5 the document has Jerry alone."""
    assert compute_unsupported("Then jerry met Jerry in Paris with 5 more", DIALOGUE) == pytest.approx(2 / 3)
    assert compute_unsupported("nobody came", DIALOGUE) is None
    assert compute_unsupported("Then Jerry came", "") is None
