"""What reading costs at its worst: texts made to be slow, and the processor time of each a KB.

Every text is one or two marks of Markdown, HTML, BBCode, mail, JSON, quotes or sentences, repeated, nested,
alternating, growing or never closed. A reader is linear where a text of eight times the length takes some
eight times as long. `tests/threads/test_hostile.py` holds a part of this to it.

    python benchmarks/hostile.py            every pair of marks, hours on a busy machine
    python benchmarks/hostile.py --quick    what the test reads
"""

import argparse
import gc
import json
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, count, product
from operator import itemgetter
from pathlib import Path
from typing import Any

from tldrkit.families.hub_code.spelling import restore_writing
from tldrkit.scoring.baselines import lead, longest, title
from tldrkit.scoring.centrality import compute_centrality, trace_sentence
from tldrkit.scoring.metrics import METRICS
from tldrkit.scoring.words import split_stems
from tldrkit.threads import parse_threads
from tldrkit.threads.html.markup import reduce_html, render_html
from tldrkit.threads.mail.answers import find_words, reduce_answer
from tldrkit.threads.mail.attributions import count_attribution_lines, is_attribution
from tldrkit.threads.text.bbcode import reduce_bbcode
from tldrkit.threads.text.chat_logs import is_clocked, read_clocked
from tldrkit.threads.text.irc import is_irc, read_irc
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.text.prose import find_foreign
from tldrkit.threads.text.quotes import drop_repeated_quotes
from tldrkit.threads.text.transcripts import is_transcript, read_transcript
from tldrkit.threads.text.whatsapp import is_whatsapp, read_whatsapp
from tldrkit.threads.thread import Place
from tldrkit.writing.sentences import drop_unfinished, is_finished, split_sentences

Read = Callable[[str], object]

FACTOR = 8
"""How much longer the text is that another is compared with."""
STEEP = 24
"""Growth of the cost that no reader may have: linear would be 8, quadratic 64."""
_LEAST = 0.001  # seconds of a measurement that says something
_AGAIN = 4  # measurements of what seems steep: the machine may have been busy

MARKS = tuple(
    (
        "`¦*¦_¦~~¦[¦](¦![¦[a]¦[a](b¦#¦\\¦|¦>!¦!<¦```\n¦- ¦* ¦"  # Markdown
        "<¦>¦<a ¦<a href='¦b=\"¦</¦<!--¦-->¦<script>¦<p>¦<div class=quote>¦<pre>¦<title>¦<meta ¦"  # HTML
        "<img alt=''>¦<blockquote>¦</p>¦&¦&amp;¦&#¦<style¦<![¦"
        "[quote]¦[/quote]¦[quote=¦[b]¦[img]¦[/b]¦[*]¦"  # BBCode
        "> ¦\n>¦From ¦\nFrom a 2020\nA: b\n\n¦\nFrom: a\nDate: b\n¦On a wrote:\n¦wrote: ¦"  # mail
        "=?utf-8?q?a?=¦____________________\n¦-- \n¦<a@b>¦Re: ¦[a] ¦-----BEGIN PGP¦From: ¦"
        "On 1.1.2020 1:11 A wrote:\n¦schrieb ¦於 ¦寫道：¦From: a@b\nSent: 1\nTo: c\nSubject: d\n¦"
        "*From:* ¦-----Original Message-----\n¦Sent from my iPhone\n¦Disclaimer: ¦a@b¦via ¦"
        '{¦[[¦{"a":¦{"posts":[¦\\ud800¦"¦[1,¦{"text":"a"},¦'  # JSON
        "1/1/20, 1:11 - ¦[1.1.20 1:11] A: ¦a: <¦\u200e¦<a> ¦1:11 ¦* a ¦* a (b) ¦-!- ¦"  # logs
        "--- Day changed Mon Jan 01 ¦2020-01-01 ¦01:01:01 ¦\tFrom ¦ to ¦0:01.000 --> 0:02.000\n¦<v ¦"
        ">> ¦A  0:01\n¦(0:01¦♪¦"
        'f(¦a.b¦{}¦/*¦(*¦"""¦a: b\n¦a,b\n¦a  b\n¦--- a\n+++ ¦\\a¦# a\n¦0a ¦_a¦'  # programs
        "a¦A ¦a ¦Ann: ¦a:¦:¦1¦1,¦1.¦U.¦A.b¦...¦.¦'¦!?¦…)¦名¦名。¦"  # words
        " ¦\n¦\r\n¦\t¦\n\n¦ \n¦\n    ¦\u200b¦\x01¦\x02¦\u00a0¦\u2028¦\x0c¦"  # blanks
        "http://¦www.¦@¦://¦:a:¦a=¦==\n¦---\n¦a\n---\n¦title: a\n¦a | b | #1\n¦(¦()¦"  # others
    )
    .removesuffix("¦")
    .split("¦")
)
"""What texts are made of: marks of Markdown, HTML, BBCode, mail, JSON, logs, programs, words and blanks."""


