"""A thread being gathered: posts in reading order, what is left out, and who answers whom.

Knows no shape of files.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from tldrkit.errors import DataError
from tldrkit.threads.text.quotes import drop_repeated_quotes
from tldrkit.threads.thread import MOST_OF_NAME, MOST_OF_POST, MOST_OF_THREAD, Post, Thread

_DOUBTS = 4  # that a thread tells; messages of mail may each have their own


class _Entry(NamedTuple):
    key: str
    parent: str
    post: Post | None


class Draft:
    """Posts added in reading order, then sealed into a `Thread`.

    Args:
        id: Empty where the file gives none.
        title: May be empty.
    """

    def __init__(self, id: str = "", title: str = "") -> None:  # noqa: A002  (the field's name)
        self.id = id
        self.title = title
        self._entries: list[_Entry] = []
        self._unused: Counter[str] = Counter()
        self._not_loaded = 0
        self._room = MOST_OF_THREAD
        self._cut = 0
        self._doubts: dict[str, None] = {}

    def doubt(self, words: Iterable[str]) -> None:
        """Note what is not sure about the encoding of a post."""
        self._doubts.update(dict.fromkeys(words))

    def add(self, post: Post, *, key: str = "", parent: str = "") -> None:
        """Add a post; one without text is counted as empty. Of too much text the beginning is taken."""
        if post.text.strip():
            if not self._room:
                self.leave_out("beyond the limit", key=key, parent=parent)
                return
            if len(post.text) > min(self._room, MOST_OF_POST) or len(post.author) > MOST_OF_NAME:
                text = self._shorten(post.text, min(self._room, MOST_OF_POST))
                post = replace(post, text=text, author=self._shorten(post.author, MOST_OF_NAME))
            self._room -= len(post.text)
            self._entries.append(_Entry(key, parent, post))
        else:
            self.leave_out("empty", key=key, parent=parent)

    def _shorten(self, text: str, most: int) -> str:
        self._cut += max(0, len(text) - most)
        return text[:most].rstrip()

    def leave_out(self, reason: str, *, key: str = "", parent: str = "") -> None:
        """Count a post that is not used; answers to it become answers to what it answers."""
        self._unused[reason] += 1
        self._entries.append(_Entry(key, parent, None))

    def miss(self, count: int | None) -> None:
        """Count posts that exist and are not in the file."""
        self._not_loaded += max(0, count or 0)

    def expect(self, total: int | None) -> None:
        """Count as not loaded what the file lacks of the posts it says there are."""
        self.miss((total or 0) - len(self._entries))

    def seal(self, fallback_id: str) -> Thread:
        """Build the thread.

        Raises:
            DataError: No post has text.
        """
        posts = [entry.post for entry in self._entries if entry.post is not None]
        if not posts:
            raise DataError(f"This thread has no text: {self._describe_unused()}.")
        texts = drop_repeated_quotes([post.text for post in posts])
        answered = self._resolve()
        title = self._shorten(self.title, MOST_OF_NAME) if len(self.title) > MOST_OF_NAME else self.title
        return Thread(
            id=self.id or fallback_id,
            title=title,
            posts=tuple(
                [
                    _finish(post, text, answered.get(place))
                    for place, (post, text) in enumerate(zip(posts, texts, strict=True))
                ]
            ),
            unused=dict(self._unused),
            not_loaded=self._not_loaded,
            encoding="; ".join(islice(self._doubts, _DOUBTS)),
            cut=self._cut,
        )

    def _describe_unused(self) -> str:
        counts = [f"{count} {reason}" for reason, count in self._unused.items()]
        counts += [f"{self._not_loaded} not loaded"] if self._not_loaded else []
        return f"of its posts, {', '.join(counts)}" if counts else "it has no posts"

    def _resolve(self) -> dict[int, int]:
        """Find the place of the nearest used ancestor of each used post."""
        if not any(entry.parent for entry in self._entries):
            return {}
        used = 0
        places: dict[str, int] = {}
        parents: dict[str, str] = {}
        for entry in self._entries:
            if entry.post is None:
                parents[entry.key] = entry.parent
            else:
                places.setdefault(entry.key, used)
                used += 1
        found: dict[int, int] = {}
        place = -1
        for entry in self._entries:
            place += entry.post is not None
            ancestor = self._ancestor(entry.parent, places, parents)
            if entry.post is not None and ancestor is not None and ancestor != place:
                found[place] = ancestor
        return found

    @staticmethod
    def _ancestor(key: str, places: dict[str, int], parents: dict[str, str]) -> int | None:
        passed: list[str] = []
        while key and key not in places and key in parents and len(passed) <= len(parents):
            passed.append(key)
            key = parents[key]
        for name in passed:  # the next walk takes one step
            parents[name] = key
        return places.get(key) if key else None


def _finish(post: Post, text: str, reply_to: int | None) -> Post:
    """Set what is known of a post when all posts are; `dataclasses.replace` takes twice as long."""
    if reply_to is None and text is post.text:
        return post
    return Post(author=post.author, text=text, time=post.time, votes=post.votes, reply_to=reply_to)
