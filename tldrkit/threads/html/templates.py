"""Where the usual forum software writes a post, its author, time, votes and text into its pages: a table.

Knows no algorithm; pages.py reads by it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Template:
    """Selectors of one software's pages (see selectors.py).

    Args:
        name: Of the software.
        post: The element round one post; posts may stand in one another.
        text: What was written.
        author: Its first line of text is the name.
        time: When.
        votes: A number.
        depth: How deep an answer stands in a flat list.
        more: How many posts are not loaded.
        title: Of the page.
        flat: `post` marks only where a post begins; it lasts until the next.
        rooted: A post in no other answers the first.
        head: Of a flat page whose texts have no element of their own: a pattern of the line that each begins
            with, with groups author and time. A text lasts until the next post.
        sign: What stands in every such page.
    """

    name: str
    post: str
    text: str = ""
    author: str = ""
    time: str = "time@datetime, time"
    votes: str = ""
    depth: str = ""
    more: str = ""
    title: str = "h1"
    flat: bool = False
    rooted: bool = False
    head: str = ""
    sign: str = ""


TEMPLATES = (
    Template(
        name="phpBB 3",
        post="div.post[id^=p], li.post[id^=p]",
        text="div.content",
        author="a.username, a.username-coloured, span.username, span.username-coloured, dl.postprofile",
        time="time@datetime, p.author",
        title="h2.topic-title, h2.topictitle, h1.topic-title, h2",
    ),
    Template(
        name="phpBB 3, printed",
        post="div.post",
        text="div.content",
        author="strong:nth(2)",
        time="strong:nth(1)",
        title="h2",
        sign='<div class="author">',
    ),
    Template(
        name="phpBB 3, subsilver2",
        post="b.postauthor",
        text="div.postbody",
        author="b.postauthor",
        time="td.gensmall",
        title="a.titles",
        flat=True,
    ),
    Template(
        name="phpBB 3, subsilver2 printed",
        post="td[nowrap]",
        text="div.postbody",
        author="b:nth(1)",
        time="td:nth(2)",
        title="span.Heading:nth(2)",
        flat=True,
    ),
    Template(
        name="phpBB 2",
        post="span.name",
        text="span.postbody, div.postbody, td.postbody",
        author="span.name",
        time="span.postdetails",
        title="a.maintitle",
        flat=True,
    ),
    Template(
        name="vBulletin 4",
        post="li.postbit, li.postbitlegacy, li.postcontainer",
        text="blockquote.postcontent",
        author="a.username, span.username",
        time="span.date",
        title="span.threadtitle, h1",
    ),
    Template(
        name="vBulletin 5",
        post="li.b-post",
        text="div.js-post__content-text, div.b-post__content",
        author="div.author, a.author",
        time="time@datetime",
        votes="span.votecount",
        title="h1.main-title, h1",
    ),
    Template(
        name="vBulletin 3",
        post="table[id^=post], div[id^=edit]",
        text="div[id^=post_message_], td.postbody",
        author="a.bigusername, span.bigusername, dt.author",
        time="td.postdate, td.thead",
        title="td.navbar, a.bclast",
    ),
    Template(
        name="vBulletin 4, printed",
        post="li.postbit",
        text="blockquote.restore",
        author="span.username",
        time="div.datetime, span.datetime",
        title="a[href*=showthread], h1",
    ),
    Template(
        name="vBulletin 3, printed",
        post="td[style*=14pt]",
        text="div",
        author="td[style*=14pt]",
        time="td.smallfont",
        title="a[href*=showthread]",
        flat=True,
    ),
    Template(
        name="vBulletin archive",
        post="div.post",
        text="div.posttext",
        author="div.username",
        time="div.date",
        title="p.largefont",
    ),
    Template(
        name="XenForo 2",
        post="article.message, div.message[data-author]",
        text="div.bbWrapper, article.message-body, div.message-userContent",
        author="article@data-author, div.message@data-author, a.username, span.username",
        votes="span.js-voteCount, span.js-reactionScore",
        title="h1.p-title-value",
    ),
    Template(
        name="XenForo 1",
        post="li.message",
        text="blockquote.messageText",
        author="li.message@data-author, a.username",
        time="span.DateTime@title, abbr.DateTime@data-time, span.DateTime",
        title="meta[property=og:title]@content",
    ),
    Template(
        name="Discourse",
        post="div.crawler-post, article[id^=post_], article.boxed, div.topic-post",
        text="div.cooked, div.post[itemprop=articleBody], div.post[itemprop=text], div.post",
        author="span[itemprop=name], a[data-user-card]@data-user-card, span.creator, span.username",
        time="time@datetime, span.relative-date@data-time",
        votes="span.post-likes, button.like-count, meta[itemprop=userInteractionCount]@content",
        title="a.fancy-title, h1",
    ),
    Template(
        name="SMF",
        post="div.post_wrapper",
        text="div.inner[id^=msg_], div.inner, div.post",
        author="h4",
        time="a.smalltext, div.smalltext, time@datetime",
        title="h2.display_title, span#top_subject, h5",
    ),
    Template(
        name="SMF, printed",
        post="div.postheader, dt.postheader, hr[size=2]",
        text="div.postbody, dd.postbody, div[style*=5ex]",
        author="strong:nth(2), b:nth(2)",
        time="strong:nth(3), b:nth(3)",
        title="strong, b",
        flat=True,
    ),
    Template(
        name="MyBB",
        post="div.post[id^=post_], table[id^=post_]",
        text="div.post_body, div[id^=pid_]",
        author="span.largetext, div.author_information, td.post_author",
        time="span.post_date, span.smalltext",
        title="span.active",
    ),
    Template(
        name="MyBB, printed",
        post="hr[size=1]",
        title="span.largetext",
        flat=True,
        head=r"[^\n]{1,120} - +(?P<author>(?:(?! - )[^\n]){1,60}) - +"
        r"(?P<time>(?=[^\n]{0,50}\d|Today|Yesterday)[^\n]{4,60})(?:\n|$)",
        sign="+---",
    ),
    Template(
        name="MyBB archive",
        post="div.post",
        text="div.message",
        author="div.author, h2, h3",
        time="div.dateline",
        title="div#fullversion",
    ),
    Template(
        name="NodeBB",
        post="[component=post]",
        text="[component=post/content]",
        author="[component=post]@data-username, a[data-username]@data-username, [itemprop=author], "
        "meta[itemprop=name]@content",
        time="[itemprop=datePublished]@content, span.timeago@title, time@datetime",
        votes="[component=post/vote-count]@data-votes, [component=post/vote-count]",
        title="[component=topic/title], h1",
    ),
    Template(
        name="FluxBB",
        post="div.blockpost",
        text="div.postmsg",
        author="dt",
        time="a[href*=#p]",
        title="h3",
    ),
    Template(
        name="PunBB",
        post="div.post[id^=p]",
        text="div.entry-content",
        author="li.username, span.post-byline",
        time="a.permalink",
        title="h1.main-title, h1",
    ),
    Template(
        name="Invision 4",
        post="article.ipsComment, article.cPost, article[id^=elComment_]",
        text="div[data-role=commentContent], div.ipsType_richText, div.ipsRichText",
        author="h3.cAuthorPane_author, div.ipsEntry__username, h3, h4",
        votes="span.ipsReact_reactCountOnly",
        title="h1.ipsType_pageTitle, h1",
    ),
    Template(
        name="Invision 3",
        post="div.post_block",
        text="div.post.entry-content, div.entry-content",
        author="span.author, a.url",
        time="abbr.published@title, abbr.published",
        title="h1.ipsType_pagetitle, h1",
    ),
    Template(
        name="Invision 2",
        post="span.normalname",
        text="div.postcolor",
        author="span.normalname",
        time="span.postdetails",
        title="b.pagetitle",
        flat=True,
    ),
    Template(
        name="Invision lo-fi",
        post="div.postwrapper",
        text="div.postcontent",
        author="div.postname",
        time="div.postdate",
        title="div#largetext",
    ),
    Template(
        name="Vanilla",
        post="div.ItemDiscussion, div.Discussion, li.ItemComment, div.ItemComment",
        text="div.Message, div.userContent",
        author="a.Username",
    ),
    Template(
        name="Flarum",
        post="article.CommentPost, article.Post, div.CommentPost",
        text="div.Post-body",
        author="span.username, h3",
        title="h1.DiscussionHero-title, h1",
    ),
    Template(
        name="Flarum without scripts",
        post="h3",
        text="div.Post-body",
        author="h3",
        title="h1",
        flat=True,
    ),
    Template(
        name="WoltLab",
        post="article.wbbPost",
        text="div.messageText",
        author="a.username, span.username",
        title="h1.contentTitle, h1",
    ),
    Template(
        name="bbPress",
        post="div.bbp-reply-header, div.bbp-topic-header",
        text="div.bbp-reply-content, div.bbp-topic-content",
        author="a.bbp-author-name, span.bbp-author-name",
        time="span.bbp-reply-post-date, span.bbp-topic-post-date",
        title="h1.entry-title, h1",
        flat=True,
    ),
    Template(
        name="Discuz",
        post="table[id^=pid]",
        text="td[id^=postmessage_]",
        author="a.xw1",
        time="em[id^=authorposton]",
        title="span#thread_subject, h1",
    ),
    Template(
        name="ProBoards",
        post="tr.post",
        text="div.message",
        author="a.user-link, span.user-guest",
        time="abbr.o-timestamp@title, abbr.time@title",
    ),
    Template(
        name="WordPress",
        post="article.post, article.type-post, li.comment",
        text="div.comment-content, section.comment-content, div.entry-content",
        author="b.fn, cite.fn, span.fn, a.fn, span.author",
        title="h1.entry-title, h1",
        rooted=True,
    ),
    Template(
        name="old Reddit",
        post="div.thing",
        text="div.md",
        author="a.author, div.thing@data-author",
        time="time@datetime, div.thing@data-timestamp",
        votes="span.score.unvoted@title, span.score.unvoted, div.thing@data-score",
        more="span.morecomments",
        title="a.title",
        rooted=True,
    ),
    Template(
        name="Hacker News",
        post="tr.comtr, table.fatitem",
        text="div.commtext, span.commtext, div.toptext",
        author="a.hnuser",
        time="span.age@title, span.age",
        votes="span.score",
        depth="td.ind@indent, img[height=1]@width",
        title="span.titleline, a.storylink, td.title",
    ),
    Template(
        name="Stack Exchange",
        post="div.question, div.answer, li.comment, tr.comment",
        text="div.js-post-body, div.post-text, span.comment-copy, div.s-prose",
        author="span[itemprop=name], a.comment-user, span.comment-user, div.user-details",
        time="time[itemprop=dateCreated]@datetime, time@datetime, span.relativetime@title, "
        "span.relativetime-clean@title",
        votes="div.js-vote-count@data-value, div.js-vote-count, span.vote-count-post, div.comment-score",
        title="a.question-hyperlink, h1",
        rooted=True,
    ),
    Template(
        name="Askbot",
        post="div.js-question, div.answer, div.comment",
        text="div.post-body, div.comment-body",
        author="div.user-info, a.author",
        time="abbr.timeago@title",
        votes="div.vote-number",
        rooted=True,
    ),
    Template(
        name="Lobsters",
        post="li.story, li.comments_subtree",
        text="div.comment_text, div.story_text",
        author="a.u-author, a[href^=/u/], a[href^=/~]",
        time="time@datetime, span@title",
        votes="a.upvoter, div.score",
        title="a.u-url",
        rooted=True,
    ),
    Template(
        name="GitHub",
        post="div.timeline-comment, div.js-comment-container, div.react-issue-comment",
        text="td.comment-body, div.comment-body, div.markdown-body",
        author="a.author",
        time="relative-time@datetime, time@datetime",
        title="bdi.markdown-title, bdi, span.js-issue-title",
    ),
    Template(
        name="schema.org",
        post="[itemtype*=schema.org/DiscussionForumPosting], "
        "[itemtype*=schema.org/SocialMediaPosting], [itemtype*=schema.org/Comment], "
        "[itemtype*=schema.org/Question], [itemtype*=schema.org/Answer]",
        text="[itemprop=articleBody], [itemprop=text], "
        "[itemprop=articleBody]@content, [itemprop=text]@content",
        author="[itemprop=author], [itemprop=creator]",
        time="[itemprop=datePublished]@datetime, [itemprop=datePublished]@content, "
        "[itemprop=dateCreated]@datetime, [itemprop=dateCreated]@content, time@datetime",
        votes="[itemprop=upvoteCount]@content, [itemprop=upvoteCount]",
        title="[itemprop=headline], [itemprop=headline]@content, h1",
    ),
)
