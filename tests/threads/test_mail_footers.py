# ruff: noqa: E501  (tables of lines as programs write them)
import json

import pytest

from tests.threads.test_mail_answers import ASKED, SAID, answer
from tldrkit.threads import Thread, parse_threads
from tldrkit.threads.mail.answers import reduce_answer
from tldrkit.threads.mail.flowed import unwrap_flowed
from tldrkit.threads.mail.message import Mail

DEVICES = [
    "Sent from my iPhone",
    "Sent from my Samsung Galaxy smartphone.",
    "Sent from Yahoo Mail on Android",
    "Sent from Mail for Windows",
    "Get Outlook for iOS<https://aka.ms/o0ukef>",
    "[Sent from Yahoo Mail for iPhone](https://mail.example.net/?.src=iOS)",
    "Von meinem iPhone gesendet",
    "Von meinem Samsung Galaxy Smartphone gesendet.",
    "Gesendet von meinem Android-Mobiltelefon mit K-9 Mail",
    "Gesendet mit der GMX Mail App",
    "Envoyé de mon iPhone",
    "Envoyé à partir de mon téléphone",
    "Envoyé depuis mon mobile",
    "Enviado desde mi iPhone",
    "Inviato da iPhone",
    "Inviato dal mio dispositivo Android",
    "Verstuurd vanaf mijn iPhone",
    "Verzonden vanaf mijn Galaxy",
    "Sendt fra min iPhone",
    "Skickat från min iPhone",
    "Lähetetty iPhonesta",
    "Wysłane z iPhone'a",
    "Wysłano z telefonu",
    "Enviado do meu iPhone",
    "Enviado a partir do meu smartphone",
    "Odesláno z iPhonu",
    "Отправлено с iPhone",
    "Отправлено из мобильной Почты Mail",
    "iPhoneから送信",
    "发自我的 iPhone",
    "從我的 iPhone 傳送",
    "내 iPhone에서 보냄",
    "iPhone'umdan gönderildi",
]
FOOTERS = {
    "signature": "-- \nTim Voss, Hall Ltd\n+1 555 0100",
    "mailman": "_______________________________________________\nHall mailing list\nHall@lists.example.net\nhttps://lists.example.net/mailman/listinfo/hall",
    "mailman 3": "_______________________________________________\nHall mailing list -- hall@lists.example.net\nTo unsubscribe send an email to hall-leave@lists.example.net",
    "mailman de": "_______________________________________________\nHalle Mailingliste\nHalle@lists.example.net\nhttps://lists.example.net/mailman/listinfo/halle",
    "mailman fr": "_______________________________________________\nListe de diffusion Salle\nsalle@lists.example.net",
    "google groups": '-- \nYou received this message because you are subscribed to the Google Groups "hall" group.\nTo unsubscribe from this group send an email to hall+unsubscribe@googlegroups.com.',
    "google groups de": "--\nSie erhalten diese Nachricht, weil Sie in Google Groups E-Mails von der Gruppe abonniert haben.\nhttps://groups.google.com/d/msgid/hall/1",
    "yahoo": "------------------------------------\nYahoo Groups Links\nTo unsubscribe: hall-unsubscribe@example.net",
    "sympa": "---\nPour se désabonner : https://listes.example.net/sympa/signoff/salle",
    "discourse": "---\n[Visit Topic](https://talk.example.net/t/stove/5/2) or reply to this email to respond.\n\nTo unsubscribe from these emails, [click here](https://talk.example.net/email/unsubscribe/abc).",
    "discourse de": "---\n[Thema besuchen](https://talk.example.net/t/5/2) oder antworte auf diese E-Mail.\n\nUm dich abzumelden, [klicke hier](https://talk.example.net/email/unsubscribe/abc).",
    "discourse ja": "---\nhttps://talk.example.net/t/5/2\n\n配信停止はこちら: https://talk.example.net/email/x",
    "github": "—\nReply to this email directly, view it on GitHub, or unsubscribe.\nYou are receiving this because you authored the thread.Message ID: <o/p/issues/3@github.com>",
    "github plain": "-- \nReply to this email directly or view it on GitHub:\nhttps://github.com/o/p/issues/3\nYou are receiving this because you are subscribed to this thread.\n\nMessage ID: <o/p/issues/3/1@github.com>",
    "github bare": "Reply to this email directly or view it on GitHub\nhttps://github.com/o/p/issues/3",
    "gitlab": "— \nReply to this email directly or view it on GitLab: https://gitlab.example.net/o/p/-/issues/3#note_1\nYou're receiving this email because of your account on gitlab.example.net.",
    "gitlab plain": "-- \nReply to this email directly or view it on GitLab: https://gitlab.example.net/o/p/-/issues/3\nYou're receiving this email because of your account on gitlab.example.net.",
    "jira": "--\nThis message was sent by Atlassian Jira\n(v8.20.10#820010)",
    "jira bare": "This message was sent by Atlassian JIRA\n(v6.3.4#6332)",
    "bugzilla": "-- \nYou are receiving this mail because:\nYou are on the CC list for the bug.",
    "bugzilla old": "------- You are receiving this mail because: -------\nYou are the assignee for the bug.",
    "es": "---------------------\nPara darse de baja, escriba a lista-off@example.net",
    "ru": "----------\nЧтобы отписаться, перейдите: https://list.example.net/off",
    "pgp": "-----BEGIN PGP SIGNATURE-----\n\niQEzBAEBCAAdFiEE\n-----END PGP SIGNATURE-----",
    "next part": "-------------- next part --------------\nAn HTML attachment was scrubbed...",
}
DISCLAIMERS = [
    "Disclaimer: This e-mail is for the recipient alone.\nDelete it otherwise.",
    "CONFIDENTIALITY NOTICE: This message may hold secrets.",
    "Vertraulichkeitshinweis: Diese Nachricht ist nur für den Empfänger.",
    "Avis de confidentialité : ce message est destiné à ses seuls destinataires.",
    "Aviso legal: este mensaje es confidencial.",
]


