"""What programs put below the words of a message: signatures, lists' and trackers' footers, disclaimers."""

import re
from collections.abc import Sequence

from tldrkit.threads.mail.words import LANGUAGES

_MOST_LINES = 15  # of a footer
_LONG, _MOST_WORDS = 160, 10  # of a line that says from what a message was sent
_RULE = re.compile(r"\s{0,3}(?:[-_=*~]{2,}|[—–])\s*$")
_LONG_RULE = 20  # characters of the rules that lists draw
_SIGNATURE = re.compile(
    r"-- ?$|-----BEGIN PGP SIGNATURE-----\s*$"
    r"|reply to this (?:e-?mail|message) directly\b|you(?: are|'re) receiving this (?:e?mail )?because\b"
    r"|-{3,} ?you are receiving this mail because|this message was sent by atlassian\b"
    r"|configure (?:bug|issue)mail:|view it on (?:github|gitlab)\b|message id: "
    r"<[^\s<>]{1,300}@(?:github|gitlab)",
    re.IGNORECASE,
)
_FIRST = frozenset(" -_=*~—–RrYyTtCcVvMm")  # what any of these begins with
_UNSUBSCRIBE = re.compile(
    "|".join(re.escape(word) for row in LANGUAGES.values() for word in row.footer.split("|") if word)
    + r"|listinfo|/unsubscribe|view it on git(?:hub|lab)|googlegroups\.com|groups\.google",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"mailing ?-?list|mailings?liste|newsgroup|\bgroup\b|mailman|sympa|postorius|liste de (?:diffusion|"
    r"discussion)|"
    r"lista de (?:correo|discuss|distribu)|lista di (?:discussione|distribuzione)|lista dyskusyjna|"
    r"postituslista|sähköpostilista|diskusn\w{1,3} skupin|список рассылки|メーリングリスト|邮件列表|郵件清單",
    re.IGNORECASE,
)
_LINK = re.compile(r"https?://|[^\s<>]@[^\s<>]|\bat\b|\]\(")
_PHRASES = [word for row in LANGUAGES.values() for word in row.device.split("|") if word]
_SENT_FROM = tuple(word for word in _PHRASES if "…" not in word)
_SENT_ROUND = [tuple(word.split("…")) for word in _PHRASES if "…" in word]
_SENT_FIRST = tuple(first for first, _ in _SENT_ROUND)
_DEVICE = re.compile(
    r"i-?phon|i-?pad|ipod|\bmac|apple|watch|android|samsung|galaxy|huawei|xiaomi|redmi|pixel|nokia|oneplus|"
    r"oppo|motorola|blackberry|sony|windows|outlook|yahoo|gmail|gmx|web\.de|t-online|proton|thunderbird|k-9|"
    r"mail\b|phone|mobil|móvil|handy|telefon|téléphone|teléfono|telemóvel|celular|cellulare|puhelim|smart|"
    r"tablet|gerät|device|telef|телефон|手机|手機|스마트폰",
    re.IGNORECASE,
)
_DISCLAIMER = re.compile(
    r"[*_\s]{0,4}(?:(?:legal |e-?mail )?disclaimer|"
    r"(?:privacy|confidentiality|legal|privileged) (?:notice|note)|"
    r"haftungsausschluss|vertraulichkeitshinweis|rechtlicher hinweis|avis de confidentialité|clause de "
    r"confidentialité|avertissement|aviso legal|aviso de confidencialidade?|"
    r"cláusula de confidencialidad|nota di riservatezza|avviso di riservatezza|informativa sulla "
    r"riservatezza|"
    r"vertrouwelijkheidsclausule|fortrolighedserklæring|konfidentialitetsmeddelande|klauzula poufności|"
    r"уведомление о конфиденциальности|免責事項|免责声明)[*_]{0,2}\s?:",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"confiden|vertraulich|riservat|vertrouwelijk|fortrolig|konfidenti|poufn|конфиденц|recipient|empfänger|"
    r"destinat|e-?mail|message|nachricht|メール|邮件",
    re.IGNORECASE,
)


def find_footer(lines: Sequence[str]) -> int:
    """Find where what is below the words begins, if there are words above it; else the number of lines."""
    written = False
    for place, line in enumerate(lines):
        if (
            written
            and line[:1] in _FIRST
            and (_SIGNATURE.match(line) or (_RULE.match(line) and _is_footer(lines, place)))
        ):
            while place and _RULE.match(lines[place - 1]):
                place -= 1
            return place
        written = written or bool(line.strip() and not _RULE.match(line))
    return len(lines)


def _is_footer(lines: Sequence[str], rule: int) -> bool:
    """Tell whether what follows a rule says how to leave a list, or how to answer, and is short."""
    if any(map(_RULE.match, lines[rule + 1 : rule + 2])):
        return False  # that one may be a footer's
    below = lines[rule + 1 : rule + 3 * _MOST_LINES]
    said = [line[:1000] for line in below if line.strip()]
    if len(said) > _MOST_LINES:
        said = said[:1] if len(lines[rule].strip()) >= _LONG_RULE else []
    text = "\n".join(said)
    if len(lines[rule].strip()) >= _LONG_RULE and said and _LIST.search(said[0]):
        return True
    return bool(_UNSUBSCRIBE.search(text) and _LINK.search(text))


def drop_marked(lines: Sequence[str]) -> list[str]:
    """Leave out telephones' signatures and disclaimers that say they are some: paragraphs of their own."""
    kept: list[str] = []
    dropping, begins = False, True
    for place, line in enumerate(lines):
        if not line or line.isspace():
            dropping, begins = False, True
        elif begins:
            following = lines[place + 1] if place + 1 < len(lines) else ""
            dropping, begins = _is_device(line, following) or _is_disclaimer(lines, place), False
        if not dropping:
            kept.append(line)
    return kept if len(kept) == len(lines) or any(map(str.strip, kept)) else list(lines)


def _is_device(line: str, following: str) -> bool:
    if len(line) > _LONG or following.strip(" >") or len(line.split()) > _MOST_WORDS:
        return False
    said = line.lower().strip().strip("*_<>[]()").rstrip(".。")
    phrased = said.startswith(_SENT_FROM) or said.endswith(_SENT_FROM)
    if not phrased and said.startswith(_SENT_FIRST):
        phrased = any(said.startswith(first) and said.endswith(last) for first, last in _SENT_ROUND)
    return phrased and bool(_DEVICE.search(said)) and not said.endswith(("?", ":", ","))


def _is_disclaimer(lines: Sequence[str], place: int) -> bool:
    if ":" not in lines[place][:_LONG] or not _DISCLAIMER.match(lines[place]):
        return False
    return bool(_SECRET.search(" ".join(line[:1000] for line in lines[place : place + 3])))
