"""How many threads a second are read, by shape, on one core.

Writes threads of ten posts in each shape to a file, reads it several times, and prints the best: threads
a second, and MB a second of the file. JSON shapes are lines of one file; pages and texts are a file each, of
which the tables below hold a few of each kind. An emlx file is one message, a text of Markdown one post.
"""

import bz2
import gzip
import io
import json
import lzma
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tldrkit.threads import BrokenThread, read_threads
from tldrkit.threads.finding import list_parts

THREADS, POSTS, RUNS = 300, 10, 3
WORDS = "the wheel of my old bicycle has a slow leak and nobody in the shop could find where it comes from"


def text(thread: int, post: int) -> str:
    """Write what a post says, some 60 words."""
    return f"Post {post} of {thread}: " + " ".join([WORDS, WORDS, WORDS])


def html(thread: int, post: int) -> str:
    """Write the same as a forum's HTML, with a link, emphasis and code."""
    half = WORDS.split()[:9]
    said = f"<p>Post {post} of {thread}: {WORDS}</p>\n<p><a href='https://x.org'>{' '.join(half)}</a> &amp; "
    return said + f"<strong>{WORDS}</strong><br>\n{WORDS}</p><pre><code>x = {post}</code></pre>"


def plain(thread: int) -> object:
    """Build {id, title, posts}."""
    posts = [{"author": f"u{post % 4}", "text": text(thread, post)} for post in range(POSTS)]
    return {"id": thread, "title": "A leak", "posts": posts}


def forums(thread: int) -> object:
    """Build what Foru.ms gives."""
    posts = [
        {"id": f"{post}", "author": {"username": "u"}, "content": html(thread, post), "created_at": 1.6e9}
        for post in range(POSTS)
    ]
    return {"id": thread, "title": "A leak", "posts": posts}


def discourse(thread: int) -> object:
    """Build a topic."""
    posts = [
        {"post_number": post + 1, "username": "u", "cooked": html(thread, post), "actions_summary": []}
        | {"created_at": "2020-09-13T12:26:40.123Z", "reply_to_post_number": post or None}
        for post in range(POSTS)
    ]
    return {"id": thread, "title": "A leak", "post_stream": {"posts": posts}}


def reddit(thread: int) -> object:
    """Build a submission with a chain of comments."""
    below: object = ""
    for post in range(POSTS - 1, 0, -1):
        data = {"id": f"c{post}", "parent_id": f"t1_c{post - 1}", "author": "u", "body": text(thread, post)}
        child = {"kind": "t1", "data": data | {"score": 1, "created_utc": 1.6e9, "replies": below}}
        below = {"kind": "Listing", "data": {"children": [child]}}
    head = {"id": f"t{thread}", "title": "A leak", "selftext": text(thread, 0), "author": "u"}
    return [{"kind": "Listing", "data": {"children": [{"kind": "t3", "data": head}]}}, below]


def hackernews(thread: int) -> object:
    """Build a story with comments."""
    children = [
        {"id": post, "type": "comment", "author": "u", "text": html(thread, post), "children": []}
        for post in range(1, POSTS)
    ]
    return {"id": thread + 100, "type": "story", "title": "A leak", "text": "?", "children": children}


def github(thread: int) -> object:
    """Build an issue with comments, one of each two quoting."""
    comments = [
        {
            "id": post,
            "user": {"login": "u"},
            "body": f"> {WORDS}\n\n**Yes.** {text(thread, post)}",
            "node_id": "x",
        }
        for post in range(1, POSTS)
    ]
    return {
        "issue": {"number": thread, "title": "A leak", "body": WORDS, "node_id": "y"},
        "comments": comments,
    }


def telegram(thread: int) -> object:
    """Build a chat of parts, each message an answer."""
    messages = [
        {"id": post, "type": "message", "date": "x", "date_unixtime": f"{1_600_000_000 + post}", "from": "u"}
        | {"text": [text(thread, post), {"type": "bold", "text": WORDS}], "reply_to_message_id": post - 1}
        for post in range(POSTS)
    ]
    return {"name": "Bikes", "type": "private_group", "id": thread, "messages": messages}


