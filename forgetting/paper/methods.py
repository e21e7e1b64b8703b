"""The methods of an experiment as paragraphs of a paper: what was done and nothing else, each method with its source.

What was done in studies is told in `study_methods`.
"""

from __future__ import annotations

from forgetting.core.numbers import format_share
from forgetting.model.settings import ModelSettings, TrainingSettings
from forgetting.paper.material import Material
from forgetting.paper.prose import Prose, Sentence
from forgetting.paper.study_methods import SCHEME_SENTENCES, STUDY_METHODS, UNIT_NAMES, noise_sentence
from forgetting.randomization.settings import Randomization
from forgetting.reporting.comparison import describe_randomization
from forgetting.reporting.formatting import format_count, format_epochs, format_fraction, join_names
from forgetting.reporting.names import format_scheme
from forgetting.tracking.environment import PROGRAM_VERSION, versions

MOST_LAYERS_LISTED = 4
SOURCE_PHRASES = {
    "sample": "the synthetic sample of wine reviews that comes with the program, which describes no real wine",
    "original": "the wine reviews of the published experiment",
}
WORD_PHRASES = {
    "basic": "words of two or more letters or digits",
    "words": "words, numbers and signs of any script",
    "characters": "characters and pairs of neighbouring characters",
}


BALANCED = Sentence(
    "Balanced accuracy, the mean recall of the classes, and macro-F1 are reported beside it.",
    ("brodersen2010balanced",),
)


def describe_methods(material: Material) -> Prose:
    """What was done, in the past tense: data, split, model, training, metrics, randomization, studies and software."""
    recipe, trained = material.recipe, material.trained
    paragraphs = [_data(material), _features(material)]
    if trained:
        named = [Sentence(f"The numbers are of {material.model}.")] if material.model else []
        paragraphs += [_model(material) + _training(material) + named, _metrics(material)]
    if trained and material.comparison:
        paragraphs.append(
            _published(material) if recipe.protocol == "published" else _randomization(recipe.randomization, material)
        )
    paragraphs += [STUDY_METHODS[kind](result, material) for kind, result in material.told_studies.items()]
    return Prose(_once([*paragraphs, _software(material)]))


def _once(paragraphs: list[list[Sentence]]) -> tuple[tuple[Sentence, ...], ...]:
    """Paragraphs in which no sentence stands twice, as studies have methods in common."""
    seen: set[Sentence] = set()
    kept = []
    for paragraph in paragraphs:
        new = tuple(sentence for sentence in paragraph if sentence not in seen)
        seen |= {*new}
        kept += [new] if new else []
    return tuple(kept)


def _data(material: Material) -> list[Sentence]:
    recipe, split, report = material.recipe, material.split, material.split.reviews.report
    name = f"the file “{report.source}”"
    what = SOURCE_PHRASES.get(recipe.data.source, name)
    cited = ("learningtoforget",) if recipe.data.source == "original" else ()
    columns = f"texts from the column “{report.text}” and labels from the column “{report.label}”"
    told = [
        Sentence(
            f"The reviews were those of {what} (SHA-256 {split.reviews.sha256}). Their file had "
            f"{format_count(report.rows, 'row')}, with {columns}.",
            cited,
        )
    ]
    if recipe.labels_by_name:
        told.append(Sentence("Each review was labelled with its own name, as in the published experiment."))
    if recipe.data.quantile_classes:
        told.append(
            Sentence(
                f"The labels, which were numbers, were cut at quantiles into {recipe.data.quantile_classes} classes."
            )
        )
    if report.merged:
        told.append(
            Sentence("Labels that differed only in letter case, blanks or the writing of a number were merged.")
        )
    if report.dropped:
        reasons = join_names(f"{one.rows:,} ({one.reason})" for one in report.dropped)
        told.append(Sentence(f"Rows were left out for these reasons: {reasons}."))
    sizes = [f"{len(split.training):,} training reviews", f"{len(split.validation):,} validation reviews"]
    if split.test:
        sizes.append(f"{len(split.test):,} test reviews")
    if split.stopping:
        sizes.append(f"{len(split.stopping):,} reviews on which training was stopped")
    how = "stratified by class and " if recipe.split.stratify else ""
    told.append(
        Sentence(
            f"The remaining {len(split.reviews):,} reviews of {len(split.classes):,} classes were split at random, "
            f"{how}with seed {recipe.split.seed}, into {join_names(sizes)}."
        )
    )
    return told


