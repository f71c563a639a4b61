"""What single programs do with names, links, edits, media and threads."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.threads import sample_chats
from tests.threads.sample_chats import ISO, T0, T1, T2
from tests.threads.test_chats import read, read_one, said

Json = Any


def changed(value: Json, change: Callable[[Json], object]) -> Json:
    value = copy.deepcopy(value)
    change(value)
    return value


def telegram(**fields: Json) -> Json:
    own = {"id": 9, "type": "message", "date": "2020-09-13T14:29:40", "from": "cy", "text": ""}
    return {"name": "x", "type": "private_group", "id": 1, "messages": [own | fields]}


def discord(text: str, **fields: Json) -> Json:
    own = {
        "id": "1",
        "type": 0,
        "channel_id": "7",
        "timestamp": ISO[0],
        "author": {"id": "1", "username": "ann"},
    }
    return [own | {"content": text, "attachments": []} | fields]


def slack(text: str, **fields: Json) -> Json:
    return {"messages": [{"type": "message", "user": "U1", "ts": f"{T0}.000100", "text": text} | fields]}


def zulip(text: str, **fields: Json) -> Json:
    own = {"id": 1, "sender_full_name": "ann", "timestamp": T0, "subject": "t", "display_recipient": "s"}
    return {"messages": [own | {"content": text, "content_type": "text/x-markdown"} | fields]}


def matrix(text: str, **content: Json) -> Json:
    own = {"type": "m.room.message", "event_id": "$1", "sender": "@ann:x.org", "origin_server_ts": T0 * 1000}
    return [own | {"content": {"msgtype": "m.text", "body": text} | content}]


def teams(html: str) -> Json:
    own = {
        "id": "1",
        "messageType": "message",
        "createdDateTime": ISO[0],
        "from": {"user": {"displayName": "ann"}},
    }
    return {"value": [own | {"body": {"contentType": "html", "content": html}}]}


def rocketchat(text: str, **fields: Json) -> Json:
    return {
        "messages": [{"_id": "1", "rid": "r", "msg": text, "ts": ISO[0], "u": {"username": "ann"}} | fields]
    }


def bluesky(text: str, **fields: Json) -> Json:
    record = {"text": text, "createdAt": ISO[0], "facets": fields.pop("facets", [])}
    return {"thread": {"post": {"uri": "at://1", "author": {"handle": "ann.x"}, "record": record} | fields}}


def jira(body: Json) -> Json:
    return {"key": "B-1", "fields": {"summary": "s", "reporter": {"displayName": "ann"}, "description": body}}


def node(kind: str, *inner: Json, **attributes: Json) -> Json:
    return {"type": kind, "content": list(inner), "attrs": attributes}


def words(text: str) -> Json:
    return {"type": "text", "text": text}


LONG = "https://x.y/a/long/way/to/go"
TEXTS: dict[str, tuple[Json, str]] = {
    "telegram's poll": (
        telegram(poll={"question": "Which?", "answers": [{"text": "Patch", "voters": 1}, {"text": "Buy"}]}),
        "Which?\n- Patch\n- Buy",
    ),
    "telegram's mention": (
        telegram(text=["Ask ", {"type": "mention_name", "text": "Bo", "user_id": 3}, "."]),
        "Ask Bo.",
    ),
    "telegram's quote": (telegram(text=[{"type": "blockquote", "text": "a\nb"}, "No."]), "> a\n> b\nNo."),
    "discord's mentions": (
        discord(
            "<@2> <@!3> <#7> <@&5> <:wave:99> <t:1600000000:R>", mentions=[{"id": "2", "username": "bo"}]
        ),
        "@bo @3 #channel @role 👋 2020-09-13T12:26:40Z",
    ),
    "discord's box": (
        discord("", embeds=[{"title": "Build", "description": "It **failed**."}]),
        "Build\nIt failed.",
    ),
    "discord's message passed on": (
        discord("", message_snapshots=[{"message": {"content": "Flat."}}]),
        "Flat.",
    ),
    "slack's blocks": (
        slack(
            "",
            blocks=[
                {"type": "header", "text": {"type": "plain_text", "text": "Build"}},
                {"type": "section", "text": {"type": "mrkdwn", "text": "It *failed*."}},
                {
                    "type": "rich_text",
                    "elements": [
                        {
                            "type": "rich_text_section",
                            "elements": [words("See "), {"type": "link", "url": LONG}, words(".")],
                        },
                        {"type": "rich_text_section", "elements": [words("Soon.")]},
                    ],
                },
            ],
        ),
        f"Build\nIt failed.\nSee {LONG}.\nSoon.",
    ),
    "zulip's mentions": (
        zulip("@**Bo L|4** see #**wheels>tyres** and @_**Cy**"),
        "@Bo L see #wheels>tyres and @Cy",
    ),
    "zulip's quote": (zulip("@_**Bo|4** said:\n```quote\nFlat.\n```\nNo."), "@Bo said:\n> Flat.\n\nNo."),
    "zulip's emoji": (
        zulip(
            '<p>Yes <span class="emoji" role="img" title="tada">:tada:</span></p>', content_type="text/html"
        ),
        "Yes 🎉",
    ),
    "matrix's html": (
        matrix(
            "x",
            formatted_body="<mx-reply><blockquote>old</blockquote></mx-reply>"
            'Ask <a href="https://matrix.to/#/@bo:x.org">Bo</a>.',
        ),
        "Ask Bo.",
    ),
    "matrix's caption": (matrix("The hole", msgtype="m.image", filename="a.jpg"), "The hole"),
    "teams' mention and emoji": (
        teams(
            '<p><at id="0">Bo</at>, a &lt;b&gt; <emoji id="x" alt="🙂"></emoji><attachment id="1">'
            "</attachment></p>"
        ),
        "Bo, a <b> 🙂",
    ),
    "rocket.chat's quote": (rocketchat("[ ](https://r.x/channel/a?msg=m0) No."), "No."),
    "rocket.chat's caption": (rocketchat("", attachments=[{"description": "The hole"}]), "The hole"),
    "bluesky's shortened link": (
        bluesky(
            "É x.y/a/lo... ok",
            facets=[{"index": {"byteStart": 3, "byteEnd": 14}, "features": [{"uri": LONG}]}],
        ),
        f"É {LONG} ok",
    ),
    "bluesky's quoted post": (
        bluesky("No.", embed={"record": {"value": {"text": "Flat."}}}),
        "No.\n\n> Flat.",
    ),
    "bluesky's shared link": (bluesky("", embed={"external": {"uri": LONG, "title": "Tyres"}}), "Tyres"),
    "twitter's link": (
        [
            {
                "id": "1",
                "text": "See https://t.co/1 &gt;",
                "conversation_id": "1",
                "entities": {"urls": [{"url": "https://t.co/1", "expanded_url": LONG}]},
            }
        ],
        f"See {LONG} >",
    ),
    "jira's markup": (
        jira(
            "h2. Now\r\nAsk [~bo] about [the plan|https://x.y] and *bold*.\r\nbq. Flat.\r\n"
            "{code:java}\r\nx = *y*\r\n{code}\r\n!a.png|thumbnail!"
        ),
        "Now\nAsk @bo about the plan and bold.\n> Flat.\n\nx = *y*\n\n[image: a.png]",
    ),
    "jira's document": (
        jira(
            node(
                "doc",
                node(
                    "paragraph",
                    words("Ask "),
                    node("mention", text="@Bo"),
                    words(" "),
                    node("emoji", text="🙂"),
                ),
                node("blockquote", node("paragraph", words("Flat."))),
                node(
                    "bulletList",
                    node("listItem", node("paragraph", words("one"))),
                    node("listItem", node("paragraph", words("two"))),
                ),
                node("paragraph", node("inlineCard", url="https://x.y"), node("hardBreak"), words("end")),
            )
        ),
        "Ask @Bo 🙂\n\n> Flat.\n\none\n\ntwo\n\nhttps://x.y\nend",
    ),
}


@pytest.mark.parametrize("case", TEXTS)
def test_texts_are_as_people_read_them(tmp_path: Path, case: str) -> None:
    """Mentions are names, links are words or whole addresses, quotes are marked, polls list their choices."""
    value, text = TEXTS[case]
    assert [text for _, text, _ in said(read_one(tmp_path, value))] == [text]


def test_telegrams_forum_topics_are_threads(tmp_path: Path) -> None:
    """A message in a topic names it, or one that does; each topic is a thread under its title."""
    new = {
        "type": "service",
        "action": "topic_created",
        "title": "Tyres",
        "date_unixtime": str(T0),
        "from": "",
    }
    value = telegram(**new)
    value["messages"] += [
        telegram(id=10, text="Lunch?", date_unixtime=str(T0 + 1))["messages"][0],
        telegram(id=11, text="Flat.", reply_to_message_id=9, date_unixtime=str(T0 + 2))["messages"][0],
        telegram(id=12, text="Patch it.", reply_to_message_id=11, date_unixtime=str(T0 + 3))["messages"][0],
    ]
    found = read(tmp_path, value)
    assert [thread.title for thread in found] == ["x", "Tyres"]  # type: ignore[union-attr]
    assert said(found[1]) == [("cy", "Flat.", None), ("cy", "Patch it.", 0)]


def mojibake(text: str) -> str:
    return text.encode().decode("latin-1")


def messenger(text: str, **fields: Json) -> Json:
    return {"sender_name": mojibake("Zoë"), "timestamp_ms": T0 * 1000, "content": mojibake(text)} | fields


def test_meta_mends_its_mojibake_and_tells_events(tmp_path: Path) -> None:
    """Names and texts are UTF-8 again; calls and notices are events, what was taken back is deleted."""
    messages = [
        messenger("Ja – wir essen um zwölf 🙂"),
        messenger("Zoë named the group Essen."),
        messenger("", call_duration=12),
        messenger("Reacted ❤ to your message "),
        messenger("Hat mit 😂 auf deine Nachricht reagiert "),
        messenger("A réagi avec ❤ à votre message "),
        messenger("Zoë hat einen Anhang gesendet."),
        messenger("Weg", is_unsent=True),
        messenger("Zoë sent an attachment.", photos=[{}]),
        messenger("Zoë sent a link.", share={"link": LONG}),
        messenger("I called the shop and named the price."),
    ]
    thread = read_one(tmp_path, {"participants": [], "messages": messages, "title": mojibake("Zoë")})

    assert thread.title == "Zoë"
    assert [(author, text) for author, text, _ in said(thread)] == [
        ("Zoë", "Ja – wir essen um zwölf 🙂"),
        ("Zoë", LONG),
        ("Zoë", "I called the shop and named the price."),
    ]
    assert thread.unused == {"event": 5, "deleted": 1, "empty": 2}


def test_metas_newer_form_is_read(tmp_path: Path) -> None:
    """A download of encrypted chats has other names of fields and no mojibake."""
    messages = [
        {"senderName": "Zoë", "text": "Um zwölf?", "timestamp": T1 * 1000, "type": "text", "isUnsent": False},
        {"senderName": "Tim", "text": "", "timestamp": T0 * 1000, "type": "media", "media": [{}]},
    ]
    thread = read_one(tmp_path, {"participants": ["Zoë", "Tim"], "threadName": "Zoë_1", "messages": messages})
    assert said(thread) == [("Zoë", "Um zwölf?", None)]
    assert thread.unused == {"empty": 1}


def test_zulips_topics_are_threads(tmp_path: Path) -> None:
    """Each topic of each stream is a thread, resolved or not; direct messages are under their people."""
    value = zulip("Flat.", id=1)
    for number, fields in enumerate([{"subject": "✔ t"}, {"subject": "u"}, {"display_recipient": "other"}]):
        value["messages"] += zulip(f"{number}", id=number + 2, **fields)["messages"]
    people = [{"full_name": "bo"}, {"full_name": "ann"}]
    value["messages"] += zulip("Hi.", type="private", subject="", display_recipient=people)["messages"]
    value["messages"] += zulip("bo marked it.", sender_email="notification-bot@zulip.com")["messages"]
    found = read(tmp_path, value)

    assert [thread.title for thread in found] == ["t", "u", "t", "ann, bo"]  # type: ignore[union-attr]
    assert [[text for _, text, _ in said(thread)] for thread in found] == [
        ["Flat.", "0"],
        ["1"],
        ["2"],
        ["Hi."],
    ]
    assert found[0].unused == {"event": 1}  # type: ignore[union-attr]


def test_matrix_applies_edits_and_deletions(tmp_path: Path) -> None:
    """The latest edit is the text, a redacted message is deleted, what cannot be decrypted is unreadable."""
    events = sample_chats.MATRIX["messages"]
    edit = matrix("* Patch it now.", **{"m.relates_to": {"rel_type": "m.replace", "event_id": "$2"}})[0]
    edit["content"]["m.new_content"] = {"msgtype": "m.text", "body": "Patch it now."}
    redaction = {"type": "m.room.redaction", "redacts": "$3", "sender": "@a1:x.org", "content": {}}
    secret = {
        "type": "m.room.encrypted",
        "sender": "@bo:x.org",
        "event_id": "$9",
        "content": {"ciphertext": "x"},
    }
    more = [edit | {"event_id": "$7"}, redaction | {"event_id": "$8"}, secret]
    thread = read_one(tmp_path, {"chunk": [*events, *more]})  # type: ignore[misc]

    assert [text for _, text, _ in said(thread)] == ["It is flat & old.", "Patch it now."]
    assert thread.unused == {"event": 1, "deleted": 1, "unreadable": 1}


def test_matrix_threads_are_threads(tmp_path: Path) -> None:
    """A thread of Matrix is one of its own; an answer named for old programs alone means its root."""
    root, other, late = matrix("Flat.")[0], matrix("Lunch?")[0], matrix("Patch it.")[0]
    late["content"]["m.relates_to"] = {
        "rel_type": "m.thread",
        "event_id": "$1",
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": "$2"},
    }
    found = read(tmp_path, [root, other | {"event_id": "$2"}, late | {"event_id": "$3"}])
    assert [said(thread) for thread in found] == [
        [("ann", "Flat.", None), ("ann", "Patch it.", 0)],
        [("ann", "Lunch?", None)],
    ]


GONE: dict[str, tuple[Json, Callable[[Json], object]]] = {
    "mattermost": (sample_chats.MATTERMOST, lambda v: v["posts"]["p2"].update(delete_at=T2)),
    "rocketchat": (sample_chats.ROCKETCHAT, lambda v: v["messages"][1].update(t="rm", msg="")),
    "googlechat": (sample_chats.GOOGLE_CHAT, lambda v: v["messages"][1].update(message_state="DELETED")),
    "teams": (sample_chats.TEAMS, lambda v: v["value"][1]["replies"][0].update(deletedDateTime=ISO[2])),
    "zulip": (sample_chats.ZULIP, lambda v: v["messages"][1].update(content="<p>(deleted)</p>")),
    "bluesky": (
        sample_chats.BLUESKY,
        lambda v: v["thread"].update(replies=[{"uri": "at://z", "notFound": True}]),
    ),
    "launchpad": (sample_chats.LAUNCHPAD, lambda v: v["messages"]["entries"][1].update(visible=False)),
    "slack": (sample_chats.SLACK, lambda v: v[2].update(subtype="tombstone")),
}


@pytest.mark.parametrize("shape", GONE)
def test_deleted_messages_are_counted(tmp_path: Path, shape: str) -> None:
    """What was deleted is counted, and not used."""
    value, change = GONE[shape]
    thread = read_one(tmp_path, changed(value, change))
    assert thread.unused["deleted"] == 1
    assert len(thread.posts) == 2


def test_a_context_misses_the_status_it_is_of(tmp_path: Path) -> None:
    """Mastodon's context alone holds all but one status, which is counted as not loaded."""
    thread = read_one(tmp_path, sample_chats.MASTODON)
    assert (len(thread.posts), thread.not_loaded) == (2, 1)


