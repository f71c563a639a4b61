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
    "phpBB 3, printed": '<div class="post"><h3>Re: Flat tyre</h3><div class="date">Posted: <strong>Sun Sep 13, 2020 '
    '12:26 pm</strong></div><div class="author">by <strong>AUTHOR</strong></div><div class="content">TEXT</div></div><hr />',
    "phpBB 3, subsilver2": '<table class="tablebg"><tr class="row1"><td><a name="pNUMBER"></a><b class="postauthor">AUTHOR</b>'
    '</td><td class="gensmall"><b>Post subject:</b> Re: Flat tyre <b>Posted:</b> Sun Sep 13, 2020 12:26 pm</td></tr><tr><td>'
    '<span class="postdetails"><b>Joined:</b> 2004</span></td><td><div class="postbody">TEXT</div>'
    '<div class="postbody">_________________<br />my bikes</div></td></tr></table>',
    "phpBB 3, subsilver2 printed": '<table width="85%"><tr><td width="10%" nowrap="nowrap">Author:&nbsp;</td><td><b>AUTHOR</b>'
    ' [ Sun Sep 13, 2020 12:26 pm ]</td></tr><tr><td><b>Post subject:</b></td><td><b>Flat tyre</b></td></tr><tr><td colspan="2">'
    '<div class="postbody">TEXT</div></td></tr></table><hr width="85%" />',
    "vBulletin 4, printed": '<li class="postbit blockbody" id="post_NUMBER"><div class="header"><div class="datetime">09-13-2020, '
    '12:26 PM</div><span class="username">AUTHOR</span></div><div class="content"><blockquote class="restore">TEXT</blockquote>'
    '</div></li>',
    "vBulletin 3, printed": '<table class="tborder"><tr><td class="page"><table><tr valign="bottom"><td style="font-size:14pt">AUTHOR'
    '</td><td class="smallfont" align="right">09-13-2020, 12:26 PM</td></tr></table><hr size="1" /><div>TEXT</div></td></tr></table>',
    "vBulletin archive": '<div class="post"><div class="posttop"><div class="username">AUTHOR</div><div class="date">09-13-2020, '
    '12:26 PM</div></div><div class="posttext">TEXT</div></div><hr />',
    "SMF, printed": '<dt class="postheader">Title: <strong>Flat tyre</strong><br />Post by: <strong>AUTHOR</strong> on '
    '<strong>September 13, 2020, 12:26:40 PM</strong></dt><dd class="postbody">TEXT</dd>',
    "SMF 1.1, printed": '<hr size="2" width="100%" />Title: <b>Flat tyre</b><br />Post by: <b>AUTHOR</b> on <b>September 13, 2020, '
    '12:26:40 PM</b><hr /><div style="margin: 0 5ex;">TEXT</div>',
    "MyBB": '<div class="post classic" id="post_NUMBER"><div class="post_author"><div class="author_information"><strong>'
    '<span class="largetext"><a href="u">AUTHOR</a></span></strong><span class="smalltext">Member</span></div></div>'
    '<div class="post_content"><span class="post_date">09-13-2020, 12:26 PM</span><div class="post_body" id="pid_NUMBER">TEXT</div>'
    '<div class="signature">my bikes</div></div></div>',
    "MyBB 1.6": '<table class="tborder" id="post_NUMBER"><tr><td class="trow1 post_author"><strong><span class="largetext">'
    '<a href="u">AUTHOR</a></span></strong></td></tr><tr><td class="trow2 post_content"><div class="post_body" id="pid_NUMBER">'
    'TEXT</div></td></tr></table>',
    "MyBB archive": '<div class="post"><div class="header"><div class="author"><h2><a href="u">AUTHOR</a></h2></div><div class="dateline">'
    '09-13-2020, 12:26 PM</div></div><div class="message">TEXT</div></div>',
    "NodeBB": '<li component="post" class="posts-list-item" data-pid="NUMBER" data-username="AUTHOR" itemprop="comment" itemscope '
    'itemtype="http://schema.org/Comment"><meta itemprop="datePublished" content="2020-09-13T12:26:40.000Z"><a href="u">AUTHOR</a>'
    '<div class="content" component="post/content" itemprop="text"><p>TEXT</p></div><div component="post/signature"'
    ' class="post-signature">my bikes</div><span component="post/vote-count" data-votes="2">2</span></li>',
    "FluxBB": '<div id="pNUMBER" class="blockpost rowodd"><h2><span><span class="conr">#NUMBER</span> <a href="t.php?pid=NUMBER#pNUMBER">'
    '2020-09-13 12:26:40</a></span></h2><div class="postleft"><dl><dt><strong><a href="u">AUTHOR</a></strong></dt><dd>Member</dd></dl>'
    '</div><div class="postright"><h3>Flat tyre</h3><div class="postmsg"><p>TEXT</p></div><div class="postsignature postmsg">my bikes'
    '</div></div></div>',
    "PunBB": '<div id="pNUMBER" class="post replypost"><h3 class="post-ident"><span class="post-byline">Reply by <strong>AUTHOR</strong>'
    '</span> <a class="permalink" href="t">2020-09-13 12:26:40</a></h3><ul class="author-ident"><li class="username"><a href="u">AUTHOR'
    '</a></li></ul><h4 class="entry-title">Re: Flat tyre</h4><div class="entry-content"><p>TEXT</p></div></div>',
    "Invision 5": '<article id="elComment_NUMBER" class="ipsEntry js-ipsEntry"><h3 class="ipsEntry__username">AUTHOR</h3>'
    '<time datetime="2020-09-13T12:26:40Z">x</time><div class="ipsRichText" data-role="commentContent"><p>TEXT</p></div></article>',
    "Invision 2": '<table class="ipbtable"><tr><td><span class="normalname"><a href="u">AUTHOR</a></span></td><td>'
    '<span class="postdetails">Sep 13 2020, 12:26 PM</span></td></tr><tr><td><div class="postcolor" id="post-NUMBER">TEXT</div>'
    '<div class="signature">my bikes</div></td></tr></table>',
    "Invision lo-fi": '<div class="postwrapper"><div class="posttopbar"><div class="postname">AUTHOR</div><div class="postdate">'
    'Sep 13 2020, 12:26 PM</div></div><div class="postcontent">TEXT</div></div>',
    "WoltLab": '<li id="postNUMBER"><article class="wbbPost message" data-post-id="NUMBER"><a class="username userLink">AUTHOR</a>'
    '<time class="datetime" datetime="2020-09-13T12:26:40Z">x</time><div class="messageBody"><div class="messageText"><p>TEXT</p>'
    '</div></div><div class="messageSignature"><div class="messageText">my bikes</div></div></article></li>',
    "bbPress": '<div id="post-NUMBER" class="bbp-reply-header"><span class="bbp-reply-post-date">13 September 2020 at 12:26</span>'
    '<a class="bbp-reply-permalink">#NUMBER</a></div><div class="post-NUMBER reply"><div class="bbp-reply-author">'
    '<a class="bbp-author-name">AUTHOR</a></div><div class="bbp-reply-content"><p>TEXT</p></div></div>',
    "Discuz": '<div id="post_NUMBER"><table id="pidNUMBER" class="plhin"><tr><td class="pls"><div class="authi"><a class="xw1">AUTHOR'
    '</a></div></td><td class="plc"><em id="authorpostonNUMBER">发表于 2020-9-13 12:26</em><table><tr><td class="t_f" '
    'id="postmessage_NUMBER">TEXT</td></tr></table></td></tr></table></div>',
    "ProBoards": '<tr class="post item" id="post-NUMBER"><td><a class="user-link">AUTHOR</a></td><td><abbr class="o-timestamp time" '
    'title="Sep 13, 2020 12:26:40 GMT">x</abbr><div class="message">TEXT</div><div class="signature">my bikes</div></td></tr>',
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
    "WordPress": page(
        [
            '<article id="post-5" class="post-5 post type-post"><h1 class="entry-title">Flat tyre</h1><span class="author vcard">'
            '<a class="fn">ann</a></span><div class="entry-content"><p>It is flat &amp; old.</p></div></article><ol>'
            '<li id="comment-1" class="comment depth-1"><article class="comment-body"><b class="fn">bo</b><div class="comment-content">'
            '<p>Patch it from inside.</p></div></article><ol class="children"><li id="comment-2" class="comment depth-2">'
            '<article class="comment-body"><b class="fn">ann</b><div class="comment-content"><p>That worked.</p></div></article>'
            "</li></ol></li></ol>"
        ],
        head="",
    ),
    "JSON-LD": page(
        [],
        foot='<script type="application/ld+json">{"@graph": [{"@type": "DiscussionForumPosting", "headline": '
        '"Flat tyre", "text": "It is flat &amp; <b>old</b>.", "author": {"name": "ann"}, "comment": [{"@type": '
        '"Comment", "text": "Patch it from inside.", "author": [{"name": "bo"}], "comment": {"text": '
        '"That worked.", "author": "ann"}}]}]}</script>',
    ),
}  # fmt: skip

