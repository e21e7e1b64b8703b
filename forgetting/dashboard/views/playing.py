"""Training that is watched: a lesson advanced in slices by a fragment, fast enough to be quick and slow enough to see.

A page calls `play` from one fragment with `run_every`; pause, another page or a closed tab simply stop the slices.
"""

import streamlit as st

from forgetting.charts.history import Curve, history_chart
from forgetting.metrics.baselines import Baselines
from forgetting.model.trainer import OBJECTIVES, Trainer

PLAY_EVERY = 0.2  # seconds between two runs of the fragment while it plays
PLAY_SLICE = 0.3  # seconds of training in a run, at the most
SINGLE = 4  # first epochs that are shown one by one
FRAMES = 8  # runs for the others, where they are quick


def play_slice(trainer: Trainer, *, full_speed: bool) -> None:
    """Train one slice: an epoch for the first few, then an equal share of the rest, or all that SLICE allows."""
    done, total = len(trainer.history), trainer.training.epochs
    share = 1 if done < SINGLE else -(-(total - SINGLE) // FRAMES)
    trainer.advance(PLAY_SLICE, epochs=total if full_speed else share, wait=False)


def history_charts(drawn: list[Curve], baselines: Baselines, *, objective: str, epochs: int, key: str) -> None:
    """Loss and accuracy by epoch, side by side, with their baselines; updated in place while they grow."""
    left, right = st.columns(2)
    left.altair_chart(
        history_chart(
            drawn,
            "loss",
            {"uniform guess": baselines.chance_loss},
            epochs=epochs,
            title=f"loss ({OBJECTIVES[objective]})",
        ),
        key=f"{key}_loss",
        alt="Loss by epoch, training and validation, with that of a uniform guess",
    )
    lines = {"chance": baselines.chance, "largest class": baselines.majority["validation"]}
    if baselines.linear_svc:
        lines["LinearSVC"] = baselines.linear_svc["validation"]
    right.altair_chart(
        history_chart(drawn, "accuracy", lines, epochs=epochs, title="accuracy"),
        key=f"{key}_accuracy",
        alt="Accuracy by epoch, training and validation, with baselines",
    )
