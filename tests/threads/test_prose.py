import base64
import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tldrkit.threads.text.foreign import recognize_bytes
from tldrkit.threads.text.prose import find_foreign

PROSE = {
    "one sentence": "The lift is stuck again.",
    "one word": "Thanks!",
    "no mark": "anyone here yet",
    "a smiley": "sounds good :) <3",
    "a number": "We meet at 8:30 in room 12, bring 2 chairs.",
    "chinese": "电梯又坏了。谁能叫人来修？我明天在家。",
    "japanese": "エレベーターがまた止まりました。誰か管理人に電話してくれますか?",
    "thai": "ลิฟต์เสียอีกแล้ว ใครโทรหาช่างได้บ้าง",
    "korean": "엘리베이터가 또 멈췄어요. 누가 관리실에 전화해 줄래요?",
    "arabic": "توقف المصعد مرة أخرى. من يتصل بالصيانة؟",
    "hindi": "लिफ्ट फिर से बंद है। क्या कोई मैकेनिक को बुला सकता है?",
    "russian": "Лифт опять стоит. Кто позвонит мастеру?\nЯ сегодня дома.",
    "a poem": "the tide comes in,\nthe tide goes out;\nmy boat is thin,\nand filled with doubt.",
    "a recipe": "Flat bread\n\n- 200 g flour\n- 1 spoon of oil\n- salt\n\nKnead it, wait, and bake it hot.",
    "a list": "milk\neggs\nbread\ntwo onions",
    "a talk": "Nora: is the lift fixed?\nTim: no, on Monday\nNora: ok",
    "a talk of numbers": "#Person1#: Is it open?\n#Person2#: No, come back at 9.",
    "in angle brackets": "<user30>: the lift is stuck\n<user31>: again?",
    "a pasted mail": "From: Nora\n\nHi Tim,\n\nit is under the mat.\n\n> Where is the key?\n\nBest,\nNora",
    "an address": "See https://example.com/a_b?c=d#e for the plan, or ask tim@example.com.",
    "bbcode": "[b]Wobbly table[/b]\n[quote=nora]It wobbles.[/quote]\nPut paper under one leg.",
    "names of code": "The function `read_all()` blocks; calling it in __init__ hangs. Any idea why?",
    "markdown with code": "# Export hangs\n\nI run:\n\n```python\nfor row in rows:\n    write(row)\n```\n\n"
    "and it never ends. What is wrong?",
    "indented code": "It never ends when I run this:\n\n    for (;i < n; i++) {\n        f(i);\n    }\n\n"
    "What is wrong with it?",
    "code between prose": "I get an error when I run this, does anyone know why it happens?\n\n"
    "x = read(1)\nprint(x)\n\nIt worked fine last week, before I updated the driver of my printer.",
    "a table in it": "Here are the times I measured on both machines, the second one is slower:\n\n"
    "| run | time |\n|---|---|\n| 1 | 20 |\n| 2 | 31 |\n\nWhat could that be?",
    "verses of another script": "Туман над рекой,\nмерцает свет вдали;\nмы сели в лодку;\n",
    "verses with semicolons": "We came in with the tide;\nwe left when it was gone;\nthe gulls stood by;\n"
    "the harbour lights were on.\n",
    "marked words": "# Lift\n\nThe lift **stopped** again.\n\n- floor 3\n\n> Who called?\n",
    "tags of HTML": "The lift <b>stopped</b> again.<br>Who calls the technician?<br>",
    "a scene": "INT. LIFT - NIGHT\n\nNORA\nIt stopped.\n\nTIM\n(sighs)\nAgain.\n",
    "a report with an error": 'Steps to reproduce:\n1. Open the app.\n2. Click on "Save".\n\n'
    "Actual: NullPointerException at org.attic.Lift.stop(Lift.java:1)\n\nHappens since version 2.3.1 on.\n",
    "shouted": "NOBODY TOUCHES THE THERMOSTAT\nTHANK YOU",
}
FOREIGN = {
    "a style sheet": ["body {\n  color: #111;\n  margin: 0;\n}\n", ".a{color:red;margin:0}.b{top:1px}"],
    "a script": [
        "/* menu */\nfunction show(id) {\n  var x = document.getElementById(id);\n  x.hidden = 0;\n}\n",
        "!function(e,t){var n=e.document;n.x=function(){return t}}(window,1);",
    ],
    "program code": [
        "import os\n\n\ndef main() -> None:\n    print(os.name)\n",
        "#include <stdio.h>\n\nint main(void)\n{\n    puts(\"hello\");\n    return 0;\n}\n",
        "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(1)\n}\n",
        "#!/bin/sh\necho done\n",
        "<?php\necho 1;\n",
        "# Adds two numbers\ndef add(a, b)\n  a + b\nend\n",
        'print("hello, world")',
        "class A {\n  private final int n;\n  A(int n) { this.n = n; }\n}\n",
        "(defn add [a b]\n  (+ a b))\n",
        "fn main() {\n    let x = 5;\n    println!(\"{}\", x);\n}\n",
    ],
    "a table": [
        "id,author,body\n1,nora,It wobbles\n2,tim,Put paper under it\n",
        "id;author;body\n1;nora;It wobbles, badly\n2;tim;Put paper under it\n",
        "id\tauthor\tbody\n1\tnora\tIt wobbles\n2\ttim\tPut paper under it\n",
        'a,b\n"one, two","three\nfour"\n"five","six"\n',
        "| a | b |\n|---|---|\n| 1 | 2 |\n",
    ],
    "a log": [
        "2024-06-04 08:00:00,123 INFO web: started\n2024-06-04 08:00:01,456 ERROR web: port is taken\n",
        "Jun  4 08:00:01 attic sshd[12]: Accepted key for nora\nJun  4 08:00:09 attic sshd[12]: closed\n",
        '10.0.0.1 - - [04/Jun/2024:08:00:00 +0200] "GET / HTTP/1.1" 200 12\n' * 2,
        "thread 'main' panicked at 'it is gone', src/main.rs:3:5\n",
        "commit 4d7a1b2c3d4e5f60718293a4b5c6d7e8f9012345\nAuthor: Nora <n@x>\n\n    Oil the lift\n",
        "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\nValueError: no\n",
    ],
    "a file of settings": [
        "[server]\nport = 8080\nhost = localhost\n",
        "name: attic\nservices:\n  web:\n    image: nginx\n    ports:\n      - 80:80\n",
        "0 5 * * * /usr/bin/backup\n",
        "# the attic\nPORT=8080\nHOST=localhost\n",
        'title = "attic"\n\n[owner]\nname = "Nora"\n',
    ],
    "a pointer of Git LFS": ["version https://git-lfs.github.com/spec/v1\noid sha256:0a1b\nsize 12\n"],
    "base64": ["iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAA\nYPhfDwAChwGA60e6kgAAAABJRU5ErkJg==\n"],
    "a key": ["-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n", "ssh-rsa AAAAB3 nora@attic\n"],
    "an image (SVG)": ['<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>'],
    "XML": ['<?xml version="1.0"?>\n<a><b>1</b></a>\n'],
    "a patch": ["3c3\n< a line\n---\n> another\n", "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n"],
    "markup (TeX)": ["\\documentclass{article}\n\\begin{document}\nHello there.\n\\end{document}\n"],
    "RTF": ["{\\rtf1\\ansi Hello.}"],
    "statements of SQL": ["SELECT a FROM b WHERE c = 1", "CREATE TABLE a (b INT);\nINSERT INTO a VALUES (1)"],
    "a robots.txt": ["User-agent: *\nDisallow: /private\n"],
    "a mailbox of Rmail": ["BABYL OPTIONS:\nVersion: 5\n\x1f\x0c\n1,,\nFrom: a@x\n"],
    "a batch of news": ["#! rnews 120\nPath: x!y\nFrom: n@x (Nora)\n"],
    "an archive of the web": ["WARC/1.0\nWARC-Type: response\n"],
    "a calendar": ["BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\n"],
    "checksums": ["SHA256 (a.iso) = " + "ab" * 32 + "\nSHA256 (b.iso) = " + "cd" * 32 + "\n"],
    "numbers": ["1 2.5 3\n4 5.5 6\n7 8.5 9\n", "ab" * 32 + "  a.iso\n" + "cd" * 32 + "  b.iso\n"],
    "a list of addresses": ["https://example.org/a\nhttps://example.org/b\n"],
    "a list of words": ["total 8\n-rw-r--r-- 1 a b 12 Jun  4 08:00 a.txt\n", "*.pyc\nbuild/\ndist/\n.env\n"],
}  # fmt: skip


