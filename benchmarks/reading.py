"""How many threads a second are read, by shape, on one core.

Writes threads of ten posts in each shape to a file, reads it several times, and prints the best: threads
a second, and MB a second of the file. JSON shapes are lines of one file; pages and texts are a file each.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tldrkit.threads import BrokenThread, read_threads

THREADS, POSTS, RUNS = 1000, 10, 3
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


def page(thread: int) -> str:
    """Write a page of XenForo."""
    posts = "".join(
        f'<article class="message"><div class="bbWrapper">{html(thread, post)}</div></article>'
        for post in range(POSTS)
    )
    return f"<!DOCTYPE html><html><title>A leak</title><body><h1>A leak</h1>{posts}</body></html>"


def mailbox(thread: int) -> str:
    """Write ten messages that answer one another."""
    return "".join(
        f"From u@x Sun Sep 13 12:26:40 2020\nFrom: u@x\nSubject: Leak {thread}\n"
        f"Message-ID: <{thread}.{post}@x>\nIn-Reply-To: <{thread}.{post - 1}@x>\n\n{text(thread, post)}\n\n"
        for post in range(POSTS)
    )


def read(files: list[Path]) -> int:
    """Read files and count threads."""
    found = [thread for file in files for thread in read_threads(file)]
    if any(isinstance(thread, BrokenThread) for thread in found):
        sys.exit("A generated thread could not be read.")
    return len(found)


def report(name: str, files: list[Path]) -> None:
    """Print one line of the table."""
    seconds = []
    for _ in range(RUNS):
        started = time.process_time()
        threads = read(files)
        seconds.append(time.process_time() - started)
    size = sum(file.stat().st_size for file in files) / 1e6
    print(f"{name:12} {threads / min(seconds):8,.0f} threads/s {size / min(seconds):7.1f} MB/s")


def main() -> None:
    """Print the table."""
    shapes: list[Callable[[int], object]] = [plain, forums, discourse, reddit, hackernews, github]
    shapes += [telegram, slack, discord, matrix, mastodon, jira]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for shape in shapes:
            file = folder / f"{shape.__name__}.jsonl"
            file.write_text("\n".join(json.dumps(shape(thread)) for thread in range(THREADS)))
            report(shape.__name__, [file])
        box = folder / "box"
        box.write_text("".join(mailbox(thread) for thread in range(THREADS)))
        report("mbox", [box])
        pages = [folder / f"{thread}.html" for thread in range(THREADS // 5)]
        for thread, file in enumerate(pages):
            file.write_text(page(thread))
        report("html pages", pages)


if __name__ == "__main__":
    main()
