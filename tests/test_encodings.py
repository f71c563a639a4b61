import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.encodings import decode_page, decode_text, find_codec
from tldrkit.files import open_bytes

GUESSED = {
    "windows-1251": "Тормоза скрипят после дождя, кто знает почему? Меняли колодки весной.",
    "koi8-r": "Тормоза скрипят после дождя, кто знает почему? Меняли колодки весной.",
    "windows-1250": "Hamulce piszczą po deszczu, czy ktoś wie dlaczego? Zmieniłem klocki wiosną.",
    "iso-8859-2": "Brzdy po dešti pískají, víte někdo proč? Destičky jsme měnili na jaře.",
    "windows-1252": "Die Bremsen quietschen bei Nässe, weiß jemand warum? Ich hab sie “frisch” gewechselt.",
    "windows-1253": "Τα φρένα τρίζουν μετά τη βροχή, ξέρει κανείς γιατί;",
    "windows-1254": "Yağmurdan sonra frenler ötüyor, nedenini bilen var mı? Balataları değiştirdik.",
    "windows-1255": "הבלמים חורקים אחרי הגשם, מישהו יודע למה?",
    "windows-1256": "الفرامل تصدر صوتا بعد المطر، هل يعرف أحد السبب؟",
    "windows-874": "เบรกมีเสียงดังหลังฝนตก ใครรู้บ้างว่าทำไม",
    "gb18030": "下雨后刹车有声音，有人知道为什么吗？春天刚换了刹车片。",
    "big5": "下雨後煞車有聲音，有人知道為什麼嗎？春天剛換了煞車片。",
    "shift_jis": "雨の後にブレーキが鳴きます。なぜか分かる人はいますか？",
    "euc-jp": "雨の後にブレーキが鳴きます。なぜか分かる人はいますか？",
    "iso-2022-jp": "雨の後にブレーキが鳴きます。なぜか分かる人はいますか？",
    "x-mac-cyrillic": "Дверь скрипит после дождя, кто знает почему? Смазали петли весной.",
    "euc-kr": "비가 온 뒤에 브레이크에서 소리가 납니다. 왜 그런지 아시는 분?",
}


SHORT = {
    "cp1252": ["Grüße", "It’s", "20 °C", "¿Qué tal?"],
    "cp1251": ["Лифт сломан.", "Кто закроет дверь?"],
    "euc_jp": ["了解です。", "駐輪場の鍵が見つかりません。"],
    "cp932": ["了解です。", "資料は共有フォルダにあります。"],
    "gb18030": ["电梯坏了，请走楼梯。", "暖气从星期一开始就不热了。"],
    "big5": ["電梯壞了，請走樓梯。", "暖氣從星期一開始就不熱了。"],
    "cp949": ["감사합니다.", "엘리베이터 고장"],
}


@pytest.mark.parametrize("codec", SHORT)
def test_short_texts_are_guessed_right(codec: str) -> None:
    """A few words are enough."""
    assert [decode_text(text.encode(codec)).text for text in SHORT[codec]] == SHORT[codec]


@pytest.mark.parametrize("name", GUESSED)
@pytest.mark.parametrize("times", [1, 40])
def test_the_encoding_of_a_text_is_guessed_with_a_word(name: str, times: int) -> None:
    """A text, or a page, that says nothing of its encoding is read right, and the guess is said."""
    text = (GUESSED[name] + "\n") * times
    for decode, shown in ((decode_text, text), (decode_page, f'<html class="a">{text}<p>{text}</html>')):
        found = decode(shown.encode(find_codec(name)))
        assert (found.text, found.doubt) == (shown, f"{name}, a guess")


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("gb2312", "gb18030", "朱镕基说要换"),
        ("GBK", "gb18030", "朱镕基说要换"),
        ("latin1", "cp1252", "It’s fine – 5 €"),
        ("iso-8859-1", "cp1252", "It’s fine – 5 €"),
        ("us-ascii", "cp1252", "It’s fine"),
        ("shift_jis", "cp932", "①髙い"),
        ("x-sjis", "cp932", "①髙い"),
        ("ms932", "cp932", "①髙い"),
        ("euc-kr", "cp949", "똠방각하"),
        ("ks_c_5601-1987", "cp949", "똠방각하"),
        ("big5", "big5hkscs", "煞車嘅"),
        ("tis-620", "cp874", "เบรก…"),
        ("iso-8859-9", "cp1254", "değişti"),
        ("koi8-ru", "koi8-u", "гальмо є"),
        ("x-user-defined", "cp1252", "café"),
        ("iso-2022-jp", "iso2022_jp", "ブレーキ"),
    ],
)
@pytest.mark.parametrize(
    "head",
    [
        '<meta charset="{0}">',
        "<meta charset = {0} />",
        '<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset={0}">',
        '<!-- <meta charset="utf-8"> --><meta charset="{0}">',
    ],
)
def test_labels_mean_what_browsers_take_them_for(label: str, codec: str, text: str, head: str) -> None:
    """A page is read by the encoding that browsers understand its label as, wherever that stands."""
    page = f"<!DOCTYPE html><html><head>{head.format(label)}</head><body>{text}</body></html>"

    found = decode_page(page.encode(codec))

    assert (found.text, found.doubt) == (page, "")


def test_what_cannot_be_read_is_said() -> None:
    """Damaged bytes are counted, and UTF-8 under another name is UTF-8, by a guess."""
    assert decode_text("Grüße, schöne Tage".encode() + b"\xff").doubt == "utf-8, 1 unreadable"
    assert decode_page(b'<meta charset="euc-jp">\xff\xff').doubt == "euc-jp, 2 unreadable"
    page = decode_page('<meta charset="latin1">schön'.encode())
    assert (page.text[-5:], page.doubt) == ("schön", "utf-8, a guess")
    assert (
        decode_page('<?xml version="1.0" encoding="windows-1251"?><p>Да'.encode("cp1251")).text[-2:] == "Да"
    )


@given(
    data=st.binary(max_size=300), head=st.sampled_from([b"", b"<meta charset=gbk>", b"\xff\xfe", b"\0\0a\0"])
)
def test_any_bytes_are_decoded(data: bytes, head: bytes) -> None:
    """Whatever bytes there are, decoding them raises nothing and leaves nothing that cannot be written."""
    assert decode_text(head + data).text.encode() is not None
    assert decode_page(head + data).text.encode() is not None
    with open_bytes(head + data) as file:
        assert file.read() is not None


@given(
    text=st.text(st.characters(max_codepoint=0x24F, categories=["L", "N", "P", "Zs"]), min_size=12),
    name=st.sampled_from(["utf-16", "utf-32", "utf-8-sig"]),
)
def test_marked_text_is_utf_8(text: str, name: str) -> None:
    """What begins with a byte order mark is read as UTF-8 without it."""
    with open_bytes(text.encode(name)) as file:
        assert file.read() == text.encode()