@pytest.mark.parametrize("line", DEVICES)
def test_what_a_telephone_signs_with_goes(line: str) -> None:
    """A paragraph that says from what a message was sent is no part of it; what is below it stays."""
    assert reduce_answer(f"{SAID}\n\n{line}").strip() == SAID
    assert answer(f"{SAID}\n\n{line}\n\n> {ASKED}") == SAID
    assert answer(f"{line}\n\n{SAID}") == SAID


@pytest.mark.parametrize("footer", FOOTERS.values(), ids=FOOTERS)
def test_footers_go(footer: str) -> None:
    """Signatures and what lists and trackers put below a message go, also from within a quote."""
    assert reduce_answer(f"{SAID}\n\n{footer}").strip() == SAID
    quoted = "\n".join(f"> {line}" for line in [ASKED, "", *footer.split("\n")])
    assert answer(f"{SAID}\n\nOn Sunday Tim wrote:\n{quoted}") == SAID


@pytest.mark.parametrize("text", DISCLAIMERS)
def test_a_disclaimer_that_says_so_goes(text: str) -> None:
    """A paragraph marked as a disclaimer goes, and no other."""
    assert reduce_answer(f"{SAID}\n\n{text}\n\nTim") == f"{SAID}\n\nTim"


@pytest.mark.parametrize(
    "text",
    [
        "It runs.\n\n---\n\nPS: ask on the list how to leave it.",
        "It runs.\n\n---\n" + "\n".join(f"Line {n}: see https://x.org/unsubscribe" for n in range(20)),
        "We discussed the mailing list at length.",
    ],
)
def test_words_below_a_rule_stay(text: str) -> None:
    """A rule ends no message, unless a footer follows it."""
    assert reduce_answer(text) == text


