from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.threads.mail.message import Mail

HEADERS = [
    b"Subject: a\n",
    b"SUBJECT:b\r\n",
    b"Subject: \xc3\xa4\n",
    b"Subject:\r",
    b"From: Ann <a@b>\n",
    b"x: y",
]
CODED = [b"Subject: =?utf-8?q?=C3=A4?= c\n", b"Content-Transfer-Encoding: quoted-printable\n", b"a =3D b"]
NAMED = [b"Content-Type: text/plain; charset=latin-1\n", b"X\xc3\xa4: a\n", b": no name\n"]
OTHERS = [
    b" goes on\n",
    b"\tgoes on\r\n",
    b" \n",
    b"\n",
    b"\r\n",
    b"From a@b\n",
    b"From : a\n",
    b"no header\n",
]
OTHERS += [b">From a\n", b"caf\xe9\n"]
LINES = st.sampled_from(HEADERS + CODED + NAMED + OTHERS)


@given(data=st.lists(LINES, max_size=9).map(b"".join))
def test_a_message_is_split_as_by_the_standard_library(data: bytes) -> None:
    """Whatever stands in a message, its headers and its text are those that the standard parser finds."""
    mail, message = Mail(data), message_from_bytes(data)

    assert bool(mail.header("subject")) == bool(str(message.get("Subject", "")).strip())
    assert mail.header("from") == " ".join(str(message.get("From", "")).split())


@given(data=st.lists(LINES, max_size=9).map(b"".join))
def test_a_plain_message_is_read_as_by_the_standard_library(data: bytes) -> None:
    """A header that tells no news changes nothing, but lets the standard parser read the text."""
    if b"Content-" not in data and not data.startswith((b"From ", b" ", b"\t")):
        assert Mail(data).body() == Mail(b"Content-Type: text/plain\n" + data).body()


@pytest.mark.parametrize(
    ("data", "subject", "body"),
    [
        (b"Subject: a\n b\n\nc", "a b", "c"),
        (b"From x\nSubject: a\r\n\r\nb\r\nc", "a", "b\nc"),
        (b"Subject: a\nno header\nb", "a", "no header\nb"),
        (b"X: y\nFrom z\n\nSubject: a", "", "From z\nSubject: a"),
        (b"subject: =?utf-8?b?w6Q=?= =?latin-1?q?=e4?=\n\n\xe4", "ää", "ä"),
        (b"Subject: a\nContent-Type: text/html\n\n<p>b</p><p>c", "a", "b\n\nc"),
        (b"Subject: a\nContent-Transfer-Encoding: base64\n\nYg==", "a", "b"),
        (b"", "", ""),
    ],
)
def test_headers_and_text_of_a_message(data: bytes, subject: str, body: str) -> None:
    """Headers go on over lines, coded words are decoded, and the text is read by what the headers say."""
    mail = Mail(data)
    assert (mail.header("subject"), mail.body()) == (subject, body)
