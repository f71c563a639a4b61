"""Packed files: told by their first bytes and unpacked as they are read, within limits against bombs.

Knows bytes alone. Nothing is written to disk.
"""

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from io import BufferedReader, RawIOBase
from typing import Any, BinaryIO, cast

BUFFER = 1 << 16
"""Bytes of an open file that can be seen before they are read."""
RATIO = 200
"""Times its size that a packed file may unpack to; texts seldom reach thirty."""
ALWAYS = 64 << 20
"""Bytes that any packed file may unpack to."""
MOST_MEMBERS = 100_000
MOST_BESIDE = 64 << 20
"""Bytes of a file that is read for one beside it."""
_ZIPPED, _LEAST = 5_000, 1_500  # files that any zip archive may hold, bytes for which it may hold one more

_FAILURES = (
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
    NotImplementedError,
    ValueError,
)
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")
_TAR_BLOCK = 512
_DOCUMENTS = {
    "[Content_Types].xml": "an Office document",
    "META-INF/container.xml": "an electronic book",
    "META-INF/manifest.xml": "an OpenDocument file",
    "META-INF/MANIFEST.MF": "a Java program",
}


class Allowance:
    """What a packed file may still unpack to.

    Args:
        size: Of the file.
    """

    def __init__(self, size: int) -> None:
        self._left = max(RATIO * size, ALWAYS)

    def spend(self, count: int) -> None:
        """Count bytes that were unpacked.

        Raises:
            OSError: There are too many of them.
        """
        self._left -= count
        if self._left < 0:
            raise OSError(
                f"it unpacks to more than {RATIO} times its size; unpack it yourself if you trust it"
            )


class Unpacked(RawIOBase):
    """A stream of what another one unpacks.

    Args:
        source: Unpacks.
        allowance: Of the whole file.
        packed: Where the source reads, to be closed with it.
    """

    def __init__(self, source: BinaryIO, allowance: Allowance, packed: BinaryIO | None = None) -> None:
        self._source = source
        self._allowance = allowance
        self._packed = packed

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  (any writable buffer)
        """Read as much as there is room for.

        Raises:
            EOFError: The stream is cut short.
            OSError: It is damaged, or unpacks to too much.
        """
        wanted, parts = len(buffer), list[bytes]()
        while wanted and (part := self._read(wanted)):
            parts.append(part)
            wanted -= len(part)
        data = b"".join(parts)
        self._allowance.spend(len(data))
        buffer[: len(data)] = data
        return len(data)

    def _read(self, count: int) -> bytes:
        try:
            return self._source.read(count)
        except _FAILURES as error:
            raise OSError(_describe(error)) from error

    def close(self) -> None:
        """Close the others too."""
        self._source.close()
        if self._packed is not None:
            self._packed.close()
        super().close()


def _open_zstd(file: BinaryIO) -> BinaryIO:
    import pyarrow

    return cast(BinaryIO, pyarrow.CompressedInputStream(pyarrow.PythonFile(file, "r"), "zstd"))


_PACKINGS: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": _open_zstd,
}


def unpack(file: BufferedReader, allowance: Allowance) -> BufferedReader:
    """Unpack what is packed by gzip, bzip2, xz or Zstandard; anything else stays as it is."""
    head = file.peek(8)
    for mark, open_packed in _PACKINGS.items():
        if head.startswith(mark):
            return BufferedReader(Unpacked(open_packed(file), allowance, file), BUFFER)
    return file


@dataclass(frozen=True)
class Member:
    """A file in an archive.

    Args:
        name: With its folders; empty for a file that is no archive.
        open: Opens it. Of a tar archive it must be read before the next member is asked for.
        read_beside: Reads another file of the archive by its name, if that is small; None where it cannot.
            Of a tar archive it reads those alone that were asked for beforehand. All members can.
    """

    name: str
    open: Callable[[], BufferedReader]
    read_beside: Callable[[str], bytes | None] = lambda _: None


def is_archive(file: BufferedReader) -> bool:
    """Tell by its first bytes whether a file is a zip or a tar archive."""
    head = file.peek(_TAR_BLOCK)
    return head.startswith(_ZIPS) or _is_tar(head)


