"""The review that stands for all, found review by review."""

import numpy as np
import pytest
import torch

from forgetting.data.reviews import Report, Reviews
from forgetting.metrics.typical_review import find_typical_review
from forgetting.model.split import Part, Split


def make_split(targets: list[int]) -> Split:
    names, count = ("ale", "port", "rye"), len(targets)
    texts = tuple(f"text {row}" for row in range(2 * count))
    labels = tuple(names[target] for target in (*targets, *targets))
    reviews = Reviews(texts, labels, None, "", Report("", "", "", None, 0))
    parts = [Part(None, torch.tensor(targets), np.arange(first, first + count)) for first in (0, count)]
    return Split(*parts, (), names, reviews)


@pytest.mark.parametrize("seed", range(5))
def test_half_of_the_reviews_that_were_right_are_lost_before_it(seed):
    random = np.random.default_rng(seed)
    targets = random.integers(3, size=20).tolist()
    predictions = [np.array(targets)]
    for _ in range(10):
        predictions.append(np.where(random.random(20) < 0.2, random.integers(3, size=20), predictions[-1]))
    predictions[0] = np.where(random.random(20) < 0.3, (predictions[0] + 1) % 3, predictions[0])
    found = find_typical_review(make_split(targets), predictions)
    lost = {}
    for row, target in enumerate(targets):
        if predictions[0][row] == target:
            lost[row] = 1 + max(place for place, each in enumerate(predictions) if each[row] == target)
    earlier = sum(at < lost[found.position] for at in lost.values())
    later = sum(at > lost[found.position] for at in lost.values())
    assert earlier <= len(lost) // 2
    assert later < len(lost) - len(lost) // 2
    assert found.text == f"text {20 + found.position}"
    names = ("ale", "port", "rye")
    assert found.label == names[targets[found.position]] == found.predictions[0]
    assert found.predictions == tuple(names[each[found.position]] for each in predictions)


def test_where_nothing_was_right_it_is_one_of_all():
    found = find_typical_review(make_split([0, 1, 2]), [np.array([1, 2, 0]), np.array([0, 0, 0])])
    assert found.label != found.predictions[0]
