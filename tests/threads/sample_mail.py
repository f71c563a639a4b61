# ruff: noqa: E501  (files as programs write them)
"""The thread of samples.py as mail keeps it elsewhere than in a mailbox."""

import re

from tests.threads.sample_pages import PAGES
from tests.threads.samples import MBOX

_LETTERS = [letter.strip() + b"\n" for letter in re.split(rb"(?m)^From \S+ \S{3} \S{3} .*\n", MBOX) if letter]
_DIGEST = b"From: list@x\nSubject: Bikes Digest\nMIME-Version: 1.0\n"
_PAGE = PAGES[sorted(PAGES)[0]]

MAIL: dict[str, bytes] = {
    "mbox without empty lines": re.sub(rb"\n\nFrom ", b"\nFrom ", MBOX),
    "emlx": b"%d\n%s<?xml version='1.0'?>\n<plist/>" % (len(_LETTERS[0]), _LETTERS[0]),
    "usenet": b"Path: a!b\nNewsgroups: rec.bikes\nXref: a rec.bikes:1\n" + _LETTERS[1],
    "mime digest": _DIGEST
    + b'Content-Type: multipart/digest; boundary="b"\n\nMasthead\n'
    + b"".join(b"--b\n\n" + letter for letter in _LETTERS)
    + b"--b--\n",
    "plain digest": _DIGEST
    + b"\nMasthead\n\n"
    + 70 * b"-"
    + b"\n\n"
    + (b"\n" + 30 * b"-" + b"\n\n").join(_LETTERS)
    + b"\n"
    + 30 * b"-"
    + b"\n\nEnd of Bikes Digest\n***********\n",
    "attached": b"From: c@x\nSubject: Fwd: Flat tyre\nContent-Type: multipart/mixed; boundary=b\n\n"
    b"--b\nContent-Type: text/plain; format=flowed; delsp=yes\n\nSee be \nlow.\n"
    b"--b\nContent-Type: message/rfc822\n\n" + _LETTERS[0] + b"\n--b--\n",
    "mhtml": b"From: <Saved by Blink>\nSnapshot-Content-Location: http://x/t\n"
    b"Content-Type: multipart/related; boundary=b\n\n"
    b"--b\nContent-Type: text/html\nContent-Location: http://x/t\n\n" + _PAGE + b"\n--b--\n",
    "answers": b"From: a@x\nSubject: Flat\n\nYes.\n\nVon: Ann <a@x>\nGesendet: Montag\nAn: b@x\nBetreff: Flat\n\nNo.\n"
    b"From b@x Sun Sep 13 12:26:40 2020\nSubject: Re: Flat\n\nNo.\n\nLe 4 juin 2020 \xc3\xa0 09:00, Ann\n<a@x> a \xc3\xa9crit :\n"
    b"> Yes.\n> \n> -- \n> Ann\n\nSent from my iPhone\n\n____________________\nx mailing list\nhttp://x/listinfo/x\n",
}
