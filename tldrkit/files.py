"""Files as people keep them: opened, decoded and told apart by their bytes.

Knows neither threads nor data sets.
"""

import errno
import hashlib
import json
import os
import stat
import zlib
from collections.abc import Container, Iterator
from dataclasses import replace
from functools import partial
from io import BufferedReader, BytesIO, RawIOBase
from pathlib import Path
from typing import Any, cast

from tldrkit.encodings import open_as_utf8
from tldrkit.errors import DataError
from tldrkit.packings import BUFFER, Allowance, Member, is_archive, list_members, unpack

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
"""What a pointer begins with that Git LFS keeps in a file's place."""


def open_file(path: Path) -> BufferedReader:
    """Open a file of bytes, unpacked where the content (not the name) says so, and UTF-16 and 32 as UTF-8.

    Raises:
        OSError: It cannot be opened; also while it is read, where it is damaged or unpacks to too much.
    """
    file, allowance = _open(path)
    return open_as_utf8(unpack(file, allowance))


def open_members(path: Path, kept: Container[str] = ()) -> Iterator[Member]:
    """Open the files in an archive one after the other; a file that is no archive is its only member.

    Args:
        path: The file.
        kept: What files in an archive are called that those beside them may ask for.

    Raises:
        OSError: It cannot be opened, or is damaged.
    """
    file, allowance = _open(path)
    with unpack(file, allowance) as opened:
        if not is_archive(opened):
            yield Member("", lambda: open_as_utf8(opened))
            return
    for member in list_members(partial(_unpack_again, path, allowance), allowance, kept):
        yield replace(member, open=partial(_open_member, member, allowance))


def _unpack_again(path: Path, allowance: Allowance) -> BufferedReader:
    return unpack(_open(path)[0], allowance)


def open_bytes(data: bytes) -> BufferedReader:
    """Open bytes as a file whose UTF-16 and 32 are UTF-8; they are never unpacked."""
    return open_as_utf8(BufferedReader(cast(RawIOBase, BytesIO(data)), BUFFER))


def _open(path: Path) -> tuple[BufferedReader, Allowance]:
    check_regular(path)
    file = BufferedReader(cast(Any, path.open("rb", buffering=0)), BUFFER)
    return file, Allowance(os.fstat(file.fileno()).st_size)


def _open_member(member: Member, allowance: Allowance) -> BufferedReader:
    file = unpack(member.open(), allowance)
    if is_archive(file):
        raise OSError("it is an archive within an archive; unpack it first")
    return open_as_utf8(file)


_KINDS = {
    stat.S_IFIFO: "it is a named pipe, which is read only where it is named itself",
    stat.S_IFSOCK: "it is a socket",
    stat.S_IFCHR: "it is a device",
    stat.S_IFBLK: "it is a device",
}


def check_regular(path: Path) -> None:
    """Hold a path to naming a file; what is none might be read without end, or keep who opens it waiting.

    Raises:
        OSError: It names something else, or nothing; `strerror` is a clause saying what.
    """
    linked = path.is_symlink()
    try:
        mode = path.stat().st_mode
    except OSError as error:
        where = {errno.ENOENT: "to nothing", errno.ELOOP: "to itself"}.get(error.errno or 0)
        if linked and where:
            raise OSError(error.errno, f"it is a link {where}") from error
        raise
    if stat.S_ISDIR(mode):
        os.scandir(path).close()  # which says what a folder that may not be read suffers from
        raise IsADirectoryError(errno.EISDIR, "it is a linked folder" if linked else "it is a folder")
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, _KINDS.get(stat.S_IFMT(mode), "it is no regular file"))


def unpack_gzip(data: bytes, most: int) -> bytes:
    """Unpack gzip, but hardly more than ``most`` bytes.

    Raises:
        DataError: It is none, or cut short.
    """
    parts: list[bytes] = []
    try:
        while data and most >= 0:
            unpacking = zlib.decompressobj(wbits=31)
            parts.append(unpacking.decompress(data, most + 1))
            most -= len(parts[-1])
            if most >= 0 and not unpacking.eof:
                raise DataError("The gzip is cut short.")
            data = unpacking.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise DataError("The body is no gzip, though it says so.") from error
    return b"".join(parts)


def compute_digest(path: Path) -> str:
    """Compute the sha256 of a file's bytes.

    Raises:
        DataError: The file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        check_regular(path)
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        hint = "Is it the right path? It is read more than once, so it must be a regular file."
        raise DataError(f"{path} cannot be read: {error.strerror}.", hint=hint) from error
    return digest.hexdigest()


def decode_json(data: bytes) -> object:
    """Decode one JSON value; half surrogate pairs, which are no text, become the replacement character.

    Raises:
        ValueError: It is no JSON; the message is a clause saying why.
    """
    try:
        value = json.loads(data.decode("utf-8-sig"))
        if b"\\u" in data and b"\\ud" in data.lower():
            text = json.dumps(value, ensure_ascii=False)
            value = json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    except UnicodeDecodeError as error:
        raise ValueError(
            f"it is not UTF-8 at byte {error.start}, as JSON must be; save it as that"
        ) from error
    except json.JSONDecodeError as error:
        problem = error.msg[:1].lower() + error.msg[1:].removesuffix(" at").removesuffix(" starting")
        raise ValueError(f"it is no JSON: {problem} at character {error.pos + 1:,}") from error
    except ValueError as error:  # Python reads no number of over 4300 digits
        raise ValueError("it holds a number of too many digits") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return value
