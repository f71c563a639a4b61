"""Subtitles and transcripts of meetings: WebVTT, SRT, and texts that name who speaks from when on.

What one speaker says in a row is one post. Captions that roll, each repeating what the one before showed, are
joined. Notes of sounds such as "[Music]" are counted as events.
"""

import re
from collections.abc import Iterator
from itertools import groupby, islice
from typing import NamedTuple

from tldrkit.errors import DataError
from tldrkit.threads.draft import Draft
from tldrkit.threads.text.lines import read_entities
from tldrkit.threads.thread import BrokenThread, Place, Post, Thread

_STAMP = r"(?:\d{1,3}:)?\d{1,2}:\d{1,2}[.,]\d{1,3}"
_CUE = re.compile(rf"^[ \t]*({_STAMP})[ \t]*(?:-->|,)[ \t]*{_STAMP}[^\n]*$", re.MULTILINE)
_SUBTITLES = re.compile(rf"(?:WEBVTT\b|(?:\d{{1,6}}[ \t]*\n)?[ \t]*{_STAMP}[ \t]*(?:-->|,)[ \t]*{_STAMP})")
_IN_BRACKETS = re.compile(
    rf"^\[({_STAMP}[ \t]*-->[ \t]*{_STAMP})\][ \t]*", re.MULTILINE
)  # as Whisper prints them
_NAMED = re.compile(r"\d{1,6} \"([^\"\n]{1,80})\" \(\d{1,20}\)")  # a cue's number, as Webex writes it
_VOICE = re.compile(r"<v(?:\.[^\s<>]{1,40})*[ \t]+([^<>\n]{1,80})>")
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,80}>|<\d[\d:.]{3,20}>|\{\\[^{}\n]{1,40}\}")
_SPEAKER = re.compile(r"(?:>>+[ \t]*|-[ \t]*)?([^\W\d_][^:\n<>\[\](){}.!?,;]{0,40}):[ \t]+(?=\S)")
_TURN = re.compile(r"^[ \t]*>>+[ \t]*", re.MULTILINE)
_SOUND = re.compile(r"[ \t]*(?:\[[^\[\]\n]{1,60}\]|\([^()\n]{1,60}\)|[♪♫#*][^\n]*[♪♫#*]|[♪♫]+)[ \t]*")
_TIME = r"(?P<time>(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4},? )?(?:\d{1,2}:)?\d{1,2}:\d\d(?: ?[AaPp]\.?[Mm]\.?)?)"
# "Nora Beck   0:03", "Nora Beck (00:00:03):" or "[Nora Beck] 08:00:03" on a line of its own, words below it.
_HEAD = re.compile(
    rf"^[ \t]*(?P<name>[^\W\d_][^\n:\t\[\]]{{0,50}}?|\[[^\W\d_][^\n:\t\[\]]{{0,50}}\](?=[ \t])),?"
    rf"(?:[ \t]{{2,}}|\t|(?<=\])[ \t]|[ \t]*[\[(]){_TIME}[\])]?:?[ \t]*$",
    re.MULTILINE,
)
_TIME_ALONE = re.compile(rf"^[ \t]*(?P<name>){_TIME}[ \t]*$", re.MULTILINE)
_HEADS, _TIMES = 2, 3  # that make a transcript
_ROLLED = 20  # lines that a cue repeats of the one before
_SEEN = 1 << 15  # characters that tell one
_PREAMBLE = 1000  # characters before the first of them: what the meeting was, and when


class _Cue(NamedTuple):
    start: str
    speaker: str
    lines: tuple[str, ...]


def is_transcript(text: str) -> bool:
    """Tell subtitles by their first cue, and a transcript by its lines of speakers and times."""
    if _is_subtitles(text):
        return any(form.search(text) for form in (_CUE, _IN_BRACKETS))
    return _find_form(text) is not None


def _is_subtitles(text: str) -> bool:
    opening = text.lstrip()
    return _SUBTITLES.match(opening) is not None or _IN_BRACKETS.match(opening) is not None


def _find_form(text: str) -> re.Pattern[str] | None:
    """Find which lines stand above what is said: speakers with times, or times alone; None for neither."""
    text = text[:_SEEN]
    for form, least, most_above in ((_HEAD, _HEADS, _PREAMBLE), (_TIME_ALONE, _TIMES, 0)):
        first = list(islice(_cut(text, form), least))
        if len(first) < least or len(text[: first[0][0].start()].strip()) > most_above:
            continue
        if all(below.strip() for _, below in first):
            return form
    return None


