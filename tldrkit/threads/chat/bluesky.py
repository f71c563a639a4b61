"""Bluesky: what getPostThread answers with, parents and replies round one post."""

from tldrkit.threads.draft import Draft
from tldrkit.threads.json.fields import (
    Fields,
    count_in,
    fields_in,
    is_fields,
    key_in,
    list_in,
    text_in,
    time_in,
)
from tldrkit.threads.thread import Post


def read_bluesky(value: object) -> list[Draft] | None:
    """Read a view of a thread; None where it is none."""
    if not is_fields(value):
        return None
    view = fields_in(value, "thread") or value
    if not _is_view(view):
        return None
    above: list[Fields] = []
    parent = fields_in(view, "parent")
    while parent:
        above.append(parent)
        parent = fields_in(parent, "parent")
    draft = Draft(_key((above or [view])[-1]))
    for parent in reversed(above):
        _read_view(draft, parent)
    waiting: list[object] = [view]
    while waiting:
        one = waiting.pop()
        if not is_fields(one):
            draft.leave_out("unreadable")
            continue
        _read_view(draft, one)
        replies = list_in(one, "replies")
        draft.miss((count_in(fields_in(one, "post"), "replyCount") or 0) - len(replies))
        waiting += reversed(replies)
    return [draft]


def _is_view(view: Fields) -> bool:
    record = fields_in(view, "post", "record")
    return "text" in record and ("uri" in fields_in(view, "post") or "createdAt" in record)


def _key(view: Fields) -> str:
    return key_in(fields_in(view, "post"), "uri") or key_in(view, "uri")


def _read_view(draft: Draft, view: Fields) -> None:
    post, record = fields_in(view, "post"), fields_in(view, "post", "record")
    parent = key_in(fields_in(record, "reply", "parent"), "uri")
    if view.get("notFound") is True or view.get("blocked") is True:
        draft.leave_out("deleted", key=_key(view))
        return
    author = fields_in(post, "author")
    draft.add(
        Post(
            author=text_in(author, "displayName", "handle"),
            text=_text(post, record),
            time=time_in(record, "createdAt") or time_in(post, "indexedAt"),
            votes=count_in(post, "likeCount"),
        ),
        key=_key(view),
        parent=parent,
    )


def _text(post: Fields, record: Fields) -> str:
    """Write out shortened addresses, and put what is quoted behind the text; a bare link is its title."""
    text = _write_links(text_in(record, "text"), list_in(record, "facets"))
    embed = fields_in(post, "embed")
    quoted = text_in(
        fields_in(embed, "record", "value") or fields_in(embed, "record", "record", "value"), "text"
    )
    if quoted:
        text += "\n\n" + "\n".join(f"> {line}" for line in quoted.split("\n"))
    external = fields_in(embed, "external") or fields_in(record, "embed", "external")
    return text if text.strip() else text_in(external, "title", "uri")


def _write_links(text: str, facets: list[object]) -> str:
    """Put whole addresses where the text shows them shortened; facets count bytes."""
    links = []
    for facet in filter(is_fields, facets):
        uris = [text_in(one, "uri") for one in list_in(facet, "features") if is_fields(one)]
        start, end = (count_in(fields_in(facet, "index"), key) for key in ("byteStart", "byteEnd"))
        if uris and uris[0] and start is not None and end is not None and 0 <= start < end:
            links.append((start, end, uris[0]))
    data, done, out = text.encode(errors="replace"), 0, []
    for start, end, uri in sorted(links):
        shown = data[start:end].decode(errors="replace")
        if start >= done and shown.endswith(("...", "…")):
            out += [data[done:start], uri.encode(errors="replace")]
            done = end
    return b"".join([*out, data[done:]]).decode(errors="replace")
