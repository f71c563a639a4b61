# ruff: noqa: E501  (markup reads better whole)
"""The thread of samples.py as the pages of forum software write it: invented, in their elements and classes."""

from collections.abc import Sequence

POSTS = (
    ("ann", "It is flat &amp; <b>old</b>."),
    ("bo", "Patch it <a href='http://x.y'>from inside</a>."),
    ("ann", "That worked."),
)


def page(posts: Sequence[str], head: str = "<h1>Flat tyre</h1>", foot: str = "") -> bytes:
    """Build a page."""
    style = "<style>p { color: red }</style><script>if (a < b) { run('<div>') }</script>"
    top = f"<!DOCTYPE html><html><head><title>Flat tyre - Bikes</title>{style}</head>"
    return f"{top}<body><nav>Log in</nav>{head}{''.join(posts)}{foot}<footer>Contact</footer></body></html>".encode()


def fill(template: str) -> list[str]:
    """Fill in the three posts."""
    return [
        template.replace("AUTHOR", author).replace("TEXT", text).replace("NUMBER", str(number))
        for number, (author, text) in enumerate(POSTS, start=1)
    ]


FLAT = {
    "phpBB 3": '<div id="pNUMBER" class="post bg1"><div class="postbody"><p class="author">by '
    '<a class="username">AUTHOR</a> » <time datetime="2020-09-13T12:26:40+00:00">x</time></p>'
    '<div class="content">TEXT</div><div id="sigNUMBER" class="signature">my bikes</div></div></div>',
    "phpBB 2": '<table><tr><td><span class="name"><b>AUTHOR</b></span></td><td><span class="postdetails">'
    'Posted: Sun</span><span class="postbody">TEXT</span></td></tr></table>',
    "vBulletin 4": '<li class="postbitlegacy postcontainer" id="post_NUMBER"><span class="date">13-09-2020</span>'
    '<a class="username offline">AUTHOR</a><div class="content"><blockquote class="postcontent restore">TEXT'
    '</blockquote></div><blockquote class="signature restore">my bikes</blockquote></li>',
    "vBulletin 3": '<table id="postNUMBER"><tr><td class="thead">13-09-2020</td></tr><tr><td>'
    '<a class="bigusername">AUTHOR</a><div id="post_message_NUMBER">TEXT</div></td></tr></table>',
    "XenForo 2": '<article class="message message--post" data-author="AUTHOR"><time class="u-dt" '
    'datetime="2020-09-13T12:26:40+0000">x</time><article class="message-body"><div class="bbWrapper">TEXT</div>'
    '</article><aside class="message-signature"><div class="bbWrapper">my bikes</div></aside></article>',
    "XenForo 1": '<li id="post-NUMBER" class="message" data-author="AUTHOR"><blockquote class="messageText">TEXT'
    '<div class="messageTextEndMarker">&nbsp;</div></blockquote></li>',
    "Discourse": '<div class="topic-body crawler-post"><span class="creator"><span itemprop="name">AUTHOR</span>'
    '</span><time class="post-time" datetime="2020-09-13T12:26:40Z">x</time>'
    '<div class="post" itemprop="articleBody"><p>TEXT</p></div><span class="post-likes">2 Likes</span></div>',
    "SMF": '<div class="post_wrapper"><div class="poster"><h4><a>AUTHOR</a></h4></div><div class="keyinfo">'
    '<div class="smalltext">Today</div></div><div class="post"><div class="inner" id="msg_NUMBER">TEXT</div></div>'
    '<div class="signature">my bikes</div></div>',
    "Invision 4": '<article id="elComment_NUMBER" class="cPost ipsComment"><h3 class="cAuthorPane_author">AUTHOR</h3>'
    '<time datetime="2020-09-13T12:26:40Z">x</time><div data-role="commentContent"><p>TEXT</p></div>'
    '<div data-role="memberSignature">my bikes</div></article>',
    "Vanilla": '<div class="Item ItemComment"><a class="Username">AUTHOR</a><time datetime="2020-09-13T12:26:40+00:00">'
    'x</time><div class="Message userContent">TEXT</div></div>',
    "Flarum": '<article class="CommentPost Post"><header><h3 class="PostUser"><span class="username">AUTHOR</span>'
    '</h3></header><div class="Post-body"><p>TEXT</p></div></article>',
    "Flarum without scripts": '<div><h3>AUTHOR</h3><div class="Post-body"><p>TEXT</p></div><hr></div>',
    "microdata": '<div itemscope itemtype="https://schema.org/Comment"><span itemprop="author">AUTHOR</span>'
    '<time itemprop="datePublished" datetime="2020-09-13T12:26:40Z">x</time><p itemprop="text">TEXT</p></div>',
}  # fmt: skip

_SE = '<span class="relativetime" title="2020-09-13 12:26:40Z">x</span>'
TREES = {
    "old Reddit": page(
        [
            '<div class="thing link" data-author="ann"><a class="title">Flat tyre</a><div class="entry">'
            '<a class="author">ann</a><div class="md"><p>It is flat &amp; old.</p></div></div></div>'
            '<div class="thing comment"><div class="entry"><a class="author">bo</a>'
            '<span class="score unvoted" title="3">3 points</span><div class="md"><p>Patch it from inside.</p></div>'
            '</div><div class="child"><div class="thing comment"><div class="entry"><a class="author">ann</a>'
            '<div class="md"><p>That worked.</p></div></div></div></div></div>'
        ],
        head="",
    ),
    "Hacker News": page(
        [
            '<table class="fatitem"><tr class="athing submission"><td><span class="titleline">Flat tyre</span></td></tr>'
            '<tr><td><a class="hnuser">ann</a><div class="toptext">It is flat &amp; old.</div></td></tr></table>',
            *(
                f'<table><tr class="athing comtr"><td class="ind" indent="{depth}"></td><td>'
                f'<a class="hnuser">{author}</a><div class="commtext c00">{text}</div></td></tr></table>'
                for depth, (author, text) in enumerate(POSTS[1:])
            ),
        ],
        head="",
    ),
    "Stack Exchange": page(
        [
            '<div class="question"><div class="js-vote-count" data-value="2">2</div>'
            '<div class="s-prose js-post-body"><p>It is flat &amp; old.</p></div>'
            f'<div class="user-details" itemprop="author"><a>ann</a><span itemprop="name">ann</span>{_SE}</div></div>'
            '<div class="answer"><div class="js-post-body"><p>Patch it from inside.</p></div>'
            '<div class="user-details" itemprop="author"><a>bo</a><span itemprop="name">bo</span></div>'
            '<ul><li class="comment"><span class="comment-copy">That worked.</span>'
            '<a class="comment-user">ann</a></li></ul></div>'
        ],
        head='<h1><a class="question-hyperlink">Flat tyre</a></h1>',
    ),
    "JSON-LD": page(
        [],
        foot='<script type="application/ld+json">{"@graph": [{"@type": "DiscussionForumPosting", "headline": '
        '"Flat tyre", "text": "It is flat &amp; <b>old</b>.", "author": {"name": "ann"}, "comment": [{"@type": '
        '"Comment", "text": "Patch it from inside.", "author": [{"name": "bo"}], "comment": {"text": '
        '"That worked.", "author": "ann"}}]}]}</script>',
    ),
}  # fmt: skip

PAGES: dict[str, bytes] = {name: page(fill(template)) for name, template in FLAT.items()} | TREES
