"""What all tests of charts share."""

import altair as alt
import pytest


@pytest.fixture(autouse=True)
def named_channels(monkeypatch):
    """No channel of a chart is left to Altair to find the class of, which takes a hundred times as long."""

    def refuse(cls, channel, **options):  # noqa: ARG001 - the signature of what it stands for
        raise AssertionError(f"name the class of the channel {channel}, as alt.Y")

    monkeypatch.setattr(alt.SchemaBase, "from_dict", classmethod(refuse))
