"""The synthetic sample: the file is what the grammar writes, reads like prose, and is neither trivial nor hopeless."""

import csv
import re
from collections import Counter

import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from forgetting.data import sample
from forgetting.data.sample import SAMPLE, load_sample
from forgetting.data.sample.generate import REPEATED, SAMPLE_COLUMNS, Chance, _polish, sample_rows, write_sample
from forgetting.data.sample.grammar import PATTERNS, STYLES, WORDS


@pytest.fixture(scope="module")
def rows():
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def reviews(rows):
    """Texts and labels without duplicates."""
    pairs = dict.fromkeys((row["Review_content"], row["Type_of_wine"]) for row in rows)
    return tuple(zip(*pairs, strict=True))


def test_rewriting_gives_the_bundled_bytes(tmp_path):
    write_sample(tmp_path / "sample.csv")
    written = (tmp_path / "sample.csv").read_bytes()
    assert written == SAMPLE.read_bytes()
    assert b"\r" not in written
    assert not written.startswith(b"\xef\xbb\xbf")


def test_rows_are_those_of_the_file(rows):
    assert [tuple(row.values()) for row in rows] == sample_rows()
    assert tuple(rows[0]) == SAMPLE_COLUMNS == ("Review_name", "Review_content", "Date_of_review", "Type_of_wine")


def test_classes_are_unequal(reviews):
    counts = Counter(reviews[1])
    assert counts == {label: style.reviews for label, style in STYLES.items()}
    assert sum(counts.values()) == 1206
    assert len(counts) == 11
    assert min(counts.values()) == 36
    assert max(counts.values()) == 231


def test_a_few_rows_occur_twice_and_other_names_once(rows):
    whole = Counter(tuple(row.values()) for row in rows)
    assert Counter(whole.values()) == {1: len(rows) - 2 * REPEATED, 2: REPEATED}
    assert len({row["Review_name"] for row in rows}) == len(whole)
    assert len({row["Review_content"] for row in rows}) == len(whole)


def test_dates_are_written_like_the_originals(rows):
    month = "January|February|March|April|May|June|July|August|September|October|November|December"
    for row in rows:
        assert re.fullmatch(rf"({month}) [1-9]\d?, 20(1[89]|2[012])", row["Date_of_review"])
        vintage, year = int(row["Review_name"][:4]), int(row["Date_of_review"][-4:])
        assert 1 <= year - vintage <= 5


def test_vocabulary_is_rich(reviews):
    assert len(TfidfVectorizer().fit(reviews[0]).vocabulary_) >= 2000


def test_a_linear_classifier_is_often_but_not_always_right(reviews):
    """Splits other than those that the constants were set with."""
    texts, labels = (list(column) for column in reviews)
    accuracies = []
    for training, validation in StratifiedShuffleSplit(6, test_size=0.2, random_state=7).split(texts, labels):
        model = make_pipeline(TfidfVectorizer(sublinear_tf=True, min_df=2), LinearSVC())
        model.fit([texts[row] for row in training], [labels[row] for row in training])
        accuracies.append(model.score([texts[row] for row in validation], [labels[row] for row in validation]))
    assert 0.80 <= sum(accuracies) / len(accuracies) <= 0.88
    assert min(accuracies) >= 0.75
    assert max(accuracies) <= 0.92


def test_related_styles_share_most_of_their_words(reviews):
    """Of the words in Malbec reviews, counted as often as they occur, most occur in Cabernet reviews too."""
    analyze = CountVectorizer().build_analyzer()
    words = {label: Counter() for label in STYLES}
    for text, label in zip(*reviews, strict=True):
        words[label].update(analyze(text))
    malbec, cabernet = words["Malbec"], words["Cabernet Sauvignon"]
    assert sum(count for word, count in malbec.items() if word in cabernet) > 0.9 * malbec.total()


def test_the_text_seldom_names_its_label(reviews):
    named = [label.lower() in text.lower() for text, label in zip(*reviews, strict=True)]
    assert 0 < sum(named) < 0.05 * len(named)


def test_texts_have_the_length_of_a_tasting_note(reviews):
    assert all(15 <= len(text.split()) <= 120 for text in reviews[0])


@pytest.mark.parametrize(
    "mistake",
    [
        r"\b(\w+) \1\b",  # the the
        r"\b(a|an|the) (a|an|the|my)\b",
        r"\ba (?!one|eu|us[eu]|uni[qtv])[aeiou]",  # a apple
        r"\ban [^aeiouh]",  # an wine
        r"\ban h(?!our|onest)",
        r"[{}\[\]|]",  # a gap left open
        r"\s[,.;:?!]|[,;:][,.;:?!]|\s\s|,\S",
        r"(^|[.?!] )[a-zà-ÿ]",  # a sentence without a capital
        r"[^.?]$",
    ],
)
def test_texts_are_free_of(reviews, mistake):
    flags = 0 if "a-z" in mistake else re.IGNORECASE
    assert [text for text in reviews[0] if re.search(mistake, text, flags)] == []


@pytest.mark.parametrize(
    ("written", "polished"),
    [
        ("a apple. an pear", "An apple. A pear"),
        ("it is a honest, a unique and an ripe wine", "It is an honest, a unique and a ripe wine"),
        ("soon , dry  and long", "Soon, dry and long"),
    ],
)
def test_polish(written, polished):
    assert _polish(written) == polished


def test_every_phrase_and_family_that_a_style_prefers_exists():
    lines = re.sub(r"\n\s+", " ", WORDS).split("\n")
    phrases = {phrase for line in lines for phrase in line.split(": ")[-1].split(", ")}
    families = set(re.findall(r"^\w+\.(\w+):", WORDS, re.MULTILINE))
    for style in STYLES.values():
        assert set(style.typical.split(", ")) <= phrases
        assert set(style.weights.split()[::2]) <= families
        assert set(style.kin.split(", ")) <= set(STYLES)


def test_every_gap_has_a_pool():
    pools = set(re.findall(r"^(\w+)[.:]", WORDS, re.MULTILINE))
    facts = {"producer", "place", "family", "winemaker", "vintage", "own", "other"}
    gaps = {gap for block in PATTERNS.values() for gap in re.findall(r"\{(\w+)\}", block)}
    assert gaps <= pools | facts


def test_weighted_draws_in_proportion():
    chance = Chance(0)
    drawn = Counter(chance.weighted({"a": 1, "b": 0, "c": 3}) for _ in range(4000))
    assert set(drawn) == {"a", "c"}
    assert drawn["c"] == pytest.approx(3000, abs=110)  # four standard deviations


def test_public_names():
    assert all(hasattr(sample, name) for name in sample.__all__)


def test_sample():
    sample = load_sample()
    report = sample.report
    assert report.source == "synthetic sample"
    assert (report.text, report.label, report.name) == ("Review_content", "Type_of_wine", "Review_name")
    assert report.dropped == ()
    assert len(sample.counts) >= 2
    assert min(sample.counts.values()) >= 2
