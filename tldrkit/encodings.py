"""Encodings of texts and pages: as they say, as browsers understand what they say, or guessed with a word.

The one room that knows tables of encodings. Python's own codecs decode.
"""

import codecs
import re
from dataclasses import dataclass
from functools import cache
from io import BufferedReader, RawIOBase
from typing import Any

import webencodings  # type: ignore[import-untyped]

_BUFFER = 1 << 16
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CODECS = {  # where Python's codec of that name knows less than browsers
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
    "big5": "big5hkscs",
    "x-user-defined": "cp1252",  # as in a page's own word
    "utf-16le": "utf-8",  # a page that says so in ASCII is not
    "utf-16be": "utf-8",
}
_NAMES = {
    "cp932": "shift_jis",
    "cp949": "euc-kr",
    "cp874": "windows-874",
    "mac_cyrillic": "x-mac-cyrillic",
    "iso2022_jp": "iso-2022-jp",
    "iso2022_kr": "iso-2022-kr",
}
_NEWER = {"ms932": "sjis", "koi8-ru": "koi8-u", "unicode11utf8": "utf-8", "unicode20utf8": "utf-8"}
"""Labels that browsers have learned since."""
_NEVER_UTF_8 = ("iso2022", "hz", "utf-7", "utf-16", "utf-32")  # how codecs begin whose bytes may look like it
_ESCAPE = re.compile(rb"\x1b\$(?:[@B]|\)C)")  # from ASCII to Japanese or Korean
_OF_SEVERAL_BYTES = ("gb18030", "cp932", "cp949", "big5hkscs", "euc_jp")
_NO_CHANCE = 8  # characters of UTF-8 that are none of another encoding's by chance
_LATIN_LETTERS = (
    ("cp1252", "àáâãäåæçèéêëìíîïñòóôõöøùúûüßœÀÁÂÄÅÆÇÈÉÊÍÎÓÔÖØÚÜŒ’‘“”„–—…«»°€£§¿¡"),
    *((codec, "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ’”„–—…«»") for codec in ("cp1250", "iso8859_2")),
    *((codec, "áčďéěíňóřšťúůýžľĺŕôäÁČĎÉĚÍŘŠŤÚŮÝŽ’“„–—…«»") for codec in ("cp1250", "iso8859_2")),
    *((codec, "áéíóöőúüűÁÉÍÓÖŐÚÜŰ’”„–—…«»") for codec in ("cp1250", "iso8859_2")),
    *((codec, "čćđšžČĆĐŠŽ’“”„–—…") for codec in ("cp1250", "iso8859_2")),
    *((codec, "ăâîşţĂÂÎŞŢ’”„–—…«»") for codec in ("cp1250", "iso8859_2")),
    ("cp1254", "ğışçöüâîûĞİŞÇÖÜÂÎ’“”–—…°€«»"),
    ("cp1257", "ąčęėįšųūžĄČĘĖĮŠŲŪŽ’“”„–—…"),
    ("cp1257", "āčēģīķļņšūžĀČĒĢĪĶĻŅŠŪŽ’“”„–—…"),
    ("cp1257", "õäöüšžÕÄÖÜŠŽ’“”„–—…"),
)
"""Letters and marks of the languages, or groups of them, that are written in each; the likelier first."""
_SCRIPT_LETTERS = (
    *(
        (codec, "оеаинтсрвлкмдпуяыьзі")
        for codec in ("cp1251", "koi8_r", "koi8_u", "iso8859_5", "cp866", "mac_cyrillic")
    ),
    ("cp1253", "αοιετσνηυρπκμλςάόέίήύώ"),
    ("cp1255", "יוהלאמרתבשנםעדקח"),
    ("cp1256", "اليمنوتربةعدسفهكحقأ"),
    ("cp874", "านรอกเงยลมดทสตวัี่้ิ"),
)
"""The commonest letters of the languages that are written in each."""
_SEVERAL_LETTERS = (
    *(
        (codec, "のにはをたがでてとしれさいるなもかっんまこうありくきす、。ーンスルトイ")
        for codec in ("cp932", "euc_jp")
    ),
    ("cp949", "이다는을가에의고하은지사도한로니기어있리나해자서아시그들요"),
    (
        "gb18030",
        "的一是不了人我在有他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长，。？",
    ),
    (
        "big5",
        "的一是不了人我在有他這中大來上個國到說們為子和你地出道也時年得就那要下以生會自著去之過家學對可裡後小麼心多天而能好都然沒日於起還發成事只作當想看文無開手十用主行方又如前所本見經頭面公同三已老從動兩長，。？",
    ),
)
"""The commonest characters of the languages that are written with several bytes for each."""
_COMMON = 0.6  # of a text's letters, which no other encoding makes of it
_LETTERS = bytes(range(0x41, 0x5B)) + bytes(range(0x61, 0x7B))
_OTHERS = bytes(range(0x80, 0x100))
_FEW = 4  # bytes that are not ASCII: then what stands round them tells more
_LATIN = 0.5  # of the letters: what no language that is written in Latin letters has of others
_RUNS = re.compile(rb"([A-Za-z]?)[\x80-\xff]+([A-Za-z]?)")
_SHORT = 2  # bytes of such a run, on the average
_HALF_WIDE = re.compile("[\uff61-\uff9f]")  # what any byte may be in Shift-JIS
_CHANCE = 0.4  # of a text's bytes: common letters of an encoding that it is not in
_SEEN_SHARE = 0.2  # of the characters of a text: common ones
_WHOLE = 2  # characters of UTF-8 that are whole for one that is damaged
_SAMPLE = 1 << 14
_WIDE = re.compile(r"[^\x00-\x7f]+")
_META = re.compile(rb"<meta[^<>]{0,300}?charset\s*=\s*[\"']?\s*([^\s\"'<>;/]{1,40})", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml[^<>]{0,200}?encoding\s*=\s*[\"']([^\s\"'<>]{1,40})")
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_TAG = re.compile(rb"<[^<>]{0,1000}>")
_SEEN = 4096  # bytes that tell a wide encoding without a mark
_FEW_ZEROS = 0.02  # of the bytes of UTF-16: what Chinese text has in its spaces, line ends and digits
_STRAY_ZEROS = 0.05  # of those: zeros in the other half of a character, such as those of U+AC00


def open_as_utf8(file: BufferedReader) -> BufferedReader:
    """Drop a byte order mark, and turn UTF-16 and UTF-32 into UTF-8; anything else stays as it is."""
    head = file.peek(_SEEN)[:_SEEN]
    marked = next(((mark, name) for mark, name in _BOMS if head.startswith(mark)), None)
    mark, name = marked or (b"", _guess_wide(head))
    file.read(len(mark))
    return file if name == "utf-8" else BufferedReader(_Transcoded(file, name), _BUFFER)


class _Transcoded(RawIOBase):
    """A stream of text as UTF-8."""

    def __init__(self, source: BufferedReader, name: str) -> None:
        self._source = source
        self._decoder = codecs.getincrementaldecoder(name)("replace")
        self._held = b""

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  (any writable buffer)
        """Read as much as there is room for."""
        data = b""
        while not self._held:
            data = self._source.read(_BUFFER)
            self._held = self._decoder.decode(data, final=not data).encode("utf-8", "replace")
            if not data:
                break
        count = min(len(buffer), len(self._held))
        buffer[:count], self._held = self._held[:count], self._held[count:]
        return count

    def close(self) -> None:
        """Close the other one too."""
        self._source.close()
        super().close()


def _guess_wide(head: bytes) -> str:
    """Tell UTF-16 and UTF-32 without a mark by where their zeros are; UTF-8 for all else."""
    head = head[: len(head) // 2 * 2]
    if b"\0" not in head or len(head) < 8:
        return "utf-8"
    zeros = [head[place::4].count(0) for place in range(4)]
    quarter = len(head) / 4
    if quarter == zeros[3] and zeros[2] >= 0.9 * quarter and not zeros[0]:
        name = "utf-32-le"
    elif quarter == zeros[0] and zeros[1] >= 0.9 * quarter and not zeros[3]:
        name = "utf-32-be"
    else:
        first, second = zeros[0] + zeros[2], zeros[1] + zeros[3]
        if min(first, second) > _STRAY_ZEROS * max(first, second):
            return "utf-8"
        name = "utf-16-le" if second > first else "utf-16-be"
    text = head.decode(name, "replace")
    shown = sum(character.isprintable() or character.isspace() for character in text)
    least = 0.97 if sum(zeros) > _FEW_ZEROS * len(head) else 1
    return name if shown >= least * len(text) and "\ufffd" not in text[:-1] else "utf-8"


@dataclass(frozen=True)
class Decoded:
    """A text, and what is not sure about it.

    Args:
        text: Decoded.
        doubt: The encoding, with a word that it is a guess or that bytes of it could not be read; empty where
            all is sure.
    """

    text: str
    doubt: str = ""


def decode_text(data: bytes) -> Decoded:
    """Decode a text that says nothing of its encoding: UTF-8, else a guess; escapes of 7 bits are one too."""
    return decode_labelled(data, "")


def decode_page(data: bytes, label: str = "") -> Decoded:
    """Decode a page of HTML as browsers do; one that says nothing, or something untrue, is guessed at.

    Args:
        data: The page.
        label: What is said of its encoding beside it; what the page says itself is believed before that.
    """
    codec = find_codec(_find_label(data) or label)
    return decode_labelled(data, codec)


def decode_labelled(data: bytes, codec: str, around: bytes = b"") -> Decoded:
    """Decode a text by the codec that it names, if it is in that.

    Args:
        data: The text.
        codec: Python's; empty for none.
        around: More in the same encoding, by which that of a short text is told.
    """
    if codec.startswith(_NEVER_UTF_8):
        return _decode_as(data, codec)
    if codec in ("", "utf-8") and (escape := _ESCAPE.search(data)):
        codec = "iso2022_kr" if escape[0].endswith(b"C") else "iso2022_jp"
        return Decoded(data.decode(codec, "replace"), f"{_name(codec)}, a guess")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        if codec not in ("", "utf-8"):
            return _decode_as(data, codec)
        return _mend_utf8(data) or _guess(data, _sample(_TAG.sub(b" ", around or data)))
    if text.isascii() or codec in ("", "utf-8"):
        return Decoded(text)
    if codec in _OF_SEVERAL_BYTES and sum(map(len, _WIDE.findall(text))) < _NO_CHANCE:
        return _decode_as(data, codec)
    return Decoded(text, "utf-8, a guess")  # servers that say so are believed before the page


def _decode_as(data: bytes, codec: str) -> Decoded:
    """Decode by a codec that a text names, and tell what cannot be read."""
    text = data.decode(codec, "replace")
    lost = text.count("\ufffd")
    return Decoded(text, f"{_name(codec)}, {lost} unreadable" if lost else "")


def find_codec(label: str) -> str:
    """Find Python's codec for a label, as browsers understand labels; empty for an unknown one."""
    known = webencodings.lookup(_NEWER.get(label.lower(), label))
    if known is None:
        return ""
    return _CODECS.get(known.name) or str(known.codec_info.name)


def _find_label(data: bytes) -> str:
    """Find what a page says of its encoding."""
    head = _COMMENT.sub(b"", data[:_SEEN])
    found = _META.search(head) or _XML.match(head)
    return found[1].decode("ascii", "replace") if found else ""


def _mend_utf8(data: bytes) -> Decoded | None:
    """Decode UTF-8 of which a few bytes are damaged; None for what is no UTF-8."""
    text = data.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    whole = sum(map(len, _WIDE.findall(text))) - lost
    return Decoded(text, f"utf-8, {lost} unreadable") if whole > _WHOLE * lost else None


def _sample(data: bytes) -> bytes:
    """Take the lines of a text that say something about its encoding: some of many, and others beside few."""
    telling = (line for line in re.split(rb"[\r\n]+", data) if not line.isascii())
    sample = b""
    for line in telling:
        sample += line[:_SAMPLE] + b"\n"
        if len(sample) >= _SAMPLE:
            break
    return sample if _count_others(sample) >= _FEW else data[:_SAMPLE] + sample


def _guess(data: bytes, sample: bytes) -> Decoded:
    """Decode by the encoding that is likeliest after a sample of the text.

    Where the language is written in Latin letters, that is the one with which most of the others are letters
    of one of its languages; else it is the one that makes common letters or characters of them.
    """
    codec = _guess_latin(sample) if _is_latin(sample) else _guess_script(sample)
    return Decoded(data.decode(codec, "replace"), f"{_name(codec)}, a guess")


def _is_latin(sample: bytes) -> bool:
    """Tell a language of Latin letters: most are ASCII, or stand beside single ones that are not."""
    others = _count_others(sample)
    letters = len(sample) - len(sample.translate(None, _LETTERS))
    if others < max(_FEW, _LATIN * letters):
        return True
    if others * _LATIN > letters:
        return False
    runs = _RUNS.findall(sample)
    mixed = sum(len(before + behind) > 0 for before, behind in runs)
    return others <= _SHORT * len(runs) and mixed >= _COMMON * len(runs)


def _count_others(data: bytes) -> int:
    return len(data) - len(data.translate(None, _OTHERS))


def _guess_script(sample: bytes) -> str:
    codec, letters = max(_encode(_SCRIPT_LETTERS), key=lambda known: _count(sample, known[1]))
    common = _count(sample, letters) / _count_others(sample)
    if common >= _COMMON:
        return codec
    shares = [(_share(sample, *known), known[0]) for known in _SEVERAL_LETTERS]
    share, several = max(shares, key=lambda found: found[0])
    return several if common < _CHANCE or share > _SEEN_SHARE else codec


def _share(sample: bytes, codec: str, letters: str) -> float:
    """Find the share of common characters in a text; what cannot be read counts ten times."""
    wide = "".join(_WIDE.findall(sample.decode(codec, "replace")))
    lost = wide.count("\ufffd") + len(_HALF_WIDE.findall(wide))
    return (sum(map(wide.count, letters)) - lost) / max(1, len(wide) + 9 * lost)


def _guess_latin(sample: bytes) -> str:
    return max(_encode(_LATIN_LETTERS), key=lambda known: _count(sample, known[1]))[0]


@cache
def _encode(table: tuple[tuple[str, str], ...]) -> list[tuple[str, bytes]]:
    """Encode letters by their codecs, when something is guessed: to load those takes milliseconds."""
    return [(codec, letters.encode(codec, "ignore")) for codec, letters in table]


def _count(sample: bytes, letters: bytes) -> int:
    return len(sample) - len(sample.translate(None, letters))


def _name(codec: str) -> str:
    """Name a codec as pages do."""
    if codec in _NAMES:
        return _NAMES[codec]
    known = webencodings.lookup(codec.replace("_", "-")) or webencodings.lookup(codec)
    return str(known.name) if known else codec
