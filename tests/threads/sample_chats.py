"""The invented thread of `samples`, as chats, social threads and trackers tell it.

The texts are ours; the fields are those the programs document.
"""

import json

from tests.threads.samples import TITLE

T0, T1, T2 = 1600000000, 1600000060, 1600000120
ISO = tuple(f"2020-09-13T12:{minute}:40Z" for minute in (26, 27, 28))


def _bytes(value: object) -> bytes:
    return json.dumps(value).encode()


TELEGRAM = {
    "name": TITLE,
    "type": "private_group",
    "id": 77,
    "messages": [
        {
            "id": 1,
            "type": "service",
            "date": "2020-09-13T14:20:00",
            "date_unixtime": str(T0 - 99),
            "actor": "ann",
            "action": "create_group",
            "text": "",
        },
        {
            "id": 2,
            "type": "message",
            "date": "2020-09-13T14:26:40",
            "date_unixtime": str(T0),
            "from": "ann",
            "from_id": "user1",
            "text": ["It is ", {"type": "bold", "text": "flat"}, " & old."],
        },
        {
            "id": 3,
            "type": "message",
            "date": "2020-09-13T14:27:40",
            "date_unixtime": str(T1),
            "from": "bo",
            "text": [{"type": "text_link", "text": "Patch", "href": "http://x.y"}, " it from inside."],
            "reply_to_message_id": 2,
        },
        {
            "id": 4,
            "type": "message",
            "date": "2020-09-13T14:28:00",
            "date_unixtime": str(T1 + 9),
            "from": "bo",
            "photo": "a.jpg",
            "text": "",
        },
        {
            "id": 5,
            "type": "message",
            "date": "2020-09-13T14:28:40",
            "date_unixtime": str(T2),
            "from": "ann",
            "text": "That worked.",
            "reply_to_message_id": 3,
        },
    ],
}

SLACK_PROFILES = {
    "ann": {"display_name": "ann", "real_name": "Ann Bell"},
    "bo": {"display_name": "", "name": "bo", "real_name": "Bo Lund"},
}
SLACK = [
    {
        "type": "message",
        "subtype": "channel_join",
        "user": "U2",
        "text": "<@U2> has joined the channel",
        "ts": f"{T0 - 99}.000100",
    },
    {
        "type": "message",
        "user": "U1",
        "user_profile": SLACK_PROFILES["ann"],
        "text": "It is *flat* &amp; old.",
        "ts": f"{T0}.000200",
        "thread_ts": f"{T0}.000200",
        "reply_count": 2,
        "replies": [{"user": "U2", "ts": f"{T1}.000100"}],
    },
    {
        "type": "message",
        "user": "U2",
        "user_profile": SLACK_PROFILES["bo"],
        "text": "<https://x.y/z|Patch> it from inside.",
        "ts": f"{T1}.000100",
        "thread_ts": f"{T0}.000200",
    },
    {
        "type": "message",
        "user": "U1",
        "user_profile": SLACK_PROFILES["ann"],
        "text": "That worked.",
        "ts": f"{T2}.000100",
        "thread_ts": f"{T0}.000200",
    },
]

