"""Words as people write them; all texts are invented."""

import ast
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from tldrkit.families.hub_code import spelling
from tldrkit.families.hub_code.spelling import loses_case, restore_writing
from tldrkit.writing.lean import LeanTokenizer

THREAD = """Who Fixes The Lift Today

tim: The lift's stuck again!! I can't stand-up in it :D
Zoë: NASA would fix it in 3.5 days... McDonald too. Our café is open 24/7, 10:30-11 o'clock, for $5.
GitHub_fan: See https://example.com/Faq or mail Ann.Lee@example.org. My iPhone is dead; rock 'n' roll :)
Tim Berg: PLEASE STOP SHOUTING ABOUT THE SPARE KEY
Will: 我用Python写代码。 The cats' bowl is "quite full", said Tim. @tim look at C++ and .NET
#Person1#: Monday is good. Prague is better than Brno."""


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        ("the lift is stuck . it ' s old", "The lift is stuck. It's old"),
        ("zoe and nasa", "Zoë and NASA"),
        ("the cafe of mcdonald ' s son", "The café of McDonald's son"),
        ("iphone is dead", "iPhone is dead"),
        ("an iphone of the github _ fan", "An iPhone of the GitHub_fan"),
        ("said berg to will", "Said Berg to will"),
        ("please stop shouting about the key", "Please stop shouting about the key"),
        ("zoe says who fixes it today", "Zoë says who fixes it today"),
        ("in prague on monday or friday", "In prague on Monday or Friday"),
        ("better than brno", "Better than Brno"),
        ("i think i ' m and i ' ll", "I think I'm and I'll"),
        ("unheard words , ever so", "Unheard words, ever so"),
        ("is it ? yes ! well . . . no", "Is it? Yes! Well... no"),
        ("at 5 p . m . today mr . berg left", "At 5 p.m. today mr. Berg left"),
        ("see example . com / faq", "See example.com/Faq"),
    ],
)
def test_words_are_written_as_in_the_thread(summary: str, expected: str) -> None:
    """Names, acronyms, accents and capitals inside are the thread's.

    Capitals of shouting, headlines and sentence starts are not taken over; each sentence begins with one.
    """
    assert restore_writing(summary, THREAD) == expected


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        ("he can ' t stand - up ( 3 . 5 km )", "He can't stand-up (3.5 km)"),
        ("it is 24 / 7 , 10 : 30 , 10 , 000 of 5 %", "It is 24/7, 10:30, 10,000 of 5%"),
        ("in 5 , 20 came", "In 5, 20 came"),
        ("at 11 o ' clock for $ 5 [ sic ]", "At 11 o'clock for $5 [sic]"),
        ("the cats ' bowl . the guide", "The cats' bowl. The guide"),
        ('he said " hi there " , and left', 'He said "hi there", and left'),
        ("he said ' hi there ' and left", "He said 'hi there' and left"),
        ("the dogs ' owner said ' hi '", "The dogs' owner said 'hi'"),
        ("the cat ' s here : ) and rock ' n ' roll : d", "The cat's here :) and rock 'n' roll :D"),
        ("c + + and . net for @ tim and # 3", "C++ and .NET for @tim and #3"),
        ("# person1 # asks # person1 # .", "#Person1# asks #Person1#."),
        ("a mother - in - law and / or me", "A mother-in-law and/or me"),
        ("late - but he came – well — yes", "Late - but he came – well — yes"),
        ("我 用 python 写 代 码 。", "我用Python写代码。"),
        ("mail ann . lee @ example . org", "Mail Ann.lee@example.org"),
        ("really ? ! * * no * *", "Really?! ** No **"),
        ("i don ' t . i left", "I don't. I left"),
    ],
)
def test_marks_stand_as_people_set_them(summary: str, expected: str) -> None:
    """Marks are joined as in the thread, elsewhere by the rules of English."""
    assert restore_writing(summary, THREAD) == expected


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        ("tim's lift, he can't stand - up. ( 3. 5 km )", "Tim's lift, he can't stand-up. (3.5 km)"),
        ("he said'hi there'and left", "He said 'hi there' and left"),
        ("a well-known man", "A well-known man"),
    ],
)
def test_what_a_decoder_joined_already_is_no_hindrance(summary: str, expected: str) -> None:
    """Decoders that join some marks themselves lead to the same text."""
    thread = "ann: Tim can stand-up. Tim's lift is 3.5 km."
    assert restore_writing(summary, thread) == expected


def test_the_thread_outweighs_the_rules() -> None:
    """The form that a thread has most often is taken, even of `i` and of days; an author's name counts."""
    assert restore_writing("so i came on monday", "ann: and i came, i saw on monday") == "So i came on monday"
    assert restore_writing("hope came", "Hope: hi\nHope: I hope so") == "Hope came"
    assert restore_writing("bob will go", "Will: hi\nWill: no\nbob: I may go") == "Bob will go"
    assert restore_writing("tim - lee", "x: both Tim - Lee and me") == "Tim - Lee"