def test_statuses_of_a_list_are_threads_by_their_answers(tmp_path: Path) -> None:
    """Statuses that answer one another are a thread, boosts and warnings are read with what they show."""
    other = {
        "id": "8",
        "created_at": ISO[0],
        "in_reply_to_id": None,
        "content": "",
        "account": {"username": "cy"},
    }
    boost = other | {"reblog": other | {"content": "<p>Flat.</p>", "spoiler_text": "Tyres"}}
    first, last = (sample_chats.MASTODON[key][0] for key in ("ancestors", "descendants"))
    found = read(tmp_path, [last, boost, sample_chats.MASTODON_BOTH["status"], first])
    assert sorted([text for _, text, _ in said(thread)] for thread in found) == [
        ["It is flat & old.", "Patch it from inside.", "That worked."],
        ["Tyres\nFlat."],
    ]


def test_what_youtube_did_not_give_is_counted(tmp_path: Path) -> None:
    """Answers counted and not given are not loaded, in the API's answer and in yt-dlp's."""
    value = changed(sample_chats.YOUTUBE, lambda v: v["items"][0]["snippet"].update(totalReplyCount=5))
    assert read_one(tmp_path, value).not_loaded == 3
    assert read_one(tmp_path, sample_chats.YT_DLP).not_loaded == 1


