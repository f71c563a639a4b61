# ruff: noqa: E501  (a table)
import re
from pathlib import Path

import pytest

from tldrkit.threads import Thread, find_thread_files, read_threads

# Of each real file: its threads, the posts used of the first, their first and last author.
FILES = [
    ("discourse/discourse_api_topic.json", 1, 4, "samsaffron", "splattne"),
    ("discourse/topic_1042.json", 1, 8, "Tinimini", "Tinimini"),
    ("discourse/topic_1149_ublock.json", 1, 2, "gorhill", "gorhill"),
    ("discourse/topic_2963.json", 1, 6, "TheComet", "TheComet"),
    ("discourse/topic_3472.json", 1, 1, "1vanK", "1vanK"),
    ("discourse/topic_3629.json", 1, 7, "rku", "rku"),
    ("discourse/topic_5911.json", 1, 50, "SirNate0", "Modanung"),
    ("discourse/topic_6747.json", 1, 13, "Athos", "JSandusky"),
    ("discourse/topic_6761.json", 1, 5, "gkontadakis", "gkontadakis"),
    ("discourse/topic_7160.json", 1, 14, "GodMan", "GodMan"),
    ("discourse_posts/t_2144_posts.json", 1, 20, "Elliot", "Eternity"),
    ("forums/thread_2338.json", 1, 5, "EricDeflandres", "cadaver"),
    ("forums/thread_3127.json", 1, 13, "slapin", "slapin"),
    ("forums/thread_4351.json", 1, 12, "fnadalt", "fnadalt"),
    ("forums/thread_6111.json", 1, 6, "Lys0gen", "throwawayerino"),
    ("github/discussion_comment_webhook.json", 1, 2, "Codertocat", "Codertocat"),
    ("github/issue_comments_graphql.json", 1, 5, "monalisa", "marseilles"),
    ("github/issue_comments_rest.json", 1, 1, "zhquan_example", "zhquan_example"),
    ("github/issue_rest.json", 1, 1, "zhquan_example", "zhquan_example"),
    ("hackernews/item_16582136.json", 1, 6, "Cogito", "fermienrico"),
    ("hackernews/search_hit_16582136.json", 1, 1, "Cogito", "Cogito"),
    ("html/askbot_16.html", 1, 9, "volmar-junior", "smaffulli"),
    ("html/discourse_static_11453.html", 1, 1, "ajay16", "ajay16"),
    ("html/discourse_static_5464.html", 1, 1, "pkaramol", "pkaramol"),
    ("html/vbulletin_sarracenia.html", 1, 9, "JBL", "replicaprada"),
    ("html/vbulletin_showthread_oneuser.html", 1, 2, "Khelmar", "Khelmar"),
    ("html/xenforo_oneplus_p1.html", 1, 20, "Aaahh", "Ivanpoocky13"),
    ("lemmy/lemmy_detail.json", 1, 6, "breakfastmtn", "Tollana1234567"),
    ("markdown/4-12-18-security-soft-fork-deployments-arent-risky-id1328.md", 1, 6, "Chris_Stewart_5", "Chris_Stewart_5"),
    ("markdown/out-rate-based-on-the-transaction-reception-method-id1422.md", 1, 1, "sr-gi", "sr-gi"),
    ("markdown/to-the-gossip-1-75-proposal-post-ln-summit-meeting-id1202.md", 1, 3, "ellemouton", "t-bast"),
    ("mbox/multipart.mbox", 2, 1, "yves (yingmin) yang", "yves (yingmin) yang"),
    ("mbox/pipermail_2015_november.mbox", 1, 4, "Andy Grunwald", "Andy Grunwald"),
    ("reddit/comments_3hahrw.json", 1, 11, "your_local_librarian", ""),
    ("reddit/comments_jlbw48.json", 1, 7, "Watchful1BotTest", "KJ_Bot"),
    ("reddit/comments_n49rw.json", 1, 476, "alienth", "gspleen"),
    ("reddit/go_reddit_post.json", 1, 3, "testuser", "testuser"),
    ("stackexchange/question_answers.json", 1, 1, "Milad", "Milad"),
    ("stackexchange/question_detail.json", 1, 1, "Milad", "Milad"),
]  # fmt: skip
WITHOUT_TEXT = {  # their authors left out or blanked every body
    "github/discussions_graphql_p1.json": 30,
    "stackexchange/questions_page_nested.json": 2,
    "stackexchange/search_results.json": 50,
}
_MARKUP = re.compile(
    r"</?(p|div|span|a|br|blockquote|li|ul|em|strong|code|pre|img|td|h[1-6])\b[^<>\n]*>|&(amp|lt|gt|quot|#\d+);"
)


@pytest.mark.parametrize(
    ("name", "threads", "posts", "first", "last"), FILES, ids=lambda value: str(value)[:40]
)
def test_real_files_are_read_to_the_right_posts(
    shared_data: Path, name: str, threads: int, posts: int, first: str, last: str
) -> None:
    """A real file gives the threads, posts and authors counted in it, and no markup is left."""
    found = list(read_threads(shared_data / "threads" / name))
    thread = found[0]

    assert len(found) == threads
    assert isinstance(thread, Thread)
    assert (len(thread.posts), thread.posts[0].author, thread.posts[-1].author) == (posts, first, last)
    assert not [mark[0] for post in thread.posts if (mark := _MARKUP.search(post.text))]
    assert all(post.text.strip() for post in thread.posts)


@pytest.mark.parametrize("name", sorted(WITHOUT_TEXT))
def test_real_files_without_text_say_so(shared_data: Path, name: str) -> None:
    """Files whose bodies are missing give a sentence for each thread, and none is lost."""
    found = list(read_threads(shared_data / "threads" / name))
    assert len(found) == WITHOUT_TEXT[name]
    assert "empty" in str(found[0])


def test_no_real_file_is_untested(shared_data: Path) -> None:
    """Every file of the data folder has its line in this file."""
    folder = shared_data / "threads"
    names = {path.relative_to(folder).as_posix() for path in find_thread_files([folder])}
    assert names == {name for name, *_ in FILES} | WITHOUT_TEXT.keys()
