# ruff: noqa: E501  (tables of lines as mail programs of the world write them)
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.threads import Thread, parse_threads
from tldrkit.threads.mail.answers import reduce_answer

ASKED = "Der Ofen im Saal heizt seit Montag nicht mehr, wer kann nachsehen?"
SAID = "Erledigt, er ist wieder warm."

ATTRIBUTIONS = {
    "en": "On Tue, Jun 4, 2024 at 9:00 AM Tim Voss <tim@example.net> wrote:",
    "en apple": "On 4 Jun 2024, at 09:00, Tim Voss <tim@example.net> wrote:",
    "en thunderbird": "On 04/06/2024 09:00, Tim Voss wrote:",
    "en notes": "Tim Voss/Hall wrote on 04.06.2024 09:00:00:",
    "en outlook express": "Tim Voss <tim@example.net> wrote in message news:a1b2$c3@example.net...",
    "en horde": "Quoting Tim Voss <tim@example.net>:",
    "en usenet": "In article <a1@example.net>, tim@example.net (Tim Voss) writes:",
    "en masked": "On Tue, Jun 4, 2024 at 9:00 AM Tim Voss ***@***.***> wrote:",
    "en yahoo": "On Tuesday, June 4, 2024 at 09:00:00 AM GMT+2, Tim Voss <tim@example.net> wrote:",
    "de": "Am Di., 4. Juni 2024 um 09:00 Uhr schrieb Tim Voss <tim@example.net>:",
    "de apple": "Am 04.06.2024 um 09:00 schrieb Tim Voss <tim@example.net>:",
    "de plain": "Am 04.06.24 um 09:00 schrieb Tim Voss:",
    "de gmx": "Am Dienstag, 4. Juni 2024, 09:00:12 CEST schrieb Tim Voss via list:",
    "de old": "Tim Voss <tim@example.net> schrieb am 04.06.2024 09:00:",
    "de has": "Tim Voss <tim@example.net> hat am 04.06.2024 09:00 CEST geschrieben:",
    "fr": "Le mar. 4 juin 2024 à 09:00, Tim Voss <tim@example.net> a écrit :",
    "fr thin": "Le 04/06/2024 à 09:00, Tim Voss a écrit\xa0:",
    "fr apple": "Le 4 juin 2024 à 09:00, Tim Voss <tim@example.net> a écrit :",
    "es": "El mar, 4 jun 2024 a las 9:00, Tim Voss (<tim@example.net>) escribió:",
    "es apple": "El 4 jun 2024, a las 9:00, Tim Voss <tim@example.net> escribió:",
    "it": "Il giorno mar 4 giu 2024 alle ore 09:00 Tim Voss <tim@example.net> ha scritto:",
    "it thunderbird": "Il 04/06/2024 09:00, Tim Voss ha scritto:",
    "nl": "Op di 4 jun 2024 om 09:00 schreef Tim Voss <tim@example.net>:",
    "nl apple": "Op 4 jun 2024, om 09:00 heeft Tim Voss <tim@example.net> het volgende geschreven:",
    "nl thunderbird": "Op 04-06-2024 om 09:00 schreef Tim de Vries:",
    "da": "Den tir. 4. jun. 2024 kl. 09.00 skrev Tim Voss <tim@example.net>:",
    "da apple": "Den 4. jun. 2024 kl. 09.00 skrev Tim Voss <tim@example.net>:",
    "sv": "Den tis 4 juni 2024 kl 09:00 skrev Tim Voss <tim@example.net>:",
    "sv apple": "4 juni 2024 kl. 09:00 skrev Tim Voss <tim@example.net>:",
    "no": "tir. 4. juni 2024 kl. 09:00 skrev Tim Voss <tim@example.net>:",
    "no apple": "Den 4. juni 2024 kl. 09:00 skrev Tim Voss <tim@example.net>:",
    "fi": "ti 4. kesäk. 2024 klo 9.00 Tim Voss (tim@example.net) kirjoitti:",
    "fi apple": "Tim Voss <tim@example.net> kirjoitti 4.6.2024 kello 9.00:",
    "pl": "wt., 4 cze 2024 o 09:00 Tim Voss <tim@example.net> napisał(a):",
    "pl thunderbird": "W dniu 4.06.2024 o 09:00, Tim Voss pisze:",
    "pl apple": "Wiadomość napisana przez Tim Voss <tim@example.net> w dniu 4 cze 2024, o godz. 09:00:",
    "pt": "Em ter., 4 de jun. de 2024 às 09:00, Tim Voss <tim@example.net> escreveu:",
    "pt apple": "No dia 4 de jun. de 2024, às 09:00, Tim Voss <tim@example.net> escreveu:",
    "pt portugal": "Tim Voss <tim@example.net> escreveu (terça, 4/06/2024 à(s) 09:00):",
    "cs": "út 4. 6. 2024 v 9:00 odesílatel Tim Voss <tim@example.net> napsal:",
    "cs thunderbird": "Dne 04. 06. 24 v 9:00 Tim Voss napsal(a):",
    "sk": "ut 4. 6. 2024 o 9:00 Tim Voss <tim@example.net> napísal(a):",
    "ru": "вт, 4 июн. 2024 г. в 09:00, Tim Voss <tim@example.net>:",
    "ru apple": "4 июня 2024 г., в 09:00, Tim Voss <tim@example.net> написал(а):",
    "ru thunderbird": "04.06.2024 9:00, Tim Voss пишет:",
    "ru mail.ru": "Вторник, 4 июня 2024, 9:00 +03:00 от Tim Voss <tim@example.net>:",
    "ru yandex": '04.06.2024, 09:00, "Tim Voss" <tim@example.net>:',
    "uk": "вт, 4 черв. 2024 р. о 09:00 Tim Voss <tim@example.net> пише:",
    "ja": "2024年6月4日(火) 9:00 Tim Voss <tim@example.net>:",
    "ja apple": "2024/06/04 9:00、Tim Voss <tim@example.net>のメール:",
    "zh": "Tim Voss <tim@example.net> 于2024年6月4日周二 09:00写道：",
    "zh apple": "在 2024年6月4日，09:00，Tim Voss <tim@example.net> 写道：",
    "zh taiwan": "Tim Voss <tim@example.net> 於 2024年6月4日 週二 上午9:00寫道：",
    "ko": "2024년 6월 4일 (화) 오전 9:00, Tim Voss <tim@example.net>님이 작성:",
    "tr": "Tim Voss <tim@example.net>, 4 Haz 2024 Sal, 09:00 tarihinde şunu yazdı:",
    "hu": "Tim Voss <tim@example.net> ezt írta (időpont: 2024. jún. 4., K, 9:00):",
    "ro": "În mar., 4 iun. 2024 la 09:00, Tim Voss <tim@example.net> a scris:",
    "el": "Στις Τρί 4 Ιουν 2024 στις 9:00 π.μ., ο χρήστης Tim Voss <tim@example.net> έγραψε:",
    "vi": "Vào Th 3, 4 thg 6, 2024 vào lúc 09:00 Tim Voss <tim@example.net> đã viết:",
}
UNDATED = ("en notes", "en outlook express", "en horde", "en usenet")  # or without an address
HEADS = {
    "de notes": "-----Tim Voss <tim@example.net> schrieb: -----\nAn: list@example.net\nVon: Tim Voss <tim@example.net>\nDatum: 04.06.2024 09:00\nBetreff: Ofen",
    "hr": "Šalje: Tim Voss <tim@example.net>\nPoslano: 4. lipnja 2024. 9:00\nPrima: list@example.net\nPredmet: Peć",
    "sl": "Od: Tim Voss <tim@example.net>\nPoslano: torek, 04. junij 2024 09:00\nZa: list@example.net\nZadeva: Peč",
    "bg": "От: Tim Voss <tim@example.net>\nИзпратено: вторник, 4 юни 2024 г. 9:00\nДо: list@example.net\nОтносно: Печка",
    "he": "מאת: Tim Voss <tim@example.net>\nנשלח: יום שלישי 04 יוני 2024 09:00\nאל: list@example.net\nנושא: תנור",
    "ar": "من: Tim Voss <tim@example.net>\nتاريخ الإرسال: 4 يونيو 2024 09:00\nإلى: list@example.net\nالموضوع: الموقد",
    "et": "Saatja: Tim Voss <tim@example.net>\nSaadetud: teisipäev, 4. juuni 2024 9:00\nAdressaat: list@example.net\nTeema: Ahi",
    "en": "From: Tim Voss <tim@example.net>\nSent: Tuesday, June 4, 2024 9:00 AM\nTo: list@example.net\nSubject: Stove",
    "en bold": "*From:* Tim Voss <tim@example.net>\n*Sent:* Tuesday, June 4, 2024 9:00 AM\n*To:* list@example.net\n*Subject:* Stove",
    "en bolder": "**From:** Tim Voss\n**Date:** Tuesday, June 4, 2024 9:00 AM\n**To:** list\n**Subject:** Re: Stove",
    "en one line": "*From:* Tim Voss *Sent:* Tuesday, June 4, 2024 9:00 AM *To:* list *Subject:* Re: Stove",
    "en apart": "From: Tim Voss\n\nSent: Tuesday, June 4, 2024 9:00 AM\n\nTo: list@example.net\n\nSubject: Stove",
    "en wrapped": "From: Tim Voss\nSent: Tuesday\nTo: Ann <ann@example.net>; Ben\n<ben@example.net>; Cat <cat@example.net>\nSubject: Re: The stove in the hall that\nhas been cold",
    "en thunderbird": "-------- Original Message --------\nSubject: \tStove\nDate: \tTue, 4 Jun 2024 09:00:00 +0200\nFrom: \tTim Voss <tim@example.net>\nTo: \tlist@example.net",
    "de": "Von: Tim Voss <tim@example.net>\nGesendet: Dienstag, 4. Juni 2024 09:00\nAn: list@example.net\nBetreff: Ofen",
    "de android": "-------- Ursprüngliche Nachricht --------\nVon: Tim Voss <tim@example.net>\nDatum: 04.06.24 09:00 (GMT+01:00)\nAn: list\nBetreff: Ofen",
    "de gmx": 'Gesendet: Dienstag, 04. Juni 2024 um 09:00 Uhr\nVon: "Tim Voss" <tim@example.net>\nAn: list@example.net\nBetreff: Ofen',
    "fr": "De : Tim Voss <tim@example.net>\nEnvoyé : mardi 4 juin 2024 09:00\nÀ : list@example.net\nObjet : Poêle",
    "fr thin": "De\xa0: Tim Voss\nEnvoyé\xa0: mardi 4 juin 2024 09:00\nÀ\xa0: list\nObjet\xa0: Poêle",
    "es": "De: Tim Voss <tim@example.net>\nEnviado el: martes, 4 de junio de 2024 9:00\nPara: list@example.net\nAsunto: Estufa",
    "it": "Da: Tim Voss <tim@example.net>\nInviato: martedì 4 giugno 2024 09:00\nA: list@example.net\nOggetto: Stufa",
    "nl": "Van: Tim Voss <tim@example.net>\nVerzonden: dinsdag 4 juni 2024 09:00\nAan: list@example.net\nOnderwerp: Kachel",
    "da": "Fra: Tim Voss <tim@example.net>\nSendt: 4. juni 2024 09:00\nTil: list@example.net\nEmne: Ovn",
    "sv": "Från: Tim Voss <tim@example.net>\nSkickat: den 4 juni 2024 09:00\nTill: list@example.net\nÄmne: Ugn",
    "no": "Fra: Tim Voss <tim@example.net>\nSendt: tirsdag 4. juni 2024 09:00\nTil: list@example.net\nEmne: Ovn",
    "fi": "Lähettäjä: Tim Voss <tim@example.net>\nLähetetty: tiistai 4. kesäkuuta 2024 9.00\nVastaanottaja: list@example.net\nAihe: Uuni",
    "pl": "Od: Tim Voss <tim@example.net>\nWysłano: wtorek, 4 czerwca 2024 09:00\nDo: list@example.net\nTemat: Piec",
    "pt": "De: Tim Voss <tim@example.net>\nEnviado: terça-feira, 4 de junho de 2024 09:00\nPara: list@example.net\nAssunto: Forno",
    "cs": "Od: Tim Voss <tim@example.net>\nOdesláno: úterý 4. června 2024 9:00\nKomu: list@example.net\nPředmět: Kamna",
    "ru": "От: Tim Voss <tim@example.net>\nОтправлено: 4 июня 2024 г. 9:00\nКому: list@example.net\nТема: Печь",
    "ja": "差出人: Tim Voss <tim@example.net>\n送信日時: 2024年6月4日 9:00\n宛先: list@example.net\n件名: ストーブ",
    "zh": "发件人: Tim Voss <tim@example.net>\n发送时间: 2024年6月4日 9:00\n收件人: list@example.net\n主题: 炉子",
    "zh wide": "------------------ 原始邮件 ------------------\n发件人：Tim Voss\n发送时间：2024年6月4日 9:00\n收件人：list\n主题：炉子",
    "zh taiwan": "寄件者: Tim Voss\n寄件日期: 2024年6月4日 9:00\n收件者: list\n主旨: 爐子",
    "ko": "보낸 사람: Tim Voss\n보낸 날짜: 2024년 6월 4일\n받는 사람: list\n제목: 난로",
}
PROSE = [
    "Am Montag schrieb ich einen Brief:\n\nDer Ofen ist kalt.",
    "Am 4. Juni 2024 um 9:00 schrieb ich einen Brief:\n\nDer Ofen ist kalt.",
    "On Monday I wrote:\n\nThe stove is cold.",
    "On 4 June 2024 at 10:00 we wrote:\n\nThe stove is cold.",
    "On 4 June 2024 at 10:00 the committee met. Tim Voss <tim@example.net> wrote:\n\nThe stove is cold.",
    "Le 4 juin 2024 à 09:00 j'ai écrit :\n\nLe poêle est froid.",
    "Von: dem Haus\nBis: zum Garten\n\nso weit reicht die Leitung.",
    "I travel.\n\nFrom: Berlin\nTo: Munich\nDate: 4 June\n\nWho comes along?",
    "Zutaten:\nDatum: egal\nAn: Salz nicht sparen\n\nFertig.",
    "He asked: what is it?\nTo: be or not\nSubject: to change",
    "Sent from my house it takes two days, from my phone shop it takes three, and no one knows why it does so.",
    "The photo was sent from my phone yesterday, and the second one followed in the evening from hers.",
    "Von meinem Telefon aus geht es nicht.",
    "It runs.\n\n---\n\nIt also stops, so I ask on the mailing list.",
    "Warning: the stove is hot.\n\nDisclaimer: I have never built one.",
    "Notes:\n\nDate: 4 June\nSubject: stoves\n\nAll agreed.",
]


