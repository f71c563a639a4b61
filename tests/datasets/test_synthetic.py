import functools
import hashlib
import json
import subprocess
import sys
from statistics import mean, median

import pytest

from tldrkit.datasets.synthetic.lexicon import read_limits, read_topics
from tldrkit.datasets.synthetic.threads import COUNTS, IDENTITY, Dice, generate_examples, generate_threads
from tldrkit.errors import DataError
from tldrkit.scoring.baselines import lead, longest, oracle, title
from tldrkit.scoring.overlap import compute_rouge

DIGESTS = {
    1: {
        "train": "cfc1f55ed065b4b0",
        "validation": "06b761f10729718c",
        "test": "0e75424af093ddee",
    },
    2: {  # fewer validation threads
        "train": "cfc1f55ed065b4b0",
        "validation": "4e7a1e85847685d8",
        "test": "0e75424af093ddee",
    },
    3: {  # thousands of names
        "train": "86afe49760b0422f",
        "validation": "7568df660032fea2",
        "test": "2c7088627488b0dd",
    },
}
"""What each version's texts are: a changed text asks for a new version and a new line."""


made_examples = functools.cache(generate_examples)


def digest(split: str) -> str:
    rows = [[example.id, example.document, *example.summaries] for example in made_examples(split)]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]


def score(candidates: list[str]) -> float:
    references = [example.summaries for example in made_examples("test")]
    return 100 * mean(compute_rouge(candidates, references)["rougeL"])


@pytest.mark.parametrize("split", COUNTS)
def test_version_names_the_texts(split: str) -> None:
    """The texts of a version never change."""
    assert digest(split) == DIGESTS[IDENTITY["version"]][split]


def test_texts_do_not_depend_on_the_process() -> None:
    """Another process, with another hash seed, makes the same texts, and loads no heavy library for it."""
    code = (
        "import sys; from tldrkit.datasets.synthetic.threads import generate_examples; "
        "assert not {'torch', 'transformers', 'datasets'} & set(sys.modules); "
        "print(generate_examples('test')[7].document, end='')"
    )
    made = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONHASHSEED": "5"}, capture_output=True, check=True
    )
    assert made.stdout.decode() == made_examples("test")[7].document


def test_identity_is_json() -> None:
    """The identity can be written into a manifest and tells the sizes of the splits."""
    assert json.loads(json.dumps(IDENTITY)) == IDENTITY
    assert {split: len(made_examples(split)) for split in COUNTS} == IDENTITY["examples"]


def test_no_document_is_in_two_splits() -> None:
    """Documents are distinct, within a split and across splits, and so are ids."""
    examples = [example for split in COUNTS for example in made_examples(split)]
    assert len({example.document for example in examples}) == len(examples)
    assert len({example.id for example in examples}) == len(examples)


def test_few_test_summaries_are_known_from_training() -> None:
    """A test TL;DR cannot be had by remembering those of training."""
    known = {example.summaries[0] for example in made_examples("train")}
    assert not known & {example.summaries[0] for example in made_examples("test")}


def test_unknown_split_is_refused_by_name() -> None:
    """A split that is not there is a DataError that names those that are."""
    with pytest.raises(DataError, match="no split 'dev'") as caught:
        generate_examples("dev")
    assert "validation" in caught.value.hint


def test_threads_are_like_threads() -> None:
    """Threads have 3 to 12 posts by several people; some quote, some end without an answer from the asker."""
    threads = [thread for thread, _ in generate_threads("test")]
    assert {len(thread.posts) for thread in threads} <= set(range(3, 13))
    assert all(thread.title and len({post.author for post in thread.posts}) >= 2 for thread in threads)
    assert any(post.text.startswith("> ") for thread in threads for post in thread.posts)
    assert any(thread.posts[-1].author != thread.posts[0].author for thread in threads)


def test_examples_are_the_threads() -> None:
    """An example is a thread's document with its TL;DR."""
    thread, summary = generate_threads("validation")[0]
    example = made_examples("validation")[0]
    assert (example.id, example.document, example.summaries) == (thread.id, thread.document(), (summary,))


def test_no_slot_is_left_unfilled() -> None:
    """No template's braces reach a text, and no text has double spaces or stray blanks."""
    texts = [text for example in made_examples("train") for text in (example.document, *example.summaries)]
    assert not any("{" in text or "}" in text or "  " in text or text != text.strip() for text in texts)


def test_texts_are_short() -> None:
    """Documents and TL;DRs are short enough to train on within minutes: medians in words."""
    examples = made_examples("test")
    assert 60 <= median(len(example.document.split()) for example in examples) <= 110
    assert 15 <= median(len(example.summaries[0].split()) for example in examples) <= 26


def test_meanings_have_words_of_their_own() -> None:
    """Every phrase of a topic has its own words in posts and in TL;DRs, and the forms templates need."""
    for topic in read_topics():
        causes = [cause.phrase for cause in topic.causes]
        fixes = [fix for cause in topic.causes for fix in cause.fixes]
        for phrases in (topic.things, topic.problems, topic.ends, causes, fixes, read_limits()):
            assert len({phrase.summary for phrase in phrases}) == len(phrases)
            assert len({phrase.posts[0] for phrase in phrases}) == len(phrases)
        assert all(len(phrase.posts) == 2 for phrase in (*fixes, *causes, *topic.problems))
        assert len(topic.causes) >= 3


def test_copying_does_badly() -> None:
    """Lead-3, the title and the best copying score what the docs say; the longest sentence under 30."""
    documents = [example.document for example in made_examples("test")]
    references = [example.summaries for example in made_examples("test")]
    best = [oracle(document, summaries) for document, summaries in zip(documents, references, strict=True)]
    assert score([lead(document, 3) for document in documents]) == pytest.approx(8.65, abs=0.05)
    assert score([title(document) for document in documents]) == pytest.approx(3.6, abs=0.05)
    assert score([longest(document, 1) for document in documents]) < 30
    assert score(best) == pytest.approx(18.95, abs=0.05)


def test_names_cannot_be_guessed() -> None:
    """Thousands of people write, most in few threads, and those of one thread begin differently."""
    threads = [{post.author for post in thread.posts} for thread, _ in generate_threads("test")]
    names = [name for authors in threads for name in authors]
    assert len(set(names)) > 0.8 * len(names)
    assert all(len({name[:2] for name in authors}) > len(authors) - 2 for authors in threads)


def test_one_tldr_for_all_does_badly() -> None:
    """A TL;DR of another thread, whatever the templates share, stays under 30 ROUGE-L."""
    summaries = [example.summaries[0] for example in made_examples("test")]
    assert score(summaries[1:] + summaries[:1]) < 30


def test_dice_draw_without_replacement() -> None:
    """A draw of all values is a permutation of them, and the same seed draws the same."""
    values = tuple(range(9))
    assert sorted(Dice("x").draw(values, 9)) == list(values)
    assert Dice("x").draw(values, 9) == Dice("x").draw(values, 9)
