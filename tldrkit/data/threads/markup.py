"""HTML and Markdown reduced to the text a reader sees.

What becomes of quotes, code, links, images and emoji is the same for both; docs/threads.md has the table.
"""

import re
from html import unescape

from tldrkit.data.threads.bbcode import reduce_bbcode
from tldrkit.data.threads.tags import VOID, find_tags, read_attributes

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
_BREAKS = dict.fromkeys(_SPANS, "") | dict.fromkeys([*_BLOCKS, "br"], "\n") | {"td": " ", "th": " "}
_UNSHOWN = frozenset(["iframe", "select", "textarea", "button", "title", "svg", "head", "noscript"])
_MEANT = _UNSHOWN | {"img", "pre", "blockquote"}  # a tag that matters without attributes
_EMPTY_LINES = re.compile(r"\n{3,}")
_UNSHOWN_CLASS = re.compile(
    r"\b(signature\w*|gmail_signature|quoteExpand|bbCodeBlock-expandLink|quote-controls|messageTextEndMarker|editedby|"
    r"lightbox-wrapper-meta|post-update-info-container|comment-controls|js-delete-icon|"
    r"ipsQuote_toggle|codebox-header|bbcode_description|codeheader|sitebit|notice|edited|lastedit)\b|(?<![\w-])meta(?![\w-])",
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
_IS_HTML = re.compile(rf"</({'|'.join(sorted(_BLOCKS | _SPANS))})\s*>|<(br|hr|img)\b[^<>]*>", re.IGNORECASE)
_HAS_BLOCKS = re.compile(r"<(p|br|div|li|blockquote|pre|tr|h[1-6])\b", re.IGNORECASE)
CODE_BLANK = "\ue000"  # of the private use area: no text of a forum holds it
INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff]")

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
    return "<" in text and _IS_HTML.search(text) is not None


def reduce_html(text: str) -> str:
    """Reduce HTML to its text, a line per block; text that is no HTML stays as it is."""
    return render_html(text) if is_html(text) else reduce_bbcode(text)


def render_html(html: str) -> str:
    """Render HTML as text, whether or not it looks like it."""
    return reduce_bbcode(_Reducer(html).text)


class _Reducer:
    """One pass over the tags, with what is open: a quote, code, something not shown."""

    def __init__(self, html: str) -> None:
        self._pieces: list[str] = []
        self._outside: list[str] | None = None  # the pieces round a quote that is open
        self._open: dict[str, tuple[str, int]] = {}  # quote, code or unshown -> its tag, and how many of it
        self._link: tuple[list[str], int, str] | None = None  # the pieces, where its text begins, its target
        self._folds = _HAS_BLOCKS.search(html) is not None  # line ends of the source are spaces
        end = 0
        for tag in find_tags(html):
            self._add(html[end : tag.start()])
            end = tag.end()
            name = tag["name"]
            if name is None:
                continue
            name = name.lower()
            if name in _BREAKS:
                self._step(name, tag["close"] != "", tag["attributes"])
            else:
                self._add(tag[0])  # no tag, but code
        self._add(html[end:])
        if "quote" in self._open:
            self._close_quote()
        self.text = tidy("".join(self._pieces))

    def _add(self, text: str) -> None:
        if not text or "unshown" in self._open:
            return
        if "&" in text:
            text = unescape(text)
        if "code" in self._open:
            self._pieces.append(text.replace("\r", "").replace(" ", CODE_BLANK).replace("\t", 4 * CODE_BLANK))
        else:
            self._pieces.append(text.replace("\n", " ").replace("\r", " ") if self._folds else text)

    def _step(self, name: str, closes: bool, written: str) -> None:
        if self._open:
            self._follow(name, closes)
            if "unshown" in self._open:
                return
        if _BREAKS[name]:
            self._pieces.append(_BREAKS[name])
        if not closes:
            if written or name in _MEANT:
                self._enter(name, written)
        elif name == "a" and self._link is not None:
            self._close_link(*self._link)

    def _follow(self, name: str, closes: bool) -> None:
        """Count the tags inside what is open, to know the one that closes it."""
        for what, (tag, depth) in list(self._open.items()):
            if tag == name:
                self._open[what] = (tag, depth - 1 if closes else depth + 1)
                if closes and depth == 1:
                    del self._open[what]
                    if what == "quote":
                        self._close_quote()

    def _enter(self, name: str, written: str) -> None:
        attributes = read_attributes(written) if written.strip(" /") else {}
        marks = attributes.get("class", "")
        if name == "img":
            self._pieces.append(_describe_image(attributes))
        elif name in VOID:
            return
        elif name == "a" and "href" in attributes and not marks:
            self._link = (self._pieces, len(self._pieces), attributes["href"])
        elif name in _UNSHOWN or (marks and _UNSHOWN_CLASS.search(marks)):
            self._open["unshown"] = (name, 1)
        elif (name == "pre" or "bbc_code" in marks) and "code" not in self._open:
            self._open["code"] = (name, 1)
        elif self._outside is None and (name == "blockquote" or (marks and _QUOTE_CLASS.search(marks))):
            self._open["quote"] = (name, 1)
            self._outside, self._pieces = self._pieces, []

    def _close_link(self, pieces: list[str], start: int, target: str) -> None:
        """Write out an address that is shown shortened."""
        self._link = None
        if pieces is not self._pieces:
            return
        head, *rest = _SHORTENED.split("".join(pieces[start:]).strip())
        address = _SCHEME.sub("", head)
        if (
            len(rest) == 1
            and address
            and target.endswith(rest[0])
            and _SCHEME.sub("", target).startswith(address)
        ):
            pieces[start:] = [target]

    def _close_quote(self) -> None:
        quoted = tidy("".join(self._pieces))
        self._pieces = self._outside or []
        self._outside = None
        if quoted:
            lines = (f"> {line}".rstrip() for line in re.sub(r"\n{2,}", "\n", quoted).split("\n"))
            self._pieces += ["\n\n", "\n".join(lines), "\n\n"]


def _describe_image(attributes: dict[str, str]) -> str:
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


def tidy(text: str) -> str:
    """Join runs of blanks and of empty lines; blanks of code, given as `CODE_BLANK`, stay."""
    lines = [" ".join(line.split()) for line in INVISIBLE.sub("", text).split("\n")]
    text = _EMPTY_LINES.sub("\n\n", "\n".join(lines))
    if CODE_BLANK not in text:
        return text.strip("\n")
    text = text.replace(CODE_BLANK, " ").strip("\n")
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")
