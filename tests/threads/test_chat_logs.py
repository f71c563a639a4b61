"""Chats and transcripts that are kept as text."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.threads import BrokenThread, Thread, parse_threads


def read(text: str, name: str = "log.txt") -> list[Thread]:
    """Read a text as a file of that name; all of it must be threads."""
    found = list(parse_threads(text.encode(), name))
    assert all(isinstance(one, Thread) for one in found), found
    return [one for one in found if isinstance(one, Thread)]


def posts(text: str, name: str = "log.txt") -> list[tuple[str, str]]:
    """Read author and text of each post of the one thread that a text holds."""
    (thread,) = read(text, name)
    return [(post.author, post.text) for post in thread.posts]


SAID = [("Ada", "The gate is\nlocked."), ("Bo Lind", "I have the key.")]
WHATSAPP = {
    "android, american": "6/13/24, 9:01 PM - {}: {}\n6/13/24, 9:05 PM - {}: {}\n",
    "android, german": "13.06.24, 21:01 - {}: {}\n13.06.24, 21:05 - {}: {}\n",
    "android, british": "13/06/2024, 21:01 - {}: {}\n13/06/2024, 21:05 - {}: {}\n",
    "android, spanish": "13/6/24, 9:01 p.\u00a0m. - {}: {}\n13/6/24, 9:05 p.\u00a0m. - {}: {}\n",
    "android, dutch": "13-06-2024 21:01 - {}: {}\n13-06-2024 21:05 - {}: {}\n",
    "android, narrow blank": "6/13/24, 9:01\u202fPM - {}: {}\n6/13/24, 9:05\u202fPM - {}: {}\n",
    "ios, english": "[6/13/24, 9:01:12 PM] {}: {}\n[6/13/24, 9:05:12 PM] {}: {}\n",
    "ios, german": "[13.06.24, 21:01:12] {}: {}\n\u200e[13.06.24, 21:05:12] {}: {}\n",
    "ios, swedish": "[2024-06-13 21:01:12] {}: {}\n[2024-06-13 21:05:12] {}: {}\n",
    "android, arabic digits": "١٣/٠٦/٢٠٢٤, ٢١:٠١ - {}: {}\n١٣/٠٦/٢٠٢٤, ٢١:٠٥ - {}: {}\n",
    "android, arabic": "13‏/6‏/2024، 9:01 م - {}: {}\n13‏/6‏/2024، 9:05 م - {}: {}\n",
    "android, persian": "۲۰۲۴/۶/۱۳،‏ ۲۱:۰۱ - {}: {}\n۲۰۲۴/۶/۱۳،‏ ۲۱:۰۵ - {}: {}\n",
    "android, indian": "13/06/24, 9:01 pm - {}: {}\n13/06/24, 9:05 pm - {}: {}\n",
    "android, hindi": "१३/०६/२४, ९:०१ अपराह्न - {}: {}\n१३/०६/२४, ९:०५ अपराह्न - {}: {}\n",
    "android, french": "13/06/2024 à 21:01 - {}: {}\n13/06/2024 à 21:05 - {}: {}\n",
    "android, finnish": "13.6.2024 klo 21.01 - {}: {}\n13.6.2024 klo 21.05 - {}: {}\n",
    "android, hungarian": "2024. 06. 13. 21:01 - {}: {}\n2024. 06. 13. 21:05 - {}: {}\n",
    "android, bulgarian": "13.06.24 г., 21:01 ч. - {}: {}\n13.06.24 г., 21:05 ч. - {}: {}\n",
    "android, vietnamese": "21:01, 13/06/2024 - {}: {}\n21:05, 13/06/2024 - {}: {}\n",
    "android, thai": "13/6/2567 21:01 - {}: {}\n13/6/2567 21:05 - {}: {}\n",
    "ios, korean": "[2024. 6. 13. 오후 9:01:12] {}: {}\n[2024. 6. 13. 오후 9:05:12] {}: {}\n",
    "KakaoTalk": "2024년 6월 13일 오후 9:01, {} : {}\n2024년 6월 13일 오후 9:05, {} : {}\n",
    "Viber": "[ 13-06-2024 21:01:00 ] {}: {}\n[ 13-06-2024 21:05:00 ] {}: {}\n",
    "ios, chinese": "[2024/6/13 下午9:01:12] {}: {}\n[2024/6/13 下午9:05:12] {}: {}\n",
}


@pytest.mark.parametrize("form", WHATSAPP)
def test_whatsapps_dates_of_any_country(form: str) -> None:
    """Authors, texts over lines, and times, whatever the order of day and month."""
    (thread,) = read(WHATSAPP[form].format(*SAID[0], *SAID[1]))

    assert [(post.author, post.text) for post in thread.posts] == SAID
    assert [post.time[:16] for post in thread.posts] == ["2024-06-13T21:01", "2024-06-13T21:05"]


@pytest.mark.parametrize("moment", ["31.02.24, 21:01", "13.06.24, 24:01", "13.06.24, 21:60"])
def test_times_that_no_clock_shows_are_left_out(moment: str) -> None:
    """A message with a day or a time that there is not stays, without one."""
    (thread,) = read(f"13.06.24, 21:01 - Ada: One.\n{moment} - Bo: Two.\n")

    assert [(post.text, post.time != "") for post in thread.posts] == [("One.", True), ("Two.", False)]


@pytest.mark.parametrize("name", ["Prof. Elm", "J. R.", "Ann (Choir)", "Mr. T."])
def test_names_with_points_are_names(name: str) -> None:
    """A title or an initial before one name does not make a chat the log of a server."""
    (thread,) = read(f"13.06.24, 21:01 - Ada: We sing at nine.\n13.06.24, 21:02 - {name}: I come.\n")

    assert [post.author for post in thread.posts] == ["Ada", name]


@pytest.mark.parametrize(
    ("days", "first"),
    [
        (["3/4/24, 08:00", "3/5/24, 08:00"], "2024-03-04"),
        (["03.04.24, 08:00", "04.04.24, 08:00"], "2024-04-03"),
        (["3/4/24, 8:00 AM"], "2024-03-04"),
        (["10/11/24, 8:00 AM"], "2024-10-11"),
        (["03/04/24, 8:00 am"], "2024-04-03"),
        (["3/4/24 8:00 a. m."], "2024-04-03"),
        (["3/4/24, 8:00"], "2024-04-03"),
        (["2024/3/4 8:00"], "2024-03-04"),
        (["03/04/2024, 08:00"], "2024-04-03"),
    ],
)
def test_dates_that_may_mean_two_things(days: list[str], first: str) -> None:
    """The number that does not fall is the month; of one alone the form tells, which is American or not."""
    threads = read("".join(f"{day} - Ada: It rains on us.\n" for day in days))

    assert threads[0].posts[0].time.startswith(first)


@pytest.mark.parametrize("name", [
    "WhatsApp Chat with Choir", "WhatsApp Chat mit Choir", "Discussion WhatsApp avec Choir",
    "Chat de WhatsApp con Choir", "Chat WhatsApp con Choir", "Conversa do WhatsApp com Choir",
    "WhatsApp-chat met Choir", "WhatsApp Chat - Choir",
])  # fmt: skip
def test_whatsapps_title_is_in_the_files_name(name: str) -> None:
    """In each language, whom the chat was with."""
    (thread,) = read("13.06.24, 21:01 - Ada: We sing at nine.\n", f"{name}.txt")

    assert thread.title == "Choir"


def test_what_whatsapp_says_itself_is_no_post() -> None:
    """Its own words are events, pictures empty, deleted messages deleted; what was edited does not say so."""
    (thread,) = read(
        "13.06.24, 21:00 - Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt.\n"
        "13.06.24, 21:01 - Ada hat die Gruppe erstellt\n"
        "13.06.24, 21:02 - Ada: <Medien ausgeschlossen>\n"
        "13.06.24, 21:02 - Ada: IMG-20240613-WA0001.jpg (Datei angehängt)\n"
        "13.06.24, 21:02 - Ada: null\n"
        "13.06.24, 21:03 - Bo: Diese Nachricht wurde gelöscht.\n"
        "13.06.24, 21:04 - Bo: Wir singen um neun. <Diese Nachricht wurde bearbeitet.>\n"
    )

    assert [(post.author, post.text) for post in thread.posts] == [("Bo", "Wir singen um neun.")]
    assert thread.unused == {"event": 2, "empty": 3, "deleted": 1}


def test_a_picture_with_words_is_its_words() -> None:
    """What names the file goes, what stands below it stays."""
    assert posts("13.06.24, 21:02 - Ada: IMG-1.jpg (file attached)\nThe gate at night\n") == [
        ("Ada", "The gate at night")
    ]


def test_on_ios_own_words_are_marked() -> None:
    """They have the name of the group, and a mark of direction before them."""
    (thread,) = read(
        "[13.06.24, 21:00:00] Choir: \u200eMessages and calls are end-to-end encrypted.\n"
        "\u200e[13.06.24, 21:01:00] Ada: \u200eimage omitted\n"
        "[13.06.24, 21:02:00] Ada: We sing at nine.\n"
    )

    assert [(post.author, post.text) for post in thread.posts] == [("Ada", "We sing at nine.")]
    assert thread.unused == {"event": 1, "empty": 1}


def test_a_servers_log_is_no_chat() -> None:
    """Where levels stand for names nobody speaks, so that it is told as what it is."""
    log = "".join(f"[2024-06-13 21:0{n}:00] ERROR: cannot open /var/lib/x ({n})\n" for n in range(9))

    assert [post.author for found in read(log) for post in found.posts] == [""]


IRC = {
    "irssi": "--- Log opened Thu Jun 13 21:00:00 2024\n21:00 -!- ada [a@b] has joined #tea\n"
    "21:01 < ada> {}\n21:02 <@bo> {}\n",
    "weechat": "2024-06-13 21:00:00\t-->\tada (a@b) has joined #tea\n"
    "2024-06-13 21:01:00\tada\t{}\n2024-06-13 21:02:00\t@bo\t{}\n",
    "hexchat": "**** BEGIN LOGGING AT Thu Jun 13 21:00:00 2024\nJun 13 21:01:00 <ada>\t{}\n"
    "Jun 13 21:01:00 *\tcy has quit (bye)\n"
    "Jun 13 21:02:00 <bo>\t{}\n",
    "hexchat, with its own words": "**** BEGIN LOGGING AT Thu Jun 13 21:00:00 2024\n\n"
    "Jun 13 21:00:00 *\tNow talking on #tea\nJun 13 21:00:00 *\tTopic for #tea is: hot\n"
    "Jun 13 21:01:00 <ada>\t{}\nJun 13 21:02:00 <bo>\t{}\n",
    "mirc": "Session Start: Thu Jun 13 21:00:00 2024\nSession Ident: #tea\n[21:00] * Now talking in #tea\n"
    "[21:00] * Joins: ada (a@b)\n[21:01] <\x0304ada\x03> \x02{}\x02\n[21:02] <bo> {}\n"
    "[21:03] * bo (b@c) Quit (bye)\nSession Close: Thu Jun 13 22:00:00 2024\n",
    "znc": "[21:00:00] *** Joins: ada (a@b)\n[21:01:00] <ada> {}\n[21:02:00] <bo> {}\n",
}


@pytest.mark.parametrize("program", IRC)
def test_logs_of_irc(program: str) -> None:
    """Of each program: who says what when; joins are events."""
    (thread,) = read(IRC[program].format("Is the kettle on?", "Yes, since noon."), "tea.2024-06-13.log")

    assert [(post.author, post.text) for post in thread.posts] == [
        ("ada", "Is the kettle on?"),
        ("bo", "Yes, since noon."),
    ]
    assert [post.time for post in thread.posts] == ["2024-06-13T21:01:00", "2024-06-13T21:02:00"]
    assert thread.unused["event"] >= 1


def test_what_people_do_on_irc_is_theirs() -> None:
    """An action is a post of whom it is of."""
    assert posts("[21:01] <ada> Tea?\n[21:02] * bo fetches the cups\n[21:03] <ada> Fine.\n")[1] == (
        "bo",
        "fetches the cups",
    )


def test_the_chat_of_a_zoom_meeting() -> None:
    """Those who wrote, to everyone or to one."""
    text = (
        "08:01:12\t From  Ada Moor  to  Everyone:\n\tThe budget is late.\n"
        "08:02:00 From Bo to Ada Moor : I know.\n"
    )

    assert posts(text) == [("Ada Moor", "The budget is late."), ("Bo", "I know.")]


@pytest.mark.parametrize("form", [
    "{} From {} to Everyone:\n\t{}\n", "{}\t{}:\t{}\n", "{} Von {} an Alle:\n\t{}\n",
    "{} De {} à Tout le monde:\n\t{}\n", "{} De {} para Todos:\n\t{}\n", "{} Da {} a Tutti : {}\n",
])  # fmt: skip
def test_the_chat_of_a_zoom_meeting_in_its_forms(form: str) -> None:
    """In several languages, and as newer versions write it; reactions are events, quotes of answers go."""
    lines = [("08:01:12", "Ada Moor", "The budget is late."), ("08:02:00", "Bo", "I know.")]
    lines += [("08:03:00", "Cy", 'Reacted to "I know." with 👍')]
    lines += [("08:04:00", "Cy", 'Replying to "I know."\n\nSince when?')]
    (thread,) = read("".join(form.format(*line) for line in lines))

    assert [(post.author, post.text) for post in thread.posts] == [
        ("Ada Moor", "The budget is late."),
        ("Bo", "I know."),
        ("Cy", "Since when?"),
    ]
    assert thread.unused == {"event": 1}


@pytest.mark.parametrize("form", ["(21:01:00) {}: {}", "[21:01] {}: {}", "(9:01:12 PM) {}: {}"])
def test_chats_whose_times_have_no_day(form: str) -> None:
    """A time in brackets and a name before most lines; what stands above them is none of anybody."""
    lines = [form.format(name, text) for name, text in SAID]

    assert posts("Conversation with bo@x\n" + "\n".join(lines)) == SAID


@pytest.mark.parametrize("text", [
    "[LINE] Chat history with Bo\nSaved on: 2024/06/13 22:00\n\n2024/06/13(Thu)\n21:01\tAda\tThe gate is\n"
    "locked.\n\n2024/06/14(Fri)\n21:02\tBo Lind\tI have the key.\n",
    "Ada 님과 카카오톡 대화\n저장한 날짜 : 2024-06-13\n\n----------- 2024년 6월 13일 목요일 -----------\n"
    "[Ada] [오후 9:01] The gate is\nlocked.\n[Bo Lind] [오후 9:02] I have the key.\n",
    "Ada  9:01 PM\nThe gate is\nlocked.\nBo Lind  9:02 PM\nI have the key.\n",
    "Ada, [13.06.2024 21:01]\nThe gate is\nlocked.\n\nBo Lind, [13.06.2024 21:02]\nI have the key.\n",
])  # fmt: skip
def test_chats_of_other_programs(text: str) -> None:
    """LINE's and KakaoTalk's, and what is copied from Slack's and Telegram's windows."""
    assert [(name, said.replace("\n", " ")) for name, said in posts(text)] == [
        ("Ada", "The gate is locked."),
        ("Bo Lind", "I have the key."),
    ]


TRANSCRIPTS = {
    "teams": "WEBVTT\n\n8a-1/3-0\n00:00:03.000 --> 00:00:05.000\n<v Ada Moor>The roof leaks.</v>\n\n"
    "8a-1/4-0\n00:00:05.000 --> 00:00:07.000\n<v Ada Moor>Since May.</v>\n\n"
    "8a-1/5-0\n00:00:08.000 --> 00:00:09.000\n<v.loud Bo>Then we mend it.</v>\n",
    "zoom": "WEBVTT\n\n1\n00:00:03.000 --> 00:00:05.000\nAda Moor: The roof leaks.\n\n"
    "2\n00:00:05.000 --> 00:00:07.000\nAda Moor: Since May.\n\n3\n"
    "00:00:08.000 --> 00:00:09.000\nBo: Then we mend it.\n",
    "srt": "1\n00:00:03,000 --> 00:00:05,000\n- Ada Moor: The roof leaks.\n\n2\n"
    "00:00:05,000 --> 00:00:07,000\n"
    "<i>Since May.</i>\n\n3\n00:00:08,000 --> 00:00:09,000\nBo: Then we mend it.\n",
    "times beside names": "Ada Moor   0:03\nThe roof leaks.\nSince May.\n\nBo   0:08\nThen we mend it.\n",
    "teams, as downloaded": "WEBVTT\n\n0:0:3.0 --> 0:0:5.0\n<v Ada Moor>The roof leaks.</v>\n\n"
    "0:0:5.0 --> 0:0:7.0\n<v Ada Moor>Since May.</v>\n\n0:0:8.0 --> 0:0:9.0\n<v Bo>Then we mend it.</v>\n",
    "teams, below what it was": "Roof-20240604_080000-Recording\nJune 4, 2024, 8:00AM\n9s\n\n"
    "Ada Moor   0:03\nThe roof leaks. Since May.\n\nBo   0:08\nThen we mend it.\n",
    "webex": 'WEBVTT\n\n1 "Ada Moor" (12)\n00:00:03.000 --> 00:00:05.000\nThe roof leaks.\n\n'
    '2 "Ada Moor" (12)\n00:00:05.000 --> 00:00:07.000\nSince May.\n\n'
    '3 "Bo" (13)\n00:00:08.000 --> 00:00:09.000\nThen we mend it.\n',
    "names in brackets": "[Ada Moor] 08:00:03\nThe roof leaks. Since May.\n[Bo] 08:00:08\nThen we mend it.\n",
    "times in brackets and colons": "Ada Moor (00:03):\nThe roof leaks. Since May.\n\nBo (00:08):\n"
    "Then we mend it.\n",
    "times in brackets": "Ada Moor (00:00:03)\nThe roof leaks. Since May.\n\nBo (00:00:08)\n"
    "Then we mend it.\n",
}


@pytest.mark.parametrize("kind", TRANSCRIPTS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_transcripts_of_meetings(kind: str, end: str) -> None:
    """What one speaker says in a row is one post."""
    assert posts(TRANSCRIPTS[kind].replace("\n", end), "meeting.vtt") == [
        ("Ada Moor", "The roof leaks. Since May."),
        ("Bo", "Then we mend it."),
    ]


@pytest.mark.parametrize("text", [
    "[00:00.000 --> 00:03.000]  The roof leaks.\n[00:03.000 --> 00:05.000]  Since May.\n"
    "[00:05.000 --> 00:06.000]  We mend it.\n",
    "0:00\nThe roof leaks.\n0:03\nSince May.\n0:05\nWe mend it.\n",
])  # fmt: skip
def test_transcripts_without_speakers_are_one_post(text: str) -> None:
    """What Whisper prints, and what is copied from beside a video: times are no words."""
    assert posts(text) == [("", "The roof leaks. Since May. We mend it.")]


def test_captions_that_roll_are_joined() -> None:
    """What a cue repeats of the one before is said once; times between words and sounds are left out."""
    text = (
        "WEBVTT\nKind: captions\nLanguage: en\n\nNOTE made by a machine\n\nSTYLE\n::cue { color: red }\n\n"
        "00:00:01.000 --> 00:00:02.000 align:start position:0%\n \nthe<00:00:01.200><c> roof</c>\n\n"
        "00:00:02.000 --> 00:00:02.010 align:start position:0%\nthe roof\n \n\n"
        "00:00:02.010 --> 00:00:04.000 align:start position:0%\nthe roof\n"
        "leaks<00:00:03.000><c> again</c>\n\n"
        "00:00:04.000 --> 00:00:05.000\n[Music]\n\n"
        "00:00:05.000 --> 00:00:06.000\nleaks again &amp; again\n"
    )
    (thread,) = read(text, "talk.vtt")

    assert [post.text for post in thread.posts] == ["the roof leaks again & again"]
    assert thread.unused == {"event": 1}


@pytest.mark.parametrize("text", [
    "Ada wrote at 21:01 that the gate is locked, and Bo has the key.",
    "<ada> is a tag that nobody knows, and this is a sentence about it.",
    "13.06.24, 21:01 is when the train leaves - Ada knows more.\nWe wait at the gate.",
    "Note: the roof leaks.\nNote: it leaks since May.",
])  # fmt: skip
def test_prose_is_no_log(text: str) -> None:
    """Times, names and marks within a text make no chat of it."""
    assert posts(text) == [("", text)]


@given(st.lists(st.sampled_from([
    "13.06.24, 21:01 - Ada: hi", "[6/13/24, 9:01:12 PM] Bo: yes", "21:01 <ada> tea", "--> x", "WEBVTT", "1",
    "00:00:01.000 --> 00:00:02.000", "<v Ada>", ": ", "\u200e", "00:00:01 From a to b: c", "Ada  0:03",
    "", "****",
    "2024-06-13 21:00:00\tada\tx", "99.99.99, 99:99 - Ada: hi", "--- Day changed Thu Jun 99 2024",
]), max_size=12))  # fmt: skip
def test_any_lines_are_read_or_refused(lines: list[str]) -> None:
    """No mixture of lines raises, and what is refused says why."""
    for found in parse_threads("\n".join(lines).encode(), Path("x.txt").name):
        assert isinstance(found, Thread) or (isinstance(found, BrokenThread) and found.reason.endswith("."))


def test_a_cue_of_very_many_lines_is_read_at_once() -> None:
    """What a cue repeats is looked for among a few lines: with all of them this would take minutes."""
    lines = "a\n" * 59_000
    (thread,) = read(f"WEBVTT\n\n0:0.0 --> 0:1.0\n{lines}\n0:1.0 --> 0:2.0\nb\n{lines}")

    assert thread.posts[0].text.startswith("a a a")


@pytest.mark.parametrize(
    "text", ["<key>Name</key>\n<string>Ada</string>\n", "<br>a</br>\n<hr/>\n<p>b\n<p>c\n"]
)
def test_tags_are_no_people(text: str) -> None:
    """Names in angle brackets that are closed again are none."""
    (found,) = parse_threads(text.encode(), "x")
    assert isinstance(found, Thread)  # what is sent is taken as it is
    assert [post.author for post in found.posts] == [""]