def test_discords_threads_have_their_names(tmp_path: Path) -> None:
    """Messages of a thread that a message began are under its name."""
    start = discord("Flat.", thread={"id": "8", "name": "Tyres"})
    answer = discord("Patch it.", id="2", channel_id="8", timestamp=ISO[1])
    other = discord("Lunch?", id="3", timestamp=ISO[2])
    found = read(tmp_path, [*start, *answer, *other])
    assert [thread.title for thread in found] == ["Tyres", ""]  # type: ignore[union-attr]
    assert [len(said(thread)) for thread in found] == [2, 1]


def test_bugzillas_comments_by_bug(tmp_path: Path) -> None:
    """Comments as the REST API gives them by their bugs are a thread a bug, without title."""
    comments = sample_chats.BUGZILLA["comments"]
    thread = read_one(tmp_path, {"bugs": {"4": {"comments": comments}}, "comments": {}})
    assert (thread.id, thread.title, len(thread.posts)) == ("4", "", 3)


def test_jiras_comments_and_searches(tmp_path: Path) -> None:
    """A list of comments is a thread, a search is a thread an issue, and comments not given are counted."""
    comment = {
        "id": "2",
        "author": {"displayName": "bo"},
        "updateAuthor": {},
        "created": ISO[1],
        "body": "Patch it.",
    }
    alone = read_one(tmp_path, {"startAt": 0, "total": 3, "comments": [comment]})
    assert (said(alone), alone.not_loaded) == ([("bo", "Patch it.", None)], 2)
    found = read(tmp_path, {"issues": [sample_chats.JIRA, sample_chats.JIRA], "total": 2})
    assert [len(said(thread)) for thread in found] == [3, 3]