DISCORD_EXPORT = {
    "guild": {"id": "9", "name": "Bikes"},
    "channel": {"id": "77", "type": "GuildTextChat", "category": "talk", "name": TITLE, "topic": None},
    "messages": [
        {
            "id": "1",
            "type": "GuildMemberJoin",
            "timestamp": "2020-09-13T12:20:00+00:00",
            "timestampEdited": None,
            "isPinned": False,
            "content": "Joined the server.",
            "author": {"id": "2", "name": "bo", "nickname": "bo"},
        },
        {
            "id": "2",
            "type": "Default",
            "timestamp": "2020-09-13T12:26:40.1+00:00",
            "timestampEdited": None,
            "isPinned": False,
            "content": "It is **flat** & old.",
            "author": {"id": "1", "name": "ann_b", "nickname": "ann", "isBot": False},
            "mentions": [],
        },
        {
            "id": "3",
            "type": "Reply",
            "timestamp": "2020-09-13T12:27:40.1+00:00",
            "timestampEdited": None,
            "isPinned": False,
            "content": "Patch it ||from inside||.",
            "author": {"id": "2", "name": "bo"},
            "reference": {"messageId": "2", "channelId": "77", "guildId": "9"},
        },
        {
            "id": "4",
            "type": "Reply",
            "timestamp": "2020-09-13T12:28:40.1+00:00",
            "timestampEdited": None,
            "isPinned": False,
            "content": "That worked.",
            "author": {"id": "1", "name": "ann_b", "nickname": "ann"},
            "reference": {"messageId": "3"},
        },
    ],
}
DISCORD_API = [
    {
        "id": "4",
        "type": 19,
        "channel_id": "77",
        "content": "That worked.",
        "timestamp": "2020-09-13T12:28:40.1+00:00",
        "author": {"id": "1", "username": "ann_b", "global_name": "ann"},
        "message_reference": {"message_id": "3"},
    },
    {
        "id": "3",
        "type": 19,
        "channel_id": "77",
        "content": "Patch it from inside.",
        "timestamp": "2020-09-13T12:27:40.1+00:00",
        "author": {"id": "2", "username": "bo", "global_name": None},
        "message_reference": {"message_id": "2"},
    },
    {
        "id": "2",
        "type": 0,
        "channel_id": "77",
        "content": "It is flat & old.",
        "timestamp": "2020-09-13T12:26:40.1+00:00",
        "author": {"id": "1", "username": "ann_b", "global_name": "ann"},
    },
    {
        "id": "1",
        "type": 7,
        "channel_id": "77",
        "content": "",
        "timestamp": "2020-09-13T12:20:40.1+00:00",
        "author": {"id": "2", "username": "bo"},
    },
]

MESSENGER = {
    "participants": [{"name": "ann"}, {"name": "bo"}],
    "messages": [
        {"sender_name": "ann", "timestamp_ms": T2 * 1000, "content": "That worked.", "type": "Generic"},
        {
            "sender_name": "bo",
            "timestamp_ms": T1 * 1000,
            "content": "Patch it from inside.",
            "type": "Generic",
        },
        {"sender_name": "ann", "timestamp_ms": T0 * 1000, "content": "It is flat & old.", "type": "Generic"},
        {"sender_name": "ann", "timestamp_ms": T0 * 1000 - 9000, "content": "ann named the group Bikes."},
    ],
    "title": TITLE,
    "thread_path": "inbox/flat_1",
}

MATTERMOST = {
    "order": ["p3", "p2", "p1", "p0"],
    "posts": {
        "p3": {
            "id": "p3",
            "create_at": T2 * 1000,
            "delete_at": 0,
            "user_id": "u1",
            "channel_id": "c",
            "root_id": "p1",
            "message": "That worked.",
            "type": "",
        },
        "p2": {
            "id": "p2",
            "create_at": T1 * 1000,
            "delete_at": 0,
            "user_id": "u2",
            "channel_id": "c",
            "root_id": "p1",
            "message": "Patch it `from inside`.",
            "type": "",
        },
        "p1": {
            "id": "p1",
            "create_at": T0 * 1000,
            "delete_at": 0,
            "user_id": "u1",
            "channel_id": "c",
            "root_id": "",
            "message": "It is **flat** & old.",
            "type": "",
        },
        "p0": {
            "id": "p0",
            "create_at": T0 * 1000 - 9,
            "delete_at": 0,
            "user_id": "u2",
            "channel_id": "c",
            "root_id": "",
            "message": "bo joined the channel.",
            "type": "system_join_channel",
        },
    },
    "users": [{"id": "u1", "username": "ann"}, {"id": "u2", "username": "bo"}],
    "channel": TITLE,
}
MATTERMOST_BULK = [
    {"type": "version", "version": 1},
    {"type": "channel", "channel": {"team": "t", "name": "flat-tyre", "display_name": TITLE, "type": "O"}},
    {"type": "user", "user": {"username": "ann", "email": "ann@x.org"}},
    {
        "type": "post",
        "post": {
            "team": "t",
            "channel": "flat-tyre",
            "user": "ann",
            "message": "It is flat & old.",
            "create_at": T0 * 1000,
            "replies": [
                {"user": "bo", "message": "Patch it from inside.", "create_at": T1 * 1000},
                {"user": "ann", "message": "That worked.", "create_at": T2 * 1000},
            ],
        },
    },
]