_PRINTED = "<br /><strong>Flat tyre</strong> -  <a href='u'>AUTHOR</a> -  09-13-2020<br /><br />TEXT<br /><br /><hr size='1' />"
_LARGE = '<span class="largetext">Flat tyre - Printable Version</span><br />+- Bikes (http://x.y)<br />+--- Thread: Flat tyre<br />'
HEADS = {  # of pages whose titles do not stand in an h1
    "phpBB 3, printed": "<h1>Bikes</h1><h2>Flat tyre</h2>",
    "phpBB 3, subsilver2": '<a class="titles" href="t">Flat tyre</a>',
    "phpBB 3, subsilver2 printed": '<span class="Heading">Bikes</span><span class="Heading">Flat tyre</span>',
    "vBulletin archive": '<p class="largefont">View Full Version : <a href="t">Flat tyre</a></p>',
    "SMF, printed": '<h1 id="title">Bikes</h1><h2 id="linktree">Bikes =&gt; Help</h2>',
    "SMF 1.1, printed": '<h1 class="largetext">Bikes</h1><h2>Bikes =&gt; Help</h2>',
    "MyBB": '<div class="navigation"><a href="b">Bikes</a><span class="active">Flat tyre</span></div>',
    "MyBB archive": '<h1>Bikes</h1><div id="fullversion"><strong>Full Version:</strong> <a href="t">Flat tyre</a></div>',
    "Invision lo-fi": '<div id="largetext">Full Version: <a href="t">Flat tyre</a></div>',
}
MYBB_PRINTED = page(fill(_PRINTED), f"{_LARGE}<hr size='1' />")
PAGES: dict[str, bytes] = {
    **{name: page(fill(template), HEADS.get(name, "<h1>Flat tyre</h1>")) for name, template in FLAT.items()},
    "MyBB, printed": MYBB_PRINTED,
    **TREES,
}
