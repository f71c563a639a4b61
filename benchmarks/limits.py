"""What 8 MiB of the smallest units of each shape take to be read: seconds of the processor, and memory added.

Writes a file of each kind, as many units as fit or as are read, reads it in a process of its own, and prints
the times and the memory. What is refused before the end says so.
"""

import argparse
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

SIZE = 8 << 20
_TIME = "2020-01-01T00:00:00"
READ = """
import resource, sys, time
from pathlib import Path
from tldrkit.threads import BrokenThread, read_threads
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.process_time()
count, posts, last = 0, 0, ""
for found in read_threads(Path(sys.argv[1])):
    count += 1
    posts += 0 if isinstance(found, BrokenThread) else found.posts_read
    last = found.reason if isinstance(found, BrokenThread) else ""
seconds = time.process_time() - start
added = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(f"{seconds:.2f}\t{added >> 10}\t{count}\t{posts}\t{last}")
"""

MESSAGES: Mapping[str, tuple[str, Any, str]] = {  # what stands before the messages, one of them, and behind
    "Telegram": (
        '{"name":"a","messages":[',
        {"id": 1, "type": "message", "date": _TIME, "from": "a", "text": "b"},
        "]}",
    ),
    "Slack": ("[", {"type": "message", "ts": "1600000000.1", "text": "b", "user": "U1"}, "]"),
    "Discord": (
        "[",
        {
            "id": "1",
            "type": 0,
            "channel_id": "1",
            "content": "b",
            "timestamp": _TIME,
            "author": {"id": "1"},
            "attachments": [],
        },
        "]",
    ),
    "Messenger": (
        '{"participants":[],"messages":[',
        {"sender_name": "a", "timestamp_ms": 1, "content": "b"},
        "]}",
    ),
    "Mattermost": (
        "[",
        {"id": "1", "create_at": 1, "user_id": "u", "channel_id": "c", "message": "b", "root_id": ""},
        "]",
    ),
    "Zulip": (
        "[",
        {"id": 1, "sender_full_name": "a", "timestamp": 1, "content": "<p>b</p>", "subject": "t"},
        "]",
    ),
    "Matrix": (
        '{"chunk":[',
        {
            "type": "m.room.message",
            "event_id": "$1",
            "sender": "a",
            "content": {"msgtype": "m.text", "body": "b"},
        },
        "]}",
    ),
    "Rocket.Chat": ("[", {"_id": "1", "rid": "r", "msg": "b", "ts": _TIME, "u": {"username": "a"}}, "]"),
    "Gitter": ("[", {"id": "1", "text": "b", "sent": _TIME, "fromUser": {"username": "a"}}, "]"),
    "Google Chat": (
        '{"messages":[',
        {"creator": {"name": "a"}, "created_date": _TIME, "text": "b", "topic_id": "t", "message_id": "m"},
        "]}",
    ),
    "Teams": (
        '{"value":[',
        {"id": "1", "messageType": "message", "createdDateTime": _TIME, "body": {"content": "b"}},
        "]}",
    ),
    "Mastodon": (
        "[",
        {"id": "1", "created_at": _TIME, "in_reply_to_id": None, "content": "b", "account": {"acct": "a"}},
        "]",
    ),
    "YouTube": (
        '{"items":[',
        {"id": "1", "snippet": {"textDisplay": "b", "authorDisplayName": "a", "parentId": "2"}},
        "]}",
    ),
    "yt-dlp": ('{"id":"v","title":"t","comments":[', {"id": "1", "text": "b", "parent": "root"}, "]}"),
    "Twitter": ("[", {"id": "1", "conversation_id": "1", "text": "b", "author_id": "2"}, "]"),
    "GitLab": ("[", {"id": 1, "body": "b", "system": False, "author": {"username": "a"}}, "]"),
    "Bugzilla": (
        '{"bugs":{"1":{"comments":[',
        {"id": 1, "bug_id": 1, "creator": "a", "text": "b", "count": 0},
        "]}}}",
    ),
    "our own shape": ('{"id":"a","title":"t","posts":[', {"author": "a", "text": "b c d e f g h"}, "]}"),
    "Discourse": (
        '{"post_stream":{"posts":[',
        {"post_number": 1, "username": "a", "cooked": "<p>b</p>"},
        "]}}",
    ),
}


def build_messages(name: str) -> bytes:
    """Build a document of a program's smallest messages."""
    before, message, behind = MESSAGES[name]
    one = json.dumps(message, separators=(",", ":"))
    count = (SIZE - len(before) - len(behind)) // (len(one) + 1)
    return (before + ",".join([one] * count) + behind).encode()