_STREAM = {"display_recipient": "bikes", "stream_id": 3, "type": "stream", "subject": TITLE}
ZULIP = {
    "messages": [
        {
            "id": 1,
            "sender_full_name": "ann",
            "sender_email": "ann@x.org",
            "timestamp": T0,
            "content": "<p>It is <strong>flat</strong> &amp; old.</p>",
            "content_type": "text/html",
            **_STREAM,
        },
        {
            "id": 2,
            "sender_full_name": "bo",
            "sender_email": "bo@x.org",
            "timestamp": T1,
            "content": "<p>Patch it from inside.</p>",
            "content_type": "text/html",
            **_STREAM,
        },
        {
            "id": 3,
            "sender_full_name": "ann",
            "sender_email": "ann@x.org",
            "timestamp": T2,
            "content": "<p>That worked.</p>",
            "content_type": "text/html",
            **_STREAM,
        },
    ],
    "found_newest": True,
    "result": "success",
}


def _event(key: str, sender: str, time: int, body: str, answers: str = "") -> dict[str, object]:
    content: dict[str, object] = {"msgtype": "m.text", "body": body}
    if answers:
        content["m.relates_to"] = {"m.in_reply_to": {"event_id": answers}}
    return {"type": "m.room.message", "event_id": key, "sender": sender, "origin_server_ts": time * 1000} | {
        "content": content
    }


MATRIX = {
    "room_name": TITLE,
    "topic": "",
    "export_date": "today",
    "messages": [
        {
            "type": "m.room.member",
            "event_id": "$0",
            "sender": "@a1:x.org",
            "state_key": "@a1:x.org",
            "origin_server_ts": T0 * 1000 - 9,
            "content": {"membership": "join", "displayname": "ann"},
        },
        _event("$1", "@a1:x.org", T0, "It is **flat** & old."),
        _event("$2", "@bo:x.org", T1, "> <@a1:x.org> It is **flat** & old.\n\nPatch it from inside.", "$1"),
        _event("$3", "@a1:x.org", T2, "That worked.", "$2"),
    ],
}
MATRIX_API = {
    "start": "t1",
    "end": "t2",
    "chunk": MATRIX["messages"][::-1],  # type: ignore[index]
}

_ANN, _BO = {"_id": "1", "username": "ann", "name": "Ann Bell"}, {"_id": "2", "username": "bo"}
ROCKETCHAT = {
    "messages": [
        {"_id": "m3", "rid": "r", "msg": "That worked.", "ts": ISO[2], "u": _ANN, "tmid": "m1"},
        {
            "_id": "m2",
            "rid": "r",
            "msg": "Patch it *from inside*.",
            "ts": {"$date": T1 * 1000},
            "u": _BO,
            "tmid": "m1",
        },
        {"_id": "m1", "rid": "r", "msg": "It is flat & old.", "ts": ISO[0], "u": _ANN, "tcount": 2},
        {"_id": "m0", "rid": "r", "t": "uj", "msg": "bo", "ts": "2020-09-13T12:20:40Z", "u": _BO},
    ],
    "name": TITLE,
    "success": True,
}
GITTER = [
    {
        "id": "g1",
        "text": "It is **flat** & old.",
        "html": "It",
        "sent": ISO[0],
        "readBy": 3,
        "fromUser": {"id": "1", "username": "ann", "displayName": "Ann Bell"},
    },
    {
        "id": "g2",
        "text": "Patch it from inside.",
        "sent": ISO[1],
        "fromUser": {"id": "2", "username": "bo"},
        "parentId": "g1",
    },
    {
        "id": "g3",
        "text": "That worked.",
        "sent": ISO[2],
        "fromUser": {"id": "1", "username": "ann"},
        "parentId": "g1",
    },
]
GOOGLE_CHAT = {
    "messages": [
        {
            "creator": {"name": "ann", "email": "ann@x.org", "user_type": "Human"},
            "text": "It is *flat* & old.",
            "created_date": "Sunday, September 13, 2020 at 12:26:40\u202fPM UTC",
            "topic_id": "t",
            "message_id": "S/t/1",
        },
        {
            "creator": {"name": "bo", "user_type": "Human"},
            "text": "Patch it from inside.",
            "created_date": "Sunday, September 13, 2020 at 12:27:40 PM UTC",
            "topic_id": "t",
            "message_id": "S/t/2",
        },
        {
            "creator": {"name": "ann", "user_type": "Human"},
            "text": "That worked.",
            "created_date": "Sunday, September 13, 2020 at 12:28:40 PM UTC",
            "topic_id": "t",
            "message_id": "S/t/3",
        },
    ],
}


