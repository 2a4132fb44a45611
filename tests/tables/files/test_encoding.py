"""Names in the encodings of other scripts are readable."""

import pytest

from clusterer.tables import open_table
from clusterer.tables.files.encoding import detect_encoding

NAMES = {
    "cp1251": "температура,влажность,город\n1.5,2.5,Москва\n",
    "koi8-r": "температура,влажность,город\n1.5,2.5,Москва\n",
    "cp866": "температура,влажность,город\n1.5,2.5,Москва\n",
    "gb18030": "温度,湿度,城市\n1.5,2.5,北京\n",
    "cp932": "温度,湿度,都市\n1.5,2.5,ひろしま\n",
    "euc-jp": "温度,湿度,都市\n1.5,2.5,ひろしま\n",
    "cp949": "온도,습도,도시\n1.5,2.5,서울\n",
    "big5": "溫度,濕度,城市\n1.5,2.5,臺北\n",
    "cp1253": "θερμοκρασία,υγρασία,πόλη\n1.5,2.5,Αθήνα\n",
    "cp1256": "درجة,رطوبة,المدينة\n1.5,2.5,القاهرة\n",
    "cp1250": "teplota,vlhkost,město\n1.5,2.5,Příbram u Úvalů\n",
}
LATIN = {
    "cp1250": ["ludność;gęstość;powiat łódzki", "teplota;vlhkosť;Košice;Nitra",
               "hőmérséklet;fűtés;idő", "měsíc;teplota vzduchu;příjem;původ"],
    "cp1254": ["yaş;gelir düzeyi;şehir;İzmir"],
    "cp1257": ["amžius;šalis;miestų;gyventojų skaičius"],
    "iso8859_2": ["ludność;gęstość;źródło;ś"],
    "cp850": ["Länge;Höhe;Öffnung;für", "température;élève;très"],
    "cp852": ["ludność;gęstość;źródło"],
}  # fmt: skip
WESTERN = [
    "größe,höhe\n1,2\n", "température,élève,où,très\n1,2,3,4\n", "città,più,perché\n1,2,3\n",
    "año,niño,día\n1,2,3\n", "størrelse,år,væske\n1,2,3\n", "x,y,é\n1,2,3\n",
    "x²°,y\n1,2\n", "x,y\n1,5°C\n", "m³,km²\n1,2\n", "Größe,Élève,Año\n1,2,3\n",
    "l’été – à\n1\n", "þjóð,ár,ösku\n1,2,3\n",
]  # fmt: skip


@pytest.mark.parametrize("codec", NAMES)
def test_names_of_other_scripts_are_readable(write, codec):
    table = open_table(write((NAMES[codec] * 3).encode(codec)))
    assert [column.name for column in table.columns] == NAMES[codec].split("\n")[0].split(",")
    assert any("not UTF-8: read as " in note for note in table.report.notes)


@pytest.mark.parametrize(
    ("codec", "names", "word"),
    [
        ("cp932", "温度,湿度,種類", "甲"),
        ("cp932", "品名,数量,単価", "鉄"),
        ("gb18030", "年龄,收入,类", "甲"),
        ("cp949", "나이,소득,종류", "가"),
        ("big5", "年齡,收入,類別", "甲"),
        ("cp1251", "Год,ЦенаТовара,Вид", "А"),
    ],
)
def test_few_words_among_many_numbers_show_the_encoding(write, codec, names, word):
    rows = "".join(f"{i * 37 % 90}.5,{i * 11 % 90}.25,{word}\n" for i in range(300))
    table = open_table(write(f"{names}\n{rows}".encode(codec)))
    assert [column.name for column in table.columns] == names.split(",")


@pytest.mark.parametrize(
    ("codec", "text"), [(codec, text) for codec, texts in LATIN.items() for text in texts]
)
def test_letters_of_one_language_show_the_encoding(codec, text):
    assert detect_encoding(f"{text}\n1;2;3;4\n".encode(codec), "t.csv").codec == codec


def test_old_macintosh_text(write):
    rows = "".join(f"{i},{i % 7}.5,{('Rüster', 'Föhre')[i % 2]}\r" for i in range(30))
    table = open_table(write(("Länge,Breite,Art\r" + rows).encode("mac_roman")))
    assert [column.name for column in table.columns] == ["Länge", "Breite", "Art"]


def test_japanese_without_kana_is_no_chinese():
    names = "温度,湿度,種類\n1,2,杉\n"
    assert detect_encoding(names.encode("euc_jp"), "t.csv").codec == "euc_jp"
    names = "温度,湿度,种类\n1,2,松\n"
    assert detect_encoding(names.encode("gb18030"), "t.csv").codec == "gb18030"


def test_chinese_is_no_kana_of_half_width():
    names = "日期|高度|重量|长度\r1|2|3|4\r"
    assert detect_encoding(names.encode("gb18030"), "t.csv").codec == "gb18030"


def test_kana_of_half_width(write):
    rows = "".join(f"{i * 7 % 30}.5,{i * 3 % 20},{i % 3}\n" for i in range(30))
    table = open_table(write(("ｵﾝﾄﾞ,ｼﾂﾄﾞ,ｸﾗｽ\n" + rows).encode("cp932")))
    assert table.default_features == ("ｵﾝﾄﾞ", "ｼﾂﾄﾞ")
    assert table.label_column == "ｸﾗｽ"


def test_few_hebrew_names_are_not_cyrillic():
    names = "שם,גובה,משקל,סוג\nא0,157,65,א\n"
    assert detect_encoding(names.encode("cp1255"), "t.csv").codec == "cp1255"
    names = "имя,рост,вес,тип\nа0,157,65,б\n"
    assert detect_encoding(names.encode("cp1251"), "t.csv").codec == "cp1251"


@pytest.mark.parametrize("text", WESTERN)
def test_western_names_stay_windows_1252(text):
    found = detect_encoding(text.encode("cp1252"), "t.csv")
    assert found.codec == "cp1252"
    assert found.note is not None