def test_abbreviations_have_the_capitals_of_the_thread() -> None:
    """Each letter of one is written as the thread writes it, also where a sentence begins with it."""
    thread = "ann: U.S. trains stop at 5 p.m. there.\nbob: it's so, u know"
    assert restore_writing("the u . s . it is", thread) == "The U.S. it is"
    assert restore_writing("it ' s what u know at 5 p . m .", thread) == "It's what u know at 5 p.m."


@pytest.mark.parametrize("thread", ["ann: malloc() fails (often).", "ann: `malloc()` fails (often)."])
def test_brackets_hold_what_is_in_them_and_nothing_behind(thread: str) -> None:
    """Empty ones too, whatever mark stands behind them in the thread."""
    assert restore_writing("malloc ( ) fails ( often ) .", thread) == "Malloc() fails (often)."


def test_a_shouting_thread_does_not_shout() -> None:
    """Of a thread in capitals words come out small, and an author's name with one capital."""
    thread = "TIM: WHY IS THE FAN SO LOUD\nANN: IT IS NOT LOUD AT ALL"
    assert restore_writing("ann tells tim the fan is not loud", thread) == "Ann tells Tim the fan is not loud"


ALPHABET = st.sampled_from(
    [*"aZé .,:;!?'\"()-/@#$%+*_3\n’“”…", "İ", "ß", "ς", "ǆ", "写", "が", "각", "😀", "\u0301", "\u200d"]
)
TEXTS = st.lists(ALPHABET, max_size=40).map("".join) | st.text(max_size=40)


def bare(text: str) -> str:
    """Leave out of a text what may change: case, accents, spaces, and what nobody sees."""
    for _ in range(2):
        decomposed = unicodedata.normalize("NFD", text)
        text = "".join(
            char.lower()
            for char in decomposed
            if not char.isspace() and unicodedata.category(char) not in ("Mn", "Cc", "Cf")
        )
    return "".join(sorted(text))  # marks that are no accents may be put in order


@given(summary=TEXTS, document=TEXTS)
def test_nothing_but_case_accents_and_spaces_changes(summary: str, document: str) -> None:
    """Letters and marks are those of the summary, and a second time changes nothing, whatever the texts."""
    for thread in (document, document + summary.upper(), f"{document} {summary}"):
        written = restore_writing(summary, thread)
        assert bare(written) == bare(summary)
        assert restore_writing(written, thread) == written


@given(
    words=st.lists(st.sampled_from(["Ann", "fan", "don't", "24/7", "(ok)", '"so"', "NASA", "é"]), unique=True)
)
def test_what_is_in_the_thread_comes_back_as_it_is(words: list[str]) -> None:
    """A summary that copies a line comes out as that line."""
    line = " ".join(["Then", *words])
    spread = " ".join(token.key for part in spelling._split_lines(line) for token in part)
    assert restore_writing(spread, f"x: and {line[0].lower()}{line[1:]}") == line


@pytest.mark.parametrize("unit", ["' ", '" ', "a . ", "( ", ". ", "a - ", "写", "@ a . "])
def test_work_grows_with_the_texts_alone(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight times as long a text takes eight times as many looks at its tokens, however hostile it is."""
    looks = 0
    plain = spelling._Token

    class Counted(plain):  # type: ignore[misc, valid-type]
        def __getattribute__(self, name: str) -> object:
            nonlocal looks
            looks += 1
            return super().__getattribute__(name)

    monkeypatch.setattr(spelling, "_Token", Counted)
    counts = []
    for size in (50, 400):
        looks = 0
        restore_writing(unit * size, unit * size)
        counts.append(looks)
    assert counts[0] > 0
    assert counts[1] < 9 * counts[0]


def test_it_is_a_file_of_its_own() -> None:
    """It can lie beside an exported handler: it imports nothing but the standard library."""
    tree = ast.parse(Path(spelling.__file__).read_text(encoding="utf-8"))
    imported = {
        node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported <= {"unicodedata", "collections", "collections.abc", "functools", "itertools", "typing"}


@pytest.mark.parametrize(
    ("normalizer", "loses"),
    [
        (None, False),
        (normalizers.NFKC(), False),
        (normalizers.BertNormalizer(lowercase=False), False),
        (normalizers.BertNormalizer(lowercase=True), True),
        (normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()]), True),
    ],
)
def test_a_tokenizer_tells_whether_it_loses_case(
    normalizer: normalizers.Normalizer | None, loses: bool
) -> None:
    """Its normalizer says so, whoever holds it, even where the vocabulary has no letter."""
    backend = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    if normalizer is not None:
        backend.normalizer = normalizer

    assert loses_case(LeanTokenizer(backend)) == loses
    assert loses_case(PreTrainedTokenizerFast(tokenizer_object=backend)) == loses
    assert not loses_case(object())