def build_lines(name: str) -> bytes:
    """Build the same as lines of JSON, as many as may be."""
    one = json.dumps(MESSAGES[name][1], separators=(",", ":")) + "\n"
    most = int(60_000 / (1 - len(one) / 500))
    return (one * min(most, SIZE // len(one))).encode()


def repeat(unit: str, head: str = "", most: int = 1 << 30) -> Callable[[], bytes]:
    """Repeat a unit, behind a head, as often as fits."""
    return lambda: (head + unit * min(most, (SIZE - len(head)) // len(unit))).encode()


def build_archive(size: int) -> bytes:
    """Build a zip archive of 8 MiB with as many files as it may hold, of this many bytes each."""
    data = io.BytesIO()
    thread = json.dumps({"posts": [{"author": "a", "text": "b " * (size // 2)}]})
    with zipfile.ZipFile(data, "w") as archive:
        for number in range(5_000 + SIZE // 1_500):
            archive.writestr(f"{number}.json", thread)
        if (left := SIZE - data.tell()) > 0:
            archive.writestr(".filling", b"\0" * left)
    return data.getvalue()


_MAIL = "From a@b Sun Sep 13 12:26:40 2020\nFrom: a\nSubject: s\n\n"
_BOX = (
    '<div class="post" id="p1"><a class="username">a</a><div class="content">b c d e f g h i j k</div></div>'
)
_LONG = 119_999  # lines of a log
KINDS: Mapping[str, Callable[[], bytes]] = {
    **{name: partial(build_messages, name) for name in MESSAGES},
    **{f"{name}, lines": partial(build_lines, name) for name in ("Telegram", "Slack", "Matrix")},
    "threads of a letter, lines": repeat('{"posts":[{"author":"a","text":"b"}]}\n'),
    "WhatsApp": repeat("1/1/20, 1:11 - a: b\n", most=_LONG),
    "WhatsApp, 46 bytes a line": repeat("1/1/20, 1:11 - a: " + "b " * 13 + "\n", most=_LONG),
    "WhatsApp, a placeholder each": repeat("1/1/20, 1:11 - a: x.jpg (file attached)\nb\n", most=_LONG // 2),
    "IRC": repeat("1:11 <a> b\n", most=_LONG),
    "IRC, 46 bytes a line": repeat("1:11 <a> " + "b " * 18 + "\n", most=_LONG),
    "Zoom's chat": repeat("01:11:11 From a : b\n", most=_LONG),
    "Zoom's chat, newer": repeat("01:11:11\ta:\tb\n", most=_LONG),
    "times in brackets": repeat("[1:11] a: b\n", most=_LONG),
    "WebVTT": repeat("0:0.0 --> 0:1.0\na\n\n", "WEBVTT\n\n", most=_LONG // 3),
    "WebVTT, speakers": repeat(
        "0:0.0 --> 0:1.0\n<v a>b\n\n0:0.0 --> 0:1.0\n<v c>d\n\n", "WEBVTT\n\n", _LONG // 6
    ),
    "WebVTT, one long cue": repeat("a\n", "WEBVTT\n\n0:0.0 --> 0:1.0\n", most=_LONG - 3),
    "WebVTT, two long cues": lambda: (
        "WEBVTT\n\n0:0.0 --> 0:1.0\n" + "a\n" * 59_000 + "\n0:1.0 --> 0:2.0\nb\n" + "a\n" * 59_000
    ).encode(),
    "SRT": repeat("1\n00:00:00,0 --> 00:00:01,0\na\n\n", most=_LONG // 4),
    "transcript": repeat("A  0:01\nb\n", most=_LONG // 2),
    "times alone": repeat("0:01\nb\n", most=_LONG // 2),
    "mailbox of letters": repeat(_MAIL + f"{'b' * 22}\n" * 80 + "\n"),
    "mailbox of answers": repeat(_MAIL + "On 1 A wrote:\n> b\n" * 50 + "c" * 1200 + "\n"),
    "mailbox of koi8-r": lambda: repeat(_MAIL + "Привет, как дела у вас?\n" * 10)().decode().encode("koi8-r"),
    "digest": repeat(
        "-" * 30 + "\n\nFrom: a\nSubject: s\n\n" + "b " * 150 + "\n\n",
        "From: a\nSubject: s digest\n\n" + "-" * 70 + "\n\n",
    ),
    "page": repeat(_BOX, "<html>"),
    "page of longer posts": repeat(_BOX.replace("c d", "c d " * 80), "<html>"),
    "page of letters": repeat("b <b>c</b>", "<html><div class=post id=p1><div class=content>"),
    "page of cp1251": lambda: b"<html><p>" + "Дверь скрипит <b>опять</b> ".encode("cp1251") * (SIZE // 29),
    "saved page (MHTML)": repeat(
        _BOX.replace("c d", "c d " * 80) + "\n",
        "From: <Saved by Blink>\nSnapshot-Content-Location: x\nMIME-Version: 1.0\n"
        "Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<html>",
    ),
    "prose": repeat("The lift is stuck again, and nobody knows why. "),
    "prose of lines": repeat("The lift is stuck again and nobody knows.\n", "A\n"),
    "prose of cp1251": lambda: ("Дверь скрипит опять. " * (SIZE // 21)).encode("cp1251"),
    "prose of koi8-r, lines": lambda: ("Дверь скрипит опять.\n" * (SIZE // 21)).encode("koi8-r"),
    "prose of UTF-16": lambda: ("The lift is stuck. " * (SIZE // 38)).encode("utf-16"),
    "Markdown": repeat("**b** `c` [d](e) "),
    "zip of tiny threads": partial(build_archive, 2),
    "zip of threads of 600 bytes": partial(build_archive, 600),
}


def measure(name: str, folder: Path) -> list[str]:
    """Measure one kind: its MiB, seconds, MiB added, threads, posts, and what the last was refused for."""
    path = folder / ("large.zip" if name.startswith("zip") else "large")
    path.write_bytes(KINDS[name]())
    told = subprocess.run([sys.executable, "-c", READ, path], capture_output=True, text=True, check=True)
    return [f"{path.stat().st_size / (1 << 20):.1f}", *told.stdout.rstrip("\n").split("\t")]


def main() -> None:
    """Print a row for each kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS), metavar="KIND")
    given = parser.parse_args()
    print(f"{'kind':32} {'MiB':>5} {'seconds':>8} {'MiB added':>10} {'threads':>8} {'posts':>8}  refused for")
    with tempfile.TemporaryDirectory() as folder:
        for name in given.kinds:
            size, seconds, added, threads, posts, reason = measure(name, Path(folder))
            print(
                f"{name:32} {size:>5} {seconds:>8} {added:>10} {threads:>8} {posts:>8}  {reason}", flush=True
            )


if __name__ == "__main__":
    main()