def slack(thread: int) -> object:
    """Build what conversations.replies answers with, with links, mentions and emphasis."""
    said = f"<@U1> see <https://x.y|*this*> &amp; {WORDS} `code`"
    messages = [
        {"type": "message", "user": "U1", "ts": f"16000{post:05}.000100", "thread_ts": "1600000000.000100"}
        | {"text": f"{said} {text(thread, post)}"}
        for post in range(POSTS)
    ]
    return {"ok": True, "messages": messages}


def discord(thread: int) -> object:
    """Build an export of DiscordChatExporter."""
    messages = [
        {"id": f"{post}", "type": "Default", "timestamp": f"2020-09-13T12:{post + 10}:40+00:00"}
        | {"timestampEdited": None, "content": f"**Yes.** <@1> {text(thread, post)}", "mentions": []}
        | {"author": {"id": "1", "name": "u", "nickname": "u"}}
        for post in range(POSTS)
    ]
    return {"guild": {"name": "g"}, "channel": {"id": f"{thread}", "name": "Bikes"}, "messages": messages}


def matrix(thread: int) -> object:
    """Build an export of Element."""
    messages = [
        {
            "type": "m.room.message",
            "event_id": f"${post}",
            "sender": "@u:x",
            "origin_server_ts": 1.6e12 + post,
        }
        | {"content": {"msgtype": "m.text", "body": text(thread, post), "formatted_body": html(thread, post)}}
        for post in range(POSTS)
    ]
    return {"room_name": "Bikes", "messages": messages}


def mastodon(thread: int) -> object:
    """Build the context of a status."""
    statuses = [
        {"id": f"{post}", "in_reply_to_id": f"{post - 1}", "content": html(thread, post)}
        | {"account": {"username": "u"}, "created_at": "2020-09-13T12:26:40.123Z"}
        for post in range(POSTS)
    ]
    return {"ancestors": statuses[:1], "descendants": statuses[1:]}


def jira(thread: int) -> object:
    """Build an issue with comments in the wiki's markup."""
    comments = [
        {
            "id": f"{post}",
            "author": {"displayName": "u"},
            "body": f"*Yes.* [this|https://x.y] {text(thread, post)}",
        }
        for post in range(1, POSTS)
    ]
    fields = {"summary": "A leak", "description": WORDS, "comment": {"comments": comments}}
    return {"key": f"B-{thread}", "fields": fields}


