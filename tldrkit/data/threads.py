"""Forum threads: the value types, and the files threads are kept in.

Knows the shapes of thread files, told apart by their content; knows nothing of summaries or networks.
"""

import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import BinaryIO, NoReturn

from tldrkit.data.local import decode_json, open_file
from tldrkit.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Post:
    """What one author wrote at one time."""

    author: str
    text: str
    time: str = ""


@dataclass(frozen=True, kw_only=True)
class Thread:
    """Posts under one title, in reading order."""

    id: str
    title: str
    posts: tuple[Post, ...]

    def document(self) -> str:
        """Render as one text: title, then `author: text` per post, blank lines between."""
        parts = [self.title] if self.title else []
        parts += [f"{post.author}: {post.text}" if post.author else post.text for post in self.posts]
        return "\n\n".join(parts)


@dataclass(frozen=True, kw_only=True)
class BrokenThread:
    """A thread that cannot be read, and why.

    Args:
        id: What the thread would have been called.
        path: Its file.
        line: Its line, from 1; 0 where the whole file is meant.
        reason: One sentence.
    """

    id: str
    path: Path
    line: int
    reason: str


def find_thread_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Find the files meant by files and folders: folders are walked in name order, hidden entries skipped.

    Raises:
        DataError: A path does not exist, or a folder cannot be opened.
    """
    for path in paths:
        if path.is_file():
            yield path
        elif path.is_dir():
            yield from _walk(path)
        else:
            raise DataError(f"There is no file or folder {path}.", hint="Check the path.")


def _walk(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> NoReturn:
        raise DataError(f"The folder {error.filename} cannot be opened: {error.strerror}.") from error

    for root, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found = (Path(root) / name for name in sorted(files) if not name.startswith("."))
        yield from (path for path in found if path.is_file())


def read_threads(path: Path) -> Iterator[Thread | BrokenThread]:
    """Read the threads in a file; whatever cannot be read becomes a `BrokenThread`, never an exception.

    Shapes, told apart by content (gzipped or not): a JSON object with `id`, `title` and `posts`, the posts
    with `author` and `text` or, as Foru.ms gives them, an author object and `content`, maybe of HTML; JSON
    lines of such objects, or of `id` and `document`; and plain text or Markdown, which is one post under its
    opening heading.
    """
    try:
        with open_file(path) as file:
            yield from _read_open(file, path)
    except EOFError:
        yield _broken(path, "The file is cut short.")
    except (OSError, zlib.error) as error:
        yield _broken(path, f"The file cannot be read: {getattr(error, 'strerror', None) or error}.")


def _read_open(file: BinaryIO, path: Path) -> Iterator[Thread | BrokenThread]:
    first, skipped = b"", 0
    for first in file:
        first = first.removeprefix(b"\xef\xbb\xbf")
        if first.strip():
            break
        skipped += 1
    if not first.strip():
        yield _broken(path, "The file is empty.")
    elif not re.match(rb'\s*(\{\s*("|\}|$)|\[)', first):
        yield _read_text(first + file.read(), path)
    elif _is_json_object(first):
        yield from _read_lines(first, file, path, skipped + 1)
    else:
        yield from _read_whole(first, file.read(), path, skipped + 1)


def _read_lines(
    first: bytes, rest: Iterable[bytes], path: Path, start: int
) -> Iterator[Thread | BrokenThread]:
    yield _read_object(first, path, start)
    for number, line in enumerate(rest, start=start + 1):
        if line.strip():
            yield _read_object(line, path, number)


def _read_whole(first: bytes, rest: bytes, path: Path, start: int) -> Iterator[Thread | BrokenThread]:
    """Read what begins like JSON, but not with an object on one line."""
    thread = _read_object(first + rest, path, 0)
    if isinstance(thread, Thread) or not thread.reason.startswith(_NOT_JSON):
        yield thread
    elif any(_is_json_object(line) for line in rest.splitlines()):
        yield from _read_lines(first, rest.splitlines(keepends=True), path, start)
    elif first.lstrip().startswith(b"["):
        yield _read_text(first + rest, path)  # a link or a list of Markdown
    else:
        yield thread


_NOT_JSON = "This cannot be read: "
_HEADING = re.compile(
    r"#{1,6}[ \t]+(?P<title>\S[^\n]*?)[ \t#]*(\n|$)"  # "# Title"
    r"|(?P<over>\S[^\n]*)\n(=+|-+)[ \t]*(\n|$)"  # a title underlined
)


def _read_object(data: bytes, path: Path, line: int) -> Thread | BrokenThread:
    """Read one thread of JSON; `line` is 0 for a whole file."""
    try:
        value = decode_json(data)
    except ValueError as error:
        return _broken(path, f"{_NOT_JSON}{error}.", line)
    try:
        return build_thread(value, _name(path, line))
    except DataError as error:
        return _broken(path, str(error), line)


def _is_json_object(data: bytes) -> bool:
    try:
        return isinstance(decode_json(data), dict)
    except ValueError:
        return False


def _read_text(data: bytes, path: Path) -> Thread | BrokenThread:
    try:
        text = data.decode("utf-8").replace("\r\n", "\n").strip()
    except UnicodeDecodeError as error:
        return _broken(path, f"The file is neither UTF-8 text nor JSON: it fails at byte {error.start}.")
    if "\0" in text:
        return _broken(path, "The file is no text: it holds NUL bytes.")
    if re.match(r"<!doctype html|<html", text, re.IGNORECASE):
        return _broken(path, "The file is a page of HTML, which is not a known shape of threads.")
    if re.match(r"From \S+.*\n[\w-]+: ", text):
        return _broken(path, "The file is a mailbox (mbox), which is not a known shape of threads.")
    heading = _HEADING.match(text)
    title = (heading["title"] or heading["over"]).strip() if heading else ""
    body = text[heading.end() :].strip() if heading else text
    if not body:
        return _broken(path, "The file holds a heading and no text.")
    return Thread(id=_name(path), title=title, posts=(Post(author="", text=body),))


def build_thread(value: object, fallback_id: str) -> Thread:
    """Build a thread from the decoded JSON of any shape `read_threads` knows.

    Raises:
        DataError: It is no thread, or one without text.
    """
    if not isinstance(value, Mapping):
        raise DataError(f"This is a JSON {type(value).__name__}, not an object with posts.")
    given, title = value.get("id"), value.get("title")
    posts: tuple[Post, ...]
    if isinstance(value.get("posts"), list):
        posts = tuple(_build_post(post, number) for number, post in enumerate(value["posts"], start=1))
    elif isinstance(value.get("document"), str):
        posts = (Post(author="", text=value["document"]),)
        title = ""  # the document already opens with it
    else:
        keys = ", ".join(list(value)[:4]) or "no key"
        raise DataError(f"This object ({keys} …) has neither posts nor a document: an unknown shape.")
    posts = tuple(post for post in posts if post.text.strip())
    if not posts:
        raise DataError("This thread has no text.")
    named = isinstance(given, str | int) and given != ""
    return Thread(
        id=str(given) if named else fallback_id, title=title if isinstance(title, str) else "", posts=posts
    )


def _build_post(post: object, number: int) -> Post:
    if not isinstance(post, Mapping):
        raise DataError(f"Post {number} is no object.")
    key = next((key for key in ("text", "content") if key in post), None)
    if key is None:
        raise DataError(f"Post {number} has neither text nor content.")
    text = post[key] or ""  # a deleted post may keep its place with null
    if not isinstance(text, str):
        raise DataError(f"The {key} of post {number} is no text.")
    author = post.get("author")
    if isinstance(author, Mapping):
        author = author.get("username") or author.get("name")
    time = post.get("time") or post.get("created_at")
    return Post(
        author=author if isinstance(author, str) else "",
        text=reduce_html(text) if key == "content" else text,
        time=time if isinstance(time, str) else "",
    )


def _broken(path: Path, reason: str, line: int = 0) -> BrokenThread:
    return BrokenThread(id=_name(path, line), path=path, line=line, reason=reason)


def _name(path: Path, line: int = 0) -> str:
    stem = Path(path.name.removesuffix(".gz")).stem
    return f"{stem}-{line}" if line else stem


# A body is HTML if one of these is closed in it: angle brackets alone may be code.
_BLOCKS = "blockquote|div|h[1-6]|li|ol|p|pre|table|tr|ul"
_SPANS = "a|abbr|aside|b|code|del|em|i|img|ins|kbd|mark|q|s|small|span|strong|sub|sup|td|th|u"
_UNSHOWN = frozenset(["script", "style"])
_IS_HTML = re.compile(rf"</({_BLOCKS}|{_SPANS})\s*>|<[bh]r\s*/?>", re.IGNORECASE)


def reduce_html(text: str) -> str:
    """Reduce HTML to its text, a line per block; text that is no HTML stays as it is."""
    if not _IS_HTML.search(text):
        return text
    reducer = _HtmlReducer()
    try:
        reducer.feed(text)
        reducer.close()
    except AssertionError:  # html.parser's answer to "<![x" in some releases
        return text
    lines = (re.sub(r"[ \t]+", " ", line).strip() for line in "".join(reducer.pieces).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _HtmlReducer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unshown = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in _UNSHOWN:
            self._unshown += 1
        elif re.fullmatch(f"{_BLOCKS}|br|hr", tag):
            self.pieces.append("\n")
        elif not re.fullmatch(_SPANS, tag):
            self.pieces.append(self.get_starttag_text() or "")  # no tag, but code

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSHOWN:
            self._unshown = max(0, self._unshown - 1)
        elif re.fullmatch(_BLOCKS, tag):
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unshown:
            self.pieces.append(data)
