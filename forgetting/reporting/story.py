"""The guided story: scenes with a question each, and answers that are decided by the numbers of what a scene shows.

A scene has the recipe of one state of the app. Its answer is a function of the results of that recipe: which choice is
right and every number in the text are computed from them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from forgetting.experiment.published import PUBLISHED_CLASSES, PUBLISHED_TABLE
from forgetting.experiment.results import Comparison
from forgetting.metrics.baselines import Baselines
from forgetting.metrics.paired import SIGNIFICANT
from forgetting.randomization.settings import Randomization
from forgetting.recipe.forget import Forget, Unlearning
from forgetting.recipe.plans import Relearning, Sweep, even_doses
from forgetting.recipe.recipe import MODERN, Recipe
from forgetting.reporting.comparison import describe_hollow
from forgetting.reporting.formatting import (
    format_baselines,
    format_change,
    format_change_interval,
    format_fraction,
    format_points,
    format_share,
)
from forgetting.reporting.relearning import conclude_from_curves, describe_steps, describe_units, format_savings
from forgetting.studies.differences import compare_pairs
from forgetting.studies.dose_response import curves
from forgetting.studies.relearning import RelearningResult
from forgetting.studies.sweep import SweepResult
from forgetting.unlearning.result import UnlearningResult

ALIKE = 0.05  # differences of accuracies, of savings and of shares of the weights below this are none
MOST = 0.6  # a layer with more of the weights than this holds most of them
LITTLE, MUCH = 0.1, 0.9  # forgetting below the first leaves nearly all, above the second hardly anything


@dataclass(frozen=True)
class Answer:
    """What the numbers of a scene say.

    Attributes:
        right: Position of the choice that they decide for; None where they decide for none.
        text: What they say, each beside its baseline.
        limit: What they do not show.
    """

    right: int | None
    text: str
    limit: str


@dataclass(frozen=True)
class Scene:
    """A scene of the story.

    Attributes:
        name: What it is called in code.
        title: Its title.
        introduction: What a visitor needs to know first.
        question: The question.
        choices: The predictions to choose from.
        recipe: The state of the app that the answer is decided by.
        answer: Makes the answer of the results of the recipe; its arguments differ from scene to scene.
        first: The settings that differ while there is no prediction yet, by their dotted names.
    """

    name: str
    title: str
    introduction: str
    question: str
    choices: tuple[str, ...]
    recipe: Recipe
    answer: Callable[..., Answer]
    first: Mapping[str, object] = field(default_factory=dict)

    def state(self, *, predicted: bool) -> Recipe:
        """The recipe that the scene shows, before the prediction or after it."""
        recipe = self.recipe
        for name, value in {} if predicted else self.first.items():
            recipe = recipe.with_value(name, value)
        return recipe


def answer_layers(parameters: Mapping[str, int], words: int) -> Answer:
    """In which layer most of the weights lie.

    Args:
        parameters: The number of weights of each layer, from the first to the last.
        words: The number of words that the first layer reads.
    """
    total, names = sum(parameters.values()), list(parameters)
    first, last = names[0], names[-1]
    shares = {name: count / total for name, count in parameters.items()}
    right = 0 if shares[first] > MOST else 1 if shares[last] > MOST else 2
    return Answer(
        right,
        f"{first} holds {parameters[first]:,} of the {total:,} weights ({format_share(shares[first])}), as it has some "
        f"for each of {words:,} words. {last} holds {parameters[last]:,}. If all layers held the same, each would have "
        f"{format_share(1 / len(names))}.",
        "Where most of the weights lie is not where most of the knowledge lies. A small layer may matter more than a "
        "large one, so let us take some weights away and see.",
    )


def answer_fraction(comparison: Comparison, baselines: Baselines, fraction: float) -> Answer:
    """How much a randomization leaves: nearly everything, some or hardly anything, where the reviews tell these apart.

    The ends of the interval of the change of accuracy must lie on one side of the bounds between them.

    Args:
        comparison: The original and the randomized model.
        baselines: Of the split.
        fraction: The fraction randomized.
    """
    before, after = (outcome.scores["validation"] for outcome in (comparison.original, comparison.randomized))
    change, lost = comparison.changes["validation"], comparison.forgetting["validation"]
    if hollow := describe_hollow(before, baselines):
        return Answer(None, f"The numbers do not decide. {hollow}", "")
    if lost.value is None:
        return Answer(None, f"The numbers do not decide: {lost.missing}.", "")
    ends = (-end / (before.accuracy - baselines.chance) for end in (change.low, change.high))
    most, least = (0 if end < LITTLE else 2 if end > MUCH else 1 for end in ends)
    left = ("nearly everything", "some of it", "hardly anything")[least : most + 1]
    return Answer(
        least if least == most else None,
        f"With {format_fraction(fraction)} of the weights replaced {' or '.join(left)} is left: "
        f"{format_share(before.accuracy)} of the validation reviews were classified correctly before, "
        f"{format_share(after.accuracy)} are now, a change of "
        f"{format_change(change, before.accuracy, after.accuracy)}, where "
        f"{format_baselines(baselines)}. Drag the slider up and down: where does the network break?",
        "This is one network, one draw of random numbers and one kind of them. Another draw gives other numbers; the "
        "Layers page repeats it with many.",
    )


def answer_relearning(result: RelearningResult, baselines: Baselines) -> Answer:
    """Whether a randomized model is relearned sooner than a new one learns.

    Args:
        result: Learning curves of both, over seeds.
        baselines: Of the split.
    """
    found = result.learning_curves
    target = found[0].target_accuracy
    memory = conclude_from_curves(result.outcomes)
    if target.missing or memory.median is None:
        return Answer(None, f"The numbers do not decide: {target.missing or 'neither network gets there'}.", "")
    low, high = memory.median, memory.median_high
    sooner = low >= ALIKE and memory.conclusion == "remembers"
    right = 0 if sooner else 2 if high <= -ALIKE else 1 if -ALIKE < low <= high < ALIKE else None
    after = np.median([curve.points[0].validation.accuracy for curve in found if curve.model == "randomized"])
    sure = {"remembers": "So something was left.", "gone": "That is too little to be sure that anything was left."}
    return Answer(
        right,
        f"Accuracy had fallen to {format_share(float(after))}, where {format_baselines(baselines)}. To reach "
        f"{format_share(target.target)} again the randomized network takes {describe_steps(found, 'randomized')}, a "
        f"new one {describe_steps(found, 'scratch')} (medians over {describe_units(memory)}). The share of the steps "
        f"that is saved is called savings: {format_savings(low, high)}, where 0 is no better than a new network. "
        f"{sure.get(memory.conclusion, 'These seeds are too few to be sure.')}",
        "Savings show that something is left, not what or where, and here of this one network. And where nothing is "
        "saved, something may still be left that this test does not find. The Relearn page can train a network for "
        "each seed.",
    )


def answer_matched(result: SweepResult, baselines: Baselines) -> Answer:
    """Which of two schemes costs more accuracy where both move the weights equally far.

    They are alike where the whole interval of their difference is below ALIKE. Where it is neither that nor without 0,
    the reviews and seeds do not tell.

    Args:
        result: A sweep at equal change of the weights, of the schemes "reinit" and "normal".
        baselines: Of the split.
    """
    table = curves(result.frame).pivot(index="planned_dose", columns="scheme", values=["median", "dose"]).dropna()
    if table.empty:
        return Answer(None, "The numbers do not decide: there is no change that both reach.", "")
    row = table.loc[table.index.max()]
    found = compare_pairs([each for each in result.rows if each.planned_dose == row.name], "scheme")
    if not found:
        return Answer(None, "The numbers do not decide: which reviews each model gets right was not kept.", "")
    (difference,) = found
    fewer = difference.second if difference.change < 0 else difference.first
    alike = difference.low > -ALIKE and difference.high < ALIKE
    right = 1 if alike else (0 if fewer == "normal" else 2) if difference.decided else None
    before = result.frame["validation_accuracy_before"].median()
    ends = (-difference.high, -difference.low) if difference.change < 0 else (difference.low, difference.high)
    conclusion = {
        0: "Even so N(0, 1) costs more.",
        None: "Which of them costs more so few reviews and seeds do not tell.",
    }.get(right, "So what looked like more forgetting was the size of its numbers.")
    return Answer(
        right,
        f"With the weights moved by {format_share(row.name)} of their size, {format_share(row['median', 'normal'])} of "
        f"the validation reviews are classified correctly after N(0, 1) and {format_share(row['median', 'reinit'])} "
        f"after re-randomization, a difference of {format_points(100 * abs(difference.change))} "
        f"({format_change_interval(*ends)}); before it was {format_share(before)}, "
        f"{format_baselines(baselines)}. To get that far N(0, 1) replaces "
        f"{format_share(row['dose', 'normal'])} of the weights, re-randomization "
        f"{format_share(row['dose', 'reinit'])}, as its numbers are that much larger. "
        f"{conclusion}",
        "Equal distance is one fair comparison, not the only one, and this is one network. It does not say that "
        "N(0, 1) makes a network forget nothing.",
    )


def answer_published() -> Answer:
    """Whether the published accuracy is more than what always answering "no" reaches."""
    published = {model: PUBLISHED_TABLE[model]["validation", "bitwise_accuracy"] for model in PUBLISHED_TABLE}
    always_no = 1 - 1 / PUBLISHED_CLASSES
    nearest = min((0, 0.0), (1, 0.5), key=lambda choice: abs(always_no - choice[1]))[0]
    return Answer(
        2 if always_no > published["original"] else nearest,
        f"Always “no” scores {always_no:.3f}: of the {PUBLISHED_CLASSES} answers to a review {PUBLISHED_CLASSES - 1} "
        f"are “no”. That is more than the published {published['original']:.3f} of the trained network, and far more "
        f"than the {published['randomized']:.3f} of the randomized one. So the fall from one to the other says nothing "
        "about what was known.",
        "It does not show that the network had learnt nothing, only that this number cannot tell. How often the right "
        "name comes first would tell; “Reproduce the table” measures that on the original file.",
    )


def answer_unlearning(result: UnlearningResult, method: str) -> Answer:
    """Whether an attack finds what a method has unlearned, more surely than after exact retraining.

    The area under the curve of an attack is the probability with which it ranks a member above a non-member.

    Args:
        result: A comparison that has the method and the original.
        method: Key of METHODS.
    """
    gaps = result.gaps.set_index(["method", "metric"])
    attack, accuracy = (gaps.loc[(method, name)] for name in ("attack_auc", "forget_accuracy"))
    before, found_before = (gaps.loc[("original", name), "value"] for name in ("forget_accuracy", "attack_auc"))
    if np.isnan(attack["value"]):
        return Answer(None, f"The numbers do not decide: {attack['missing']}.", "")
    known = result.remembers(method)
    stranger = attack["p"] <= SIGNIFICANT and attack["change"] < 0
    right = 1 if known else 2 if stranger else 0 if known is False else None
    caught = {
        0: "Hidden, and no more to be told apart than after retraining.",
        1: "Hidden, but not gone: it still knows them.",
        2: "They stand out as too strange, which gives them away as well.",
        None: "Whether that is more than after retraining so few reviews cannot tell.",
    }[right]
    return Answer(
        right,
        f"Of the {result.reviews['forget']:,} reviews to be forgotten {format_share(before)} were classified correctly "
        f"before and {format_share(accuracy['value'])} are now, {format_share(accuracy['retrained'])} after retraining "
        f"without them (chance {format_share(result.chance)}, largest class "
        f"{format_share(result.majority['forget'])}). Of a forgotten review and one never seen the attacker picks the "
        f"forgotten one in {format_share(attack['value'])} of the cases: {format_share(found_before)} before "
        f"unlearning, {format_share(attack['retrained'])} after retraining, and 50 % by guessing. {caught}",
        "This is one class, one method at one setting, and one trained network. The attack looks at the loss alone; a "
        "stronger one may find more, and one that fails would prove no privacy.",
    )


UNLEARNED_BY = "gradient_ascent"
SCENES = (
    Scene(
        "layers",
        "What is a layer?",
        "This small network reads a review of a wine and predicts the style of the wine. The words of the review go "
        "through two layers, fc1 and then fc2. A layer is a table of numbers, called weights, which training has set. "
        "They are all that the network knows.",
        "In which layer do most of the weights lie?",
        ("In fc1, which reads the words", "In fc2, which predicts the style", "In both about alike"),
        replace(MODERN, randomization=Randomization(layers=("fc1",), fraction=0.0, scheme="reinit")),
        answer_layers,
    ),
    Scene(
        "fraction",
        "Take more than half of a layer away",
        "Here the network is untouched. Its validation accuracy is the share of reviews that it classifies correctly, "
        "of those it was not trained on. Now let fresh random numbers, drawn as they were before training, take the "
        "place of 60 % of the weights of fc1. That is called re-randomization.",
        "How much of what it knew is left?",
        ("Nearly everything", "Some of it", "Nothing: it only guesses"),
        replace(MODERN, randomization=Randomization(layers=("fc1",), fraction=0.6, scheme="reinit")),
        answer_fraction,
        first={"randomization.fraction": 0.0},
    ),
    Scene(
        "relearning",
        "Is it forgotten?",
        "Now all of fc1 is random, and accuracy is no better than a guess. Train this network again, just as it was "
        "trained the first time, and train a new one beside it.",
        "Which of them is sooner back near the old accuracy?",
        ("The randomized one", "Both about alike", "The new one"),
        replace(
            MODERN,
            randomization=Randomization(layers=("fc1",), fraction=1.0, scheme="reinit"),
            relearning=Relearning(seeds=5, epochs=40, retrain=False),
        ),
        answer_relearning,
    ),
    Scene(
        "matched",
        "Does N(0, 1) forget more?",
        "A published experiment takes its random numbers from the bell curve N(0, 1). Replace only 10 % of fc1 by "
        "them, and accuracy falls far. But these numbers are much larger than the weights. So let N(0, 1) and "
        "re-randomization move the weights equally far, and compare again.",
        "Which of the two costs more accuracy then?",
        ("N(0, 1), still", "Both about alike", "Re-randomization"),
        replace(
            MODERN,
            randomization=Randomization(layers=("fc1",), fraction=0.1, scheme="normal"),
            sweep=Sweep(layers=("fc1",), doses=even_doses(11), schemes=("reinit", "normal"), seeds=3),
        ),
        answer_matched,
    ),
    Scene(
        "published",
        "What is an accuracy worth?",
        f"The published experiment labels each review with its own name, {PUBLISHED_CLASSES} names in all. For each "
        "review and each name the network answers yes or no, and the share of right answers is called its accuracy: "
        f"{PUBLISHED_TABLE['original']['validation', 'bitwise_accuracy']:.3f} after training.",
        "What does a program score that knows nothing and always answers “no”?",
        ("About 0", "About 0.5", "More than the trained network"),
        MODERN,
        answer_published,
    ),
    Scene(
        "unlearning",
        "Unlearn on purpose",
        "Now forget on purpose: gradient ascent trains backwards on all reviews of one style until hardly any of them "
        "is classified correctly. An attacker sees how well the network fits each review, and compares the forgotten "
        "ones with reviews that it never saw.",
        "Can the attacker tell them apart?",
        ("No: they look as if never seen", "Yes: they still look known", "Yes: they look too strange"),
        replace(
            MODERN,
            forget=Forget(by="class", label="Cabernet Sauvignon"),
            unlearning=Unlearning(methods=(UNLEARNED_BY, "original"), seeds=1),
        ),
        answer_unlearning,
    ),
)
