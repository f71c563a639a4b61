"""One invented thread in each shape, told the same way: a tyre is flat, and two people answer.

The texts are ours; the fields are those the services document.
"""

import json
from typing import Any

TITLE = "Flat tyre"
ASK, PATCH, THANKS = "It is flat & old.", "Patch it from inside.", "That worked."


def _bytes(value: object) -> bytes:
    return json.dumps(value).encode()


def reddit_comment(name: str, author: str, body: str, parent: str, replies: list[Any]) -> dict[str, Any]:
    """Build a comment as Reddit nests it."""
    below = {"kind": "Listing", "data": {"children": replies}} if replies else ""
    data = {"id": name, "name": f"t1_{name}", "author": author, "body": body, "score": 3, "replies": below}
    return {"kind": "t1", "data": data | {"parent_id": parent, "created_utc": 1600000060.0}}


def listing(children: list[Any]) -> dict[str, Any]:
    """Build a listing."""
    return {"kind": "Listing", "data": {"children": children, "after": None}}


MORE = {"kind": "more", "data": {"count": 7, "children": ["x"], "parent_id": "t3_p", "id": "x"}}
SUBMISSION = {
    "kind": "t3",
    "data": {"id": "p", "name": "t3_p", "title": TITLE, "selftext": "It is flat &amp; old.", "author": "ann"}
    | {"score": 9, "created_utc": 1600000000.0, "is_self": True, "subreddit": "bikes"},
}
REDDIT = [
    listing([SUBMISSION]),
    listing(
        [
            reddit_comment("a", "bo", "**Patch** it [from inside](http://x.y).", "t3_p", [
                reddit_comment("b", "[deleted]", "[deleted]", "t1_a", [
                    reddit_comment("c", "ann", "That worked.", "t1_b", []),
                ]),
            ]),
            MORE,
        ]
    ),
]  # fmt: skip

DISCOURSE = {
    "id": 5,
    "title": TITLE,
    "posts_count": 4,
    "post_stream": {
        "stream": [1, 2, 3, 4],
        "posts": [
            {"id": 1, "post_number": 1, "username": "ann", "cooked": "<p>It is flat &amp; old.</p>"}
            | {"created_at": "2020-09-13T12:26:40.123Z", "actions_summary": [{"id": 2, "count": 4}]},
            {"id": 2, "post_number": 2, "username": "bo", "reply_to_post_number": 1}
            | {
                "cooked": '<aside class="quote"><div class="title"><div class="quote-controls"></div>'
                "ann:</div><blockquote><p>It is flat &amp; old.</p></blockquote></aside>"
                "<p>Patch it from inside.</p>"
            },
            {"id": 3, "post_number": 3, "username": "ann", "reply_to_post_number": 2}
            | {"cooked": "<p>That worked.</p>"},
        ],
    },
}

STACKEXCHANGE = {
    "items": [
        {"question_id": 8, "title": "Flat tyre", "body": "<p>It is flat &amp; old.</p>", "score": 2}
        | {"owner": {"display_name": "ann"}, "creation_date": 1600000000, "answer_count": 2}
        | {
            "answers": [
                {"answer_id": 10, "body": "<p>Buy another.</p>", "score": 1, "owner": {"display_name": "cy"}},
                {"answer_id": 9, "body": "<p>Patch it from inside.</p>", "score": 0, "is_accepted": True}
                | {
                    "owner": {"display_name": "bo"},
                    "comments": [
                        {"comment_id": 11, "body": "That worked.", "owner": {"display_name": "ann"}}
                    ],
                },
            ]
        }
    ],
    "has_more": False,
}

ALGOLIA = {
    "id": 1, "type": "story", "title": TITLE, "author": "ann", "text": "It is flat &amp; old.", "points": 6,
    "created_at_i": 1600000000, "children": [
        {"id": 2, "type": "comment", "author": "bo", "text": "Patch it from inside.", "parent_id": 1,
         "children": [
            {"id": 3, "type": "comment", "author": "ann", "text": "That worked.", "parent_id": 2,
             "children": []},
        ]},
    ],
}  # fmt: skip
FIREBASE = [
    {"id": 1, "type": "story", "title": TITLE, "by": "ann", "text": "It is flat &amp; old.", "kids": [2, 4]}
    | {"time": 1600000000, "score": 6},
    {"id": 3, "type": "comment", "by": "ann", "text": "That worked.", "parent": 2, "time": 1600000090},
    {"id": 2, "type": "comment", "by": "bo", "text": "Patch it from inside.", "parent": 1, "kids": [3]},
]

_COMMENTS = [
    {
        "id": 31,
        "user": {"login": "bo"},
        "body": "Patch it `from inside`.",
        "created_at": "2020-09-13T12:27:40Z",
    }
    | {"author_association": "NONE", "issue_url": "https://api.github.com/repos/o/r/issues/4"},
    {"id": 32, "user": {"login": "ann"}, "body": "That worked.<!-- a template's note -->", "created_at": None}
    | {"author_association": "NONE", "issue_url": "https://api.github.com/repos/o/r/issues/4"},
]
_ISSUE = {
    "number": 4,
    "title": TITLE,
    "body": "It is **flat** & old.",
    "user": {"login": "ann"},
    "comments": 2,
} | {
    "created_at": "2020-09-13T12:26:40Z",
    "html_url": "https://github.com/o/r/issues/4",
}
_DISCUSSION = {
    "number": 4, "title": TITLE, "bodyText": "It is flat & old.", "author": {"login": "ann"},
    "upvoteCount": 2,
    "createdAt": "2020-09-13T12:26:40Z", "comments": {"totalCount": 1, "nodes": [
        {"id": "x", "author": {"login": "bo"}, "body": "Patch it from inside.", "createdAt": None,
         "replies": {"nodes": [{"id": "y", "author": {"login": "ann"}, "body": "That worked."}]}},
    ]},
}  # fmt: skip