GITHUB = "Return early.\r\n\r\nOn Tue, Jun 4, 2024 at 8:00 AM Nora ***@***.***> wrote:\r\n\r\n> {asked}\r\n>\r\n> —\r\n> Reply to this email directly, view it on GitHub\r\n> <https://github.com/o/p/issues/3>.\r\n> Message ID:\r\n> ***@***.***>\r\n"
OUTLOOK = "Return early.\r\n\r\n________________________________\r\nFrom: Nora ***@***.***>\r\nSent: Tuesday, June 4, 2024 8:00 AM\r\nTo: o/p ***@***.***>\r\nSubject: Re: [o/p] Empty list (Issue #3)\r\n\r\n{asked}\r\n\r\n—\r\nReply to this email directly, view it on GitHub<https://github.com/o/p/issues/3>."
BARE = "Return early.\r\n\r\nSent from my iPhone\r\n\r\n> On 4 Jun 2024, at 08:00, Nora ***@***.***> wrote:\r\n> \r\n> {asked}\r\n> —\r\n> You are receiving this because you were mentioned.\r\n> Reply to this email directly, view it on GitHub."
GERMAN = "Return early.\r\n\r\nAm Di., 4. Juni 2024 um 08:00 Uhr schrieb Nora <\r\n***@***.***>:\r\n\r\n> {asked}\r\n>"


@pytest.mark.parametrize("body", [GITHUB, OUTLOOK, BARE, GERMAN])
def test_answers_by_mail_to_github(body: str) -> None:
    """A comment that came by mail is what its author wrote; GitHub hides addresses behind stars."""
    asked = "An empty list makes the sorter loop, why?"
    issue = {
        "number": 3,
        "title": "Empty list",
        "user": {"login": "nora"},
        "body": asked,
        "html_url": "https://github.com/o/p/issues/3",
    }
    comment = {
        "id": 1,
        "user": {"login": "tim"},
        "body": body.format(asked=asked),
        "html_url": "https://github.com/o/p/issues/3#issuecomment-1",
    }
    (thread,) = parse_threads(json.dumps({"issue": issue, "comments": [comment]}).encode(), "x")
    assert isinstance(thread, Thread)
    assert [post.text for post in thread.posts] == [asked, "Return early."]


def test_answers_by_mail_to_gitlab() -> None:
    """What GitLab and mail programs put round an answer is no word of it."""
    notes = [
        {"id": 1, "body": ASKED, "system": False, "author": {"username": "ada"}},
        {
            "id": 2,
            "body": f"{SAID}\n\nOn Tue, Jun 4, 2024 at 9:00 AM Ada <gitlab@mg.example.com> wrote:\n\n"
            f"> Ada <https://x.example/ada> commented:\n>\n> {ASKED}\n>\n> —\n> Reply to this email directly "
            "or view it on GitLab\n> <https://x.example/1>.\n",
            "system": False,
            "author": {"username": "bo"},
        },
        {
            "id": 3,
            "body": f"{SAID}\n\n---\nReply to this email directly or view it on GitLab: https://x.example/1\n"
            "You're receiving this email because of your account on x.example.\n",
            "system": False,
            "author": {"username": "cy"},
        },
    ]
    (thread,) = parse_threads(json.dumps(notes).encode(), "notes.json")
    assert isinstance(thread, Thread)
    assert [post.text for post in thread.posts] == [ASKED, SAID, SAID]


def test_markdown_that_is_no_mail_keeps_its_rules() -> None:
    """A comment written on the page is not cut at what would end a mail."""
    body = "Before.\n\n--\nAfter, sent from my own head."
    issue = {
        "number": 3,
        "title": "t",
        "user": {"login": "nora"},
        "body": body,
        "html_url": "https://github.com/o/p/issues/3",
    }
    (thread,) = parse_threads(json.dumps(issue).encode(), "x")
    assert isinstance(thread, Thread)
    assert "After, sent from my own head." in thread.posts[0].text