def _teams(key: str, name: str, time: str, html: str, parent: str | None = None) -> dict[str, object]:
    return {"id": key, "messageType": "message", "createdDateTime": time, "deletedDateTime": None} | {
        "from": {"user": {"id": name * 9, "displayName": name}},
        "replyToId": parent,
        "body": {"contentType": "html", "content": html},
    }


TEAMS = {
    "value": [
        {
            "id": "9",
            "messageType": "unknownFutureValue",
            "createdDateTime": "2020-09-13T12:20:00Z",
            "from": None,
            "body": {"contentType": "html", "content": "<systemEventMessage/>"},
        },
        _teams("1", "ann", ISO[0], "<div><p>It is <b>flat</b> &amp; old.</p></div>")
        | {
            "subject": TITLE,
            "replies": [
                _teams("2", "bo", ISO[1], "<p>Patch it from inside.</p>", "1"),
                _teams("3", "ann", ISO[2], "<p>That worked.</p>", "1"),
            ],
        },
    ],
}


def _status(key: str, name: str, time: str, html: str, parent: str | None) -> dict[str, object]:
    account = {"username": name, "acct": f"{name}@x.org", "display_name": name.title()}
    return {"id": key, "created_at": time, "in_reply_to_id": parent, "content": html, "account": account} | {
        "favourites_count": 3
    }


MASTODON = {
    "ancestors": [_status("1", "ann", ISO[0], "<p>It is flat &amp; old.</p>", None)],
    "descendants": [_status("3", "ann", ISO[2], "<p>That worked.</p>", "2")],
}
MASTODON_BOTH = {
    "status": _status("2", "bo", ISO[1], "<p>Patch it from inside.</p>", "1"),
    "context": MASTODON,
}


def _bluesky(name: str, time: str, text: str, parent: str = "") -> dict[str, object]:
    record: dict[str, object] = {"text": text, "createdAt": time}
    if parent:
        record["reply"] = {"parent": {"uri": f"at://{parent}"}, "root": {"uri": f"at://{ISO[0]}"}}
    author = {"did": f"did:plc:{name}", "handle": f"{name}.x.org", "displayName": name}
    return {"post": {"uri": f"at://{time}", "author": author, "record": record, "likeCount": 3}}


BLUESKY = {
    "thread": _bluesky("bo", ISO[1], "Patch it from inside.", ISO[0])
    | {
        "parent": _bluesky("ann", ISO[0], "It is flat & old."),
        "replies": [_bluesky("ann", ISO[2], "That worked.", ISO[1])],
    }
}


def _comment(key: str, name: str, time: str, html: str, parent: str = "") -> dict[str, object]:
    snippet = {"authorDisplayName": name, "textDisplay": html, "likeCount": 3, "publishedAt": time}
    return {
        "kind": "youtube#comment",
        "id": key,
        "snippet": snippet | ({"parentId": parent} if parent else {}),
    }


YOUTUBE = {
    "kind": "youtube#commentThreadListResponse",
    "items": [
        {
            "kind": "youtube#commentThread",
            "id": "k",
            "snippet": {
                "videoId": "v",
                "totalReplyCount": 2,
                "topLevelComment": _comment("k", "ann", ISO[0], "It is <b>flat</b> &amp; old."),
            },
            "replies": {
                "comments": [
                    _comment("k.2", "ann", ISO[2], "That worked.", "k"),
                    _comment("k.1", "bo", ISO[1], "Patch it from inside.", "k"),
                ]
            },
        },
    ],
}
YT_DLP = {
    "id": "v",
    "title": TITLE,
    "description": "How to mend.",
    "extractor": "youtube",
    "comment_count": 4,
    "comments": [
        {
            "id": "k.2",
            "text": "That worked.",
            "timestamp": T2,
            "author": "ann",
            "author_id": "UC1",
            "like_count": 0,
            "parent": "k.1",
        },
        {
            "id": "k.1",
            "text": "Patch it from inside.",
            "timestamp": T1,
            "author": "bo",
            "author_id": "UC2",
            "parent": "k",
        },
        {
            "id": "k",
            "text": "It is flat & old.",
            "timestamp": T0,
            "author": "ann",
            "like_count": 3,
            "parent": "root",
        },
    ],
}
TWITTER = {
    "data": [
        {
            "id": "3",
            "text": "That worked.",
            "author_id": "u1",
            "conversation_id": "1",
            "created_at": ISO[2],
            "referenced_tweets": [{"type": "replied_to", "id": "2"}],
        },
        {
            "id": "2",
            "text": "Patch it from inside.",
            "author_id": "u2",
            "conversation_id": "1",
            "created_at": ISO[1],
            "referenced_tweets": [{"type": "replied_to", "id": "1"}],
        },
    ],
    "includes": {
        "users": [{"id": "u1", "username": "ann", "name": "Ann Bell"}, {"id": "u2", "username": "bo"}],
        "tweets": [
            {
                "id": "1",
                "text": "It is flat &amp; old.",
                "author_id": "u1",
                "conversation_id": "1",
                "created_at": ISO[0],
                "public_metrics": {"like_count": 3},
            }
        ],
    },
}


