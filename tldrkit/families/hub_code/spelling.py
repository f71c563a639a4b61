"""Words as people write them: case, accents and spaces that a tokenizer lost, found again in the document.

Knows texts alone. Exported flat beside a model, so it imports nothing but the standard library.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any, Literal, NamedTuple

_Kind = Literal["word", "mark", "ideograph", "space", "line", "nothing"]
_Gaps = tuple[bool, bool]
"""Whether what stands before a mark is joined to it, and what stands behind it."""

_JOINERS = "\u200c\u200d"  # invisible, but part of how a word is written
_ENDS = ".!?…。!?"
_CLOSING = ".,;:!?%…"
_TIGHT = ",;!"  # a document that joins words by these has forgotten a space
_APOSTROPHES = "'’"
_QUOTES = {'"', *_APOSTROPHES}
_EYES = ":;="  # of emoticons
_TAILS = {"s", "t", "m", "d", "re", "ve", "ll"}  # of contractions
_HEADS = {"o", "d", "l", "y"}
_CLAUSES = {"but", "i", "we", "they", "he", "she", "it", "you", "what", "who", "that", "this", "is", "are"}
_DOMAINS = {"com", "org"}
_TITLES = {"mr", "mrs", "ms", "dr", "prof", "st", "vs"}  # a point behind these ends no sentence
_VERBS = {"a", "may", "will"}  # names too, but more often not
_CAPITALS = (
    "I Monday Tuesday Wednesday Thursday Friday Saturday Sunday "
    "January February April June July August September October November December"
)
_ALWAYS = {word.lower(): word for word in _CAPITALS.split()}
"""English words with a capital wherever they stand, for documents that do not have them."""


class _Token(NamedTuple):
    """A word, or one mark, as a lower-casing tokenizer tells them apart.

    ``key`` is what such a tokenizer sees of ``form``: lower case, no accents. ``joined`` says that no space
    stands before it.
    """

    form: str
    key: str
    kind: _Kind
    joined: bool


_EDGE = _Token("", "", "space", False)


def loses_case(tokenizer: Any) -> bool:  # noqa: ANN401  (of transformers, or ours)
    """Tell whether a tokenizer reads texts in lower case, so that what it writes has no capitals."""
    normalizer = getattr(getattr(tokenizer, "backend_tokenizer", None), "normalizer", None)
    return normalizer is not None and normalizer.normalize_str("A") == normalizer.normalize_str("a")


def restore_writing(summary: str, document: str) -> str:
    """Write a summary as people write, after the document it is of; takes time linear in both.

    A word has the case and the accents that it has in the document most often, wherever a capital there says
    something; sentences begin with a capital. Marks are joined to words as they are in the document, and
    elsewhere by the rules of English. Nothing else is changed, and a second time changes nothing.
    """
    return Writing(document).restore(summary)


class Writing:
    """How a document is written, for several texts after it."""

    def __init__(self, document: str) -> None:
        self._marks, self._forms = _Marks(lines := list(_split_lines(document))), _Forms(lines)

    def restore(self, summary: str) -> str:
        """Do what ``restore_writing`` does."""
        tokens = [token for line in _split_lines(summary) for token in line]
        joined = _join(tokens, self._marks)
        forms = _choose_forms(tokens, joined, self._forms)
        spaces = ["", *("" if glued else " " for glued in joined[1:])]
        return "".join(f"{space}{form}" for space, form in zip(spaces, forms, strict=False))


@cache
def _classify(char: str) -> _Kind:
    category = unicodedata.category(char)
    if char in "\n\r\u2028\u2029":
        return "line"
    if char.isspace():
        return "space"
    if category == "Cc" or (category == "Cf" and char not in _JOINERS):
        return "nothing"
    if category[0] == "P" or char in "$+<=>^`|~":
        return "mark"
    is_ideograph = unicodedata.name(char, "").startswith(("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH"))
    return "ideograph" if is_ideograph else "word"


class _Splitting(dict[int, str]):
    """What stands for a character in a text whose tokens are set apart by NUL, but by spaces as before."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        kind = _classify(char)
        plain = {"word": char, "space": " ", "line": "\n", "nothing": ""}
        self[code] = plain.get(kind, f"\0{char}\0")
        return self[code]


