"""What the tests of charts look at: the layers of a chart, the rows behind them, and the words in a picture."""

import json
import re
import xml.etree.ElementTree as ElementTree

from forgetting.experiment.published import PublishedRun

LAST = [None, None]  # the last chart, and its specification


def valid(chart) -> dict:
    """A chart as Vega-Lite, which `to_dict` holds to the schema, without the numbers that JSON lacks."""
    spec = spec_of(chart)
    assert not re.search(r"\b(NaN|Infinity)\b", json.dumps(spec))
    return spec


def spec_of(chart) -> dict:
    """A chart as Vega-Lite, held to the schema; of the last chart it is kept, as its parts are asked for one by one."""
    if LAST[0] is not chart:
        LAST[:] = chart, chart.to_dict()
    return LAST[1]


def marks(chart, kind: str) -> list[dict]:
    """The layers of a chart with a mark, as Vega-Lite."""
    spec = spec_of(chart)
    layers = [layer for layer in spec.get("layer", [spec]) if layer["mark"]["type"] == kind]
    assert layers, kind
    return layers


def data_of(chart, layer: dict) -> list[dict]:
    """The rows that a layer is drawn from."""
    spec = spec_of(chart)
    return spec["datasets"][layer.get("data", spec.get("data"))["name"]]


def scale_of(layer: dict, channel: str = "color") -> dict:
    """What each name is drawn as, in the order of the legend."""
    scale = layer["encoding"][channel]["scale"]
    return dict(zip(scale["domain"], scale["range"], strict=True))


def texts_of(svg: bytes) -> list[str]:
    """All that is written in a picture."""
    return ["".join(item.itertext()) for item in ElementTree.fromstring(svg).iter() if item.tag.endswith("}text")]


def made_up_rerun(seed: int) -> PublishedRun:
    """A re-run of three epochs, whose metrics are of its seed, epoch, model and part."""
    histories = {
        model: tuple(
            {
                (part, metric): 0.1 * epoch + 0.01 * seed + 0.002 * (part == "validation") + shift
                for part in ("training", "validation")
                for metric in ("loss", "bitwise_accuracy", "accuracy")
            }
            for epoch in (1, 2, 3)
        )
        for model, shift in (("original", 0.0), ("randomized", 0.4))
    }
    return PublishedRun(seed, 1000, 294, histories)