def _note(key: int, name: str, time: str, body: str, *, system: bool = False) -> dict[str, object]:
    return {"id": key, "type": None, "body": body, "author": {"username": name, "name": name.title()}} | {
        "created_at": time,
        "system": system,
        "noteable_type": "Issue",
        "noteable_iid": 4,
    }


GITLAB_ISSUE = {
    "id": 904,
    "iid": 4,
    "title": TITLE,
    "description": "It is **flat** & old.",
    "state": "opened",
    "author": {"username": "ann", "name": "Ann"},
    "created_at": ISO[0],
    "web_url": "https://g.x.org/o/p/-/issues/4",
    "upvotes": 3,
    "downvotes": 0,
    "user_notes_count": 2,
}
GITLAB = GITLAB_ISSUE | {
    "notes": [
        _note(3, "ann", ISO[2], "That worked."),
        _note(2, "bo", ISO[1], "Patch it `from inside`."),
        _note(1, "bo", ISO[0], "added ~wheels label", system=True),
    ]
}
GITLAB_DISCUSSIONS = {
    "issue": GITLAB_ISSUE,
    "discussions": [
        {"id": "d0", "individual_note": True, "notes": [_note(1, "bo", ISO[0], "closed", system=True)]},
        {
            "id": "d1",
            "individual_note": False,
            "notes": [
                _note(2, "bo", ISO[1], "Patch it from inside."),
                _note(3, "ann", ISO[2], "That worked."),
            ],
        },
    ],
}
JIRA = {
    "id": "1",
    "key": "BIKE-4",
    "fields": {
        "summary": TITLE,
        "reporter": {"displayName": "ann"},
        "created": "2020-09-13T12:26:40.000+0000",
        "description": "It is *flat* & old.",
        "comment": {
            "total": 2,
            "comments": [
                {
                    "id": "2",
                    "author": {"displayName": "bo"},
                    "created": "2020-09-13T12:27:40.000+0000",
                    "body": {
                        "type": "doc",
                        "version": 1,
                        "content": [
                            {
                                "type": "paragraph",
                                "content": [
                                    {"type": "text", "text": "Patch it "},
                                    {"type": "text", "text": "from inside."},
                                ],
                            }
                        ],
                    },
                },
                {
                    "id": "3",
                    "author": {"displayName": "ann"},
                    "created": "2020-09-13T12:28:40.000+0000",
                    "body": "{quote}\nPatch it from inside.\n{quote}\nThat worked.",
                },
            ],
        },
    },
}
BUGZILLA = {
    "bugs": [{"id": 4, "summary": TITLE, "creator": "ann@x.org", "status": "NEW"}],
    "comments": [
        {
            "id": 21,
            "bug_id": 4,
            "count": 0,
            "creator": "ann@x.org",
            "time": ISO[0],
            "text": "It is flat & old.",
        },
        {
            "id": 22,
            "bug_id": 4,
            "count": 1,
            "creator": "bo@x.org",
            "time": ISO[1],
            "text": "(In reply to ann from comment #0)\n> It is flat & old.\n\nPatch it from inside.",
        },
        {
            "id": 23,
            "bug_id": 4,
            "count": 2,
            "creator": "ann@x.org",
            "time": ISO[2],
            "text": "(In reply to bo from comment #1)\nThat worked.",
        },
        {
            "id": 24,
            "bug_id": 4,
            "count": 3,
            "creator": "bo@x.org",
            "time": ISO[2],
            "text": "*** Bug 5 has been marked as a duplicate of this bug. ***",
        },
    ],
}