def list_members(
    open_archive: Callable[[], BufferedReader], allowance: Allowance, kept: Container[str] = ()
) -> Iterator[Member]:
    """List the files in an archive; hidden ones and links are left out.

    Args:
        open_archive: Opens it, unpacked; a tar archive is opened once more where a member asks for another.
        allowance: What its members may unpack to.
        kept: What files are called, without their folders, that those beside them may ask for.

    Raises:
        OSError: The archive is damaged, is no folder of files, or holds too many.
    """
    with open_archive() as file:
        is_zip = file.peek(4).startswith(_ZIPS)
        read_kept = lru_cache(maxsize=1)(partial(_read_tarred, open_archive, kept))
        members = _list_zip(file, allowance) if is_zip else _list_tar(file, allowance)
        try:
            for number, member in enumerate(members):
                if number >= MOST_MEMBERS:
                    raise OSError(f"it holds more than {MOST_MEMBERS:,} files; unpack it yourself")
                parts = _parts(member.name)
                if parts and not any(part.startswith((".", "__MACOSX")) for part in parts):
                    beside = member.read_beside if is_zip else lambda name: read_kept().get(name)
                    yield replace(member, name="/".join(parts), read_beside=beside)
        except _FAILURES as error:
            raise OSError(_describe(error)) from error


def _parts(name: str) -> list[str]:
    return [part for part in name.split("/") if part not in ("", ".", "..")]


def _list_zip(file: BufferedReader, allowance: Allowance) -> Iterator[Member]:
    if not file.seekable():
        raise OSError("it is a zip archive that is packed once more; unpack it first")
    with zipfile.ZipFile(file) as archive:
        names = archive.NameToInfo
        for mark, what in _DOCUMENTS.items():
            if mark in names:
                raise OSError(f"it is {what}; save what it says as text or HTML")
        if len(archive.infolist()) > _ZIPPED + file.seek(0, 2) // _LEAST:
            raise OSError(f"it holds more than {_ZIPPED:,} files, smaller than any are; unpack it yourself")
        entries = {"/".join(_parts(_name(entry))): entry for entry in archive.infolist()}

        def read_beside(name: str) -> bytes | None:
            return _read_zipped(archive, entries[name]) if name in entries else None

        for entry in archive.infolist():
            if not entry.is_dir():
                yield Member(_name(entry), partial(_open_zipped, archive, entry, allowance), read_beside)


def _open_zipped(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, allowance: Allowance) -> BufferedReader:
    if entry.flag_bits & 1:
        raise OSError("it is encrypted")
    try:
        return BufferedReader(Unpacked(cast(BinaryIO, archive.open(entry)), allowance), BUFFER)
    except _FAILURES as error:
        raise OSError(_describe(error)) from error


def _read_zipped(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes | None:
    """Read a small file."""
    try:
        with _open_zipped(archive, entry, Allowance(0)) as file:
            data = file.read(MOST_BESIDE + 1)
    except (OSError, EOFError):
        return None
    return data if len(data) <= MOST_BESIDE else None


def _name(entry: zipfile.ZipInfo) -> str:
    """Name a member; many programs write UTF-8 without saying so."""
    name = entry.filename.replace("\\", "/")
    try:
        return name if entry.flag_bits & 0x800 else name.encode("cp437").decode("utf-8")
    except ValueError:
        return name


def _is_tar(head: bytes) -> bool:
    if len(head) < _TAR_BLOCK or not head[0]:
        return False
    try:
        tarfile.TarInfo.frombuf(head[:_TAR_BLOCK], "utf-8", "replace")  # it has the right checksum
    except (tarfile.TarError, ValueError):
        return False
    return True


def _list_tar(file: BufferedReader, allowance: Allowance) -> Iterator[Member]:
    with tarfile.open(fileobj=file, mode="r|", encoding="utf-8", errors="replace") as archive:
        for entry in archive:
            archive.members = []  # type: ignore[attr-defined]  # else it keeps them all
            if entry.isfile():
                yield Member(entry.name, partial(_open_tarred, archive, entry, allowance))


def _read_tarred(open_archive: Callable[[], BufferedReader], kept: Container[str]) -> dict[str, bytes]:
    """Read the small files of these names, in whatever folder, with their folders."""
    found: dict[str, bytes] = {}
    left = MOST_BESIDE
    with open_archive() as file:
        for member in _list_tar(file, Allowance(0)):
            parts = _parts(member.name)
            if parts and parts[-1] in kept:
                data = member.open().read(left + 1)
                left -= min(len(data), left)
                found |= {"/".join(parts): data} if left else {}
    return found


def _open_tarred(archive: tarfile.TarFile, entry: tarfile.TarInfo, allowance: Allowance) -> BufferedReader:
    source = archive.extractfile(entry)
    assert source is not None  # it is a regular file
    return BufferedReader(Unpacked(cast(BinaryIO, source), allowance), BUFFER)


def _describe(error: Exception) -> str:
    if isinstance(error, zipfile.BadZipFile) and "not a zip" in str(error):
        return "it is a zip archive that is damaged or cut short"
    return str(error).strip().rstrip(".") or "what is packed is damaged"
