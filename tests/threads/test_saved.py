from pathlib import Path

import pytest

from tests.threads.sample_pages import PAGES
from tests.threads.samples import PATCH, TITLE
from tldrkit.threads import Thread, is_page_part, read_threads

PAGE = PAGES["phpBB 3"]


def read(tmp_path: Path, name: str, data: bytes) -> Thread:
    path = tmp_path / name
    path.write_bytes(data)
    (thread,) = read_threads(path)
    assert isinstance(thread, Thread), thread
    return thread


@pytest.mark.parametrize("folder", ["Flat tyre_files", "Flat tyre-Dateien", "Flat tyre_fichiers"])
def test_the_folder_beside_a_saved_page_holds_its_parts(tmp_path: Path, folder: str) -> None:
    """Frames and advertisements in the folder that a browser writes are no threads; a folder alone is one."""
    (tmp_path / folder / "frames").mkdir(parents=True)
    frame = tmp_path / folder / "frames" / "ad.html"
    assert not is_page_part(frame)
    (tmp_path / "Flat tyre.html").write_bytes(PAGE)
    assert is_page_part(frame)
    assert is_page_part(tmp_path / folder / "f.txt")
    assert not is_page_part(tmp_path / "Flat tyre.html")


@pytest.mark.parametrize(
    "name",
    [
        "saved_resource.html",
        "saved_resource(1).html",
        "analytics.js.download",
        "hts-log.txt",
        "hts-cache/new.zip",
        "wget-log.1",
        "viewtopic.html.orig",
        "style.css?v=3",
        "style.css@v=3",
    ],
)
def test_what_browsers_and_mirrors_add_is_no_thread(name: str) -> None:
    """Frames, logs, caches and copies of pages that saving and mirroring write are told by their names."""
    assert is_page_part(Path("x") / name)


@pytest.mark.parametrize("name", ["viewtopic.php?f=1&t=2", "cache.txt", "my_files/a.html", "wget-logs.txt"])
def test_threads_with_like_names_are_read(tmp_path: Path, name: str) -> None:
    """A page named by its address is a page, and so is one in a folder that no page stands beside."""
    assert not is_page_part(tmp_path / name)


MIRRORED = "<!-- Mirrored from x.y/viewtopic.php?t=2 by HTTrack Website Copier/3.x [XR&CO'2014], Sun -->"
ADDED = '<!-- Added by HTTrack --><meta http-equiv="content-type" content="text/html;charset=UTF-8" />'


@pytest.mark.parametrize(
    "comments",
    [MIRRORED, f"{MIRRORED}\r\n{ADDED}", "<!-- saved from url=(0014)https://x.y/ -->", "<!-- -->" * 3],
)
@pytest.mark.parametrize("behind", [b"", b"<!DOCTYPE html>", b"<head>"])
def test_comments_of_mirrors_are_not_read(tmp_path: Path, comments: str, behind: bytes) -> None:
    """What HTTrack, wget and browsers write before or into a page changes nothing."""
    thread = read(tmp_path, "a.html", PAGE.replace(behind, behind + comments.encode(), 1))
    assert (thread.title, thread.posts[1].text) == (TITLE, PATCH)


@pytest.mark.parametrize("name", ["showthread.php?t=2", "showthread.php@t=2", "showthread.php?t=2.html"])
def test_an_address_as_a_name_tells_threads_apart(tmp_path: Path, name: str) -> None:
    """The query in the name of a mirrored page is part of its thread's id."""
    assert read(tmp_path, name, PAGE).id.removesuffix(".html") == name.removesuffix(".html")
