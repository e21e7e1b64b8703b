"""The examples of the package's README, run as they stand there."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

README = Path(__file__).parents[2] / "forgetting" / "studies" / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def run(start: str) -> dict:
    """The names that the example which begins so has in the end."""
    (code,) = [example for example in EXAMPLES if example.startswith(start)]
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 25
    names: dict = {}
    torch.manual_seed(0)
    exec(compile(code, README.name, "exec"), names)
    return names


@pytest.mark.slow
def test_digits_with_batch_norm():
    """Re-estimated, the statistics of a norm no longer take with them what the convolutions have kept."""
    names = run("import torch\nfrom sklearn.datasets import load_digits")
    settled, unsettled = ({one.layer: one for one in names[name].robustness()} for name in ("settled", "unsettled"))
    before = settled["0"].accuracy_before
    assert before > 0.9
    assert all("not re-estimated" in one.note for one in unsettled.values())
    assert not any(one.note for one in settled.values())
    model, initial, evaluate, settle = (names[name] for name in ("model", "initial", "evaluate", "settle"))
    for layer, one in settled.items():  # by the definition of Zhang, Bengio & Singer
        mixed = names["make"]()
        mixed.load_state_dict(
            model.state_dict() | {name: initial[name] for name in initial if name.split(".")[0] == layer}
        )
        settle(mixed)
        with torch.no_grad():
            logits, targets = evaluate(mixed.eval())
        assert one.accuracies[0] == pytest.approx((logits.argmax(1) == targets).double().mean().item())


def test_a_model_that_draws_its_layers_itself_keeps_its_spreads():
    names = run("import torch\nfrom torch import nn\n")
    assert names["result"].frame["validation_accuracy"].notna().all()
    spread = {name: value.std().item() for name, value in names["drawn"].named_parameters() if value.ndim == 2}
    assert len(spread) >= 10
    np.testing.assert_allclose(list(spread.values()), 0.02, rtol=0.15)
