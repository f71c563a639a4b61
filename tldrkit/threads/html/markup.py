"""HTML and Markdown reduced to the text a reader sees.

What becomes of quotes, code, links, images and emoji is the same for both.
docs/reference/threads.md has the table.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from tldrkit.threads.html.tags import VOID, Tag, read_tag
from tldrkit.threads.text.bbcode import reduce_bbcode
from tldrkit.threads.text.lines import BREAK, CODE_BLANK, MOST_OF_MARKUP, free_marks, read_entities, tidy

_BLOCK_NAMES = (
    "address article aside blockquote center dd details div dl dt fieldset figcaption figure footer form "
    "cite h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tr ul"
)
_SPAN_NAMES = (
    "a abbr acronym b bdi bdo big button code data del dfn em font g-emoji i iframe img input ins kbd "
    "label mark nobr noscript object picture q rp rt ruby s samp small source span strike strong sub "
    "sup svg path tbody td "
    "tfoot th thead time tt u var video audio wbr br html body head meta link title center caption "
    "col colgroup select option textarea"
)
_BLOCKS, _SPANS = frozenset(_BLOCK_NAMES.split()), frozenset(_SPAN_NAMES.split())
_BREAKS = dict.fromkeys(_SPANS, "") | dict.fromkeys([*_BLOCKS, "br"], BREAK) | {"td": " ", "th": " "}
_UNSHOWN = frozenset(["iframe", "select", "textarea", "button", "title", "svg", "head", "noscript"])
_MEANT = _UNSHOWN | {"img", "pre", "blockquote"}  # a tag that matters without attributes
# What a tag becomes that matters for nothing else, by what stands between < and >.
_PLAIN = {
    written: text
    for name, text in _BREAKS.items()
    if name not in _MEANT
    for written in (name, f"{name}/", f"{name} /", f"/{name}")
    if written != "/a"
}
_UNSHOWN_CLASS = re.compile(
    r"\b(signature\w*|gmail_signature|quoteExpand|bbCodeBlock-expandLink|quote-controls|messageTextEndMarker|editedby|"
    r"lightbox-wrapper-meta|post-update-info-container|comment-controls|js-delete-icon|"
    r"ipsQuote_toggle|post[_-]?thanks\w*|thanks?[_-]?(?:box|list|bit)\w*|who-?liked|adsbygoogle|advert\w*|"
    r"codebox-header|bbcode_description|codeheader|sitebit|notice|edited|lastedit)\b|(?<![\w-])meta(?![\w-])",
    re.IGNORECASE,
)
_QUOTE_CLASS = re.compile(
    r"(?<![\w-])(quote|bbcode_quote|bbCodeQuote|bbCodeBlock--quote|bbc-block|ipsQuote|"
    r"bbc_standard_quote|alt2|UserQuote|quotetitle|quotecontent)(?![\w-])",
    re.IGNORECASE,
)
_ICON = re.compile(r"(view )?(post|quote)|old|unread|online|offline", re.IGNORECASE)
_SHORTENED = re.compile(r" ?(?:\.\.\.|…) ?")
_SCHEME = re.compile(r"^https?://", re.IGNORECASE)
_EMOJI = re.compile(r"emoji|smil|emoticon", re.IGNORECASE)
# A text is HTML if one of these is closed in it, or breaks a line: angle brackets alone may be code.
_SHORT_FIRST = "|".join(sorted(sorted(_BREAKS), key=len))  # they are the commonest
_IS_HTML = re.compile(rf"</({_SHORT_FIRST})\s*>|<(br|hr|img)\b[^<>]*>", re.IGNORECASE)
_HAS_BLOCKS = re.compile(r"<(p|br|div|li|blockquote|pre|tr|h[1-6])\b", re.IGNORECASE)

# The short names that are common enough to be written as what they stand for.
_SHORT = (
    "slight_smile smile grinning wink heart thumbsup +1 -1 joy tada thinking slight_frown cry laughing eyes "
    "fire rocket pray warning white_check_mark x wave clap confused sob sweat_smile star rofl",
    "🙂 😄 😀 😉 ❤️ 👍 👍 👎 😂 🎉 🤔 🙁 😢 😆 👀 🔥 🚀 🙏 ⚠️ ✅ ❌ 👋 👏 😕 😭 😅 ⭐ 🤣",
)
_SHORT_NAMES = dict(zip(_SHORT[0].split(), _SHORT[1].split(), strict=True))
_SHORT_NAME = re.compile(r":([a-z0-9_+-]{1,30}):")


def is_html(text: str) -> bool:
    """Tell whether a text holds the tags of HTML, and not only angle brackets."""
    return "<" in text and ("</p>" in text or _IS_HTML.search(text) is not None)


def reduce_html(text: str) -> str:
    """Reduce HTML to its text, a line per block; text that is no HTML stays as it is."""
    return render_html(text) if is_html(text) else reduce_bbcode(text[:MOST_OF_MARKUP])


def render_html(html: str) -> str:
    """Render HTML as text, whether or not it looks like it."""
    return reduce_bbcode(_Reducer(html[:MOST_OF_MARKUP]).text)


class _Reducer:
    """One pass over the tags, with what is open: a quote, code, something not shown."""

    def __init__(self, html: str) -> None:
        self._pieces: list[str] = []
        self._outside: list[str] | None = None  # the pieces round a quote that is open
        self._open: dict[str, str] = {}  # quote, code or unshown -> its tag
        self._depth: dict[str, int] = {}  # and how many of that tag are open
        self._link: tuple[list[str], int, str] | None = None  # the pieces, where its text begins, its target
        self._folds = _HAS_BLOCKS.search(html) is not None  # line ends of the source are spaces
        self._plain: Mapping[str, str] = _PLAIN
        pieces = iter(free_marks(html).split("<"))
        self._pieces.append(self._shape(next(pieces)))
        for piece in pieces:
            cut = piece.partition(">")
            written, end, text = cut
            space = self._plain.get(written) if end else None
            if space is None:
                text = self._read(cut, pieces)
            elif space:
                self._pieces.append(space)
            if text:
                self._pieces.append(self._shape(text) if self._open or "&" in text else text)
        if "quote" in self._open:
            self._close_quote()
        self.text = tidy(self._join(self._pieces))

    def _shape(self, text: str) -> str:
        """Read entities; keep the blanks of code, and nothing of what is not shown."""
        text = read_entities(text)
        if "unshown" in self._open:
            return ""
        if "code" in self._open:
            text = text.replace("\r", "").replace("\n", BREAK)
            return text.replace(" ", CODE_BLANK).replace("\t", 4 * CODE_BLANK)
        return text

    def _join(self, pieces: Sequence[str]) -> str:
        text = "".join(pieces)
        if self._folds:
            text = text.replace("\n", " ").replace("\r", " ")
        return text.replace(BREAK, "\n")

    def _read(self, cut: tuple[str, str, str], following: Iterator[str]) -> str:
        """Follow the tag that begins a piece cut at its first ">", and find the text behind it."""
        if cut[:2] == ("/a", ">") and not self._open:  # the commonest, without reading it
            self._close_link()
            return cut[2]
        tag, text = read_tag(cut, following)
        if tag is None:
            return text
        space = _BREAKS.get(tag.name)
        if space is None:
            return f"<{''.join(cut)}"  # no tag, but code
        if self._open and self._is_hidden(tag):
            return text
        if space:
            self._pieces.append(space)
        if tag.closes:
            if tag.name == "a":
                self._close_link()
        elif tag.attributes or tag.name in _MEANT:
            self._enter(tag.name, tag.attributes)
        return text

    def _is_hidden(self, tag: Tag) -> bool:
        """Follow a tag inside what is open, and tell whether nothing is shown where it stands."""
        if tag.name in self._open.values():
            self._follow(tag)
        return "unshown" in self._open

    def _follow(self, tag: Tag) -> None:
        """Count the tags inside what is open, to know the one that closes it."""
        for what, name in [*self._open.items()]:
            if name != tag.name:
                continue
            self._depth[what] += -1 if tag.closes else 1
            if not self._depth[what]:
                del self._open[what]
                if self._plain is not _PLAIN:
                    self._plain = {} if "unshown" in self._open else _plain_beside(*self._open.values())
                if what == "quote":
                    self._close_quote()

    def _begin(self, what: str, name: str) -> None:
        self._open[what] = name
        self._depth[what] = 1
        if what == "unshown":
            self._plain = {}
        elif name not in _MEANT:
            self._plain = _plain_beside(*self._open.values())

    def _enter(self, name: str, attributes: Mapping[str, str]) -> None:
        marks = attributes.get("class", "")
        if name == "a" and "href" in attributes and not marks:
            self._link = (self._pieces, len(self._pieces), attributes["href"])
        elif name == "img":
            self._pieces.append(_describe_image(attributes).replace("\n", BREAK))
        elif name in VOID:
            return
        elif name in _UNSHOWN or (marks and _hides(marks)):
            self._begin("unshown", name)
        elif (name == "pre" or "bbc_code" in marks) and "code" not in self._open:
            self._begin("code", name)
        elif self._outside is None and (name == "blockquote" or (marks and _quotes(marks))):
            self._begin("quote", name)
            self._outside, self._pieces = self._pieces, []

    def _close_link(self) -> None:
        """Write out an address that is shown shortened."""
        link, self._link = self._link, None
        if link is None or link[0] is not self._pieces:
            return
        pieces, start, target = link
        shown = "".join(pieces[start:])
        if "..." not in shown and "…" not in shown:
            return
        shown = self._join([shown])
        head, *rest = _SHORTENED.split(shown.strip())
        address = _SCHEME.sub("", head)
        if (
            len(rest) == 1
            and address
            and target.endswith(rest[0])
            and _SCHEME.sub("", target).startswith(address)
        ):
            pieces[start:] = [target.replace("\n", BREAK)]

    def _close_quote(self) -> None:
        quoted = tidy(self._join(self._pieces))
        self._pieces = self._outside or []
        self._outside = None
        if quoted:
            lines = (f"> {line}".rstrip() for line in re.sub(r"\n{2,}", "\n", quoted).split("\n"))
            self._pieces += [BREAK, BREAK, BREAK.join(lines), BREAK, BREAK]


@lru_cache(maxsize=64)
def _plain_beside(*names: str) -> Mapping[str, str]:
    """Find the plain tags that neither close nor count while elements of these names are open."""
    return {written: text for written, text in _PLAIN.items() if written.strip("/ ") not in names}


@lru_cache(maxsize=256)
def _hides(marks: str) -> bool:
    """Tell whether an element of these classes is not shown; a page has few, many times."""
    return _UNSHOWN_CLASS.search(marks) is not None


@lru_cache(maxsize=256)
def _quotes(marks: str) -> bool:
    """Tell whether an element of these classes is a quote."""
    return _QUOTE_CLASS.search(marks) is not None


def _describe_image(attributes: Mapping[str, str]) -> str:
    alt = attributes.get("alt", "").strip()
    marks = f"{attributes.get('class', '')} {attributes.get('src', '')}"
    if _SHORT_NAME.fullmatch(alt) or _EMOJI.search(marks):
        return replace_short_names(alt)
    if "avatar" in marks or _ICON.fullmatch(alt):
        return ""
    return f"[image: {alt}]" if alt else "[image]"


def replace_short_names(text: str) -> str:
    """Write the commonest emoji short names, such as `:tada:`, as emoji; others stay."""
    return _SHORT_NAME.sub(lambda name: _SHORT_NAMES.get(name[1], name[0]), text) if ":" in text else text