def zip_threads(lines: bytes) -> bytes:
    """Pack a file for each thread."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, line in enumerate(lines.splitlines()):
            archive.writestr(f"{number}.json", line)
    return data.getvalue()


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": zip_threads,
    "utf-16": lambda data: data.decode().encode("utf-16"),
}


def write_mail(thread: int, post: int) -> str:
    """Write one message, with a head of its own."""
    ids = f"Message-ID: <{thread}.{post}@x>\nIn-Reply-To: <{thread}.{post - 1}@x>"
    return f"From: u@x\nSubject: Leak {thread}\n{ids}\n\n{text(thread, post)}\n"


def mailbox(thread: int) -> str:
    """Write ten messages that answer one another."""
    letters = (write_mail(thread, post) for post in range(POSTS))
    return "".join(f"From u@x Sun Sep 13 12:26:40 2020\n{letter}\n" for letter in letters)


ISO = "2020-09-13T12:26:40Z"
_AN = {"username": "u", "name": "U"}
JSON_SHAPES: dict[str, tuple[Callable[[int, list[Any]], object], Callable[[int, int], object]]] = {
    "document": (
        lambda t, posts: {"id": t, "document": "\n\n".join(map(str, posts))},
        text,
    ),
    "facebook": (
        lambda _, posts: {"data": posts},
        lambda t, p: {"id": f"{p}", "message": text(t, p), "from": _AN, "created_time": ISO},
    ),
    "messenger": (
        lambda _, posts: {"participants": [{"name": "u"}], "messages": posts, "title": "A leak"},
        lambda t, p: {"sender_name": "u", "timestamp_ms": 1.6e12 + p, "content": text(t, p)},
    ),
    "mattermost": (
        lambda _, posts: {"order": [one["id"] for one in posts], "posts": {one["id"]: one for one in posts}},
        lambda t, p: (
            {"id": f"{p}", "create_at": 10**12 + p, "user_id": "u", "message": text(t, p), "type": ""}
            | {"channel_id": "c", "root_id": "0" if p else "", "delete_at": 0}
        ),
    ),
    "zulip": (
        lambda _, posts: {"messages": posts, "result": "success"},
        lambda t, p: (
            {"id": p, "sender_full_name": "u", "timestamp": 1.6e9 + p, "content": html(t, p)}
            | {"content_type": "text/html", "type": "stream", "subject": "A leak", "stream_id": 3}
        ),
    ),
    "rocketchat": (
        lambda _, posts: {"messages": posts, "success": True},
        lambda t, p: {"_id": f"{p}", "rid": "r", "msg": text(t, p), "ts": ISO, "u": _AN},
    ),
    "gitter": (
        lambda _, posts: posts,
        lambda t, p: {"id": f"{p}", "text": text(t, p), "sent": ISO, "readBy": 3, "fromUser": _AN},
    ),
    "google chat": (
        lambda _, posts: {"messages": posts},
        lambda t, p: (
            {"creator": {"name": "u", "user_type": "Human"}, "text": text(t, p), "topic_id": "t"}
            | {"created_date": "Sunday, September 13, 2020 at 12:26:40 PM UTC", "message_id": f"s/t/{p}"}
        ),
    ),
    "teams": (
        lambda _, posts: {"value": posts},
        lambda t, p: (
            {"id": f"{p}", "messageType": "message", "createdDateTime": ISO}
            | {"from": {"user": {"displayName": "u"}}, "body": {"contentType": "html", "content": html(t, p)}}
        ),
    ),
    "bluesky": (
        lambda _, posts: {"thread": posts[0] | {"replies": posts[1:]}},
        lambda t, p: {
            "post": {"uri": f"at://{p}", "author": {"handle": "u"}}
            | {"record": {"text": text(t, p), "createdAt": ISO}}
        },
    ),
    "yt-dlp": (
        lambda _, posts: {"id": "v", "title": "A leak", "extractor": "youtube", "comments": posts},
        lambda t, p: (
            {"id": f"{p}", "text": text(t, p), "timestamp": 1_600_000_000 + p, "author": "u"}
            | {"parent": "root", "like_count": 3}
        ),
    ),
    "youtube": (
        lambda _, posts: {"kind": "youtube#commentThreadListResponse", "items": posts},
        lambda t, p: {
            "kind": "youtube#commentThread",
            "id": f"{p}",
            "snippet": {
                "videoId": "v",
                "topLevelComment": {
                    "kind": "youtube#comment",
                    "id": f"{p}",
                    "snippet": {"authorDisplayName": "u", "textDisplay": html(t, p), "publishedAt": ISO},
                },
            },
        },
    ),
    "twitter": (
        lambda _, posts: {"data": posts, "includes": {"users": [{"id": "u", "username": "u"}]}},
        lambda t, p: (
            {"id": f"{p}", "text": text(t, p), "author_id": "u", "created_at": ISO} | {"conversation_id": "0"}
        ),
    ),
    "gitlab": (
        lambda t, posts: {"iid": t, "title": "A leak", "description": WORDS, "notes": posts},
        lambda t, p: {"id": p, "body": text(t, p), "author": _AN, "created_at": ISO, "system": False},
    ),
    "bugzilla": (
        lambda t, posts: {"bugs": [{"id": t, "summary": "A leak", "creator": "u"}], "comments": posts},
        lambda t, p: {"id": p, "bug_id": t, "count": p, "creator": "u@x", "time": ISO, "text": text(t, p)},
    ),
    "launchpad": (
        lambda t, posts: {
            "bug": {"id": t, "title": "A leak", "description": WORDS, "owner_link": "x/~u"},
            "messages": {"total_size": POSTS, "entries": posts},
        },
        lambda t, p: (
            {"self_link": f"x/{p}", "owner_link": "x/~u", "content": text(t, p)}
            | {"date_created": ISO, "subject": "A leak"}
        ),
    ),
    "redmine": (
        lambda t, posts: {
            "issue": {"id": t, "subject": "A leak", "description": WORDS, "tracker": {"name": "Bug"}}
            | {"author": {"name": "u"}, "journals": posts}
        },
        lambda t, p: {"id": p, "user": {"name": "u"}, "notes": text(t, p), "created_on": ISO},
    ),
    "phabricator": (
        lambda _, posts: {
            "task": {
                "result": {
                    "data": [
                        {
                            "id": 4,
                            "type": "TASK",
                            "phid": "PHID-TASK-4",
                            "fields": {"name": "A leak", "dateCreated": 1.6e9, "description": {"raw": WORDS}},
                        }
                    ]
                }
            },
            "transactions": {"result": {"data": posts}},
        },
        lambda t, p: {
            "phid": f"x{p}",
            "type": "comment",
            "authorPHID": "PHID-USER-u",
            "objectPHID": "PHID-TASK-4",
            "dateCreated": 1_600_000_000 + p,
            "comments": [{"id": 1, "content": {"raw": text(t, p)}, "removed": False}],
        },
    ),
    "stackexchange": (
        lambda t, posts: {
            "items": [
                {"question_id": t, "title": "A leak", "body": WORDS, "answers": posts}
                | {"owner": {"display_name": "u"}}
            ]
        },
        lambda t, p: {"answer_id": p, "body": html(t, p), "score": p, "owner": {"display_name": "u"}},
    ),
    "lemmy": (
        lambda t, posts: {
            "post_view": {"post": {"id": t, "name": "A leak", "body": WORDS}, "creator": {"name": "u"}},
            "comments": posts,
        },
        lambda t, p: {
            "comment": {"id": p, "content": text(t, p), "path": f"0.{p}"},
            "creator": {"name": "u"},
        },
    ),
    "lobsters": (
        lambda t, posts: {"short_id": f"{t}", "title": "A leak", "description": WORDS, "comments": posts},
        lambda t, p: {"short_id": f"c{p}", "comment": html(t, p), "commenting_user": "u", "depth": 0},
    ),
}
"""Chats and trackers: what is round the posts of a thread, and a post."""
LINES: dict[str, tuple[str, str]] = {
    "whatsapp": ("", "13.06.24, 21:{:02} - Ada: {}\n"),
    "irc": ("--- Log opened Thu Jun 13 21:00:00 2024\n", "21:{:02} < ada> {}\n"),
    "kakaotalk": ("", "2024년 6월 13일 오후 9:{:02}, Ada : {}\n"),
    "times in brackets": ("", "[21:{:02}] Ada: {}\n"),
    "zoom's chat": ("", "08:{:02}:12 From Ada to Everyone: {}\n"),
    "webvtt": ("WEBVTT\n\n", "00:{0:02}:01.000 --> 00:{0:02}:09.000\n<v U{0}>{1}</v>\n\n"),
    "times alone": ("", "0:{:02}\n{}\n"),
    "srt": ("", "{0}\n00:{0:02}:01,000 --> 00:{0:02}:09,000\nU{0}: {1}\n\n"),
    "transcripts": ("", "Ada{0} Moor   0:{0:02}\n{1}\n\n"),
    "raw topics": (
        "# A leak\n\n",
        "u | 2020-09-13 12:26:40 UTC | #{}\n\n{}\n\n-------------------------\n\n",
    ),
    "plain text": ("", "{}. {}.\n\n"),
    "markdown": ("# A leak\n\n", "## {}\n\n*Yes.* [It](http://x.y): {}\n\n"),
}
"""What a text begins with, and a post by its number and its words."""
TEMPLATES = {
    "phpBB 3": '<div id="p{0}" class="post"><div class="postbody"><p class="author">by '
    '<a class="username">u</a></p>'
    '<div class="content">{1}</div></div></div>',
    "phpBB 2": '<table><tr><td><span class="name"><b>u</b></span></td><td><span class="postbody">{1}'
    "</span></td></tr></table>",
    "vBulletin 3": '<table id="post{0}"><tr><td><a class="bigusername">u</a><div id="post_message_{0}">{1}'
    "</div></td></tr></table>",
    "vBulletin 4": '<li class="postbitlegacy postcontainer" id="post_{0}"><a class="username">u</a>'
    '<div class="content"><blockquote class="postcontent restore">{1}</blockquote></div></li>',
    "XenForo 2": '<article class="message message--post" data-author="u"><div class="bbWrapper">{1}'
    "</div></article>",
    "Discourse": '<div class="topic-body crawler-post"><span class="creator">'
    '<span itemprop="name">u</span></span>'
    '<div class="post" itemprop="articleBody">{1}</div></div>',
    "SMF": '<div class="post_wrapper"><div class="poster"><h4><a>u</a></h4></div>'
    '<div class="post"><div class="inner" id="msg_{0}">{1}</div></div></div>',
    "MyBB": '<div class="post classic" id="post_{0}"><div class="post_author"><strong>'
    '<span class="largetext">'
    '<a href="u">u</a></span></strong></div><div class="post_body" id="pid_{0}">{1}</div></div>',
    "Invision 4": '<article id="elComment_{0}" class="cPost ipsComment"><h3 class="cAuthorPane_author">u</h3>'
    '<div data-role="commentContent">{1}</div></article>',
    "FluxBB": '<div id="p{0}" class="blockpost"><h2><span><a href="t#p{0}">2020-09-13</a></span></h2>'
    '<div class="postleft"><dl><dt><strong>u</strong></dt></dl></div><div class="postmsg">{1}</div></div>',
    "NodeBB": '<li component="post" data-pid="{0}" data-username="u"><a href="u">u</a>'
    '<div component="post/content">{1}</div></li>',
    "Flarum": '<article class="CommentPost Post"><header><h3 class="PostUser"><span class="username">u</span>'
    '</h3></header><div class="Post-body">{1}</div></article>',
    "Vanilla": '<div class="Item ItemComment"><a class="Username">u</a><div class="Message userContent">{1}'
    "</div></div>",
    "WoltLab": '<li id="post{0}"><article class="wbbPost message" data-post-id="{0}">'
    '<a class="username userLink">u</a><div class="messageBody"><div class="messageText">{1}</div></div>'
    "</article></li>",
    "Discuz": '<div id="post_{0}"><table id="pid{0}" class="plhin"><tr><td class="pls"><div class="authi">'
    '<a class="xw1">u</a></div></td><td class="t_f" id="postmessage_{0}">{1}</td></tr></table></div>',
    "schema.org": '<div itemscope itemtype="https://schema.org/Comment"><span itemprop="author">u</span>'
    '<div itemprop="text">{1}</div></div>',
    "Hacker News": '<table><tr class="athing comtr"><td class="ind" indent="0"></td><td>'
    '<a class="hnuser">u</a>'
    '<div class="commtext c00">{1}</div></td></tr></table>',
}
"""A post of a page by its number and its words."""


def build_page(template: str, thread: int) -> str:
    """Write a page of a template."""
    posts = "".join(template.format(post, html(thread, post)) for post in range(POSTS))
    return f"<!DOCTYPE html><html><title>A leak</title><body><h1>A leak</h1>{posts}</body></html>"


def build_text(shape: tuple[str, str], thread: int) -> str:
    """Write a log or a text."""
    head, line = shape
    return head + "".join(line.format(post + 1, text(thread, post)) for post in range(POSTS))


def build_emlx(thread: int) -> str:
    """Write a message of Apple's Mail."""
    message = write_mail(thread, 0)
    return f"{len(message)}\n{message}<?xml version='1.0'?>\n<plist/>"


