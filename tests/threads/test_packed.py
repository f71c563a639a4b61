import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.threads.samples import SAMPLES
from tldrkit import packings
from tldrkit.threads import BrokenThread, Thread, read_members, read_threads


def pack_zstd(data: bytes) -> bytes:
    """Compress as Zstandard does."""
    return pyarrow.compress(data, codec="zstd", asbytes=True)  # type: ignore[no-any-return]


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": pack_zstd,
}
TALKS = {"a.txt": b"The lift is stuck.", "b/c.txt": "Who calls Zoë?".encode(), "d.json": SAMPLES["reddit"]}


def pack_zip(files: Mapping[str, bytes]) -> bytes:
    """Build a zip archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


def pack_tar(files: Mapping[str, bytes]) -> bytes:
    """Build a tar archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def write(tmp_path: Path, data: bytes) -> Path:
    """Write a file under a name that says nothing."""
    path = tmp_path / "packed"
    path.write_bytes(data)
    return path


def refuse(path: Path) -> str:
    """Read what is one broken thread, and tell why."""
    (found,) = read_threads(path)
    assert isinstance(found, BrokenThread)
    return found.reason


@pytest.mark.parametrize("pack", PACK.values(), ids=PACK)
@pytest.mark.parametrize("shape", sorted(SAMPLES))
def test_a_packed_file_is_read_like_the_file(
    tmp_path: Path, shape: str, pack: Callable[[bytes], bytes]
) -> None:
    """A file of any shape is unpacked by whatever packed it, in one part or in two."""
    data = SAMPLES[shape]
    plain = list(read_threads(write(tmp_path, data)))

    assert list(read_threads(write(tmp_path, pack(data)))) == plain
    assert list(read_threads(write(tmp_path, pack(data[:50]) + pack(data[50:])))) == plain


@pytest.mark.parametrize("pack", [bytes, *PACK.values()], ids=["as it is", *PACK])
@pytest.mark.parametrize("archive", [pack_zip, pack_tar])
def test_members_of_an_archive_are_files(
    tmp_path: Path, archive: Callable[[Mapping[str, bytes]], bytes], pack: Callable[[bytes], bytes]
) -> None:
    """The files in an archive are read in its order, packed themselves or not, and named after it."""
    path = write(tmp_path, archive({name: pack(data) for name, data in TALKS.items()}))

    found = list(read_members(path))

    assert [name for name, _ in found] == [path / name for name in TALKS]
    assert [thread.id for _, thread in found][:2] == ["a", "c"]
    assert all(isinstance(thread, Thread) for _, thread in found)


@pytest.mark.parametrize("pack", PACK.values(), ids=PACK)
def test_a_packed_tar_archive_is_an_archive(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """A tar archive may be packed as a whole."""
    path = write(tmp_path, pack(pack_tar(TALKS)))

    assert [name.name for name, _ in read_members(path)] == ["a.txt", "c.txt", "d.json"]


@pytest.mark.parametrize("names", [[], [".DS_Store"]])
def test_an_archive_without_files_says_so(tmp_path: Path, names: list[str]) -> None:
    """Nothing to read is a record, too."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    (found,) = read_threads(tmp_path / "a.zip")
    assert isinstance(found, BrokenThread)
    assert found.reason == "There is no file in the archive."


def test_what_is_not_meant_in_an_archive_is_left_out(tmp_path: Path) -> None:
    """Folders, hidden files and what macOS adds are no members; what pages bring along is told apart."""
    files = {"__MACOSX/._a.txt": b"\0", ".hidden": b"x", "x/": b"", "a.css": b"a{b:c}", "a.txt": b"It rains."}
    found = list(read_members(write(tmp_path, pack_zip(files))))

    assert [name.name for name, _ in found] == ["a.css", "a.txt"]
    assert [isinstance(one, BrokenThread) and one.of_pages for _, one in found] == [True, False]


@pytest.mark.parametrize("archive", [pack_zip, pack_tar])
def test_members_stay_below_their_archive(
    tmp_path: Path, archive: Callable[[Mapping[str, bytes]], bytes]
) -> None:
    """Whatever path a member's name is, its place is below the archive's."""
    path = write(tmp_path, archive(dict.fromkeys(["/a.txt", "../b.txt", "./c/./d.txt"], b"It rains.")))

    assert [name for name, _ in read_members(path)] == [path / "a.txt", path / "b.txt", path / "c/d.txt"]


@pytest.mark.parametrize("inner", [pack_zip(TALKS), pack_tar(TALKS), gzip.compress(pack_tar(TALKS))])
@pytest.mark.parametrize("outer", [pack_zip, pack_tar])
def test_an_archive_in_an_archive_is_refused(
    tmp_path: Path, inner: bytes, outer: Callable[[Mapping[str, bytes]], bytes]
) -> None:
    """An archive's member that is one is refused, and the others are read."""
    broken, thread = read_threads(write(tmp_path, outer({"inner": inner, "a.txt": b"It rains."})))

    assert isinstance(broken, BrokenThread)
    assert "an archive within an archive" in broken.reason
    assert isinstance(thread, Thread)


@pytest.mark.parametrize("pack", PACK.values(), ids=PACK)
def test_what_is_packed_twice_is_refused(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """A packed file is unpacked once."""
    assert "packed twice" in refuse(write(tmp_path, pack(pack(b"The lift is stuck."))))
    assert "unpack it first" in refuse(write(tmp_path, pack(pack_zip(TALKS))))


@pytest.mark.parametrize("pack", PACK.values(), ids=PACK)
def test_a_file_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What unpacks to far more than its size is refused before it is read whole, alone and in archives."""
    monkeypatch.setattr(packings, "ALWAYS", 1 << 16)
    bomb = pack(b"a " * (1 << 21))

    assert "it unpacks to more than 200 times its size" in refuse(write(tmp_path, bomb))
    assert "it unpacks to more than 200 times its size" in refuse(write(tmp_path, pack_tar({"a": bomb})))


def test_all_members_together_may_not_unpack_to_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is one for a whole archive, and so is the number of its members."""
    monkeypatch.setattr(packings, "ALWAYS", 1 << 16)
    monkeypatch.setattr(packings, "MOST_MEMBERS", 9)
    files = {f"{number}.txt": b"It rains. " * 10_000 for number in range(10)}

    found = list(read_threads(write(tmp_path, pack_zip(files))))

    assert "200 times" in "".join(one.reason for one in found if isinstance(one, BrokenThread))
    assert isinstance(found[-1], BrokenThread)
    assert "more than 9 files" in found[-1].reason


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("[Content_Types].xml", "an Office document"),
        ("META-INF/container.xml", "an electronic book"),
        ("META-INF/manifest.xml", "an OpenDocument file"),
        ("META-INF/MANIFEST.MF", "a Java program"),
    ],
)
def test_zip_archives_that_are_documents_are_named(tmp_path: Path, name: str, what: str) -> None:
    """What is no folder of files is refused by its name."""
    assert what in refuse(write(tmp_path, pack_zip({name: b"<x/>", "a.xml": b"<x/>"})))