class _Folding(dict[int, str]):
    """What a tokenizer without case and accents sees of a character."""

    def __missing__(self, code: int) -> str:
        seen = chr(code)
        for _ in range(2):  # lower case may bring an accent of its own
            bare = (one for one in unicodedata.normalize("NFD", seen) if unicodedata.category(one) != "Mn")
            seen = "".join(one.lower() for one in bare if one not in _JOINERS)
        self[code] = seen
        return seen


_SPLITTING = _Splitting()
_FOLDING = _Folding()


def _split_lines(text: str) -> Iterator[list[_Token]]:
    """Split a text into the tokens of its lines."""
    for line in text.translate(_SPLITTING).split("\n"):
        tokens = []
        for chunk in line.split(" "):
            for place, form in enumerate(filter(None, chunk.split("\0"))):
                kind = _classify(form) if len(form) == 1 else "word"
                tokens.append(_Token(form, form.translate(_FOLDING), kind, place > 0))
        yield tokens


class _Place(NamedTuple):
    """Where a mark or an ideograph stands, and whether it is joined to its neighbours there."""

    left: _Token
    mark: _Token
    right: _Token
    gaps: _Gaps


def _find_places(tokens: Sequence[_Token]) -> Iterator[_Place]:
    """Find the places of all that is no word; what a closing or opening mark joins itself does not count."""
    for left, token, right in zip([_EDGE, *tokens], tokens, [*tokens[1:], _EDGE], strict=False):
        if token.kind != "word":
            before = token.joined and not _opens(left)
            yield _Place(left, token, right, (before, right.joined and not _closes(right)))


def _opens(token: _Token) -> bool:
    return token.kind == "mark" and unicodedata.category(token.form) in ("Ps", "Pi")


def _closes(token: _Token) -> bool:
    return token.form in _CLOSING or (
        token.kind == "mark" and unicodedata.category(token.form) in ("Pe", "Pf")
    )


class _Marks:
    """How the marks in the lines of a document stand among their neighbours."""

    def __init__(self, lines: Iterable[Sequence[_Token]]) -> None:
        self._seen: dict[tuple[str | None, str, str | None], Counter[_Gaps]] = defaultdict(Counter)
        for left, mark, right, gaps in chain.from_iterable(map(_find_places, lines)):
            for before, behind in ((left.key, right.key), (None, right.key), (left.key, None)):
                self._seen[before, mark.key, behind][gaps] += 1

    def find(self, place: _Place) -> _Gaps | None:
        """Find how a mark stands between two tokens, or at the one it belongs to; None if nothing says."""
        left, mark, right, _ = place
        gaps = self._get(left.key, mark, right.key)
        if gaps is None and right.kind != "space":
            gaps = self._get(None, mark, right.key)
            gaps = gaps if right.kind != "word" or gaps == (False, True) else None
        if gaps is None and left.kind != "space":
            gaps = self._get(left.key, mark, None)
            gaps = gaps if "word" not in (left.kind, right.kind) or gaps == (True, False) else None
        return gaps if gaps and _is_meant(place, gaps) else None

    def _get(self, left: str | None, mark: _Token, right: str | None) -> _Gaps | None:
        counts = self._seen.get((left, mark.key, right))
        return max(counts, key=lambda gaps: (counts[gaps], gaps)) if counts else None


def _is_meant(place: _Place, gaps: _Gaps) -> bool:
    """Tell whether a mark stands in a document as it should, and not by an oversight."""
    char = place.mark.form
    if char not in _CLOSING or "mark" in (place.left.kind, place.right.kind):
        return True
    before, behind = gaps
    return behind and (char not in _TIGHT if before else char == "." or len(place.right.key) == 1)