def answer(body: str) -> str:
    """Read an answer to a message; its text."""
    box = (
        f"From a@x Tue Jun  4 08:00:00 2024\nFrom: Tim <tim@x>\nSubject: S\nMessage-ID: <1@x>\n\n{ASKED}\n\n"
    )
    box += (
        f"From b@x Tue Jun  4 09:00:00 2024\nFrom: Ann <b@x>\nSubject: Re: S\nIn-Reply-To: <1@x>\n\n{body}\n"
    )
    (thread,) = parse_threads(box.encode(), "box")
    assert isinstance(thread, Thread)
    return thread.posts[1].text


def wrap(line: str, width: int) -> str:
    """Break a line at blanks, as a mail program does."""
    lines = [""]
    for word in line.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += f"{' ' if lines[-1] else ''}{word}"
    return "\n".join(lines)


@pytest.mark.parametrize("width", [400, 60, 34])
@pytest.mark.parametrize("line", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
def test_an_attribution_goes_with_its_quote(line: str, width: int) -> None:
    """A line that says who wrote the quote below it goes with that, in any language, wrapped or not."""
    assert answer(f"{SAID}\n\n{wrap(line, width)}\n\n> {ASKED}") == SAID
    assert answer(f"{wrap(line, width)}\n> {ASKED}\n\n{SAID}") == SAID


@pytest.mark.parametrize("line", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
def test_an_attribution_is_known_within_a_quote(line: str) -> None:
    """A quote that begins with the line that names it, as telephones write, or quotes another one, goes."""
    assert answer(f"{SAID}\n\n> {line}\n>\n> {ASKED}") == SAID
    assert answer(f"{SAID}\n\n{line}\n> Ja.\n> {line}\n>> {ASKED}").startswith(SAID)


@pytest.mark.parametrize("kind", [kind for kind in ATTRIBUTIONS if kind not in UNDATED])
def test_an_unmarked_copy_goes_with_its_attribution(kind: str) -> None:
    """Below a whole attribution, with date and name, an unmarked text is the message that is answered."""
    assert answer(f"{SAID}\n\n{ATTRIBUTIONS[kind]}\n\n{ASKED}") == SAID


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_copied_head_ends_an_answer(head: str) -> None:
    """From a head on a message is a copy of another one, in any language, bold or not, marked or not."""
    assert answer(f"{SAID}\n\n{head}\n\n{ASKED}") == SAID
    assert answer(f"{SAID}\n\n________________________________\n{head}\n\n{ASKED}") == SAID
    quoted = "\n".join(f"> {line}" for line in [*head.split("\n"), "", ASKED])
    assert answer(f"{SAID}\n\n{quoted}") == SAID


@pytest.mark.parametrize("text", PROSE)
def test_prose_that_looks_like_a_head_stays(text: str) -> None:
    """What is neither a head nor a line of a mail program is the author's."""
    assert reduce_answer(text) == text
    assert reduce_answer(f"{SAID}\n\n{text}") == f"{SAID}\n\n{text}"


def test_prose_before_a_quote_stays() -> None:
    """A sentence before a quote that goes is the author's, wherever it ends."""
    assert answer(f"Am Montag schrieb ich:\n\n> {ASKED}").startswith("Am Montag schrieb ich:")
    text = f"On my bike with 21 gears it is so too.\nTim Voss <tim@example.net> wrote:\n> {ASKED}\n\n{SAID}"
    assert answer(text) == f"On my bike with 21 gears it is so too.\n\n{SAID}"


def test_what_is_handed_on_stays() -> None:
    """A message that is handed on whole is no copy of what is answered."""
    text = f"Seht her.\n\n---------- Forwarded message ---------\n{HEADS['en']}\n\nDie Kohle ist teurer."
    assert "Die Kohle ist teurer." in reduce_answer(text)
    assert "Die Kohle" in reduce_answer(f"{HEADS['de']}\n\nDie Kohle ist teurer.")


@given(
    lines=st.lists(
        st.sampled_from(
            [
                "",
                "From: a",
                "To: b",
                "Von: c@d",
                "Subject: e",
                "-- ",
                "> q",
                "wrote:",
                "On 4.6.2024 9:00 Tim <t@x> wrote:",
                "----",
                "words",
                "Sent from my iPhone",
            ]
        ),
        max_size=14,
    )
)
def test_an_answer_is_a_part_of_the_message(lines: list[str]) -> None:
    """Nothing is added or moved, and a message with words keeps some."""
    text = "\n".join(lines)
    kept = iter(lines)
    assert all(line in kept for line in reduce_answer(text).split("\n") if line)
    assert bool(reduce_answer(text).strip()) == bool(text.strip())