@pytest.mark.parametrize("text", PROSE.values(), ids=PROSE)
def test_what_people_write_is_prose(text: str) -> None:
    """Texts of every length, script and form are prose, and documents with code in them too."""
    assert find_foreign(text) is None


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in FOREIGN.items() for text in texts]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_programs_read_is_named(name: str, text: str, end: str) -> None:
    """Code, tables, logs and settings are no prose, and are told by name, whatever ends their lines."""
    found = find_foreign(text.replace("\n", end))

    assert found is not None
    assert found.name.startswith(name)


WORDS = st.one_of(
    *(
        st.text(
            st.characters(min_codepoint=first, max_codepoint=last, categories=["L"]), min_size=1, max_size=9
        )
        for first, last in [
            (0x61, 0x7A),
            (0xE0, 0x17F),
            (0x430, 0x44F),
            (0x5D0, 0x5EA),
            (0x4E00, 0x9FFF),
            (0xE01, 0xE30),
        ]
    )
)
SENTENCES = st.builds(
    lambda words, end: " ".join(words).capitalize() + end,
    st.lists(WORDS, min_size=2, max_size=12),
    st.sampled_from([".", "!", "?", "…", "。", " :)"]),
)
PARAGRAPHS = st.lists(SENTENCES, min_size=1, max_size=4).map(" ".join)
BLOCKS = st.one_of(
    PARAGRAPHS,
    st.lists(SENTENCES, min_size=2, max_size=4).map(lambda items: "\n".join(f"- {item}" for item in items)),
    PARAGRAPHS.map(lambda text: f"> {text}"),
    st.builds("{}: {}".format, st.sampled_from(["Nora", "Tim_2", "<cat>"]), SENTENCES),
    st.just("```\nfor (;;) { f(x); }\n```"),
)