def build_digest(thread: int) -> str:
    """Write a MIME digest of ten messages."""
    head = 'From: l@x\nSubject: Digest\nMIME-Version: 1.0\nContent-Type: multipart/digest; boundary="b"\n\n'
    return head + "".join(f"--b\n\n{write_mail(thread, post)}" for post in range(POSTS)) + "--b--\n"


def build_plain_digest(thread: int) -> str:
    """Write the same as plain text."""
    head = f"From: l@x\nSubject: Digest\n\nTopics\n\n{'-' * 70}\n\n"
    return head + f"\n{'-' * 30}\n\n".join(write_mail(thread, post) for post in range(POSTS))


def build_article(thread: int) -> str:
    """Write an article of Usenet."""
    return f"Path: a!b\nNewsgroups: x.y\n{write_mail(thread, 0)}"


def build_saved_page(thread: int) -> str:
    """Write a page as browsers save it whole."""
    head = "From: <Saved by Blink>\nSnapshot-Content-Location: http://x/t\n"
    head += "Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n"
    return f"{head}{build_page(TEMPLATES['XenForo 2'], thread)}\n--b--\n"


def read(files: list[Path]) -> int:
    """Read files and count threads."""
    found = [thread for file in files for thread in read_threads(file)]
    if broken := [thread.reason for thread in found if isinstance(thread, BrokenThread)]:
        sys.exit(f"A generated thread could not be read: {broken[0]}")
    return len(found)


