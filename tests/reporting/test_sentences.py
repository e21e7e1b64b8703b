"""Whole sentences, compared with those that were approved; how to approve others: see `reporting_cases`."""

import json

import pytest
from reporting_cases import APPROVED, CASES

approved = json.loads(APPROVED.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CASES)
def test_the_sentence_is_the_approved_one(name):
    assert CASES[name]() == approved[name]


def test_every_approved_sentence_has_a_case():
    assert list(approved) == list(CASES)