def test_gitlabs_parts_are_read_alone(tmp_path: Path) -> None:
    """Issues without their notes, and notes without their issue, are read; missing notes are counted."""
    issue = read_one(tmp_path, [sample_chats.GITLAB_ISSUE])
    notes = read_one(tmp_path, sample_chats.GITLAB["notes"])
    assert (issue.title, issue.not_loaded, issue.posts[0].votes) == ("Flat tyre", 2, 3)
    assert (notes.id, len(notes.posts), notes.unused) == ("4", 2, {"event": 1})


def test_old_tweets_are_read(tmp_path: Path) -> None:
    """Posts of the API before version 2 name what they answer and their author in other fields."""
    first = {"id_str": "1", "full_text": "Flat.", "created_at": "Sun Sep 13 12:26:40 +0000 2020"}
    first |= {"user": {"screen_name": "ann"}, "in_reply_to_status_id_str": None, "favorite_count": 2}
    second = first | {"id_str": "2", "full_text": "Patch it.", "in_reply_to_status_id_str": "1"}
    thread = read_one(tmp_path, [second | {"created_at": "Sun Sep 13 12:27:40 +0000 2020"}, first])
    assert said(thread) == [("ann", "Flat.", None), ("ann", "Patch it.", 0)]
    assert [post.time for post in thread.posts] == list(ISO[:2])