def _features(material: Material) -> list[Sentence]:
    recipe, split = material.recipe, material.split
    left_out = [f"words of fewer than {recipe.split.min_df} training reviews"] * (recipe.split.min_df > 1)
    left_out += [f"all but the {recipe.split.max_words:,} most frequent"] * bool(recipe.split.max_words)
    rest = f"; {join_names(left_out)} were left out" if left_out else ""
    known = f"The vocabulary of {len(split.words):,} was made from the training reviews alone"
    told = [
        Sentence(f"The texts were put into lower case and cut into {WORD_PHRASES[split.tokenizer.kind]}."),
        Sentence(f"{known}{rest}."),
    ]
    if split.max_tokens:
        return [
            *told,
            Sentence(f"Each review was read as the sequence of its first {split.max_tokens:,} known words."),
        ]
    tf = "1 + ln(count)" if recipe.split.sublinear_tf else "the count"
    return [
        *told,
        Sentence(
            f"A review was represented by TF-IDF weights, with {tf} as the term frequency and ln((1 + n) / (1 + df)) "
            "+ 1 as the inverse document frequency, scaled to a Euclidean norm of 1.",
            ("salton1988term", "pedregosa2011scikit"),
        ),
    ]


def _model(material: Material) -> list[Sentence]:
    model, split = material.recipe.model, material.split
    parameters = model.parameters(len(split.words), len(split.classes))
    layers = join_names(f"{count:,} in the layer {name}" for name, count in parameters.items())
    listed = f" ({layers})" if len(parameters) <= MOST_LAYERS_LISTED else ""
    size = f"It had {sum(parameters.values()):,} parameters{listed}. Its initial weights were drawn with seed "
    size += f"{material.recipe.seed}."
    return [*MODELS[model.kind](model), Sentence(size)]


def _mlp(model: ModelSettings) -> list[Sentence]:
    layers = "one hidden layer" if len(model.hidden) == 1 else f"{len(model.hidden)} hidden layers"
    units = join_names(f"{width:,}" for width in model.hidden)
    after = "it" if len(model.hidden) == 1 else "each"
    works = ("srivastava2014dropout",) if model.dropout else ()
    dropout = f", with dropout of {model.dropout:g} after {after}" if model.dropout else ""
    return [
        Sentence(
            f"The classifier was a multilayer perceptron with {layers} of {units} rectified linear units{dropout}.",
            works,
        )
    ]


def _transformer(model: ModelSettings) -> list[Sentence]:
    return [
        Sentence(
            f"The classifier was a Transformer encoder with {format_count(model.blocks, 'block')}, vectors of width "
            f"{model.width}, {format_count(model.heads, 'attention head')} and {model.feedforward} Gaussian error "
            "linear units in each block, and learnt positions.",
            ("vaswani2017attention", "hendrycks2016gelu"),
        ),
        Sentence(
            "Layers were normalized before attention and before the feed-forward part, and the class was predicted "
            f"from the mean over the words; dropout was {model.dropout:g}.",
            ("ba2016layer", "xiong2020layer", *(("srivastava2014dropout",) if model.dropout else ())),
        ),
    ]


MODELS = {"mlp": _mlp, "transformer": _transformer}


def _training(material: Material) -> list[Sentence]:
    recipe, split, trained = material.recipe, material.split, material.trained
    training = recipe.training.for_size(*split.size)
    told = [_objective(training), _optimizer(training)]
    whole = not training.batch_size or training.batch_size >= len(split.training)
    size = "all training reviews at once" if whole else f"batches of {training.batch_size:,} reviews"
    done = len(trained.history)
    some = f"A step took {size}; the model was trained for {format_count(done, 'epoch')}"
    if trained.state not in ("finished", "running", "ready"):
        told.append(Sentence(f"{some}, after which training {trained.state}."))
    elif trained.state == "finished" and trained.kept_epoch:
        waited = training.patience and done - trained.kept_epoch >= training.patience
        ended = (
            f", when the loss of the stopping part had not fallen for {format_count(training.patience, 'epoch')}"
            if waited
            else ""
        )
        told += [
            Sentence(f"{some}{ended}."),
            Sentence(
                f"The weights of epoch {trained.kept_epoch}, at which the loss of the stopping part was lowest, were "
                "kept.",
                ("prechelt1998early",),
            ),
        ]
    else:
        short = f" of the {training.epochs:,} planned" if done < training.epochs else ""
        told.append(Sentence(f"{some}{short}."))
    if training.word_dropout:
        told.append(Sentence(f"In each step, words were left out with a probability of {training.word_dropout:g}."))
    if training.dropout_steps and recipe.model.dropout:
        first = "step" if training.dropout_steps == 1 else f"{training.dropout_steps:,} steps"
        told.append(Sentence(f"Dropout acted in the first {first} only."))
    if training.reuse_forward_pass:
        told.append(
            Sentence(
                "The training metrics of an epoch are those of the forward pass of its last step, before that step."
            )
        )
    return told


def _objective(training: TrainingSettings) -> Sentence:
    smoothing = f" with label smoothing of {training.label_smoothing:g}" if training.label_smoothing else ""
    works = ("szegedy2016rethinking",) if training.label_smoothing else ()
    if training.objective == "bitwise":
        loss = "the binary cross-entropy of one-hot rows, averaged over reviews and classes"
        return Sentence(f"It was trained to minimize {loss}{smoothing}.", ("learningtoforget", *works))
    return Sentence(f"It was trained to minimize the cross-entropy{smoothing}.", works)


