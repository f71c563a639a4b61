"""The gate of plain text: what reads as prose is a thread of one post, and anything else is named.

A text is told by its opening, by the form of its rows, and else by its lines, of which each is prose, code or
neither. Knows no file and no thread. The rule is that of docs/reference/threads.md.
"""

import re
from collections.abc import Sequence

from tldrkit.threads.text.foreign import Foreign, recognize_opening
from tldrkit.threads.text.lines import read_entities
from tldrkit.threads.text.rows import recognize_rows

_SEEN = 1 << 15  # characters that are looked at, of a long text at its beginning and its end
_FENCED = re.compile(r"^ {0,3}(```|~~~)[^\n]*\n.*?(?:^ {0,3}\1[^\n]*$|\Z)", re.MULTILINE | re.DOTALL)
_FRONT = re.compile(r"---\n(?:[^\n]{0,500}\n){1,60}?---(?:\n|$)")
_CODE_SPAN = re.compile(r"``[^`\n]{1,200}``|`[^`\n]{1,200}`")
_LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\](?:\([^()\n]{0,500}\)|\[[^\[\]\n]{0,100}\]|:\s*\S+)")
_INDENTED = re.compile(r"(?<=\n\n)(?:(?: {4}|\t)[^\n]*(?:\n|$)|\n(?= {4}|\t))+")
_BBCODE = re.compile(
    r"\[/?(?:b|i|u|s|url|img|quote|code|list|size|color|font|center|spoiler|\*)(?:=[^\[\]\n]{0,300})?\]", re.I
)
_MARKED = re.compile(
    r"(?<![\w*])(\*{1,3}|_{1,3}|~~)(?=[^\s*_~])([^*_~\n]{1,300})(?<=[^\s*_~])\1(?![\w*])"
)  # words
_SHOWN_TAG = re.compile(
    r"</?(?:a|b|i|u|s|p|em|strong|br|code|del|ins|kbd|mark|small|span|sub|sup|q|blockquote|font)"
    r"(?:\s[^<>\n]{0,500})?/?>",
    re.IGNORECASE,
)
_BLOCK_COMMENT = re.compile(
    r'/\*.*?(?:\*/|\Z)|\(\*.*?(?:\*\)|\Z)|<!--.*?(?:-->|\Z)|"{3}.*?(?:"{3}|\Z)|\'{3}.*?(?:\'{3}|\Z)',
    re.DOTALL,
)
_COMMENT = re.compile(r"\s*(?://|--(?=[ \w])|;+(?=[ \w])|%+(?=[ \w])|(#)+(?=[\s'!|:@]|$)|\*(?=/))")
_RULE = re.compile(r"[\s\W_]+$|\s*\|.*\|\s*$|[^|]* \| [^|]* \| ")  # marks alone, and rows of tables
_LIST_MARK = re.compile(r"(?<!\s)\s*(?:[-*+•–—>]+|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|#{1,6}|\[[ xX]\])\s+")
_STRIPPED = "\"'“”„‘’«»‹›()[]*_~,.:;!?…-–—`、。，：；！？「」『』（）"
_ODD = re.compile(
    r"[{}<>=|\\^$#@~`_;\[\]]|[a-z][A-Z]|\w\(|\)\.|/\w+/|::|&&|\+\+|\w\.\w+\(|^[-+*/%&]|[%*/+]\w*$"
)
_ALONE = frozenset(["-", "&"])  # between words
_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+|\S+@\S+\.\S+|[@#/][\w-]+(?:/[\w-]+)?|<[\w.@ -]{1,40}>:?|[\w.-]+\.[a-z]{2,4}"
    r"|[:;=xX8]['-]?[()DPpOo3/\\|*]+|<3+"  # smileys
)
_ENDS_CODE = re.compile(r"[{};\\]\s*$|[\[(,]\s*$|\)\s*:\s*$|=>?\s*$|->\s*$|\*/\s*$")
_STRONG = re.compile(
    r"\s*(?:[@$%&]?[\w.$\[\]>-]+\s*(?:=|:=|\+=|<-)\s*\S"  # an assignment
    r"|[\w.$:>-]+\([^()]*\)\s*[;{]?\s*$"  # a call
    r"|(?:print|echo|puts|say|printf|println|write|writeln|display|log)\s*\(?\s*[\"'].*[\"'][)\s;.]*$"
    r"|[{}()\[\];,]+\s*$|</?\w[^<>]*>\s*$"
    r"|(?:import|from|using|use|package|module|require|include|namespace|library|open)\s+"
    r"[\w.:/\"'<>*{} -]+;?\s*$"
    r"|(?:def|class|func|fn|function|sub|proc|procedure|struct|enum|interface|trait|impl|public|private|static|"
    r"const|let|var|local|return|if|elif|else|for|while|switch|case|foreach|end|begin|type|void|int|echo|set|"
    r"export|module|print|printf|puts)\b[^.!?]*[(){}\[\]=:;<>$\"_][^.!?]*$)"
)
_SENTENCE_END = re.compile(r"[.!?…。！？]['\"”’)»*_]*\s*$|[\U0001f300-\U0001faff]\s*$|[:;]-?[()DP]\s*$")
_SCRIPT = re.compile(  # what pages bring along
    r"\bfunction\b ?\w*\([^()]{0,200}\) ?\{|=> ?\{|\S [!=]== \S|\$\(|\baddEventListener\("
    r"|\b(?:document|window|module|console|exports|JSON)\.\w"
)
_NO_SPACES = re.compile(  # scripts that put none between words
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_LINE = 1000  # characters of a line that are looked at
_FEW_WORDS = 3
_NATURAL = 0.75  # of a line's words, in a line of prose
_CODE_AFTER_PROSE = 0.75  # of the characters of a text: what may be code where it begins with prose
_CODE = 0.35
_CODE_WITHOUT_SENTENCES = 0.15
_PACKED = ((60, 0.06), (15, 0.15))  # characters of a line, and the share of symbols that makes it code


def find_foreign(text: str) -> Foreign | None:
    """Tell what a text is that does not read as prose; None for prose.

    One short line, words without marks, and scripts without spaces are prose, and so is a document of
    Markdown with code in it.
    """
    if len(text) > _SEEN:
        text = text[: _SEEN // 2] + "\n" + text[-_SEEN // 2 :]
    text = read_entities(text).replace("\r\n", "\n").replace("\r", "\n").strip("\ufeff\n ")
    found = recognize_opening(text)
    if found is not None:
        return found
    body = _FENCED.sub("", _FRONT.sub("", text, count=1)).strip()
    lines = [line[:_LINE] for line in body.split("\n") if line.strip()]
    return (recognize_rows(lines) or _judge_lines(body)) if lines else None


def _judge_lines(body: str) -> Foreign | None:
    """Weigh the lines of prose against those of code."""
    bare = _BLOCK_COMMENT.sub("\n", body)
    bare = _SHOWN_TAG.sub(" ", _BBCODE.sub("", _LINK.sub(r"\1", _CODE_SPAN.sub("it", bare))))
    bare = _MARKED.sub(r"\2", bare)
    if bare[:1].isupper() or bare.startswith(("# ", "* ", "- ", ">")):  # else it is no document
        bare = _INDENTED.sub("", bare)
    lines = [line[:_LINE] for line in bare.split("\n") if line.strip()]
    told = [line for line in lines if not _COMMENT.match(line) and not _RULE.match(line)]
    if not told:
        return _name_code(body) if len(lines) > 2 or not lines else None
    if len(told) == 1:
        return _name_code(body) if _STRONG.match(told[0]) or _is_packed(told[0]) else None
    code = [line for line in told if is_code(line)]
    prose = [line for line in told if is_prose(line)]
    if len(code) > 1:
        code += [line for line in told if _is_fragment(line) and not is_code(line) and not is_prose(line)]
    weight, natural = _measure(code), _measure(prose)
    if any(_SENTENCE_END.search(line) for line in prose):
        most = _CODE_AFTER_PROSE if is_prose(told[0]) and lines[0] == told[0] else _CODE
    else:
        most = _CODE_WITHOUT_SENTENCES
    return _name_code(body) if code and weight >= most * (weight + natural) else None


def _is_packed(line: str) -> bool:
    """Tell a program or data on one line."""
    symbols = sum(map(line.count, "{}();=<>[]"))
    return any(len(line) > length and symbols > share * len(line) for length, share in _PACKED)


def _is_fragment(line: str) -> bool:
    return (line[0].isspace() or line[0].islower()) and _LIST_MARK.match(line) is None


def _measure(lines: Sequence[str]) -> int:
    return sum(len(line.strip()) for line in lines)


def is_code(line: str) -> bool:
    """Tell whether a line looks like one of a program or of data."""
    if _STRONG.match(line) or (line.lstrip()[0] == "(" and line.count("(") != line.count(")")):
        return True
    words = _LIST_MARK.sub("", line, count=1).split()
    odd = sum(map(_is_odd, words))
    if line.rstrip().endswith(";") and _is_clause(words):
        return False
    if _ENDS_CODE.search(line) and odd:
        return True
    return odd > 0 and odd >= len(words) / _FEW_WORDS


def is_prose(line: str) -> bool:
    """Tell whether a line looks like one that people write for people."""
    if _STRONG.match(line) and not _SENTENCE_END.search(line):
        return False
    if len(_NO_SPACES.findall(line)) >= 2 * _FEW_WORDS:
        return True
    words = _LIST_MARK.sub("", line, count=1).split()
    natural = sum(map(_is_natural, words))
    if natural < _NATURAL * (len(words) - sum(map(_is_number, words))):
        return False
    heads = line[0].isupper() and line.rstrip().endswith(":")  # "Steps to reproduce:"
    return natural > _FEW_WORDS or (natural > 1 and (heads or _SENTENCE_END.search(line) is not None))


def _is_clause(words: Sequence[str]) -> bool:
    """Tell words that a semicolon ends as it does in verses; short ones of ASCII may be a statement."""
    plain = [word.rstrip(";,") for word in words]
    if not all(map(_is_natural, plain)) or any(map(_is_odd, plain)):
        return False
    return len(plain) > _FEW_WORDS or not all(map(str.isascii, plain))


def _is_number(word: str) -> bool:
    return word.strip(_STRIPPED)[:1].isdigit() and not _is_odd(word)


def _is_odd(word: str) -> bool:
    if word in _ALONE:
        return False
    return _ODD.search(word) is not None and _ADDRESS.fullmatch(word.strip("(),.!?\"'")) is None


def _is_natural(word: str) -> bool:
    bare = word.strip(_STRIPPED)
    return any(map(str.isalpha, bare)) and not _is_odd(word.strip("*_`\"'()[],.:;!?"))


def _name_code(text: str) -> Foreign:
    """Tell a script such as pages bring along from other programs."""
    found = len(_SCRIPT.findall(text))
    if not found or found < text.count("\n") / 40 or "#include" in text or "<?" in text:
        return Foreign("program code")
    return Foreign("a script", of_pages=True)