@pytest.mark.parametrize(
    ("sent", "space", "meant"),
    [
        ("The map drops \nthe legend.\n\nNext.", False, "The map drops the legend.\n\nNext."),
        ("The carto \ngraphy.", True, "The cartography."),
        ("> It \n> is old.\nYes.", False, "> It is old.\nYes."),
        (">> It \n>> is\n> old \nYes.", False, "> > It is\n> old \nYes."),
        (" From here \non.\n >no quote", False, "From here on.\n>no quote"),
        ("Bye.\n-- \nTim \nVoss", False, "Bye.\n-- \nTim Voss"),
        ("one \n-- \nTim", False, "one \n-- \nTim"),
        ("", False, ""),
    ],
)
def test_flowed_text_is_unwrapped(sent: str, space: bool, meant: str) -> None:
    """Lines that end with a space go on in the next of their depth; a signature's mark is a line of its own."""
    assert unwrap_flowed(sent, delete_space=space) == meant


def test_flowed_mail_is_unwrapped_by_its_header() -> None:
    """The parameters of the content type say how a text is wrapped."""
    head = b"Subject: a\nContent-Type: text/plain; charset=utf-8; Format=Flowed; DelSp="
    assert Mail(head + b"Yes\n\nThe carto \ngraphy.\n-- \nTim").body() == "The cartography."
    assert Mail(head + b"no\n\nThe map \ndrops it.").body() == "The map drops it."
    assert Mail(b"Content-Type: text/plain\n\nThe map \ndrops it.").body() == "The map\ndrops it."


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (b"=?utf-8?q?Gr=C3?= =?utf-8?q?=BC=C3=9Fe?=", "Grüße"),
        (b"=?UTF-8?B?0J/RgA==?=\n =?utf-8?b?0LjQstC10YI=?=", "Привет"),
        (b"=?iso-2022-jp?B?GyRCJSIbKEI=?= x", "ア x"),
        (b"=?utf-8*de?Q?K=C3=A4se?=", "Käse"),
        (b"=?koi8-r*ru?B?8NLJ18XU?=", "Привет"),
        (b"=?x-none?q?caf=C3=A9?=", "café"),
        (b"=?unknown-8bit?q?caf=E9?=", "café"),
        (b"=?gb2312?B?1uyFdg==?= ok", "朱卾 ok"),
        (b"a =?utf-8?q?b?c", "a =?utf-8?q?b?c"),
        (b"caf\xc3\xa9", "café"),
        (b"caf\xe9", "café"),
        (b'\x1b$B%"\x1b(B', "ア"),
    ],
)
def test_headers_are_decoded_whatever_their_labels(written: bytes, meant: str) -> None:
    """Coded words, split ones too, bytes without any, and labels that nobody knows; what is damaged stays."""
    assert Mail(b"Subject: " + written + b"\n\nx").header("subject") == meant


def test_bytes_in_headers_are_of_the_bodys_encoding() -> None:
    """A header of bytes is read as the body says of itself."""
    mail = Mail(b"Subject: \xf0\xd2\xc9\xd7\xc5\xd4\nContent-Type: text/plain; charset=koi8-r\n\n\xe4\xc1")
    assert (mail.header("subject"), mail.body()) == ("Привет", "Да")


@pytest.mark.parametrize(
    ("label", "data", "meant"),
    [
        ("x-unknown", "naïve".encode(), "naïve"),
        ("unknown-8bit", b"na\xefve", "naïve"),
        ("iso-8859-1", b"\x93so\x94", "“so”"),
        ("gb2312", "镕".encode("gbk"), "镕"),
        ("ks_c_5601-1987", "난로".encode("cp949"), "난로"),
        ("x-sjis", "①".encode("cp932"), "①"),
        ("idna", b"plain", "plain"),
        ("hex", b"plain", "plain"),
        ("us-ascii", "naïve".encode(), "naïve"),
        ("utf-8", b"na\xefve", "naïve"),
    ],
)
def test_bodies_are_decoded_whatever_their_labels(label: str, data: bytes, meant: str) -> None:
    """Labels mean what browsers take them for; those that nobody knows, or that are wrong, lose nothing."""
    assert Mail(f"Content-Type: text/plain; charset={label}\n\n".encode() + data).body() == meant


