"""GitHub (and forges that answer alike): issues, pull requests, discussions and their comments.

REST and GraphQL answers, webhook payloads, and exports of `gh`: they differ in the case of keys and in how
lists are wrapped, and are read by the same rules.
"""

from tldrkit.threads.draft import Draft
from tldrkit.threads.html.markup import render_html
from tldrkit.threads.json.fields import (
    Fields,
    author_in,
    count_in,
    fields_in,
    is_fields,
    key_in,
    list_in,
    text_in,
    time_in,
)
from tldrkit.threads.mail.answers import reduce_mailed_markdown
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.thread import Post

_TOPICS = ("issue", "pull_request", "pullRequest", "discussion")
_LISTS = ("discussions", "issues", "pullRequests", "search", "nodes", "edges")
_TELLING_KEYS = (
    "node_id author_association authorAssociation number issue_url html_url repository_url createdAt "
    "bodyText bodyHTML"
)
_WRAPPED = frozenset(["data", "repository", "node", "resource"])
_TELLING = frozenset(_TELLING_KEYS.split())
_PARTS = frozenset(["body", "bodyText", "bodyHTML", "comments", "author", "user"])


def read_github(value: object) -> list[Draft] | None:
    """Read one topic, a list of them, comments without their topic, or a payload; None else."""
    if isinstance(value, list):
        return _read_list(value)
    if not is_fields(value):
        return None
    topic = next((fields_in(value, key) for key in _TOPICS if fields_in(value, key)), {})
    if topic:
        return [_read_topic(topic, value)]
    if _is_topic(value):
        return [_read_topic(value, {})]
    if _is_comment(value):
        return _read_comments([value])
    inner = fields_in(value, "data") or value
    for key in ("repository", "node", "resource"):
        inner = fields_in(inner, key) or inner
    return _read_inside(value) or (
        read_github(inner) if inner is not value and not _WRAPPED & inner.keys() else None
    )


def _read_inside(value: Fields) -> list[Draft] | None:
    """Read the lists that a topic or a repository holds."""
    for key in _LISTS:
        if (nodes := _nodes(value, key)) and (found := _read_list(nodes)) is not None:
            return found
    comments = _nodes(value, "comments")
    return _read_list(comments) if comments else None


def _read_list(items: list[object]) -> list[Draft] | None:
    if len(items) > 1 and is_fields(items[0]) and isinstance(items[1], list):
        items = [items[0], *items[1]]  # a topic and the list of its comments
    known = [item for item in items if is_fields(item)]
    if not known:
        return None
    if any("event" in item for item in known):
        return _read_timeline(known)
    if all(map(_is_topic, known)):
        return [_read_topic(item, {}) for item in known]
    if all(map(_is_comment, known)):
        return _read_comments(known)
    first = known[0]
    if _is_topic(first) and all(map(_is_comment, known[1:])):
        return [_read_topic(first, {"comments": known[1:]})]
    return None


def _read_timeline(events: list[Fields]) -> list[Draft] | None:
    """Read the comments among the events of a topic."""
    comments = [event for event in events if _is_comment(event)]
    if not comments:
        return None
    drafts = _read_comments(comments)
    for _ in range(len(events) - len(comments)):
        drafts[0].leave_out("event")
    return drafts


def _is_topic(value: Fields) -> bool:
    return (
        isinstance(value.get("title"), str)
        and "posts" not in value
        and bool(_TELLING & value.keys())
        and bool(_PARTS & value.keys())
    )


def _is_comment(value: Fields) -> bool:
    return (
        "title" not in value
        and bool({"body", "bodyText", "bodyHTML"} & value.keys())
        and bool(_TELLING & value.keys())
    )