def test_a_space_has_its_name_from_the_file_beside(tmp_path: Path) -> None:
    """A Takeout's messages.json is under the name in group_info.json; each topic with answers is a thread."""
    (tmp_path / "group_info.json").write_text(json.dumps({"name": "Wheels", "members": []}))
    value = changed(
        sample_chats.GOOGLE_CHAT, lambda v: v["messages"][2].update(topic_id="u", message_id="S/u/3")
    )
    found = read(tmp_path, value, "messages.json")
    assert [thread.title for thread in found] == ["Wheels", "Wheels"]  # type: ignore[union-attr]
    assert [len(said(thread)) for thread in found] == [2, 1]


def test_facebooks_comments_hold_their_answers(tmp_path: Path) -> None:
    """The comments of Facebook's Graph are read by the general shape, with the answers in an object below."""
    answer = {
        "id": "2",
        "message": "Patch it.",
        "from": {"name": "bo"},
        "created_time": "2020-09-13T12:27:40+0000",
    }
    first = {
        "id": "1",
        "message": "Flat.",
        "from": {"name": "ann"},
        "created_time": "2020-09-13T12:26:40+0000",
    }
    thread = read_one(tmp_path, {"data": [first | {"comments": {"data": [answer], "paging": {}}}]})
    assert said(thread) == [("ann", "Flat.", None), ("bo", "Patch it.", 0)]
    assert [post.time for post in thread.posts] == list(ISO[:2])


