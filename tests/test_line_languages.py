"""A faithful line passes in every language that the list accepts, and one in another script does not."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator
from functools import cache

import pytest
from babel import Locale, localedata

from newsletter.subscribers import values
from newsletter.summarise import problem
from newsletter.summarise.languages import how_checked, scripts_of
from tests.factories import a_paper

PAPER = a_paper(
    1, title="Budgets", abstract="We train 12 models on 1.2 million images with 1,500 steps, and gain 3.2% on average."
)
ENGLISH = "The search gives each of the layers its own budget for the experts, which improves accuracy by 3.2%."
UNSPACED = ("Hans", "Hant", "Jpan", "Thai", "Laoo", "Khmr", "Mymr", "Tibt")
# The prefix of the names of a script's letters where it is not CLDR's name of the script.
NAMES = {"Beng": "BENGALI", "Orya": "ORIYA", "Nkoo": "NKO", "Cans": "CANADIAN SYLLABICS", "Kore": "HANGUL SYLLABLE"}
NAMES |= {"Jpan": "HIRAGANA LETTER"}
SIMPLIFIED, TRADITIONAL = "这种搜索为专家模型的每一层分配预算", "這種搜尋為專家模型的每一層分配預算"


@cache
def letters(script: str) -> str:
    """Forty letters of a script, found by their names."""
    if script in ("Hans", "Hant"):
        return SIMPLIFIED if script == "Hans" else TRADITIONAL
    name = NAMES.get(script) or str(Locale("en").scripts[script]).upper()
    found = (chr(code) for code in range(0x370, sys.maxunicode) if unicodedata.name(chr(code), "").startswith(name))
    return "".join([one for one in found if unicodedata.category(one) in ("Lo", "Ll")][:40])


def a_line(script: str, end: str = ".") -> str:
    """Made-up words of a script, as many as a line has."""
    own = letters(script) * 8
    if script in UNSPACED:
        return f"{own[:45]}{'。' if script in ('Hans', 'Hant', 'Jpan') else ''}"
    return " ".join(own[start : start + 6] for start in range(0, 15 * 6, 6)) + end


def languages() -> Iterator[str]:
    """Every language that CLDR has, as the list writes it."""
    for name in sorted({one.partition("_")[0] for one in localedata.locale_identifiers()}):
        if len(name) in (2, 3):
            yield values.language(name)


KNOWN = list(languages())
OTHERS = [name for name in KNOWN if scripts_of(name) and "Latn" not in scripts_of(name)]


def test_the_list_is_long() -> None:
    """Hundreds of languages are accepted, and a tenth of them is not written in Latin letters."""
    assert len(KNOWN) > 250
    assert len(OTHERS) > 60


@pytest.mark.parametrize("language", OTHERS)
def test_a_line_in_its_own_script(language: str) -> None:
    """It passes with the full stop of English and with the script's own; an English line does not."""
    for script in scripts_of(language):
        assert problem(a_line(script), PAPER, language) is None
    assert problem(ENGLISH, PAPER, language) == f"not written in {language}"


@pytest.mark.parametrize("language", [name for name in KNOWN if name not in OTHERS])
def test_a_line_in_latin_letters(language: str) -> None:
    """It passes where the language is written so, by whatever words; Chinese does not."""
    line = "Zorvu maneti kalipo sarunde wobel tikamo purinde falost mezu grondil hapre sintok."
    assert problem(line, PAPER, language) is None
    if scripts_of(language) == ("Latn",):
        assert problem(a_line("Hans"), PAPER, language) == f"not written in {language}"


@pytest.mark.parametrize("language", ["tlh", "qaa", "zxx", "x-own", "en-Zsym", "art-Qaag"])
def test_an_unknown_script_has_the_benefit_of_the_doubt(language: str) -> None:
    """Nobody knows how it is written: any line passes that has no invented number, markup or link."""
    for line in (a_line("Geor"), a_line("Thai"), a_line("Cher"), "𐐔𐐯𐑅𐐨𐑉𐐯𐐻 𐐨𐑅 𐐲𐑌"):
        assert problem(line, PAPER, language) is None
    assert problem("Gains 77%.", PAPER, language) == "the number 77 is not in the abstract"


