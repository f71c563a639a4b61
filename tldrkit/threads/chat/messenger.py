"""Messenger and Instagram, as Meta's download of one's data has a conversation: the newest message first.

Its older form writes each byte of UTF-8 as a character of its own, which is undone here.
"""

import re

from tldrkit.threads.chat.channel import Message, cut_channel, find_messages, read_messages
from tldrkit.threads.draft import Draft
from tldrkit.threads.json.fields import Fields, fields_in, is_fields, text_in, time_in
from tldrkit.threads.thread import Post

_BYTES = re.compile("[\xc2-\xf4][\x80-\xbf]")  # how a character beyond ASCII begins
_EVENT_TYPES = ("Call", "Subscribe", "Unsubscribe", "Plan", "Payment", "call", "event", "placeholder")
_REACTION = re.compile(
    r"(Reacted .{1,20} to your message|Liked (a|your) message"
    r"|Hat mit .{1,20} auf deine Nachricht reagiert|Gefällt eine Nachricht"
    r"|Hat eine Nachricht mit .{1,20} markiert"
    r"|A réagi .{1,30} à votre message|A aimé un message|Reaccionó con .{1,20} a tu mensaje"
    r"|Le gusta un mensaje|Ha reagito con .{1,20} al tuo messaggio|Ha messo .{1,20} a un messaggio"
    r"|Heeft met .{1,20} op je bericht gereageerd|Vindt een bericht leuk"
    r"|Reagiu com .{1,20} à sua mensagem|Curtiu uma mensagem) ?$"
)
_NOTICE = re.compile(  # what the program writes behind an author's name, of what they did
    r"(named the|changed the|set (the|your|his own|her own|their own)|cleared the|added|removed|left the"
    r"|missed|joined the|started a|created (the|a poll)|pinned a|turned o(n|ff)|called|voted for|ended the)\b"
)
_PLACEHOLDER = re.compile(
    r"(?:sent (an attachment|a (photo|video|link|sticker|GIF|voice message|location))"
    r"|(?:hat|hast) (?:einen (?:Anhang|Link|Sticker|Standort)|ein (?:Foto|Video)|eine Sprachnachricht) "
    r"(?:gesendet|geschickt)|(?:a|avez) envoyé (?:une pièce jointe|une photo|une vidéo|un lien)"
    r"|(?:envió|enviaste) (?:un archivo adjunto|una foto|un video|un enlace)"
    r"|(?:ha|hai) inviato (?:un allegato|una foto|un video|un link)"
    r"|(?:heeft|hebt) een (?:bijlage|foto|video|link) (?:verzonden|gestuurd)"
    r"|enviou (?:um anexo|uma foto|um vídeo|um link))\.$"
)
_YOU = ("You", "Du", "Vous", "Hai", "Je", "Você", "Tu")


def read_messenger(value: object) -> list[Draft] | None:
    """Read a conversation of either form; None where it is none."""
    if not is_fields(value):
        return None
    items = find_messages(value, _is_message, "messages")
    if items is None:
        return None
    title = _mend(text_in(value, "title") or text_in(value, "threadName"))
    return cut_channel(
        read_messages(items, _read_message), text_in(value, "thread_path", "threadName"), title
    )


def _is_message(item: Fields) -> bool:
    return ("sender_name" in item and "timestamp_ms" in item) or (
        "senderName" in item and "timestamp" in item
    )


def _mend(text: str) -> str:
    """Read characters that stand for bytes as UTF-8; a text that is none stays."""
    if not _BYTES.search(text):
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _read_message(item: Fields) -> Message:
    author, text = (
        _mend(text_in(item, *keys)) for keys in (("sender_name", "senderName"), ("content", "text"))
    )
    done = next(
        (text.removeprefix(f"{name} ") for name in (author, *_YOU) if text.startswith(f"{name} ")), ""
    )
    unused = ""
    if item.get("is_unsent") is True or item.get("isUnsent") is True or done == "unsent a message.":
        unused = "deleted"
    elif (
        item.get("type") in _EVENT_TYPES
        or "call_duration" in item
        or _REACTION.match(text)
        or _NOTICE.match(done)
    ):
        unused = "event"
    share = fields_in(item, "share")
    if _PLACEHOLDER.match(done):
        text = ""
    return Message(
        Post(
            author=author,
            text=text or _mend(text_in(share, "share_text") or text_in(share, "link")),
            time=time_in(item, "timestamp_ms", "timestamp"),
        ),
        unused=unused,
    )
