"""What Quantus' own code gives for the parameter randomization tests, on dense inputs, into `quantus_mprt.json`.

`tests/studies/test_quantus.py` compares those numbers with ours. Quantus needs image libraries that nothing here uses,
so it is no requirement of the tests: unpack its wheel and name the folder. What it imports of them is stood in for.

    .venv/bin/python tests/bench/quantus_mprt.py FOLDER
"""

import argparse
import json
import sys
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np
import torch
from common import ROOT
from scipy.sparse import csr_matrix

from forgetting.core.seeding import pin_threads
from forgetting.model.attribution import attribute
from forgetting.model.classifier import TextClassifier
from forgetting.model.settings import ATTRIBUTIONS
from forgetting.model.sparse import SparseMatrix

REVIEWS, WORDS, CLASSES, BINS, VERSION = 12, 25, 4, 10, "0.6.0"
FILE = ROOT / "tests" / "bench" / "quantus_mprt.json"


def explain(model: TextClassifier, inputs: np.ndarray, targets: np.ndarray, method: str) -> np.ndarray:
    """Our attributions as Quantus asks for them, (reviews, words)."""
    matrix = SparseMatrix.from_scipy(csr_matrix(np.asarray(inputs, dtype=np.float32)))
    assert len(matrix.values) == np.size(inputs), "a dense input has no zero"
    found = attribute(model, matrix, torch.as_tensor(targets), method, samples=4)
    return found.values.reshape(np.shape(inputs)).numpy()


def plain(values: np.ndarray) -> list[list[float]]:
    """The values with as many digits as tell them apart."""
    return [[float(str(value)) for value in row] for row in values.astype(np.float32)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the wheel of Quantus is unpacked")
    sys.path.insert(0, str(parser.parse_args().folder))
    for name in ("cv2", "skimage", "skimage.segmentation", "skimage.transform", "cachetools"):
        sys.modules[name] = MagicMock()
    import quantus

    pin_threads()
    drawn = np.random.default_rng(0)
    inputs = drawn.random((REVIEWS, WORDS)).astype(np.float32) + 0.05
    inputs /= np.linalg.norm(inputs, axis=1, keepdims=True)
    targets = drawn.integers(0, CLASSES, REVIEWS)
    model = TextClassifier(WORDS, CLASSES, (16,), seed=5).eval()
    with torch.no_grad():
        for layer in model.children():
            layer.weight.mul_(3)
    records = []
    for method in ATTRIBUTIONS:
        seen = []

        def explained(model, inputs, targets, method=method, seen=seen, **_):
            found = explain(model, inputs, targets, method)
            seen.append(found)
            return found

        common = {
            "model": model,
            "x_batch": inputs,
            "y_batch": targets,
            "explain_func": explained,
            "channel_first": True,
            "batch_size": REVIEWS,
        }
        for sizes in (False, True):
            options = {"abs": sizes, "normalise": False, "layer_order": "top_down", "disable_warnings": True}
            seen.clear()
            scores = quantus.MPRT(return_average_correlation=False, **options)(**common)
            _, *after = seen[-3:]
            before = seen[0]
            records.append(
                {
                    "metric": "MPRT",
                    "attribution": method,
                    "absolute": sizes,
                    "scores": {name: list(map(float, scores[name])) for name in ("fc2", "fc1")},
                    "before": plain(before),
                    "after": {"fc2": plain(after[0]), "fc1": plain(after[1])},
                }
            )
        options = {"abs": False, "normalise": False, "layer_order": "top_down", "disable_warnings": True}
        seen.clear()
        rise = quantus.EfficientMPRT(complexity_func_kwargs={"n_bins": BINS}, **options)(**common)
        records.append(
            {
                "metric": "EfficientMPRT",
                "attribution": method,
                "absolute": False,
                "scores": {"fc1": list(map(float, rise))},
                "before": plain(seen[0]),
                "after": {"fc1": plain(seen[-1])},
            }
        )
    FILE.write_text(json.dumps({"quantus": VERSION, "bins": BINS, "records": records}) + "\n", encoding="utf-8")
    print(f"{len(records)} records in {FILE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
