"""From decoded JSON to threads: which shape a value is, and the lists and wrappers round it.

Knows the shapes by name only; each has its own file.
"""

from collections.abc import Callable, Iterator

from tldrkit.errors import DataError
from tldrkit.texts import count_noun, name_json
from tldrkit.threads.chat.beside import add_neighbours
from tldrkit.threads.chat.chats import CHATS, describe_companion, is_chat_line
from tldrkit.threads.draft import Draft
from tldrkit.threads.json.bugzilla import read_bugzilla
from tldrkit.threads.json.discourse import read_discourse
from tldrkit.threads.json.fields import Fields, is_fields, list_in, text_in
from tldrkit.threads.json.general import read_general
from tldrkit.threads.json.github import read_github
from tldrkit.threads.json.gitlab import read_gitlab
from tldrkit.threads.json.hackernews import read_hackernews
from tldrkit.threads.json.jira import read_jira
from tldrkit.threads.json.launchpad import read_launchpad
from tldrkit.threads.json.lemmy import read_lemmy
from tldrkit.threads.json.lobsters import read_lobsters
from tldrkit.threads.json.phabricator import read_phabricator
from tldrkit.threads.json.reddit import read_reddit
from tldrkit.threads.json.redmine import read_redmine
from tldrkit.threads.json.stackexchange import read_stackexchange
from tldrkit.threads.thread import BrokenThread, Place, Thread

# The first that recognizes a value reads it: those with telling fields come before the general one. An object
# of a shape has one of the keys beside it; others are not looked into, so that small ones cost little.
_SHAPES: tuple[tuple[Callable[[object], list[Draft] | None], frozenset[str]], ...] = tuple(
    (read, frozenset(keys.split()))
    for read, keys in (
        (read_discourse, "post_stream latest_posts posts post_number"),
        (read_reddit, "kind selftext subreddit"),
        (read_stackexchange, "items question_id answer_id comment_id"),
        (read_lemmy, "posts post_view post comments comment comment_view"),
        (read_hackernews, "hits objectID type"),
        (read_lobsters, "short_id"),
        (read_gitlab, "issue merge_request epic snippet iid notes discussions"),
        (read_redmine, "issue issues"),
        (
            read_github,
            "issue pull_request pullRequest discussion discussions issues pullRequests search nodes edges "
            "body bodyText bodyHTML comments author user data repository node resource",
        ),
        *CHATS,
        (read_jira, "issues fields comments"),
        (read_bugzilla, "bugs bug comments"),
        (read_launchpad, "entries messages owner_link"),
        (read_phabricator, "result data task tasks transactions phid authorPHID"),
        (read_general, "posts messages comments replies answers children document title"),
    )
)
_WRAPPERS = (
    *("data", "thread", "threads", "topic", "topics", "story", "stories", "question", "post", "item"),
    *("result", "results", "items", "things", "response", "payload"),
)
_HEADS = ("thread", "topic", "story", "question", "post", "item", "submission")
_HEAD_KEYS, _WRAPPER_KEYS = frozenset(_HEADS), frozenset(_WRAPPERS)
_LISTS = ("posts", "comments", "answers", "replies", "messages")
_DEPTH = 8  # lists and wrappers round a thread


def build_threads(value: object, place: Place) -> Iterator[Thread | BrokenThread]:
    """Build the threads a decoded JSON value holds, each refused by itself where it is none."""
    for number, found in enumerate(_find_drafts(add_neighbours(value, place))):
        name = f"{place.name}-{number + 1}" if number else place.name
        try:
            if isinstance(found, DataError):
                raise found
            yield found.seal(name)
        except DataError as error:
            yield place.refuse(str(error), getattr(found, "id", "") or name)


def build_thread(value: object, fallback_id: str) -> Thread:
    """Build the one thread a decoded JSON value of any known shape holds.

    Raises:
        DataError: It is no thread, one without text, or several.
    """
    found = list(_find_drafts(value))
    if len(found) != 1:
        raise DataError(f"This holds {count_noun(len(found), 'thread')}, not one.")
    if isinstance(found[0], DataError):
        raise found[0]
    return found[0].seal(fallback_id)


def _find_drafts(value: object) -> Iterator[Draft | DataError]:
    """Look for a shape in the value, then in the lists and wrappers it is made of."""
    waiting = [(value, 0)]
    while waiting:
        value, depth = waiting.pop()
        value = [value] if is_chat_line(value) else _join(value)
        drafts = _read_shape(value)
        if drafts is not None:
            yield from drafts
            if not drafts:
                yield DataError("This is an empty list of posts.")
        elif told := describe_companion(value):
            yield DataError(told)
        elif isinstance(value, list) and depth < _DEPTH and any(isinstance(x, dict | list) for x in value):
            waiting += [(item, depth + 1) for item in reversed(value)]
        elif is_fields(value) and depth < _DEPTH and (inner := _unwrap(value)) is not None:
            waiting.append((inner, depth + 1))
        else:
            yield DataError(_describe(value))


def _read_shape(value: object) -> list[Draft] | None:
    told = is_fields(value)
    for read, keys in _SHAPES:
        if told and keys.isdisjoint(value):  # type: ignore[arg-type]
            continue
        if (found := read(value)) is not None:
            return found
    return None


def _join(value: object) -> object:
    """Put a topic and a list that stand side by side together: the list becomes the topic's."""
    if not is_fields(value) or _HEAD_KEYS.isdisjoint(value) or "title" in value or "creator" in value:
        return value
    head = next((value[key] for key in _HEADS if isinstance(value.get(key), dict)), None)
    lists = {key: value[key] for key in _LISTS if isinstance(value.get(key), dict | list)}
    if not is_fields(head) or not lists:
        return value
    opened = {key: inner.get(key, inner) if is_fields(inner) else inner for key, inner in lists.items()}
    return {**head, **opened}


def _unwrap(value: Fields) -> object | None:
    inner = None
    if not _WRAPPER_KEYS.isdisjoint(value):
        inner = next((value[key] for key in _WRAPPERS if isinstance(value.get(key), dict | list)), None)
    if inner is None and value and all(key.isdecimal() for key in value):
        return list(value.values())  # threads or posts by their ids
    if inner is None and len(value) == 1 and is_fields(only := next(iter(value.values()))):
        inner = only
    return inner if isinstance(inner, dict | list) else None


def _describe(value: object) -> str:
    if is_fields(value):
        message = _find_error(value)
        if message:
            return f"This is an error a service answered with: {message.rstrip('.')}."
        keys = ", ".join(list(value)[:4]) or "no key"
        known = '{"title": …, "posts": [{"author": …, "text": …}]}'
        return f"This object ({keys} …) has neither posts nor a document: an unknown shape; ours is {known}."
    return f"This JSON is {name_json(value)}: it holds no posts."


def _find_error(value: Fields) -> str:
    errors = list_in(value, "errors")
    given = errors[0] if errors else value.get("error")
    message = text_in(given, "message") if is_fields(given) else given
    if not isinstance(message, str):
        known = {"documentation_url", "error", "error_id", "status"} & value.keys()
        message = text_in(value, "message", "error_message") if known else ""
    return " ".join(message.split())[:200]
