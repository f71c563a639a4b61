"""The chats that are known, by name: how each is read, and what a line of one is."""

from collections.abc import Callable

from tldrkit.threads.chat.bluesky import read_bluesky
from tldrkit.threads.chat.discord import is_discord_message, read_discord
from tldrkit.threads.chat.gitter import is_gitter_message, read_gitter
from tldrkit.threads.chat.googlechat import is_google_message, read_googlechat
from tldrkit.threads.chat.mastodon import is_status, read_mastodon
from tldrkit.threads.chat.matrix import is_matrix_event, read_matrix
from tldrkit.threads.chat.mattermost import is_bulk_line, is_mattermost_post, read_mattermost
from tldrkit.threads.chat.messenger import read_messenger
from tldrkit.threads.chat.rocketchat import is_rocketchat_message, read_rocketchat
from tldrkit.threads.chat.slack import is_slack_message, read_slack
from tldrkit.threads.chat.teams import is_teams_message, read_teams
from tldrkit.threads.chat.telegram import is_telegram_message, read_telegram
from tldrkit.threads.chat.twitter import is_tweet, read_twitter
from tldrkit.threads.chat.youtube import read_youtube
from tldrkit.threads.chat.zulip import is_zulip_message, read_zulip
from tldrkit.threads.draft import Draft
from tldrkit.threads.json.fields import Fields, is_fields

CHATS: tuple[tuple[Callable[[object], list[Draft] | None], str], ...] = (
    (read_telegram, "messages chats left_chats"),
    (read_slack, "messages"),
    (read_discord, "messages"),
    (read_messenger, "messages"),
    (read_mattermost, "order type"),
    (read_zulip, "messages message"),
    (read_matrix, "messages chunk events"),
    (read_rocketchat, "messages"),
    (read_gitter, "messages items"),
    (read_googlechat, "messages"),
    (read_teams, "value messages messageType MessageType"),
    (read_mastodon, "status context ancestors descendants account"),
    (read_bluesky, "thread post"),
    (read_youtube, "comments items snippet"),
    (read_twitter, "data statuses text full_text"),
)
"""What reads each chat, and the keys of which an object of it has one."""
_LINES: tuple[Callable[[Fields], bool], ...] = (
    is_telegram_message,
    is_slack_message,
    is_discord_message,
    is_bulk_line,
    is_mattermost_post,
    is_zulip_message,
    is_matrix_event,
    is_rocketchat_message,
    is_gitter_message,
    is_google_message,
    is_teams_message,
    is_status,
    is_tweet,
)
_NAMES = (
    "type ts timestamp create_at sender_full_name sender msg sent creator createTime messageType MessageType "
    "account conversation_id edit_history_tweet_ids public_metrics in_reply_to_status_id_str"
)
_LINE_KEYS = frozenset(_NAMES.split())
"""Of which each of these lines has one; others are not looked into."""


def is_chat_line(value: object) -> bool:
    """Tell whether a value is one message of a chat, which is read with those beside it."""
    if not is_fields(value) or _LINE_KEYS.isdisjoint(value):
        return False
    return any(is_line(value) for is_line in _LINES)


def describe_companion(value: object) -> str:
    """Say what a file is that an export of a chat holds beside its messages; empty where it is none."""
    if is_fields(value) and {"membership_info", "members"} & value.keys() and "messages" not in value:
        return "This says who is in a space of Google Chat: what they wrote is in its messages.json."
    first = next(filter(is_fields, value), {}) if isinstance(value, list) else {}
    if isinstance(first.get("profile"), dict) and "id" in first:
        return "This is a list of users of Slack, which its channels are read with: it holds no messages."
    if isinstance(first.get("members"), list) and "created" in first:
        return "This is a list of channels of Slack: their messages are in the folders beside it."
    if "change_type" in first and ("service_id" in first or "app_id" in first):
        return "This is Slack's log of the programs that were installed: it holds no messages."
    return ""