def _message(number: int, name: str, time: str, text: str, parent: int | None = None) -> dict[str, object]:
    link = f"https://api.x.net/1.0/bikes/+bug/4/comments/{number}"
    above = None if parent is None else f"https://api.x.net/1.0/bikes/+bug/4/comments/{parent}"
    return {"self_link": link, "owner_link": f"https://api.x.net/1.0/~{name}", "subject": TITLE} | {
        "content": text,
        "date_created": time,
        "parent_link": above,
        "visible": True,
    }


LAUNCHPAD = {
    "bug": {
        "id": 4,
        "title": TITLE,
        "description": "It is flat & old.",
        "owner_link": "https://api.x.net/1.0/~ann",
    },
    "messages": {
        "start": 0,
        "total_size": 3,
        "entries": [
            _message(0, "ann", ISO[0], "It is flat & old."),
            _message(1, "bo", ISO[1], "Patch it from inside.", 0),
            _message(2, "ann", ISO[2], "That worked.", 1),
        ],
    },
}


def _change(key: str, name: str, time: int, text: str) -> dict[str, object]:
    said = [{"id": 1, "content": {"raw": text}, "removed": False}] if text else []
    return {"phid": key, "type": "comment" if text else "status", "authorPHID": f"PHID-USER-{name}"} | {
        "objectPHID": "PHID-TASK-4",
        "dateCreated": time,
        "comments": said,
    }


PHABRICATOR = {
    "task": {
        "result": {
            "data": [
                {
                    "id": 4,
                    "type": "TASK",
                    "phid": "PHID-TASK-4",
                    "fields": {
                        "name": TITLE,
                        "dateCreated": T0,
                        "description": {"raw": "It is **flat** & old."},
                        "authorPHID": "PHID-USER-ann",
                    },
                }
            ]
        }
    },
    "transactions": {
        "result": {
            "data": [
                _change("x3", "ann", T2, "That worked."),
                _change("x2", "bo", T1, "[[ http://x.y | Patch ]] it from inside."),
                _change("x1", "bo", T1, ""),
            ]
        }
    },
    "users": {
        "result": {
            "data": [
                {"phid": "PHID-USER-ann", "fields": {"username": "ann"}},
                {"phid": "PHID-USER-bo", "fields": {"username": "bo"}},
            ]
        }
    },
}

CHATS: dict[str, bytes] = {
    "telegram": _bytes(TELEGRAM),
    "telegram account": _bytes({"contacts": {}, "chats": {"about": "", "list": [TELEGRAM]}}),
    "slack": _bytes(SLACK),
    "slack api": _bytes({"ok": True, "messages": SLACK[::-1], "has_more": False}),
    "discord export": _bytes(DISCORD_EXPORT),
    "discord api": _bytes(DISCORD_API),
    "messenger": _bytes(MESSENGER),
    "mattermost": _bytes(MATTERMOST),
    "mattermost bulk": b"\n".join(map(_bytes, MATTERMOST_BULK)),
    "zulip": _bytes(ZULIP),
    "matrix": _bytes(MATRIX),
    "matrix api": _bytes(MATRIX_API),
    "rocketchat": _bytes(ROCKETCHAT),
    "gitter": _bytes(GITTER),
    "googlechat": _bytes(GOOGLE_CHAT),
    "teams": _bytes(TEAMS),
    "mastodon": _bytes(MASTODON_BOTH),
    "bluesky": _bytes(BLUESKY),
    "youtube": _bytes(YOUTUBE),
    "yt-dlp": _bytes(YT_DLP),
    "twitter": _bytes(TWITTER),
}
TRACKERS: dict[str, bytes] = {
    "gitlab": _bytes(GITLAB),
    "gitlab discussions": _bytes(GITLAB_DISCUSSIONS),
    "jira": _bytes(JIRA),
    "bugzilla": _bytes(BUGZILLA),
    "launchpad": _bytes(LAUNCHPAD),
    "phabricator": _bytes(PHABRICATOR),
}
