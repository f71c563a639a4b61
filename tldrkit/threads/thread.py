"""The values reading gives: posts, threads, and what cannot be read."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from tldrkit.texts import count_noun, escape_html

MOST_OF_POST, MOST_OF_THREAD = 100_000, 1_000_000
"""Characters that are read of a post, and of a thread's posts together: far more than any network reads."""
MOST_OF_NAME = 500
"""Characters of a title or an author's name."""
WORDLESS = "The network wrote no words."
"""What is said of a summary without a letter or a digit of any script."""
_SHOWN, _SHOWN_OF_POST = 30, 1000  # posts, and characters of each, that a notebook shows


@dataclass(frozen=True, kw_only=True)
class Post:
    """What one author wrote at one time.

    Args:
        author: Their name; empty where it is unknown or the account is deleted.
        text: Without markup.
        time: ISO 8601 where the file's form is known, else as the file gives it; may be empty.
        votes: Points, likes or hearts; None where the file has none.
        reply_to: Place, from 0, of the post it answers among the thread's posts; None where unknown.
    """

    author: str
    text: str
    time: str = ""
    votes: int | None = None
    reply_to: int | None = None

    def document(self) -> str:
        """Render as it stands in a thread's document: `author: text`, or the text alone."""
        return f"{self.author}: {self.text}" if self.author else self.text


@dataclass(frozen=True, kw_only=True)
class Thread:
    """Posts under one title, in reading order.

    Args:
        id: As the file gives it, else after the file.
        title: May be empty.
        posts: Those with text.
        unused: Posts of the file that are not among `posts`, counted by reason: deleted, empty, unreadable,
            moderation, event, elsewhere, beyond the limit.
        not_loaded: Posts the file says exist and does not hold.
        encoding: A word on the encoding of its text, where that was guessed or could not be read whole.
        cut: Characters at the ends of posts and names that were left out, as they are too long.
    """

    id: str
    title: str
    posts: tuple[Post, ...]
    unused: Mapping[str, int] = field(default_factory=dict)
    not_loaded: int = 0
    encoding: str = ""
    cut: int = 0

    @classmethod
    def of_text(cls, name: str, text: str) -> "Thread":
        """Take a text for a thread of one post, without title and author."""
        return cls(id=name, title="", posts=(Post(author="", text=text),))

    @property
    def posts_read(self) -> int:
        """Posts the file holds, used or not."""
        return len(self.posts) + sum(self.unused.values())

    def describe(self, used: int) -> dict[str, Any]:
        """Describe what was read, as JSON values of a record: title, doubts about the text, posts counted.

        Args:
            used: As for `count_posts`.
        """
        doubt = {"encoding": self.encoding} if self.encoding else {}
        return {"title": self.title, **doubt, **self.count_posts(used)}

    def describe_summarized(self, written: Mapping[str, Any]) -> dict[str, Any]:
        """Describe what was read and what was written of it, as JSON values of a record.

        Args:
            written: The summary's own values; one without words has an error beside it.
        """
        record = {**self.describe(written["posts_used"]), **written}
        return record if any(map(str.isalnum, written["summary"])) else record | {"error": WORDLESS}

    def count_posts(self, used: int | None = None) -> dict[str, Any]:
        """Count the posts, used and not, as JSON values.

        Args:
            used: Those that the network read; of a long thread not all. None for all.
        """
        used = len(self.posts) if used is None else used
        counts: dict[str, Any] = {"posts_read": self.posts_read, "posts_used": used}
        left = {"not central": len(self.posts) - used} if used < len(self.posts) else {}
        if unused := {**self.unused, **left}:
            counts["posts_unused"] = unused
        if self.not_loaded:
            counts["posts_not_loaded"] = self.not_loaded
        if self.cut:
            counts["characters_cut"] = self.cut
        return counts

    def document(self) -> str:
        """Render as one text: title, then `author: text` per post, blank lines between."""
        parts = [self.title] if self.title else []
        parts += [post.document() for post in self.posts]
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        """Render for a notebook: the title, the first posts, and how many there are more."""
        shown = "".join(f"<li>{_render_post(post)}</li>" for post in self.posts[:_SHOWN])
        more = len(self.posts) - _SHOWN
        rest = f"<p>… {count_noun(more, 'more post')}.</p>" if more > 0 else ""
        return f'<h4>{escape_html(self.title or self.id)}</h4><ol start="0">{shown}</ol>{rest}'


def _render_post(post: Post) -> str:
    votes = "" if post.votes is None else count_noun(post.votes, "vote")
    answers = "" if post.reply_to is None else f"answers {post.reply_to}"
    facts = " · ".join(filter(None, (post.time, votes, answers)))
    text = post.text if len(post.text) <= _SHOWN_OF_POST else f"{post.text[:_SHOWN_OF_POST]} …"
    head = f"<b>{escape_html(post.author)}</b> <small>{escape_html(facts)}</small>"
    return f"{head}<br>{escape_html(text)}"


@dataclass(frozen=True, kw_only=True)
class BrokenThread:
    """A thread that cannot be read, and why.

    Args:
        id: What the thread would have been called.
        path: Its file.
        line: Its line, from 1; 0 where the whole file is meant.
        reason: One sentence.
        of_pages: Whether it is what pages bring along, such as a style sheet, which is no loss in a folder.
    """

    id: str
    path: Path
    line: int
    reason: str
    of_pages: bool = False


def say_doubt(found: Iterable[Thread | BrokenThread], doubt: str) -> Iterator[Thread | BrokenThread]:
    """Put a word on the encoding into threads, where there is one."""
    yield from (replace(one, encoding=doubt) if doubt and isinstance(one, Thread) else one for one in found)


@dataclass(frozen=True)
class Place:
    """Where a thread is read.

    Args:
        path: The file, or ``archive/member``.
        line: Of the file, from 1; 0 for the whole of it.
        read_beside: Reads JSON from another file of the archive; None where files lie on disk.
    """

    path: Path
    line: int = 0
    read_beside: Callable[[Path], object] | None = None

    @property
    def name(self) -> str:
        """What a thread without an id is called."""
        stem = _stem(self.path)
        return f"{stem}-{self.line}" if self.line else stem

    def refuse(self, reason: str, name: str = "") -> BrokenThread:
        """Build the answer to what cannot be read here."""
        return BrokenThread(id=name or self.name, path=self.path, line=self.line, reason=reason)


@lru_cache(maxsize=16)
def _stem(path: Path) -> str:
    name = path.name.removesuffix(".gz")
    stem = Path(name).stem
    return name if "=" in name[len(stem) :] else stem  # a mirrored address: its query tells threads apart