REAL = {
    "am": "ይህ ዘዴ ለእያንዳንዱ ንብርብር የራሱን በጀት ይሰጣል፤ ትክክለኛነትን በ3.2% ያሻሽላል።",
    "ar": "تمنح طريقة البحث كل طبقة ميزانيتها الخاصة، فتتحسن الدقة بنسبة ٣٫٢٪ على ١٬٥٠٠ خطوة.",
    "bn": "পদ্ধতিটি প্রতিটি স্তরকে নিজস্ব বাজেট দেয় এবং নির্ভুলতা ৩.২% বাড়ায়।",
    "bo": "ཐབས་ལམ་འདིས་རིམ་པ་རེ་རེར་རང་གི་འགྲོ་སོང་སྤྲོད་ནས་ཡང་དག་ཚད་མཐོར་འདེགས་བྱེད།",
    "de": "Das Verfahren gibt jeder Schicht ein Budget, z. B. Experten, und gewinnt 3,2 % auf 1,2 Millionen Bildern.",
    "de-CH": "Das Verfahren gewinnt 3.2 % in 1’500 Schritten auf 1.2 Mio. Bildern.",
    "el": "Η μέθοδος δίνει σε κάθε επίπεδο δικό του προϋπολογισμό και κερδίζει 3,2% σε 1.500 βήματα.",
    "fa": "این روش به هر لایه بودجه‌ای جداگانه می‌دهد و دقت را ۳٫۲٪ بهتر می‌کند.",
    "fi": "Menetelmä antaa kullekin kerrokselle oman budjetin ja parantaa tarkkuutta 3,2 % 1,2 miljoonalla kuvalla.",
    "fr": "La méthode donne à chaque couche son budget et gagne 3,2 % sur 1,2 million d’images en 1 500 étapes.",
    "he": "השיטה נותנת לכל שכבה תקציב משלה ומשפרת את הדיוק ב-3.2%.",
    "hi": "यह विधि हर परत को अपना बजट देती है और बारह मॉडलों को 12,00,000 चित्रों पर प्रशिक्षित करके सटीकता को 3.2% बढ़ाती है, "
    "जबकि पहले की सभी विधियाँ सभी परतों को एक ही बजट देती थीं और इसलिए बड़े मॉडलों में बहुत पीछे रह जाती थीं।",
    "hy": "Մեթոդը յուրաքանչյուր շերտի տալիս է իր բյուջեն և բարելավում ճշգրտությունը 3,2 %-ով։",
    "ja": "探索によって各層に予算を割り当て、120万枚の画像で学習し、精度を3.2%改善する手法を提案する。",
    "ka": "მეთოდი თითოეულ ფენას საკუთარ ბიუჯეტს აძლევს და სიზუსტეს 3,2%-ით ზრდის.",
    "kk": "Әдіс әр қабатқа өз бюджетін береді және дәлдікті 3,2% арттырады.",
    "km": "វិធីនេះផ្តល់ថវិកាដល់ស្រទាប់នីមួយៗ និងបង្កើនភាពត្រឹមត្រូវ 3.2%។",
    "ko": "각 층에 예산을 나누어 주는 탐색법으로 120만 장의 이미지에서 정확도를 3.2% 높인다.",
    "lo": "ວິທີນີ້ໃຫ້ງົບປະມານແກ່ແຕ່ລະຊັ້ນ ແລະ ເພີ່ມຄວາມຖືກຕ້ອງ 3.2%",
    "my": "ဤနည်းလမ်းသည် အလွှာတစ်ခုစီအား ကိုယ်ပိုင်ဘတ်ဂျက်ပေးပြီး တိကျမှုကို မြှင့်တင်သည်။",
    "pt-BR": "O método dá a cada camada o seu orçamento e ganha 3,2% em 1,2 milhão de imagens.",
    "ru": "Метод даёт каждому слою, т. е. каждому эксперту, свой бюджет и выигрывает 3,2 % на 1,2 млн изображений.",
    "sr": "Metoda svakom sloju daje sopstveni budžet i povećava tačnost za 3,2 %.",
    "sr-Cyrl": "Метода сваком слоју даје сопствени буџет и повећава тачност за 3,2 %.",
    "ta": "இந்த முறை ஒவ்வொரு அடுக்குக்கும் தனி நிதியை அளித்து துல்லியத்தை 3.2% உயர்த்துகிறது.",
    "th": "วิธีนี้จัดสรรงบประมาณให้แต่ละชั้นและเพิ่มความแม่นยำ 3.2%",
    "tr": "Yöntem her katmana kendi bütçesini verir ve 1,2 milyon görüntüde doğruluğu %3,2 artırır.",
    "ur": "یہ طریقہ ہر تہہ کو اپنا بجٹ دیتا ہے اور درستگی 3.2% بڑھاتا ہے۔",
    "vi": "Phương pháp cấp cho mỗi tầng một ngân sách riêng và tăng độ chính xác 3,2% trên 1,2 triệu ảnh.",
    "yue": "呢個搜尋方法會幫每一層分配預算，用咗120萬張圖訓練，準確度提高3.2%，而且唔使重新訓練。",
    "zh": "针对专家模型占用内存过多的问题，提出逐层分配预算的搜索方法，在120万张图像上精度提高3.2%。",
    "zh-HK": "針對專家模型佔用記憶體過多的問題，提出逐層分配預算的搜尋方法，在120萬張圖像上精度提高3.2%。",
}


