"""The texts of the interface, compared with those that were read and approved; see `interface_texts`."""

import re

from interface_texts import APPROVED, collect

from forgetting.reporting.names import METHOD_NAMES, SCHEME_NAMES

# Words for which another one stands (DESIGN, "Words"), names in code, and letters that are said in full elsewhere.
AVOIDED = re.compile(
    r"\b(?:(?<!by its )doses?(?!–)|level|verdict|lesson|nats a|named right|"
    + "|".join(name for name in [*METHOD_NAMES, *SCHEME_NAMES] if "_" in name)
    + r")\b"
)


def test_every_text_is_approved():
    assert APPROVED.read_text(encoding="utf-8") == collect(), "python -m tests.interface_texts writes them anew"


def test_one_thing_has_one_word():
    assert [line for line in collect().splitlines() if AVOIDED.search(line)] == []


def test_a_minus_is_no_hyphen():
    assert [line for line in collect().splitlines() if re.search(r"(?:^|[\s(])-[\d…]| - ", line)] == []