def test_a_damaged_member_leaves_the_others(tmp_path: Path) -> None:
    """A member whose bytes are damaged is broken by itself."""
    data = pack_zip({"a.txt": b"The lift is stuck. " * 40, "b.txt": b"It rains."})
    damaged = data[:40] + bytes(9) + data[49:]

    broken, thread = read_threads(write(tmp_path, damaged))

    assert isinstance(broken, BrokenThread)
    assert broken.reason.startswith("The file cannot be read: ")
    assert isinstance(thread, Thread)


@pytest.mark.parametrize("pack", PACK.values(), ids=PACK)
def test_a_cut_file_is_broken(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """A packed file without its end is no thread."""
    data = pack(bytes(range(97, 123)) * 9 + b" " + SAMPLES["reddit"])
    assert refuse(write(tmp_path, data[: len(data) * 2 // 3])).endswith(".")


@settings(deadline=None)
@given(
    start=st.sampled_from(
        [pack_zip(TALKS), pack_tar(TALKS), *(pack(TALKS["d.json"]) for pack in PACK.values())]
    ),
    place=st.integers(0, 2000),
    put=st.binary(max_size=6),
    cut=st.integers(0, 40),
)
def test_any_damage_is_a_broken_thread(
    tmp_path_factory: pytest.TempPathFactory, start: bytes, place: int, put: bytes, cut: int
) -> None:
    """Packed files with damaged bytes raise nothing."""
    place %= len(start)
    path = write(tmp_path_factory.getbasetemp(), start[:place] + put + start[place + cut :])
    assert all(isinstance(one, Thread | BrokenThread) for one in read_threads(path))


def slack(ts: str, **fields: object) -> dict[str, object]:
    """Write a message of Slack."""
    return {"type": "message", "user": "U1", "ts": f"{ts}.0001", "text": "It is flat.", **fields}


DAYS: dict[str, object] = {
    "export/bikes/2023-11-14.json": [
        slack("1699999000", thread_ts="1699999000.0001", replies=[{"user": "U1", "ts": "1700100000.0001"}])
    ],
    "export/bikes/2023-11-16.json": [slack("1700100000", thread_ts="1699999000.0001", text="Still, <@U1>.")],
    "export/users.json": [{"id": "U1", "name": "nora", "profile": {}}],
    "Chat/Groups/Space 1/group_info.json": {"name": "Wheels", "members": []},
    "Chat/Groups/Space 1/messages.json": {
        "messages": [{"creator": {"name": "Tim"}, "created_date": "x", "text": "Yes.", "topic_id": "a"}]
    },
}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("pack", ["zip", "tar", "tar.gz"])
def test_an_export_in_an_archive_has_its_names(tmp_path: Path, pack: str, order: int) -> None:
    """What an export keeps beside its messages is read from the archive, wherever it stands in it."""
    files = {name: json.dumps(value).encode() for name, value in [*DAYS.items()][::order]}
    data = pack_zip(files) if pack == "zip" else pack_tar(files)
    found = list(read_threads(write(tmp_path, gzip.compress(data) if pack == "tar.gz" else data)))

    threads = {
        (thread.title, post.author, post.text)
        for thread in found
        if isinstance(thread, Thread)
        for post in thread.posts
    }
    assert threads == {
        ("bikes", "nora", "It is flat."),
        ("bikes", "nora", "Still, @nora."),
        ("Wheels", "Tim", "Yes."),
    }
    talks = [len(thread.posts) for thread in found if isinstance(thread, Thread) and thread.title == "bikes"]
    assert talks == ([2] if pack == "zip" else [1, 1])


def test_a_companion_that_is_a_bomb_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that unpack to more than a file beside may have are left out; the messages are read."""
    monkeypatch.setattr(packings, "MOST_BESIDE", 1000)
    users = [{"id": "U1", "name": "nora", "profile": {"title": "a" * 2000}}]
    files = {"c/2023-11-14.json": json.dumps([slack("1699999000")]), "users.json": json.dumps(users)}
    for pack in (pack_zip, pack_tar):
        found = list(
            read_threads(write(tmp_path, pack({name: text.encode() for name, text in files.items()})))
        )
        assert [thread.posts[0].author for thread in found if isinstance(thread, Thread)] == [""]