def _join(tokens: Sequence[_Token], marks: _Marks) -> list[bool]:
    """Tell of each token whether it is joined to the one before."""
    places = list(_find_places(tokens))
    found = [marks.find(place) for place in places]
    stand = [
        (_place_quote if place.mark.form in _QUOTES else _place)(place, gaps)
        for place, gaps in zip(places, found, strict=True)
    ]
    for quotes in ('"', _APOSTROPHES):
        open_ones = [n for n, gaps in enumerate(stand) if gaps is None and places[n].mark.form in quotes]
        for number, gaps in _pair(open_ones, places, found):
            stand[number] = gaps
    joined, behind, following = [], False, iter(stand)
    for left, token in zip([_EDGE, *tokens], tokens, strict=False):
        before, after = (False, False) if token.kind == "word" else next(following) or (False, False)
        kept = token.joined and not {token.form, left.form} & _QUOTES
        joined.append(before or behind or kept)
        behind = after
    return joined


def _place_quote(place: _Place, found: _Gaps | None) -> _Gaps | None:
    """Join an apostrophe within a word; None for what may be a quote."""
    left, mark, right, _ = place
    if mark.form not in _APOSTROPHES or left.kind == "space" or right.kind != "word":
        return None
    if right.key in _TAILS:
        return True, True
    inside = found == (True, True) or left.key in _HEADS or _is_number(left, right)
    return (True, True) if inside and left.kind == "word" else None


def _pair(
    quotes: Sequence[int], places: Sequence[_Place], found: Sequence[_Gaps | None]
) -> Iterator[tuple[int, _Gaps]]:
    """Take quotes by turns for opening and closing ones; one too many is an apostrophe."""
    alone = None
    if len(quotes) % 2:
        owners = (one for one in quotes if found[one] == (True, False) or places[one].left.key.endswith("s"))
        heads = (one for one in quotes if found[one] == (False, True))
        alone = next(owners, next(heads, quotes[-1]))
        yield alone, (True, False) if found[alone] != (False, True) else (False, True)
    for number, one in enumerate(one for one in quotes if one != alone):
        yield one, (True, False) if number % 2 else (False, True)


def _is_number(left: _Token, right: _Token) -> bool:
    return left.key[-1:].isdigit() and right.key[:1].isdigit()


def _is_wide(char: str) -> bool:
    return char != "" and unicodedata.east_asian_width(char) in "WF"


def _place(place: _Place, found: _Gaps | None) -> _Gaps:
    """Join a mark to its neighbours as the document does, else by rules."""
    left, mark, right, _ = place
    if found:
        before, behind = found  # the inner side of a bracket does not depend on the document
        return before or unicodedata.category(mark.form) in ("Pe", "Pf"), behind or _opens(mark)
    if _is_wide(mark.form):
        return _is_wide(left.form[-1:]), _is_wide(right.form[:1])
    if mark.form in _EYES and right.form == ")":  # no sentence has these side by side
        return False, True
    if _is_within(place):
        return True, True
    if mark.form == "+" and left.key[-1:].isdigit():
        return not right.key[:1].isdigit(), False
    before = _closes(mark) or left.form == mark.form
    return before, _opens(mark) or (mark.form in "#@$~" and right.kind == "word")


def _is_within(place: _Place) -> bool:
    """Tell whether a mark between two words or numbers is part of one."""
    left, mark, right, _ = place
    if not left.kind == right.kind == "word":
        return False
    if mark.form in ".,:–" and _is_number(left, right):
        return mark.form != "," or len(right.key) == 3
    if mark.form == ".":
        initials = len(left.key) == len(right.key) == 1 and right.key not in ("a", "i")
        return initials or right.key in _DOMAINS
    return mark.form in "/_\\" or (mark.form == "-" and right.key not in _CLAUSES)


class _Forms:
    """How the words in the lines of a document are written."""

    def __init__(self, lines: Sequence[Sequence[_Token]]) -> None:
        self._sure: dict[str, Counter[str]] = defaultdict(Counter)
        self._first: dict[str, str] = {}
        for number, line in enumerate(lines):
            self._read(line, is_title=number == 0)

    def find(self, key: str) -> str | None:
        """Find how a word is written; None where the document does not have it."""
        if sure := self._sure.get(key):
            return max(sure, key=lambda form: (sure[form], form))
        return _ALWAYS.get(key) or self._first.get(key)

    def _read(self, line: Sequence[_Token], *, is_title: bool) -> None:
        """Count the forms of a line's words, but no capitals of sentences, headlines and shouting."""
        shouted, name = _is_shouted(line), _find_name(line)
        headline = is_title and not name and _is_headline(line)
        starts = True
        keys = _list_names(line)
        for place, (left, token, key) in enumerate(zip([_EDGE, *line], line, keys, strict=False)):
            form = token.form
            if token.kind != "word":
                starts = starts or _may_end(left, token)
            elif place < name:
                if key not in _VERBS:
                    self._sure[key][form.capitalize() if shouted and form.isupper() else form] += 2
            elif form[1:] != form[1:].lower():
                if not (shouted and form.isupper()):
                    self._sure[key][form] += 1
            elif (starts or headline) and form != form.lower() and key == token.key:
                self._first.setdefault(key, form.lower())
            else:
                self._sure[key][form] += 1
            starts = starts and (token.kind != "word" or token.key.isdigit())


