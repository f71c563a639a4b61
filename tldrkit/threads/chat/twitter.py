"""Twitter: posts as its API gives them, version 2 and the one before."""

from collections.abc import Mapping
from datetime import datetime

from tldrkit.threads.chat.channel import Message, cut_channel, find_messages, name_people, read_messages
from tldrkit.threads.draft import Draft
from tldrkit.threads.json.fields import (
    Fields,
    count_in,
    fields_in,
    is_fields,
    key_in,
    list_in,
    render_time,
    text_in,
)
from tldrkit.threads.text.lines import read_entities
from tldrkit.threads.thread import Post


def read_twitter(value: object) -> list[Draft] | None:
    """Read posts, a thread for each conversation; None where it is none."""
    items = find_messages(value, is_tweet, "data", "statuses")
    if items is None and is_fields(value):
        one = fields_in(value, "data") or value
        items = [one] if is_tweet(one) else None
    if items is None:
        return None
    beside = fields_in(value, "includes") if is_fields(value) else {}
    people = name_people(list_in(beside, "users"), "username", "name")
    known = {key_in(item, "id", "id_str") for item in items if is_fields(item)}
    asked = [one for one in list_in(beside, "tweets") if is_fields(one) and key_in(one, "id") not in known]
    threads: dict[str, list[Message]] = {}
    for message in read_messages([*asked, *items], lambda item: _read_tweet(item, people)):
        threads.setdefault(message.topic, []).append(message)
    return [draft for key, members in threads.items() for draft in cut_channel(members, key, whole=True)]


def is_tweet(item: Fields) -> bool:
    """Tell a post by the names of what it is part of."""
    told = {
        "conversation_id",
        "edit_history_tweet_ids",
        "public_metrics",
        "in_reply_to_status_id_str",
    }
    return ("text" in item or "full_text" in item) and bool(told & item.keys())


def _read_tweet(item: Fields, people: Mapping[str, str]) -> Message:
    metrics = fields_in(item, "public_metrics")
    answered = [
        key_in(one, "id")
        for one in list_in(item, "referenced_tweets")
        if is_fields(one) and one.get("type") == "replied_to"
    ]
    return Message(
        Post(
            author=people.get(key_in(item, "author_id"))
            or text_in(fields_in(item, "user"), "screen_name", "name"),
            text=_text(item),
            time=_time(text_in(item, "created_at")),
            votes=count_in(metrics, "like_count") if metrics else count_in(item, "favorite_count"),
        ),
        key=key_in(item, "id_str", "id"),
        parent=next(iter(answered), "") or key_in(item, "in_reply_to_status_id_str"),
        topic=key_in(item, "conversation_id"),
    )


def _time(given: str) -> str:
    """Render `Tue Jun 04 08:00:00 +0000 2024`, the older form, and ISO 8601."""
    try:
        return render_time(datetime.strptime(given, "%a %b %d %H:%M:%S %z %Y").isoformat())
    except ValueError:
        return render_time(given)


def _text(item: Fields) -> str:
    """Write out the shortened addresses."""
    text = text_in(fields_in(item, "note_tweet"), "text") or text_in(item, "full_text", "text")
    entities = fields_in(item, "note_tweet", "entities") or fields_in(item, "entities")
    for link in filter(is_fields, list_in(entities, "urls")[:50]):
        short, whole = text_in(link, "url"), text_in(link, "expanded_url", "unwound_url")
        text = text.replace(short, whole) if short and whole else text
    return read_entities(text)