def _fill(unit: str, size: int) -> str:
    return unit * (size // len(unit) + 1)


def _grow(mark: str, size: int) -> str:
    """Runs of 1, 2, 3 … marks."""
    runs, length = [], 0
    while length < size:
        runs.append(mark * (len(runs) + 1) + "a")
        length += len(runs[-1])
    return "".join(runs)


def build_single(mark: str, size: int) -> Iterator[tuple[str, str]]:
    """Build the texts of one mark, named: repeated, repeated before a letter, unclosed, growing."""
    yield f"{mark!r} repeated", _fill(mark, size)
    yield f"{mark!r} repeated before a letter", _fill(mark, size) + "a"
    yield f"{mark!r} unclosed before a word", mark + _fill("a", size)
    yield f"{mark!r} unclosed before words", mark + _fill("ab ", size)
    yield f"{mark!r} on each line", _fill(f"{mark}a\n", size)
    yield f"{mark!r} growing", _grow(mark, size)


def build_pair(one: str, other: str, size: int) -> Iterator[tuple[str, str]]:
    """Build the texts of two marks, named: alternating, and one run behind the other."""
    yield f"{one!r} and {other!r} alternating", _fill(f"{one}{other}", size)
    yield f"{one!r}, then {other!r}", _fill(one, size // 2) + _fill(other, size // 2)


def _nest_parts(size: int) -> str:
    depth = size // 80
    heads = [f'Content-Type: multipart/mixed; boundary="{n}"\n\n--{n}\n' for n in range(depth)]
    return "From: a\nTo: b\n" + "".join(heads) + "\n" * (size // 3)


FILES: Mapping[str, Callable[[int], str]] = {
    "a long line above many repeated quotes": lambda size: json.dumps(
        [
            {"author": "a", "text": "one two three"},
            {"author": "b", "text": f"{_fill('a', size // 2)}:\n{_fill(_QUOTE, size // 2)}"},
        ]
    ),
    "parts in one another": _nest_parts,
    "a header of parameters": lambda size: f"From: a\nContent-Type: text/plain{_fill(';a=b', size)}\n\na",
    "words of a header begun in code": lambda size: f"From: a\nSubject: {_fill('=?a?q?x', size)}\n\na",
    "one tag of many scripts": lambda size: f"<html><script {_fill('application/ld+json', size)}",
    "blanks in the time of a post": lambda size: f"<html>{_PAGE.replace('TIME', _fill(' ', size))}",
    "posts in one another": lambda size: (
        f'{{"posts":[{_fill(_NESTED, size // 2)}1{"]}" * (size // 66 + 1)}]}}'
    ),
}
"""Whole files that are slow, or would be, for what stands where in them."""
_QUOTE = "> one two three\n\n"
_PAGE = (
    '<div class="athing comtr"><span class="age" title="TIMEx">a</span><div class="commtext">a</div></div>'
)
_NESTED = '{"author":"a","text":"a","replies":['


_READ = count()


def _read_file(text: str) -> object:
    return list(parse_threads(text.encode(errors="replace"), "x"))


def _read_post(text: str) -> object:
    value = {
        "title": text,
        "posts": [{"author": text, "content": text, "time": text}, {"text": text, "user": "b"}],
    }
    return list(parse_threads(json.dumps(value).encode(), "x"))


def _read_shapes(text: str) -> object:
    """Read the posts of forums that keep HTML, and those that keep Markdown."""
    discourse = {"posts": [{"post_number": 1, "username": "a", "cooked": text}]}
    reddit = {"kind": "t3", "data": {"title": text, "selftext": text, "subreddit": "a", "name": "t3_a"}}
    return [list(parse_threads(json.dumps(value).encode(), "x")) for value in (discourse, reddit)]


def _read_mail(text: str) -> object:
    body = text.encode(errors="replace")
    line = " ".join(text.split()).encode(errors="replace")
    head = b"From: %b\nTo: b\nSubject: %b\nReferences: %b\nDate: %b\n" % (line, line, line, line)
    head = head.replace(b"From: ", b"From: %d" % next(_READ), 1)  # names of authors are kept
    return [
        list(parse_threads(head + b"\n" + body, "x")),
        list(parse_threads(b"From a\nFrom: b\nSubject: c\nContent-Type: text/html\n\n" + body, "x")),
    ]


def _read_page(text: str) -> object:
    post = f'<div class="message" data-author="a"><article class="bbWrapper">{text}</article></div>'
    page = f"<html><title>{text}</title><script type='application/ld+json'>{text}</script>"
    return [
        list(parse_threads(f"<html>{text}".encode(errors="replace"), "x")),
        list(parse_threads(f"{page}{post}".encode(errors="replace"), "x")),
    ]


_LOGS = (  # what tells each kind, what reads it, and what a line of it begins with
    (is_whatsapp, read_whatsapp, "1/1/20, 1:11 - Ann: "),
    (is_irc, read_irc, "1:11 <ann> a\n1:11 <bo> "),
    (is_clocked, read_clocked, "01:01:01 From Ann to Bo: "),
    (is_transcript, read_transcript, "WEBVTT\n\n0:01.0 --> 0:02.0\n"),
    (is_transcript, read_transcript, "Ann  0:01\na\nBo  0:02\n"),
)


def _read_logs(text: str) -> object:
    """Read as each kind of log, from the first message's words on and from the first line on."""
    place = Place(Path("x"))
    logs = [
        (tells, read, log)
        for tells, read, head in _LOGS
        for log in (f"{head}{text}", f"{head}a\n{text}", text)
    ]
    return [list(read(log, place)) for tells, read, log in logs if tells(log)]


def _tell_foreign(text: str) -> object:
    return find_foreign(text), find_foreign(f"A b c d.\n{text}")


def _cut_answer(text: str) -> object:
    lines = text.split("\n")
    ends = range(0, len(lines), max(1, len(lines) // 100))  # of each a few lines are looked at
    told = [count_attribution_lines(lines, end) for end in ends]
    return (
        reduce_answer(text),
        reduce_answer(f"a\n\n{text}"),
        find_words(lines),
        told,
        is_attribution(f"{text}:"),
    )


def _build_chats(text: str) -> list[Any]:
    """Build of chats and trackers those whose texts are read by patterns of their own."""
    time = "2020-01-01T00:00:00"
    html = {"contentType": "html", "content": text}
    body = {"msgtype": "m.text", "body": text, "m.relates_to": {"m.in_reply_to": {"event_id": "$2"}}}
    comment = {"id": "1", "author": {"displayName": "a"}, "body": text}
    bug = {"id": 1, "bug_id": 1, "creator": "a", "text": text, "count": 0}
    return [
        [{"type": "message", "ts": "1600000000.1", "text": text, "user": "a"}],
        [
            {
                "id": "1",
                "type": 0,
                "channel_id": "1",
                "content": text,
                "timestamp": time,
                "author": {"id": "1"},
            }
        ],
        {"participants": [], "messages": [{"sender_name": text, "timestamp_ms": 1, "content": text}]},
        [{"id": 1, "sender_full_name": "a", "timestamp": 1, "content": text, "subject": text}],
        [{"_id": "1", "rid": "r", "msg": text, "ts": time, "u": {"username": "a"}}],
        {"value": [{"id": "1", "messageType": "message", "createdDateTime": time, "body": html}]},
        {"chunk": [{"type": "m.room.message", "event_id": "$1", "sender": "a", "content": body}]},
        {"id": "1", "key": "A-1", "fields": {"summary": text, "comment": {"comments": [comment]}}},
        {"bugs": [{"id": 1, "summary": text}], "comments": [bug]},
        {"phid": "PHID-TASK-1", "type": "TASK", "fields": {"name": text, "description": {"raw": text}}},
    ]


def _read_chats(text: str) -> object:
    return [list(parse_threads(json.dumps(chat).encode(), "x")) for chat in _build_chats(text)]


def _repeat_quotes(text: str) -> object:
    return drop_repeated_quotes([text, "\n".join(f"> {line}" for line in text.splitlines()), text])


def _cut_sentences(text: str) -> object:
    return split_sentences(text), drop_unfinished(text), is_finished(text)


def _choose_units(text: str) -> object:
    return title(text), lead(text, 3), longest(text, 3)


def _find_centre(text: str) -> object:
    return compute_centrality([text, text[::2]]), trace_sentence(text, [text, "a"])


def _compute_metrics(text: str) -> object:
    return [metric.compute(text, [text], text) for metric in METRICS.values() if metric.compute]


READERS: Mapping[str, Read] = {
    "file": _read_file,
    "posts": _read_post,
    "forums": _read_shapes,
    "mail": _read_mail,
    "page": _read_page,
    "HTML": render_html,
    "text or HTML": reduce_html,
    "Markdown": reduce_markdown,
    "BBCode": reduce_bbcode,
    "logs": _read_logs,
    "chats": _read_chats,
    "prose": _tell_foreign,
    "answers": _cut_answer,
    "quotes": _repeat_quotes,
    "sentences": _cut_sentences,
    "baselines": _choose_units,
    "metrics": _compute_metrics,
    "words": split_stems,
    "centrality": _find_centre,
    "spelling": lambda text: restore_writing(text, text),
}


def measure(read: Read, text: str, times: int = 3) -> float:
    """Measure the seconds of the processor that reading takes, the least of several times."""
    gc.disable()
    try:
        return min(_measure_once(read, text) for _ in range(times))
    finally:
        gc.enable()


def _measure_once(read: Read, text: str) -> float:
    start = time.process_time()
    read(text)
    return time.process_time() - start


def list_texts(size: int, *, quick: bool) -> Iterator[tuple[str, str]]:
    """List all texts of about this many characters."""
    for mark in MARKS:
        yield from build_single(mark, size)
    if not quick:
        for one, other in product(MARKS, MARKS):
            yield from build_pair(one, other, size)


def compare(name: str, size: int, *, quick: bool) -> Iterator[tuple[str, float, float]]:
    """Measure a reader on all texts; of each its name, milliseconds a KB, and how its cost grows.

    Where it costs less than a millisecond, growth says nothing, and is given as 1.
    """
    read = READERS[name]
    texts = zip(list_texts(size, quick=quick), list_texts(size * FACTOR, quick=quick), strict=True)
    pairs = [(made[0][0], made[0][1], made[1][1]) for made in texts] if quick else None
    files = (
        [(label, make(size), make(size * FACTOR)) for label, make in FILES.items()] if name == "file" else []
    )
    for label, small, large in chain(files, pairs or ((a[0], a[1], b[1]) for a, b in texts)):
        cost = measure(read, large, 1)
        growth = cost / measure(read, small, 1) if cost > _LEAST else 1.0
        for _ in range(_AGAIN):
            if growth < STEEP:
                break
            growth = min(growth, measure(read, large) / measure(read, small))
        yield label, cost / len(large) * 1e6, growth


def main() -> None:
    """Print, for each reader, the slowest text and the one whose cost grows most."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one mark a text")
    parser.add_argument(
        "--size", type=int, default=4_000, help="characters; they are compared with 8 times as many"
    )
    parser.add_argument("--readers", nargs="*", default=list(READERS), choices=list(READERS))
    given = parser.parse_args()
    print(f"{'reader':14} texts  worst ms a KB, by what{'':32} steepest growth, by what")
    for name in given.readers:
        found = list(compare(name, given.size, quick=given.quick))
        slowest, steepest = max(found, key=itemgetter(1)), max(found, key=itemgetter(2))
        print(
            f"{name:14} {len(found):5} {slowest[1]:8.3f}  {slowest[0]:46} {steepest[2]:6.1f}x  {steepest[0]}",
            flush=True,
        )


if __name__ == "__main__":
    main()