def _list_names(tokens: Sequence[_Token]) -> list[str]:
    """Name tokens by their keys; an emoticon's mouth, or a letter of U.S., is a word of its own."""
    names = [
        left.form + token.key if token.joined and left.form in _EYES and len(token.key) == 1 else token.key
        for left, token in zip([_EDGE, *tokens], tokens, strict=False)
    ]
    for place, (one, point, other) in enumerate(zip(tokens, tokens[1:], tokens[2:], strict=False)):
        letters = len(one.key) == len(other.key) == 1 and one.kind == other.kind == "word"
        if letters and point.form == "." and point.joined and other.joined:
            names[place], names[place + 2] = f"{one.key}.", f"{other.key}."
    return names


def _may_end(left: _Token, mark: _Token) -> bool:
    """Tell whether a capital behind a mark may be there for the mark alone."""
    if mark.form == ".":
        return left.key not in _TITLES
    if mark.joined and left.form in _EYES:
        return True
    opens = _opens(mark) or (mark.form in _QUOTES and not mark.joined)
    return opens or mark.form == ":" or mark.form in _ENDS


def _list_words(line: Sequence[_Token]) -> list[str]:
    """List the words of a line that have case, and more than one letter."""
    words = (token.form for token in line if token.kind == "word" and len(token.form) > 1)
    return [word for word in words if word.lower() != word.upper()]


def _is_shouted(line: Sequence[_Token]) -> bool:
    words = _list_words(line)
    return len(words) > 2 and 2 * sum(map(str.isupper, words)) > len(words)


def _is_headline(line: Sequence[_Token]) -> bool:
    words = _list_words(line)
    return len(words) > 3 and 3 * sum(word[0].isupper() for word in words) > 2 * len(words)


def _find_name(line: Sequence[_Token]) -> int:
    """Find the colon behind the author's name that a line begins with; 0 where there is none."""
    for place, (token, after) in enumerate(zip(line[:5], [*line[1:6], _EDGE], strict=False)):
        if token.form == ":":
            return 0 if after.joined else place
    return 0


def _choose_forms(tokens: Sequence[_Token], joined: Sequence[bool], forms: _Forms) -> list[str]:
    """Choose how each word is written; sentences begin with a capital."""
    written, starts = [], True
    left = before = _EDGE
    here = [token._replace(joined=is_joined) for token, is_joined in zip(tokens, joined, strict=True)]
    names = _list_names(here)
    for token, name, tight in zip(here, names, [*joined[1:], False], strict=False):
        if token.kind != "word":
            written.append(token.form)
            starts = starts or (not tight and _ends(before, left, token))
        else:
            tail = token.joined and left.form in _APOSTROPHES and token.key in _TAILS
            form = token.form if tail else forms.find(name) or token.form
            written.append(_capitalize(form) if starts else form)
            starts = False
        before, left = left, token
    return written


def _ends(before: _Token, left: _Token, mark: _Token) -> bool:
    """Tell whether a mark ends a sentence: neither an abbreviation nor dots that leave it open."""
    if mark.form != ".":
        return mark.form in _ENDS
    return left.form != "." and left.key not in _TITLES and not (len(left.key) == 1 and before.form == ".")


def _capitalize(form: str) -> str:
    """Begin a word with a capital, unless it has one inside."""
    capital = form[0].title()
    same = capital.translate(_FOLDING) == form[0].translate(_FOLDING)
    return capital + form[1:] if form == form.lower() and len(capital) == 1 and same else form