LEMMY = {
    "post_view": {
        "post": {"id": 6, "name": TITLE, "body": "It is flat & old.", "published": "2020-09-13T12:26:40.1Z"},
        "creator": {"name": "ann"},
        "counts": {"score": 5, "comments": 4},
    },
    "comments": [
        {"comment": {"id": 3, "content": "That worked.", "path": "0.2.3"}, "creator": {"name": "ann"}},
        {
            "comment": {"id": 2, "content": "Patch it *from inside*.", "path": "0.2"},
            "creator": {"name": "bo"},
        },
    ],
}

LOBSTERS = {
    "short_id": "abc", "title": TITLE, "description": "<p>It is flat &amp; old.</p>", "score": 5,
    "created_at": "2020-09-13T07:26:40.000-05:00", "submitter_user": "ann", "comment_count": 2,
    "comments": [
        {"short_id": "d", "comment": "<p>Patch it from inside.</p>", "commenting_user": "bo",
         "depth": 0, "score": 2},
        {"short_id": "e", "comment": "<p>That worked.</p>", "commenting_user": {"username": "ann"},
         "depth": 1},
    ],
}  # fmt: skip

FORUMS = {
    "id": 7,
    "title": TITLE,
    "posts": [
        {"id": "p1", "author": {"username": "ann"}, "content": "<p>It is flat &amp; old.</p>", "votes": 2},
        {"id": "p2", "author": {"username": "bo"}, "content": "Patch it from inside.", "parent_id": "p1"},
        {"id": "p3", "author": {"username": "ann"}, "content": "That worked.", "parent_id": "p2"},
    ],
}

MBOX = b"""From ann@a.org Sun Sep 13 12:26:40 2020
From: Ann <ann@a.org>
Subject: [bikes] Flat tyre
Date: Sun, 13 Sep 2020 12:26:40 +0000
Message-ID: <1@a.org>

It is flat & old.
--\x20
Ann, Bikes Ltd

From bo@b.org Sun Sep 13 12:27:40 2020
From: =?utf-8?q?bo?= <bo@b.org>
Subject: Re: [bikes] Flat tyre
Message-ID: <2@b.org>
In-Reply-To: <1@a.org>

On Sunday Ann wrote:
> It is flat & old.

Patch it from inside.

From ann@a.org Sun Sep 13 12:28:40 2020
From: ann@a.org (Ann)
Subject: Re: Flat tyre
Message-ID: <3@a.org>
References: <1@a.org> <2@b.org>
Content-Type: text/html; charset=utf-8

<p>That worked.</p>
"""

RAW = b"""# Flat tyre

ann | 2020-09-13 12:26:40 UTC | #1

It is **flat** & old.

-------------------------

bo | 2020-09-13 12:27:40 UTC | #2

[quote="ann, post:1, topic:5"]
It is flat & old.
[/quote]

Patch it from inside.

-------------------------

ann | 2020-09-13 12:28:40 UTC | #3

That worked.
"""

SAMPLES: dict[str, bytes] = {
    "plain": _bytes(
        {
            "id": "7",
            "title": TITLE,
            "posts": [
                {"author": "ann", "text": ASK},
                {"author": "bo", "text": PATCH, "reply_to": 0},
                {"author": "ann", "text": THANKS, "reply_to": 1},
            ],
        }
    ),
    "forums": _bytes(FORUMS),
    "forums wrapped": _bytes({"data": {"thread": FORUMS}}),
    "discourse": _bytes(DISCOURSE),
    "discourse posts": _bytes({"post_stream": {"posts": DISCOURSE["post_stream"]["posts"]}, "id": 5}),  # type: ignore[index]
    "reddit": _bytes(REDDIT),
    "stackexchange": _bytes(STACKEXCHANGE),
    "hackernews": _bytes(ALGOLIA),
    "hackernews firebase": _bytes(FIREBASE),
    "github rest": _bytes([_ISSUE, *_COMMENTS]),
    "github issue with comments": _bytes({"issue": _ISSUE, "comments": _COMMENTS}),
    "github comments": _bytes(_COMMENTS),
    "github graphql": _bytes({"data": {"repository": {"discussion": _DISCUSSION}}}),
    "github discussions": _bytes({"data": {"repository": {"discussions": {"nodes": [_DISCUSSION]}}}}),
    "github webhook": _bytes({"action": "created", "issue": _ISSUE, "comment": _COMMENTS[0]}),
    "lemmy": _bytes(LEMMY),
    "lobsters": _bytes(LOBSTERS),
    "mbox": MBOX,
    "discourse raw": RAW,
}