@pytest.mark.parametrize("language", REAL)
def test_a_faithful_line(language: str) -> None:
    """Lines as people write them, with their own digits, separators, abbreviations and sentence ends."""
    assert problem(REAL[language], PAPER, language) is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Das Verfahren gibt jeder Schicht ein Budget und gewinnt 2,3 % auf den Bildern."),
        ("de", "Das Verfahren gibt jeder Schicht ein Budget und gewinnt auf 1,2 Milliarden Bildern."),
        ("ar", "تمنح طريقة البحث كل طبقة ميزانيتها الخاصة، فتتحسن الدقة بنسبة ٤٫٢٪."),
        ("hi", "यह विधि हर परत को अपना बजट देती है और 1,20,00,000 चित्रों पर सटीकता बढ़ाती है।"),
        ("fi", "Menetelmä antaa kullekin kerrokselle oman budjetin, 1,2 miljardia kuvaa."),
        ("vi", "Phương pháp cấp cho mỗi tầng một ngân sách riêng trên 1,2 tỷ ảnh."),
    ],
)
def test_an_invented_number(language: str, text: str) -> None:
    """Another value is invented, however the language writes it."""
    assert "is not in the abstract" in str(problem(text, PAPER, language))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("hi", "यह विधि हर परत को बजट देती है। यह सटीकता भी बढ़ाती है।"),
        ("ur", "یہ طریقہ ہر تہہ کو بجٹ دیتا ہے۔ یہ درستگی بڑھاتا ہے۔"),
        ("am", "ይህ ዘዴ ለንብርብር በጀት ይሰጣል። ትክክለኛነትን ያሻሽላል።"),
        ("hy", "Մեթոդը յուրաքանչյուր շերտի բյուջե է տալիս։ Այն բարելավում է ճշգրտությունը։"),
        ("ru", "Метод даёт каждому слою свой бюджет. Он выигрывает много."),
    ],
)
def test_two_sentences(language: str, text: str) -> None:
    """One sentence is asked for, by whatever mark sentences end."""
    assert problem(text, PAPER, language) == "more than one sentence"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "script and words (Latn), 5 to 60 words, one full stop, numbers"),
        ("zh-TW", "script (Hant), 30 to 60 signs, one full stop, numbers"),
        ("th", "script (Thai), 30 to 250 signs, no full stop needed, numbers"),
        ("sr", "script (Cyrl or Latn), 5 to 60 words, one full stop, numbers"),
        ("tlh", "its script is unknown, so any is taken; numbers, markup and links"),
    ],
)
def test_what_is_checked_is_said(language: str, said: str) -> None:
    """`newsletter check` tells it for each language of the list."""
    assert how_checked(language) == said
