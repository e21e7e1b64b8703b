"""The README: its example runs, and it stays short."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_is_short():
    assert len(README.splitlines()) <= 150


@pytest.mark.slow
def test_its_example_runs_with_the_public_names_alone(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert set(re.findall(r"(?:from|import) (\w+)", code)) >= {"forgetting"}
    assert all(line.startswith("from forgetting import ") for line in code.splitlines() if "import" in line)
    names: dict = {}
    exec(code, names)
    forgetting, frame = names["result"].comparison.forgetting["validation"].value, names["sweep"].frame
    assert 0 < forgetting < 1
    assert len(frame) == names["sweep"].planned == 3 * 21 * 2 * 10
    assert capsys.readouterr().out == ""


def test_every_scheme_is_listed():
    from forgetting.randomization.schemes import SCHEMES

    assert re.findall(r"^\| `(\w+)` \| (?:a|an|what|another|zero|itself)\b", README, re.MULTILINE) == list(SCHEMES)
