"""What several test modules share."""

import os
import signal
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings

from forgetting.core.seeding import pin_threads
from forgetting.data.reviews import Report, Reviews
from forgetting.data.tables import read_reviews
from forgetting.model.settings import SplitSettings
from forgetting.model.split import Split, make_split
from forgetting.unlearning.task import METHODS

pin_threads()
# Properties are tried on the same examples in each run, so that a commit either passes or does not;
# HYPOTHESIS_PROFILE=explore draws new ones.
settings.register_profile("repeatable", derandomize=True)
settings.register_profile("explore")
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
# A shell starts what runs in the background with SIGINT ignored, which every child of it inherits.
signal.signal(signal.SIGINT, signal.default_int_handler)
pytest.register_assert_rewrite(
    "app_pages", "chart_parts", "commands", "study_pages", "table_parts"
)  # an assertion in them tells what it compared
STYLES = {"port": "fig raisin walnut caramel", "red": "cherry plum leather smoke", "white": "lemon apple slate pear"}
SHARED = ("acidity", "body", "finish", "nose", "palate", "glass", "oak", "fruit")
LONG = ("test_help", "test_keep", "test_pretrained", "test_install", "test_readme", "test_story")  # of few tests


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, as one that begins last leaves the other process without work."""
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path.stem not in LONG, -tests[item.path], item.path))


@pytest.fixture(scope="session", autouse=True)
def surroundings(tmp_path_factory) -> Path:
    """Tests have a cache folder of their own, and the visitors of one test do not wait for those of the last."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.setenv("FORGETTING_RUNS", str(tmp_path_factory.mktemp("runs")))
        patch.setenv("FORGETTING_LIMITS", "training=100")
        yield folder


@pytest.fixture(scope="session")
def wine_reviews_path() -> Path:
    """The original data file, which is not part of the project; tests that need it skip where it is absent."""
    beside = Path(__file__).parents[2] / "shared" / "data" / "wine_review.csv"
    path = Path(os.environ.get("WINE_REVIEWS", beside))
    if not path.is_file():
        pytest.skip(f"the original data file is not at {path}; set WINE_REVIEWS to its path")
    return path


@pytest.fixture(scope="session")
def wine_reviews(wine_reviews_path) -> Reviews:
    """The reviews of the original file."""
    return read_reviews(wine_reviews_path)


@pytest.fixture(scope="session")
def small_reviews() -> Reviews:
    """54 short reviews of three styles (24, 18 and 12), each with two words of its style and three shared ones.

    Nine of the 45 names occur twice.
    """
    texts, labels = [], []
    for (style, own), count in zip(STYLES.items(), (12, 24, 18), strict=True):
        words = own.split()
        for number in range(count):
            shared = [SHARED[(number * step) % 8] for step in (1, 3, 5)]
            texts.append(" ".join([words[number % 4], words[(number // 4) % 4], *shared]))
            labels.append(style)
    names = tuple(f"wine {row % 45}" for row in range(len(texts)))
    return Reviews(tuple(texts), tuple(labels), names, "5" * 64, Report("by hand", "text", "label", "name", len(texts)))


@pytest.fixture(scope="session")
def small_split(small_reviews) -> Split:
    """A stratified quarter held out: 40 and 14 reviews, 20 words, 3 classes."""
    return make_split(small_reviews, SplitSettings(validation_share=0.25))


@pytest.fixture
def own_methods():
    """The table of methods; whatever a test registers there is gone after it."""
    before = dict(METHODS)
    yield METHODS
    METHODS.clear()
    METHODS.update(before)


@pytest.fixture
def global_state_kept():
    """The test must leave torch's and numpy's global random states as they were."""
    torch_before, numpy_before = torch.random.get_rng_state(), np.random.get_state()  # noqa: NPY002
    yield
    assert torch.equal(torch_before, torch.random.get_rng_state())
    for before, after in zip(numpy_before, np.random.get_state(), strict=True):  # noqa: NPY002
        np.testing.assert_array_equal(before, after)
