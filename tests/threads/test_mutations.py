import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.threads.sample_chats import CHATS, TRACKERS
from tests.threads.sample_mail import MAIL
from tests.threads.sample_pages import PAGES
from tests.threads.samples import SAMPLES
from tldrkit.threads import Thread, read_threads

FILES = SAMPLES | PAGES | MAIL | CHATS | TRACKERS
JSON_SHAPES = sorted(name for name, data in FILES.items() if data.startswith((b"{", b"[")))
JSON_SHAPES.remove("mattermost bulk")  # a value a line
ODD = st.sampled_from([None, True, 0, -1, 1e308, 10**30, "", "x", "<p>", [], {}, [[]], ["x"], {"a": []}])
INSERTED = st.sampled_from(
    [
        b"<",
        b">",
        b'"',
        b"{",
        b"[",
        b"]",
        b"\n",
        b"\0",
        b"\\ud800",
        b"<!--",
        b"</div>",
        b"<script>",
        b"\n\nFrom x\nA: b",
    ]
)


def check(folder: Path, data: bytes) -> None:
    path = folder / "mutated"
    path.write_bytes(data)
    found = list(read_threads(path))

    assert found
    for thread in found:
        if isinstance(thread, Thread):
            assert thread.document().strip()
            assert thread.posts_read >= len(thread.posts) > 0
            assert all(
                post.reply_to is None or 0 <= post.reply_to < len(thread.posts) for post in thread.posts
            )
        else:
            assert thread.reason.endswith(".")


@pytest.mark.parametrize("shape", sorted(FILES))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_bytes_may_be_flipped_cut_and_put_in(
    tmp_path_factory: pytest.TempPathFactory, shape: str, data: st.DataObject
) -> None:
    """A file of any shape with damaged bytes gives threads or broken threads, never an exception."""
    damaged = bytearray(FILES[shape])
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(damaged)))
        what = data.draw(st.one_of(st.binary(max_size=2), INSERTED, st.integers(0, 60)))
        if isinstance(what, int):
            del damaged[place : place + what]
        else:
            damaged[place : place + len(what) % 3] = what
    check(tmp_path_factory.getbasetemp(), bytes(damaged))


def containers(value: object) -> list[Any]:
    found: list[Any] = []
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict | list) and value:
            found.append(value)
            waiting += value.values() if isinstance(value, dict) else value
    return found


@pytest.mark.parametrize("shape", JSON_SHAPES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_fields_may_be_missing_or_of_another_type(
    tmp_path_factory: pytest.TempPathFactory, shape: str, data: st.DataObject
) -> None:
    """JSON of any shape with keys dropped and values swapped gives threads or broken threads."""
    value = json.loads(FILES[shape])
    for _ in range(data.draw(st.integers(1, 4))):
        inner = data.draw(st.sampled_from(containers(value) or [[0]]))
        key = data.draw(st.sampled_from(sorted(inner) if isinstance(inner, dict) else range(len(inner))))
        if data.draw(st.booleans()):
            del inner[key]
        else:
            inner[key] = copy.deepcopy(data.draw(ODD))  # a later round may change it
    check(tmp_path_factory.getbasetemp(), json.dumps(value).encode())
