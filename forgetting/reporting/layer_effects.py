"""What a model's layers hold, as sentences: each says what is expected of such a model only where the rows show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forgetting.metrics.baselines import Baselines
from forgetting.reporting.formatting import format_baselines, format_count, format_interval, format_share, join_names
from forgetting.studies.layer_effects import LayerEffect, LayerEffects
from forgetting.studies.layer_robustness import DECIDED

FEW_NAMES = 4  # of layers, in a sentence
NOTHING = "There is nothing to say yet: the study has no layer that is wholly randomized."


@dataclass(frozen=True)
class LayerSentence:
    """One sentence.

    Attributes:
        topic: What it is about, in a few words.
        text: The sentence.
        shown: Whether the rows show what is expected of a Transformer.
    """

    topic: str
    text: str
    shown: bool


def describe_layer_effects(
    effects: LayerEffects, baselines: Baselines, scope: str, moved: Mapping[str, float]
) -> tuple[str, tuple[LayerSentence, ...]]:
    """The sentences, and one before them with the accuracy of the original, its baselines, and the correction.

    Args:
        effects: What the rows show.
        baselines: Of the split.
        scope: See `describe_half_way`.
        moved: ‖θ_t − θ_0‖₂ / ‖θ_0‖₂ of each layer over training, by its name.
    """
    found = [
        *_describe_attention(effects),
        *_describe_pairs(effects),
        *_describe_positions(effects.positions, moved),
        *_describe_head(effects.head),
        *_describe_tenths(effects),
    ]
    before = f"Validation accuracy {scope}".rstrip()
    first = f"{before} is {format_share(effects.before)}, where {format_baselines(baselines)}."
    if effects.intervals:
        first += (
            " What is lost is a share of the accuracy above chance, in intervals that hold all "
            f"{effects.intervals} at once, 95 times of 100." * (effects.intervals > 1)
        )
    return first if found else f"{first} {NOTHING}", tuple(found)


def _describe_attention(effects: LayerEffects) -> list[LayerSentence]:
    blocks = effects.attention
    if len(blocks) < 2:
        return []
    kinds = {block.conclusion for block in blocks}
    shown = {"critical", "robust"} <= kinds
    start = "One block's attention is critical, another's is robust" if shown else "Of the blocks' attention"
    if not shown and len(kinds) == 1 and kinds <= set(DECIDED):
        start = f"The attention of every block is {next(iter(kinds))}"
    listed = "; ".join(f"{block.layers} {_verb(block)} {_conclusion(block)} ({_loss(block)})" for block in blocks)
    text = f"{start}: drawn anew, {listed}."
    if effects.rewound:
        text += f" Re-initialized, they lose {join_names(map(_share, effects.rewound))}."
    return [LayerSentence("Attention by block", text, shown)]


def _describe_pairs(effects: LayerEffects) -> list[LayerSentence]:
    if len(effects.pairs) < 2:
        return []
    (held, other), difference = effects.pairs, effects.difference
    shown = held.conclusion == "critical" and other.conclusion == "robust"
    start = "Whether values and outputs or queries and keys hold more cannot be told"
    if shown:
        little = "hold little of it" if other.low and other.low > 0 else "do not"
        start = f"Values and outputs hold it, queries and keys {little}"
    elif difference and difference.decided:  # its second is queries and keys
        more = (
            ("Values and outputs", "queries and keys") if difference.change > 0 else ("Queries and keys", "the others")
        )
        start = "{} hold more than {}".format(*more)
    text = f"{start}: drawn anew, values and outputs lose {_share(held)}, queries and keys {_share(other)}."
    return [LayerSentence("Values and outputs", text, shown)]


def _describe_positions(effect: LayerEffect | None, moved: Mapping[str, float]) -> list[LayerSentence]:
    if effect is None:
        return []
    far, shown = moved.get(effect.layers), effect.conclusion == "robust"
    text = f"drawing {effect.layers} anew loses {_share(effect)}."
    if far:
        and_yet = "and yet" if shown else "and"
        text = (
            f"training moved {effect.layers} by {format_share(far)} of their length (norm), {and_yet} drawing them "
            f"anew loses {_share(effect)}."
        )
    return [LayerSentence("Positions", text[0].upper() + text[1:], shown)]


def _describe_head(head: Sequence[LayerEffect]) -> list[LayerSentence]:
    if len(head) < 2:
        return []
    rewound, drawn = head
    shown = rewound.conclusion == "robust" and drawn.conclusion == "critical"
    but = "while" if shown else "and"
    text = f"Re-initialized, {rewound.layers} loses {_share(rewound)}, {but} drawn anew it loses {_share(drawn)}."
    return [LayerSentence("Head", text, shown)]


def _describe_tenths(effects: LayerEffects) -> list[LayerSentence]:
    if not effects.tenths:
        return []
    more = [name for name, pair in effects.tenths if pair.decided and pair.change > 0]
    less = [name for name, pair in effects.tenths if pair.decided and pair.change < 0]
    total, pair = len(effects.tenths), effects.tenths[0][1]
    counts = f"{format_count(pair.reviews, 'review')} and {format_count(pair.seeds, 'seed')}"
    text = (
        f"N(0, 1) on a tenth of a layer costs more than drawing all of it anew in {_count(more)} of "
        f"{format_count(total, 'layer')}, and less in {_count(less)}; of {total - len(more) - len(less)} it cannot be "
        f"told from {counts} (corrected for {total} comparisons)."
    )
    return [LayerSentence("Large draws", text, len(more) > len(less))]


def _count(names: Sequence[str]) -> str:
    """How many layers there are, and which, where they are few."""
    return f"{len(names)} ({join_names(names)})" if 0 < len(names) <= FEW_NAMES else f"{len(names)}"


def _verb(effect: LayerEffect) -> str:
    return "is" if effect.conclusion in DECIDED else "may be"


def _conclusion(effect: LayerEffect) -> str:
    return "anything from robust to critical" if effect.conclusion == "undecided" else effect.conclusion


def _loss(effect: LayerEffect) -> str:
    return f"it leaves {format_share(effect.accuracy)} and loses {_share(effect)}"


def _share(effect: LayerEffect) -> str:
    """What is lost of the accuracy above chance: an interval; from below 0 on, no loss is shown."""
    if effect.low is None or effect.high is None:
        return f"{format_share(max(effect.forgetting, 0.0))}, of which no interval is known,"
    if effect.low <= 0:
        return f"at most {format_share(max(effect.high, 0.0))}"
    return format_interval(effect.low, effect.high)
