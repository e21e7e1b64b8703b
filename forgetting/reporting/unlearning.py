"""A comparison of unlearning methods as sentences. Each accuracy stands beside its baseline."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from forgetting.core.numbers import PERCENT
from forgetting.randomization.groups import title_set
from forgetting.randomization.patterns import ALL, LAYER_SEPARATOR
from forgetting.recipe.forget import Unlearning
from forgetting.reporting.formatting import (
    format_count,
    format_gap,
    format_interval,
    format_number,
    format_share,
    join_names,
)
from forgetting.reporting.names import NETWORK_NAMES, format_method
from forgetting.unlearning.membership import ThresholdAttack
from forgetting.unlearning.result import CHOSEN_LAYERS, UNCHOSEN_LAYERS, ChoiceContrast, UnlearningResult
from forgetting.unlearning.row import FEWEST_STEPS
from forgetting.unlearning.task import REFERENCE, method_title

ASKED = {  # what is concluded, by question of `UnlearningResult.conclusions`
    "remembers": "the attack finds the forget set more surely than in a retrained model",
    "over_forgets": "the model knows the forget set less than one that never saw it (over-forgetting)",
    "relearns_soon": "the model relearns the forget set in less than half of the steps of a retrained one",
}
CHOICE_TITLES = {"tow": "the ToW", "relearn_steps": "the steps to relearn the forget set"}


def describe_unlearning(result: UnlearningResult) -> str:
    """What exact retraining leaves, which method comes nearest to it, and which methods remember or over-forget.

    Returns:
        Lines, as many however many seeds are done, so that what is shown below them stands still.
    """
    counts = result.reviews
    several = counts["forget"] != 1
    accuracy = result.frame.drop_duplicates("seed")["retrained_forget_accuracy"].median()
    them = "them are" if several else "it is"
    right = (
        f"it is not known how many of {them} classified correctly"
        if np.isnan(accuracy)
        else f"{format_share(accuracy)} of {them} classified correctly"
    )
    first = (
        f"{counts['forget']:,} of {counts['forget'] + counts['retain']:,} training reviews "
        f"{'are' if several else 'is'} to be forgotten; after exact retraining {right} (chance "
        f"{format_share(result.chance)}, largest class {format_share(result.majority['forget'])})."
    )
    if not result.candidates:
        return first
    if result.seeds == 1:
        first += " What follows is of one model of each method; a second training may end elsewhere."
    lines = [first, _describe_nearest(result)]
    if choice := describe_choice(result):
        lines.append(choice)
    return "\n".join(lines + [_describe_conclusion(result, question) for question in ASKED])


def describe_choice(result: UnlearningResult) -> str:
    """Whether it helps to choose the layers that `randomize_and_repair` randomizes; "" where the plan does not ask.

    Args:
        result: Of a plan with that method and at least one of UNCHOSEN_LAYERS.
    """
    settings = result.recipe.unlearning
    asked = [name for name in UNCHOSEN_LAYERS if name in settings.methods]
    if not asked or CHOSEN_LAYERS not in settings.methods or settings.repair_layers == (ALL,):
        return ""
    layers = title_set(LAYER_SEPARATOR.join(settings.repair_layers), result.recipe.model.layers)
    own = {metric: result.median(CHOSEN_LAYERS, metric) for metric in CHOICE_TITLES}
    if own["tow"] is None or not result.choice:
        return f"Whether it helps to choose {layers} for randomize and repair is undecided."
    reached = f"a ToW of {format_number(own['tow'])}"
    if own["relearn_steps"] is not None:
        reached += f" and {format_count(round(own['relearn_steps']), 'step')} to relearn the forget set"
    beside = "; ".join(
        f"with {format_method(name)} {join_names(map(_describe_contrast, contrasts))}"
        for name, contrasts in _by_method(result.choice).items()
    )
    return (
        f"Does it help to choose {layers}? Randomize and repair of {layers} leaves {reached}. Compared {beside} "
        f"(95{PERCENT} intervals, corrected for {format_count(len(result.choice), 'comparison')}; steps count up to "
        "those of exact retraining). "
        f"{_conclude_choice(result.choice)}"
    )


def _by_method(choice: Sequence[ChoiceContrast]) -> dict[str, list[ChoiceContrast]]:
    found: dict[str, list[ChoiceContrast]] = {}
    for each in choice:
        found.setdefault(each.method, []).append(each)
    return found


def _describe_contrast(each: ChoiceContrast) -> str:
    low, high = (format_gap(each.metric, round(end, 1)) for end in (each.change.low, each.change.high))
    change = format_gap(each.metric, round(each.change.change, 2))
    if each.metric == "tow":
        low, high = (format_gap("tow", end) for end in (each.change.low, each.change.high))
        change = format_gap("tow", each.change.change)
    if math.isinf(each.change.low):  # of one seed, whose steps are taken as given
        return f"{change} (one seed has no interval) in {CHOICE_TITLES[each.metric]}"
    return f"{change} ({low} to {high}) in {CHOICE_TITLES[each.metric]}"


def _conclude_choice(choice: Sequence[ChoiceContrast]) -> str:
    """What the contrasts show together: a choice helps where it is nowhere worse, and in something better."""
    worse = [each for each in choice if each.conclusion == "less near"]
    better = {
        name: [each.metric for each in contrasts if each.conclusion == "nearer"]
        for name, contrasts in _by_method(choice).items()
    }
    if worse:
        first = worse[0]
        return (
            f"The choice does not help: by {CHOICE_TITLES[first.metric]} {format_method(first.method)} comes nearer "
            "to exact retraining."
        )
    if not any(better.values()):
        return "That the choice helps is not shown with these seeds and reviews."
    shown = [
        f"beside {format_method(name)} by {join_names(map(CHOICE_TITLES.get, metrics))}"
        for name, metrics in better.items()
        if metrics
    ]
    open_ones = [format_method(name) for name, metrics in better.items() if not metrics]
    rest = f"; beside {join_names(open_ones)} that is not shown" if open_ones else ""
    return f"The choice helps {join_names(shown)}{rest}."


def describe_chosen(settings: Unlearning, kind: str) -> str:
    """What a kind of model chooses of the settings that are left open; "" where there are none."""
    used = settings.for_kind(kind)
    parts = {
        "epochs": f"{format_count(used.epochs, 'epoch')} of repair and tuning",
        "learning_rate": f"a learning rate of {used.learning_rate:g}",
        "ascent_rate": f"steps of {used.ascent_rate:g} in gradient ascent",
        "dampening_alpha": f"an α of {used.dampening_alpha:g} in dampening",
    }
    chosen = [part for name, part in parts.items() if settings.value(name) != used.value(name)]
    return f"Chosen for the {NETWORK_NAMES[kind]}: {join_names(chosen)}." if chosen else ""


def describe_method(method: str) -> str:
    """What an unlearning method does: the first line of its docstring, without the name that may begin it."""
    title = method_title(method)
    name, _, rest = title.partition(": ")
    return rest if name.casefold() == format_method(method).casefold() else title


def describe_threshold(threshold: float, attacks: Mapping[str, ThresholdAttack]) -> str:
    """What an attacker gets right at a threshold that is the same for all models.

    Args:
        threshold: The highest loss that is called a member's.
        attacks: By what the models are called.
    """
    sides = next(iter(attacks.values()))
    right = " and ".join(
        f"{format_share(attack.balanced_accuracy)} ({name}; 95{PERCENT} interval "
        f"{format_interval(*attack.balanced_interval)})"
        for name, attack in attacks.items()
    )
    return (
        f"Of {format_count(sides.members, 'forgotten review')} and {format_count(sides.non_members, 'non-member')}, "
        f"both sides counted alike, an attacker who calls a loss of at most {format_number(threshold)} a member's is "
        f"right about {right}; a guess is about {format_share(0.5)}. A threshold that is chosen because it looks good "
        "on these reviews finds less on others."
    )


def tabulate_threshold(attack: ThresholdAttack) -> dict[str, str]:
    """The confusion at a threshold, by what a line says: shares, with counts as means over the models."""
    counts = attack.tpr * attack.members, attack.fpr * attack.non_members
    called, wrong = (f"{count:,.1f}".removesuffix(".0") for count in counts)
    return {
        "members called members (TPR)": f"{format_share(attack.tpr)}, {called} of {attack.members:,} "
        f"({format_interval(*attack.tpr_interval)})",
        "non-members called members (FPR)": f"{format_share(attack.fpr)}, {wrong} of {attack.non_members:,} "
        f"({format_interval(*attack.fpr_interval)})",
        f"balanced accuracy (a guess: {format_share(0.5)})": f"{format_share(attack.balanced_accuracy)} "
        f"({format_interval(*attack.balanced_interval)})",
        f"accuracy (always the larger side: {format_share(attack.larger_side)})": format_share(attack.accuracy),
    }


def _describe_nearest(result: UnlearningResult) -> str:
    """The method with the highest ToW beside that of another retraining, its ties, and what its choice is worth.

    Of one method there is no nearest, nor of several with the same ToW.
    """
    nearest, again = result.nearest, result.median(REFERENCE, "tow")
    if nearest is None:
        return "Which method comes nearest to exact retraining in accuracy is undecided."
    beside = "" if again is None else f", and that of another retraining {format_number(again)}"
    method, tow, chosen = format_method(nearest.method), format_number(nearest.tow), False
    if nearest.among == 1:
        first = f"How near {method} comes to exact retraining in accuracy: its tug of war (ToW) is {tow}{beside}."
    elif nearest.equal:
        count = "Both" if nearest.among == 2 else f"All {nearest.among}"
        first = f"{count} methods come equally near to exact retraining in accuracy: their tug of war "
        first += f"(ToW) is {tow}{beside}."
    else:
        first, chosen = f"Nearest to exact retraining in accuracy comes {method}: its tug of war (ToW) is ", True
        first += f"{tow}{beside}."
    sentences = [first]
    if chosen and nearest.ties:
        sentences.append(f"It cannot be told from {_list_methods(nearest.ties)}.")
    if nearest.original_ties:
        them = "them" if nearest.equal else "it"
        sentences.append(f"The original, which forgets nothing, cannot be told from {them} either.")
    if nearest.test_tow is not None and not nearest.equal:
        sentences.append(
            f"On the test part{', which did not choose it,' * chosen} its ToW is {format_number(nearest.test_tow)}."
        )
    elif chosen:
        sentences.append(
            f"The best of {nearest.among} looks better than it is on the validation reviews that choose it; a test "
            "part would tell."
        )
    return " ".join(sentences)


def _describe_conclusion(result: UnlearningResult, question: str) -> str:
    """Of which methods something is true, of which it is not, and of which that cannot be told."""
    what, found = ASKED[question], result.conclusions[question]
    true, false, unknown = ([name for name in result.candidates if found[name] is vote] for vote in (True, False, None))
    untold = unknown and f"cannot be told of {_list_methods(unknown)}{_why_untold(result, question)}."
    if not true and not false:
        return f"Whether {what} {untold}"
    of_known = _list_methods(true) if true else f"none of {_list_methods(false)}" if unknown else "no method"
    sentence = f"{what[0].upper()}{what[1:]} after {of_known}"
    if true and false:
        sentence += f", not after {_list_methods(false)}"
    return f"{sentence}; it {untold}" if unknown else f"{sentence}."


def _why_untold(result: UnlearningResult, question: str) -> str:
    """That a retrained model takes too few steps for an AIN, or none, where that is why."""
    if question != "relearns_soon":
        return ""
    steps = {row.seed: row.retrained["relearn_steps"] for row in result.rows}.values()
    known = [count for count in steps if count is not None]
    if not known or max(known) >= FEWEST_STEPS:
        return ""
    takes = f"takes under {FEWEST_STEPS} steps" if max(known) else "is already there before any step"
    return f", as a retrained model {takes}"


def _list_methods(names: Sequence[str]) -> str:
    *first, last = map(format_method, names)
    return f"{', '.join(first)} and {last}" if first else last