def test_teams_export_of_an_administrator_is_read(tmp_path: Path) -> None:
    """The same messages, their names with a capital, are the same thread."""

    def raise_names(value: object) -> object:
        if isinstance(value, dict):
            return {key[:1].upper() + key[1:]: raise_names(inner) for key, inner in value.items()}
        return [raise_names(inner) for inner in value] if isinstance(value, list) else value

    messages = sample_chats.TEAMS["value"]
    plain = read_one(tmp_path, messages)
    assert read_one(tmp_path, raise_names(messages)) == plain
    assert len(plain.posts) == 3


@pytest.mark.parametrize(
    ("text", "is_post"),
    [
        ("ann joined the channel.", False),
        ("bo added to the channel by ann.", False),
        ("I joined the team late.", True),
    ],
)
def test_mattermosts_notices_in_a_bulk_export_are_events(tmp_path: Path, text: str, is_post: bool) -> None:
    """A bulk export has no word on what the program wrote itself: its sentences tell."""
    lines = [
        {
            "type": "post",
            "post": {"channel": "a", "user": "ann", "message": message, "create_at": 1_600_000_000_000},
        }
        for message in ("It is flat.", text)
    ]
    thread = read_one(tmp_path, lines)
    assert len(thread.posts) == 1 + is_post
    assert thread.unused == ({} if is_post else {"event": 1})


def test_telegrams_messages_may_lack_what_nobody_needs(tmp_path: Path) -> None:
    """A message with seconds alone, and without an id, is one."""
    messages = [
        {"type": "message", "date_unixtime": f"{1_600_000_000 + number}", "from": "Ann", "text": text}
        for number, text in enumerate(("It is flat.", ["See ", {"type": "bold", "text": "this"}]))
    ]
    for value in ({"messages": messages}, {"chats": {"list": [{"name": "a", "messages": messages}]}}):
        thread = read_one(tmp_path, value)
        assert [post.text for post in thread.posts] == ["It is flat.", "See this"]
        assert thread.posts[0].time == "2020-09-13T12:26:40Z"


def test_redmines_notes_are_posts(tmp_path: Path) -> None:
    """An issue's journals with notes answer it; those of changes alone are events."""
    journal = {"id": 1, "user": {"name": "Bo"}, "created_on": "2020-09-13T12:27:00Z", "details": []}
    issue = {"id": 7, "tracker": {"name": "Bug"}, "subject": "Flat", "author": {"name": "Ann"}} | {
        "description": "It is flat.",
        "created_on": "2020-09-13T12:26:40Z",
        "journals": [journal | {"notes": "Patch it."}, journal | {"notes": ""}],
    }
    thread = read_one(tmp_path, {"issue": issue})
    assert (thread.id, thread.title, thread.unused) == ("7", "Flat", {"event": 1})
    assert [(post.author, post.text, post.reply_to) for post in thread.posts] == [
        ("Ann", "It is flat.", None),
        ("Bo", "Patch it.", 0),
    ]