@given(first=PARAGRAPHS, blocks=st.lists(BLOCKS, max_size=4))
def test_sentences_are_prose(first: str, blocks: list[str]) -> None:
    """Sentences in any script are prose, as paragraphs, lists, quotes and talks, with code in fences."""
    assert find_foreign("\n\n".join([first, *blocks])) is None


CELLS = st.text(st.characters(categories=["L", "N"], exclude_characters="ªº"), min_size=1, max_size=9)


@given(
    rows=st.integers(2, 5).flatmap(
        lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=2, max_size=9)
    ),
    delimiter=st.sampled_from(",;\t"),
)
def test_rows_of_cells_are_no_prose(rows: list[list[str]], delimiter: str) -> None:
    """A table is no prose, whatever stands between its cells and in them."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    assert find_foreign(text.getvalue()) is not None


@given(data=st.binary(min_size=96, max_size=600), width=st.sampled_from([64, 76, 10_000]))
def test_coded_bytes_are_no_prose(data: bytes, width: int) -> None:
    """Base64 is no prose, on one line or on many."""
    coded = base64.b64encode(data).decode()
    assert find_foreign("\n".join(coded[at : at + width] for at in range(0, len(coded), width))) is not None


@given(
    statements=st.lists(
        st.builds(
            "{} = {}({}){}".format,
            st.from_regex(r"[a-z]{1,8}", fullmatch=True),
            st.from_regex(r"[a-z]{1,6}_[a-z]{1,6}", fullmatch=True),
            st.integers(0, 99),
            st.sampled_from(["", ";"]),
        ),
        min_size=2,
        max_size=9,
    )
)
def test_statements_are_no_prose(statements: list[str]) -> None:
    """Assignments and calls are no prose, however short they are."""
    assert find_foreign("\n".join(statements)) is not None


@given(text=st.text(max_size=400))
@example(text="(" * 20_000)
@example(text="print(" + '"' * 20_000)
@example(text="import" + " " * 20_000 + "!")
@example(text="```\n" * 5_000)
@example(text="a.b = " * 5_000)
@example(text="<a " * 7_000)
def test_any_text_is_judged(text: str) -> None:
    """Whatever a text holds, it is judged without an exception, and with line ends of Windows the same."""
    plain = text.replace("\r", "")
    assert find_foreign(plain) == find_foreign(plain.replace("\n", "\r\n"))


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "an image"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "an image"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "an image"),
        (b"wOF2\0\1\0\0", "a font"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "a 7-Zip archive"),
        (b"\x5d\0\0\x80\0\xff\xff", "packed by LZMA"),
        (b"bplist00\xd1\1\2", "a property list"),
        (b"\1\1\1\1\nFrom: a@x\n", "a mailbox in MMDF's form"),
        (b"PAR1\x15\0", "a table (Parquet)"),
        (b"\x7fELF\2\1\1\0", "a program"),
        (b"a\0b", "binary data; if it is text, save it as UTF-8"),
        (bytes(range(256)) * 2, "binary data; if it is text, save it as UTF-8"),
    ],
)
def test_files_that_are_no_text_are_named(head: bytes, name: str) -> None:
    """What is no text is told by its first bytes."""
    found = recognize_bytes(head)

    assert found is not None
    assert found.name.startswith(name)


@pytest.mark.parametrize("text", ["BM is a road.", "MZ wrote it", "PAR1 is a name", "ID3 was my seat\tthere"])
def test_a_text_may_begin_like_a_signature(text: str) -> None:
    """Letters that begin a binary file also begin texts."""
    assert recognize_bytes(text.encode()) is None