@pytest.mark.parametrize(
    ("written", "author"),
    [
        ("Nora Beck <n@x>", "Nora Beck"),
        ('"Beck, Nora" <n@x>', "Beck, Nora"),
        ("=?utf-8?q?Beck=2C_N=C3=B6ra?= <n@x>", "Beck, Nöra"),
        ('"=?utf-8?q?N=C3=B6ra?=" <n@x>', "Nöra"),
        ("n@x (Nora Beck)", "Nora Beck"),
        ("n at x (Nora)", "Nora"),
        ("<n@x>", "n"),
        ("n@x", "n"),
        ("", ""),
    ],
)
def test_authors_are_named(written: str, author: str) -> None:
    """Who wrote is the name in the header, else what stands before the address's at sign."""
    assert Mail(f"From: {written}\n\nx".encode()).author() == author


def test_texts_between_attachments_are_read() -> None:
    """All plain parts of a message are its text; of alternatives one, of files none."""
    parts = [
        "Content-Type: text/plain\n\nBefore the picture.",
        "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\nAAAA",
        "Content-Type: text/plain\nContent-Disposition: attachment; filename*=utf-8''n%C3%B6te.txt\n\nA file.",
        "Content-Type: text/plain\n\nBehind it.",
        'Content-Type: multipart/alternative; boundary="c"\n\n--c\nContent-Type: text/plain\n\nOne.\n'
        "--c\nContent-Type: text/html\n\n<p>One.\n--c--",
    ]
    body = "".join(f"--b\n{part}\n" for part in parts)
    mail = Mail(f'Content-Type: multipart/mixed; boundary="b"\n\n{body}--b--\n'.encode())
    assert mail.body() == "Before the picture.\nBehind it.\nOne."


@pytest.mark.parametrize(
    "html",
    [
        f"<p class=MsoNormal>{SAID}<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><div><p><b>Von:</b> Tim &lt;t@x&gt;<br>"
        f"<b>Gesendet:</b> Dienstag, 4. Juni 2024 08:00<br><b>An:</b> list@x<br><b>Betreff:</b> S</p></div><p>{ASKED}</p>",
        f'<div dir="ltr">{SAID}</div><br><div class="gmail_quote"><div class="gmail_attr">Le mar. 4 juin 2024 à 09:00, Tim '
        f'&lt;<a href="mailto:t@x">t@x</a>&gt; a écrit :<br></div><blockquote><div>{ASKED}</div></blockquote></div>',
        f"<div>{SAID}<br><br>Inviato da iPhone</div><blockquote type=cite>Il giorno 4 giu 2024, alle ore 09:00, Tim "
        f"&lt;t@x&gt; ha scritto:<br><br></blockquote><blockquote type=cite>{ASKED}</blockquote>",
    ],
)
def test_answers_in_html_are_cut_alike(html: str) -> None:
    """Heads, attributions and quotes of messages without a plain part are known as in plain text."""
    box = f"From a@x Tue Jun  4 08:00:00 2024\nSubject: S\nMessage-ID: <1@x>\n\n{ASKED}\n\n"
    box += "From b@x Tue Jun  4 09:00:00 2024\nSubject: Re: S\nIn-Reply-To: <1@x>\nContent-Type: text/html; charset=utf-8\n\n"
    (thread,) = parse_threads((box + html).encode(), "box")
    assert isinstance(thread, Thread)
    assert thread.posts[1].text == SAID