def _cut(text: str, form: re.Pattern[str]) -> Iterator[tuple[re.Match[str], str]]:
    """Find what a form matches, each with what stands below it, up to the next."""
    marks = list(form.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    for mark, end in zip(marks, ends, strict=False):
        yield mark, text[mark.end() : end]


def read_transcript(text: str, place: Place) -> Iterator[Thread | BrokenThread]:
    """Read subtitles or a transcript as one thread."""
    draft = Draft()
    if _is_subtitles(text):
        cues = list(_find_cues(_IN_BRACKETS.sub(r"\1\n", text)))
    else:
        form = _find_form(text) or _HEAD
        cues = list(_find_turns(text, form))
        draft.title, *others = _find_preamble(text, form) or [""]
        for _ in others:
            draft.leave_out("event")
    for cue in cues:
        if not cue.lines:
            draft.leave_out("event")
    for speaker, said in groupby(_name_speakers(_unroll(cues)), key=lambda cue: cue.speaker):
        turn = list(said)
        words = " ".join(line for cue in turn for line in cue.lines)
        draft.add(Post(author=speaker, text=words, time=turn[0].start))
    try:
        yield draft.seal(place.name)
    except DataError as error:
        yield place.refuse(str(error))


def _find_preamble(text: str, form: re.Pattern[str]) -> list[str]:
    """Find the lines above the first that the form matches."""
    first = form.search(text)
    return [line.strip() for line in text[: first.start() if first else 0].split("\n") if line.strip()]


def _find_cues(text: str) -> Iterator[_Cue]:
    """Find the cues of subtitles: below its times the lines of each, up to an empty one."""
    for mark, below in _cut(text, _CUE):
        block = below.split("\n\n", 1)[0].strip("\n")
        above = text[text.rfind("\n", 0, max(0, mark.start() - 1)) + 1 : mark.start()].strip()
        voice = _VOICE.search(block) or _NAMED.fullmatch(above)
        yield _Cue(_shorten(mark[1]), read_entities(voice[1]).strip() if voice else "", _clean(block))


def _find_turns(text: str, form: re.Pattern[str]) -> Iterator[_Cue]:
    """Find what is said below each line of a speaker and a time."""
    for mark, below in _cut(text, form):
        yield _Cue(mark["time"], mark["name"].strip("[] \t"), _clean(below))


def _clean(block: str) -> tuple[str, ...]:
    """Take tags and notes of sounds from the lines of a cue."""
    lines = (read_entities(_TAG.sub("", line)).strip() for line in block.split("\n"))
    return tuple(line for line in lines if line and not _SOUND.fullmatch(line))


def _shorten(stamp: str) -> str:
    return ":".join(part.zfill(2) for part in re.split("[.,]", stamp)[0].split(":"))


def _unroll(cues: list[_Cue]) -> Iterator[_Cue]:
    """Leave out of each cue what the one before showed: whole lines, and the beginning of one that grew."""
    shown: tuple[str, ...] = ()
    for cue in cues:
        most = min(len(cue.lines), len(shown), _ROLLED)
        same = next((n for n in range(most, 0, -1) if shown[-n:] == cue.lines[:n]), 0)
        new = cue.lines[same:]
        if not same and new and shown and new[0].startswith(shown[-1]) and new[0] != shown[-1]:
            new = (new[0][len(shown[-1]) :].strip(), *new[1:])
        if cue.lines:
            shown = cue.lines
        if new:
            yield cue._replace(lines=new)


def _name_speakers(cues: Iterator[_Cue]) -> Iterator[_Cue]:
    """Take names off the lines they stand before; who has none there goes on from the cue before."""
    found = list(cues)
    named = sum(bool(_SPEAKER.match(line)) for cue in found for line in cue.lines)
    trusts = not any(cue.speaker for cue in found) and named * 5 >= len(
        found
    )  # a colon now and then names nobody
    speaker = ""
    for cue in found:
        if not trusts:
            yield cue._replace(lines=tuple(_TURN.sub("", line) for line in cue.lines))
            continue
        for line in cue.lines:
            name = _SPEAKER.match(line)
            if name:
                speaker, line = name[1].strip(), line[name.end() :]
            elif turn := _TURN.match(line):
                speaker, line = "", line[turn.end() :]
            yield cue._replace(speaker=speaker, lines=(line,))