def _optimizer(training: TrainingSettings) -> Sentence:
    rate, decay = f"{training.learning_rate:g}", f"{training.weight_decay:g}"
    betas = "decay rates of the moments of 0.9 and 0.999"
    if training.optimizer == "adamw":
        return Sentence(
            f"Weights were updated by AdamW with {betas} and decoupled weight decay of {decay} of the matrices; the "
            f"learning rate rose to {rate} over the first tenth of the steps of {format_epochs(training.epochs)}, and "
            "fell along a cosine, which ends at 0.",
            ("loshchilov2019decoupled",),
        )
    coupled = f", with {decay} times the weights added to the gradient" if training.weight_decay else ""
    return Sentence(
        f"Weights were updated by Adam with a constant learning rate of {rate} and {betas}{coupled}.",
        ("kingma2015adam",),
    )


def _metrics(material: Material) -> list[Sentence]:
    baselines, reviews = material.baselines, len(material.split.validation)
    rivals = [
        f"a uniform guess ({format_share(baselines.chance)})",
        f"always predicting the largest class of the training part ({format_share(baselines.majority['validation'])})",
    ]
    works: tuple[str, ...] = ()
    if baselines.linear_svc:
        rivals.append(
            "scikit-learn's linear support vector classifier on TF-IDF features "
            f"({format_share(baselines.linear_svc['validation'])})"
        )
        works = ("pedregosa2011scikit",)
    return [
        Sentence(
            f"Accuracy is the share of the {reviews:,} validation reviews whose class was predicted; its 95 % "
            "interval is Wilson's score interval.",
            ("wilson1927probable",),
        ),
        Sentence(f"It is reported beside the accuracy of {join_names(rivals)}.", works),
        *([] if material.recipe.protocol == "published" or not material.comparison else [BALANCED]),
    ]


def _randomization(randomization: Randomization, material: Material) -> list[Sentence]:
    layers = material.recipe.model.layers
    if not randomization.chosen_layers(layers) or not randomization.fraction:
        return []
    what = describe_randomization(randomization, layers)
    return [
        Sentence(f"Of the trained model, {what} was randomized by {format_scheme(randomization.scheme)}."),
        SCHEME_SENTENCES[randomization.scheme],
        *([noise_sentence(randomization.scale)] if randomization.scheme == "noise" else []),
        Sentence(
            f"Units were {UNIT_NAMES[randomization.unit]}, exactly round(d n) of a layer's n units at the fraction d "
            f"= {format_fraction(randomization.fraction)}, chosen and drawn with seed {randomization.seed}."
        ),
        *_paired(),
    ]


def _paired() -> list[Sentence]:
    """How the original and the randomized model are compared."""
    return [
        Sentence(
            "Both models classified the same validation reviews: the change of accuracy has Tango's score interval "
            "at 95 %, and was tested by McNemar's exact test.",
            ("tango1998equivalence", "mcnemar1947note"),
        ),
        Sentence(
            "It is called a loss or a gain only where the interval leaves out 0 and p is at most 0.05; otherwise the "
            "number of reviews is given that would find a change of this size four times in five.",
            ("connor1987sample",),
        ),
        Sentence(
            "Forgetting is the share of the accuracy above chance that was lost, (before − after) / (before − "
            "chance), and is reported only where the original was shown to be better than always predicting the "
            "largest class."
        ),
        Sentence(
            "How far apart the predicted probabilities of both models are is the mean Jensen–Shannon divergence to "
            "base 2.",
            ("lin1991divergence",),
        ),
    ]


def _published(material: Material) -> list[Sentence]:
    return [
        Sentence(
            "The randomized model was a fresh one, every parameter of which was drawn from the standard normal "
            "distribution, and which was then trained for the same "
            f"{format_count(len(material.comparison.history), 'epoch')}.",
            ("learningtoforget",),
        ),
        Sentence(
            "Bitwise accuracy is the share of the reviews times classes whose probability, cut at 0.5, matches the "
            f"one-hot label; always answering no reaches {format_share(material.baselines.all_no, 2)}."
        ),
    ]


def _software(material: Material) -> list[Sentence]:
    import torch

    threads = format_count(torch.get_num_threads(), "thread")
    names = {"python": "Python", "torch": "PyTorch", "scikit-learn": "scikit-learn", "numpy": "NumPy"}
    known = versions()
    found = [f"{title} {known[name]}" for name, title in names.items()]
    return [
        Sentence(
            f"All computations were done with Learning to Forget {PROGRAM_VERSION}, with {join_names(found)}, on a "
            f"processor with {threads}.",
            ("forgetting", "paszke2019pytorch", "pedregosa2011scikit"),
        ),
        Sentence(
            "Each random draw came from a generator of its own, made from the seeds above, so that the same recipe "
            f"(SHA-256 {material.recipe.hash}) on the same file gives the same numbers on one machine."
        ),
    ]