def report(name: str, files: list[Path]) -> None:
    """Print one line of the table."""
    seconds = []
    for _ in range(RUNS):
        started = time.process_time()
        threads = read(files)
        seconds.append(time.process_time() - started)
    parts = [part for file in files for part in list_parts(file)]
    size = sum(part.stat().st_size for part in parts) / 1e6
    print(f"{name:17} {threads / min(seconds):8,.0f} threads/s {size / min(seconds):7.1f} MB/s")


def main() -> None:
    """Print the table."""
    shapes: list[Callable[[int], object]] = [plain, forums, discourse, reddit, hackernews, github]
    shapes += [telegram, slack, discord, matrix, mastodon, jira]
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        for shape in shapes:
            file = folder / f"{shape.__name__}.jsonl"
            file.write_text("\n".join(json.dumps(shape(thread)) for thread in range(THREADS)))
            report(shape.__name__, [file])
        box = folder / "box"
        box.write_text("".join(mailbox(thread) for thread in range(THREADS)))
        report("mbox", [box])
        packed = folder / "packed"
        for name, pack in PACKINGS.items():
            packed.write_bytes(pack((folder / "plain.jsonl").read_bytes()))
            report(f"{name} of plain", [packed])
        for name, (wrap, post) in JSON_SHAPES.items():
            file = folder / f"{name}.jsonl"
            threads = (wrap(t, [post(t, number) for number in range(POSTS)]) for t in range(THREADS))
            file.write_text("\n".join(map(json.dumps, threads)))
            report(name, [file])
        maildir = folder / "maildir"
        for part in ("cur", "new", "tmp"):
            (maildir / part).mkdir(parents=True)
        for number in range(THREADS * POSTS // 5):
            (maildir / "cur" / f"{number:06}").write_text(write_mail(*divmod(number, POSTS)))
        report("maildir", [maildir])
        builders: dict[str, Callable[[int], str]] = {
            **{name: partial(build_text, shape) for name, shape in LINES.items()},
            **{f"{name}, page": partial(build_page, template) for name, template in TEMPLATES.items()},
            "emlx": build_emlx,
            "usenet": build_article,
            "digest": build_digest,
            "plain digest": build_plain_digest,
            "mhtml": build_saved_page,
        }
        for name, build in builders.items():
            files = [folder / f"{name} {thread}" for thread in range(THREADS // 5)]
            for thread, file in enumerate(files):
                file.write_text(build(thread))
            report(name, files)


if __name__ == "__main__":
    main()
