"""Lines that look like the end of a letter: names, titles, institutes, addresses. Nothing in them is a sentence."""

from __future__ import annotations

import re

_LONGEST = 90
_MOST_WORDS = 10
_PARTICLES = (
    "of", "and", "for", "the", "at", "in", "de", "la", "le", "du", "des", "del", "della", "di", "da", "do", "dos",
    "der", "den", "van", "von", "y", "e", "et", "und", "zu",
)  # fmt: skip
_CONTACT = re.compile(
    r"https?://|www\.|[\w.-]+@[\w-]+\.|\+?\(?\d[\d ()./-]{6,}\d|\||(?:tel|phone|fax|mobil?e?|email|e-mail|web|orcid|"
    r"电话|電話|手机|邮箱|信箱|メール|전화|이메일|тел)\b ?[.:]",
    re.I,
)
_DATE = re.compile(r"\W*\d{1,4}[-./]\d{1,2}(?:[-./]\d{1,4})?\W*")
_SENTENCE = re.compile(r"[!?。！？…]$|(?<![A-Z])(?<!\b(?:Dr|Mr|Ms|St|Jr|Sr))(?<!Prof)(?<!Inc)(?<!Ltd)\.$")
_INSTITUTES = re.compile(
    r"大学|大學|学院|學院|研究|公司|集团|中心|实验室|實驗室|教授|博士|硕士|工程师|学部|大学院|株式会社|部$|"
    r"[技術営業総務]+部|課|科$|科学院|室$|系$|所$|グループ|대학|연구|교수|"
    r"주식회사|敬上|敬启|拜上|谨上|드림|올림|배상|より$"
)
# Family names with which most names in Chinese, Korean and Japanese begin.
_FAMILIES = (
    "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林罗羅高郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧曹彭曾萧蕭田董袁潘蔡蒋蔣余"
    "于杜叶葉程魏苏蘇吕呂丁任沈姚卢盧姜崔钟鍾谭譚陆陸汪范金石廖贾賈夏韦傅方白邹孟熊秦邱江尹薛闫段雷侯龙陶史贺顾毛郝龚邵万钱严戴"
    "欧歐司"
)
_KOREAN = (
    "김이박최정강조윤장임한오서신권황안송류홍전고문손양배백허유남심노하곽성차주우구민진엄채원천방공현함변염여추도"
    "소석선설마길연위표명기반왕금옥육인맹제모탁국"
)
_JAPANESE = (
    "佐藤|鈴木|高橋|田中|伊藤|渡辺|渡邊|山本|中村|小林|加藤|吉田|山田|佐々木|山口|松本|井上|木村|林|斎藤|斉藤|清水|"
    "山崎|森|池田|橋本|阿部|石川|山下|中島|石井|小川|前田|岡田|長谷川|藤田|後藤|近藤|村上|遠藤|青木|坂本|福田|太田|"
    "西村|藤井|金子|岡本|藤原|中野|三浦|原田|中川|松田|竹内|小野|田村|中山|和田|石田|森田|上田|内田|柴田|酒井|宮崎|"
    "横山|高木|安藤|宮本|大野|小島|工藤|谷口|今井|高田|丸山|増田|杉山|村田|大塚|平野|菅原|小山|藤本|武田|新井|野口|"
    "上野|松井|千葉|岩崎|桜井|松尾|野村|木下|菊地|佐野|大西|杉本|新田"
)
_NAME = re.compile(
    rf"[{_FAMILIES}][\u3400-\u9fff]{{1,2}}|[{_KOREAN}][\uac00-\ud7af]{{2}}|"
    rf"(?:{_JAPANESE})[\u3040-\u30ff\u3400-\u9fff]{{0,4}}"
)
_SAYS = re.compile(r"[不别別是了还還留要吧再想请請我你您给給停取消发發もはをにで]|만$|요$|다$")


def is_signature(line: str) -> bool:
    """Whether a line behind a command is somebody's name, title, institute or address, and no sentence."""
    if not line or len(line) > _LONGEST or _DATE.fullmatch(line):
        return False
    bare = "".join(line.split())
    if not bare.isascii() and re.search(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]", bare):
        return bool(
            _CONTACT.search(line) or _INSTITUTES.search(bare) or (_NAME.fullmatch(bare) and not _SAYS.search(bare))
        )
    return not _SENTENCE.search(line) and (bool(_CONTACT.search(line)) or _is_capitalised(line))


def _is_capitalised(line: str) -> bool:
    words = re.findall(r"[^\W\d_][\w'’.-]*|&", line)
    capitals = [word for word in words if word[0].isupper()]
    small = [word for word in words if not word[0].isupper() and word.lower() not in _PARTICLES]
    return len(words) <= _MOST_WORDS and bool(capitals) and not small