def _nodes(value: Fields, key: str) -> list[object]:
    """List what is under a key: a list, `nodes`, or the `node` of each of `edges`."""
    given: object = value.get(key)
    if isinstance(given, dict):
        edges = [fields_in(edge, "node") for edge in list_in(given, "edges") if is_fields(edge)]
        return list_in(given, "nodes") or [node for node in edges if node]
    if key == "edges" and isinstance(given, list):
        return [fields_in(edge, "node") for edge in given if is_fields(edge)]
    return given if isinstance(given, list) else []


def _read_topic(topic: Fields, payload: Fields) -> Draft:
    key = key_in(topic, "number", "id")
    draft = Draft(key, text_in(topic, "title"))
    draft.add(_post(topic), key="#topic")
    comments = [*(_nodes(topic, "comments") or _nodes(topic, "comments_data") or _nodes(payload, "comments"))]
    told = [fields_in(payload, key) for key in ("comment", "review") if fields_in(payload, key)]
    gone = {"deletedAt": True} if payload.get("action") == "deleted" else {}
    comments += [{**comment, **gone} for comment in told]
    _add_comments(draft, comments)
    _add_comments(draft, _nodes(topic, "reviews"))
    total = count_in(topic, "comments")
    total = count_in(fields_in(topic, "comments"), "totalCount") if total is None else total
    draft.miss((total or 0) - len(comments))
    return draft


def _read_comments(comments: list[Fields]) -> list[Draft]:
    """Read comments of topics that are not there: a thread per topic."""
    topics: dict[str, list[object]] = {}
    for comment in comments:
        topics.setdefault(text_in(comment, "issue_url", "pull_request_url", "discussion_id"), []).append(
            comment
        )
    drafts = []
    for url, members in topics.items():
        drafts.append(Draft(url.rstrip("/").rpartition("/")[2]))
        _add_comments(drafts[-1], members)
    return drafts


def _add_comments(draft: Draft, comments: list[object]) -> None:
    for comment in comments:
        if not is_fields(comment):
            draft.leave_out("unreadable")
            continue
        key = key_in(comment, "id", "node_id")
        parent = key_in(comment, "parent_id", "in_reply_to_id") or key_in(fields_in(comment, "replyTo"), "id")
        _add(draft, comment, key, parent or "#topic")
        replies = _nodes(comment, "replies")
        for reply in replies:
            _add(
                draft, reply if is_fields(reply) else {}, key_in(reply, "id") if is_fields(reply) else "", key
            )
        draft.miss((count_in(fields_in(comment, "replies"), "totalCount") or 0) - len(replies))


def _add(draft: Draft, comment: Fields, key: str, parent: str) -> None:
    if comment.get("isMinimized") is True or comment.get("deletedAt"):
        draft.leave_out("deleted", key=key, parent=parent)
    else:
        draft.add(_post(comment), key=key, parent=parent)


def _post(item: Fields) -> Post:
    html = text_in(item, "bodyHTML", "body_html")
    markdown = text_in(item, "body", "bodyText", "body_text")
    author = author_in(item, "user", "author")
    return Post(
        author="" if author == "ghost" else author,  # what GitHub calls deleted accounts
        text=reduce_markdown(reduce_mailed_markdown(markdown)) if markdown else render_html(html),
        time=time_in(item, "created_at", "createdAt", "submittedAt", "submitted_at"),
        votes=_votes(item),
    )


def _votes(item: Fields) -> int | None:
    """Count upvotes, else the thumbs up less the thumbs down."""
    given = count_in(item, "upvoteCount")
    if given is not None:
        return given
    reactions = fields_in(item, "reactions")
    if "+1" in reactions:
        return (count_in(reactions, "+1") or 0) - (count_in(reactions, "-1") or 0)
    groups = [group for group in list_in(item, "reactionGroups", "reaction_groups") if is_fields(group)]
    counts = {text_in(group, "content"): _reactors(group) for group in groups}
    return counts.get("THUMBS_UP", 0) - counts.get("THUMBS_DOWN", 0) if groups else None


def _reactors(group: Fields) -> int:
    users = fields_in(group, "users") or fields_in(group, "reactors")
    return count_in(users, "totalCount") or 0
