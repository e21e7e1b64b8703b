"""What texts are cut into, against scikit-learn, blanks, and the characters that a text was put together of."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from forgetting.model import words as module
from forgetting.model.words import WORD_KINDS, Tokenizer, choose_tokenizer

ANALYZER = TfidfVectorizer().build_analyzer()
BASIC, WORDS, CHARACTERS = map(Tokenizer, ("basic", "words", "characters"))
# Scripts with blanks, each with a consonant, the marks that go on it, and what may join two letters in a word.
SCRIPTS = {
    "Devanagari": ("कखगतन", "\u093e\u093f\u0940\u0902\u094d", "\u200d\u200c"),
    "Bengali": ("কখগতন", "\u09be\u09bf\u0982\u09cd", "\u200d"),
    "Tamil": ("கசதனம", "\u0bbe\u0bbf\u0bcd", ""),
    "Hebrew": ("אבגדל", "\u05b0\u05b7\u05bc", ""),
    "Arabic": ("ببتثي", "\u064e\u064f\u0651", "\u200c"),
    "Latin": ("aezöñ", "\u0323\u0307", ""),
    "Hangul": ("가나안못", "", ""),
}
EMOJI = (
    *("😀", "★", "♥", "👍🏽", "🇩🇪", "3⃣", "#⃣", "👨\u200d👩\u200d👧", "🤷🏽\u200d♂", "🏳\u200d🌈"),
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
)


@given(st.text() | st.text("aÀßİΣя_०9 ．.क्好👍"))
def test_basic_words_are_scikit_learns(text):
    assert BASIC(text) == ANALYZER(text)


@st.composite
def words_of_a_script(draw, script):
    letters, marks, joiners = SCRIPTS[script]
    syllable = st.tuples(st.sampled_from(letters), st.text(marks, max_size=2) if marks else st.just("")).map("".join)
    syllables = draw(st.lists(syllable, min_size=1, max_size=4))
    between = draw(st.sampled_from(["", *joiners]))
    return between.join(syllables)


@given(
    st.sampled_from(sorted(SCRIPTS)).flatmap(lambda script: st.lists(words_of_a_script(script))), st.sampled_from(" \n")
)
def test_words_of_scripts_with_blanks_are_what_stands_between_them(words, blank):
    assert WORDS(blank.join(words)) == words
    assert WORDS(f"({'), ('.join(words)})!") == words


@given(st.lists(st.sampled_from(EMOJI)), st.sampled_from(["", " ", "\ufe0f"]))
def test_an_emoji_is_one_word_however_it_is_drawn(signs, between):
    assert WORDS(between.join(signs)) == signs
    assert WORDS(between.join(f"so{sign}\ufe0f" for sign in signs)) == [each for sign in signs for each in ("so", sign)]


# Grapheme clusters put together by hand: a letter and its marks.
CLUSTERS = {
    "Han": ("酒", "好", "々"),
    "Kana": ("ワ", "イ", "ン", "が", "ー", "っ"),
    "Thai": ("ก", "ที่", "น้ำ", "เ"),
    "Khmer": ("ក", "កា", "កិ"),
    "Lao": ("ກ", "ກີ່"),
    "Burmese": ("က", "ကိ"),
}


@given(st.sampled_from(sorted(CLUSTERS)).flatmap(lambda name: st.lists(st.sampled_from(CLUSTERS[name]), min_size=1)))
def test_scripts_without_blanks_are_cut_into_characters_and_pairs_of_them(clusters):
    expected = [*clusters, *(first + second for first, second in pairwise(clusters))]
    run = "".join(clusters)
    assert WORDS(run) == CHARACTERS(run) == expected
    assert WORDS(f"Wine2{run}, 13.5 {run}x") == ["wine2", *expected, "13.5", *expected, "x"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A “don’t” I'd", ["a", "don", "t", "i", "d"]),
        ("13.5 1,000 v2.0 5. 12:30", ["13.5", "1,000", "v2.0", "5", "12", "30"]),
        ("İstanbul IŞIK ΟΔΟΣ Straße", ["istanbul", "işik", "οδος", "straße"]),
        ("Wein\u00adgut \u200eשלום\u200f \ufeffx", ["weingut", "שלום", "x"]),
        ("می\u200cخواهم\u200c کتاب", ["می\u200cخواهم", "کتاب"]),
        ("ㅋㅋㅋ 또 ㅠㅠ", ["ㅋㅋㅋ", "또", "ㅠㅠ"]),
        ("བོད་ཡིག", ["བོད", "ཡིག"]),
        ("5 € + 3 $ = … ©", ["5", "3", "©"]),
        ("\u0301 \u200d a\u0301", ["a\u0301"]),
    ],
)
def test_words(text, words):
    assert WORDS(text) == words


def test_characters_are_all_but_blanks():
    assert CHARACTERS("Ab! \n👍🏽c\r\n") == ["a", "b", "!", "ab", "b!", "👍🏽", "c", "👍🏽c"]


TEXTS = {
    "English": "I had a glass of it; I can't say it's bad.|A gift for a friend, and a good one.|So I'd buy it again.",
    "French": "J'ai adoré l'attaque, l'équilibre d'un vin à boire.|C'est bon.|Il n'y a rien à dire, ça m'a plu.",
    "German": "Süße, Größe und 8,90 €, 9 °C, ½ Glas: z. B. für Gäste.|Geht's besser?|Äpfel ohne Öl.",
    "Russian": "Я и он в лесу, а с ней и я.|К мясу и к сыру, о вкусе.|У нас ещё был йогурт.",
    "Greek": "Ή το αγοράζεις ή όχι.|Ο φελλός κι η γεύση.|Η τιμή είναι ωραία.",
    "Vietnamese": "Rượu vang này rất ngon.|Giá cả hợp lý, ở nhà ai cũng thích.|Ý kiến riêng thôi.",
}
OTHERS = {
    "Hindi": "यह वाइन बहुत अच्छी है।|मुझे पसंद नहीं।",
    "Chinese among English": "A fine wine with a long finish.|这款酒很好喝|Another glass of red with plum.",
    "emoji": "what a wine 😀|what a glass 😡|this bottle is fine",
    "Korean": "이 와인 안 맛있어요.|또 살 거예요.|참 좋은 술.",
    "Arabic with its vowels": "نَبِيذٌ جَيِّدٌ|نَبِيذٌ سَيِّئٌ",
    "grades on the same texts": "A wine of this place|wine of this place B|wine F of this place",
    "grades on different texts": "|".join(f"{'plum' * n} wine {'ABDF'[n % 4]} of" for n in range(1, 21)),
    "one emoji in twenty long texts": "|".join(["a long text of plain words, " * 9] * 19 + ["the end 😡"]),
}


@pytest.mark.parametrize("language", TEXTS)
def test_texts_that_basic_words_cover_keep_them(language):
    chosen = choose_tokenizer("automatic", TEXTS[language].split("|"))
    assert (chosen.kind, chosen.uncovered, chosen.losing, chosen.alike) == ("basic", 0, 0, 0)


@pytest.mark.parametrize("language", OTHERS)
def test_texts_that_basic_words_do_not_cover_get_words(language):
    texts = OTHERS[language].split("|")
    assert choose_tokenizer("automatic", texts).kind == "words"
    assert choose_tokenizer("basic", texts) == BASIC


def test_the_share_that_falls_through_is_that_of_letters_marks_and_signs():
    # 8 letters of 12 letters, marks and signs are covered; a word of one letter, a digit and a point are not counted.
    assert choose_tokenizer("automatic", ["abcdefgh 好 כּ 😀 I 5.", "abcdefgh 好 כּ 😀 I 5."]).uncovered == 1 - 8 / 12
    assert choose_tokenizer("automatic", [""]) == Tokenizer("basic", 0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    "piece", ["a", "\u0301", "\u200d", "a\u200d", "好", "😀\u200d", "1.", "🇩", "\u00ad", "ก\u0e49", "क\u094d"]
)
@pytest.mark.parametrize("kind", sorted(WORD_KINDS))
def test_a_text_without_a_blank_takes_time_in_proportion_to_its_length(kind, piece):
    def seconds(length: int) -> float:
        begun = time.process_time()
        WORD_KINDS[kind].cut(piece * length)
        return time.process_time() - begun

    seconds(1)  # the characters are looked up
    assert seconds(40_000) < 40 * seconds(4_000) + 0.05  # quadratic: 100 times


def test_of_long_texts_fewer_are_looked_at_all_over_the_file(monkeypatch):
    seen = []
    monkeypatch.setattr(module, "_basic", lambda text: seen.append(text) or [])
    choose_tokenizer("automatic", [f"{number} {'a' * 5_000}" for number in range(3_000)])
    assert sum(map(len, seen)) == module.ALL_CHARACTERS
    assert [int(text.split()[0]) for text in seen] == list(range(0, 3_000, 6))
