"""The glossary: every word that the interface uses, in one plain sentence, with its formula and its source.

It feeds the help of controls, metrics, columns and axes, and the page Method. What a scheme or an unlearning method
does stands in the docstring of its function, and is read from there.
"""

from dataclasses import dataclass
from functools import cache

from forgetting.core.numbers import keep_units
from forgetting.reporting.names import describe_scheme, format_scheme

ZHANG = "@zhang2022layers"


@dataclass(frozen=True)
class Term:
    """A word of the interface.

    Attributes:
        name: The word.
        short: What it means, in one plain sentence.
        long: More, with the formula; "" where the sentence says all.
        source: Where the formula or the word is from; "" where it is usual or ours. A work is cited by its key in
            `forgetting.paper.bibliography`, as in "@guo2017calibration".
        used: What it explains: dotted names of settings, and labels of controls, metrics, columns and axes.
    """

    name: str
    short: str
    long: str = ""
    source: str = ""
    used: tuple[str, ...] = ()

    @property
    def help(self) -> str:
        """The short and the long meaning, as a help for a control."""
        return keep_units(f"{self.short}\n\n{self.long}" if self.long else self.short)


def _scheme(scheme: str, long: str, source: str = "", *used: str) -> Term:
    """The term of a scheme, which does what the first line of its docstring says."""
    short = f"A randomized unit becomes {describe_scheme(scheme)}."
    return Term(format_scheme(scheme), short, long, source, (scheme, *used))


GLOSSARY: dict[str, tuple[Term, ...]] = {  # by subject
    "The network": (
        Term(
            "layer",
            "A table of weights that turns the numbers coming in into the numbers going out.",
            "Of an MLP, fc1 reads the words of a review, each further layer reads the one before it, and the last one "
            "gives a number for each class. “fc” stands for fully connected: every input is joined with every output.",
            used=("layers", "number of layers randomized"),
        ),
        Term(
            "weight",
            "One number of a layer, which training has set; a bias is counted as a weight.",
            used=("weights", "parameters", "number of weights", "weight from", "weight to"),
        ),
        Term(
            "shape",
            "How many rows and columns of weights a layer has: outputs × inputs, with one bias for each output.",
            used=("kind", "bias"),
        ),
        Term(
            "unit",
            "What is randomized as a whole: a weight, a neuron (a row of the layer), a word (all that the first layer "
            "holds of it) or a head of attention.",
            used=("units", "randomization.unit", "sweep.units"),
        ),
        Term("neuron", "One output of a layer: a row of its weights with the bias of that row."),
        Term(
            "word",
            "A feature of the classifier: a word of the reviews, for which the first layer has weights of its own.",
            used=(
                "words",
                "randomization.words",
                "sweep.words",
                "words to forget",
                "words in a text",
                "words from",
                "words to",
            ),
        ),
        Term(
            "hidden widths",
            "How many neurons each hidden layer has, one number for each layer: 64, or 64,32.",
            "There are 1 to 4 layers, each of 1 to 1,024 neurons. More neurons hold more, and take longer to train.",
            used=("model.hidden", "hidden width"),
        ),
        Term(
            "network",
            "The MLP sees which words a review has; the Transformer reads them in their order.",
            "An MLP (multilayer perceptron) takes TF-IDF values through two layers or a few more, and is trained in "
            "seconds. A Transformer gives each word a vector, lets the words look at each other in blocks of attention "
            "and feed-forward layers, and takes the mean. It has 20 layers to ask, takes some ten times as long, and "
            "needs about a thousand training reviews.",
            "@vaswani2017attention; norms as in @xiong2020layer",
            ("model.kind",),
        ),
        Term(
            "token",
            "A word at its place in a review: one that occurs twice is two tokens.",
            "The Transformer reads the tokens of a review in their order, as many as this. It leaves out what comes "
            "after them, and the words that it does not know.",
            used=("model.max_tokens", "tokens"),
        ),
        Term(
            "width of a vector",
            "How many numbers stand for a token inside the Transformer.",
            "The heads of attention share them, so that their number divides it.",
            used=("model.width",),
        ),
        Term(
            "position",
            "The place of a token in its review; the layer “positions” has a vector for each, which is added to the "
            "word's.",
            used=("positions",),
        ),
        Term(
            "block",
            "Attention and a feed-forward part, one after the other; each adds to a token's vector what it finds.",
            used=("model.blocks",),
        ),
        Term(
            "attention",
            "Lets each token take over something of the others: how much of each, its query and their keys say.",
            "The layer “query” makes of a token what it looks for, “key” what it offers, “value” what is taken over, "
            "and “output” what of it is added to the token's vector. Each head does so with its own share of the "
            "numbers.",
            used=("model.heads",),
        ),
        Term(
            "feed-forward",
            "Two layers, “up” and “down”, that change the vector of each token by itself.",
            used=("model.feedforward",),
        ),
        Term(
            "norm",
            "Scales a token's vector to a mean of 0 and a spread of 1 before the next part reads it, times weights of "
            "its own.",
            source="@ba2016layer",
            used=("norms",),
        ),
        Term(
            "groups of layers",
            "Layers of a Transformer that do the same in all blocks, or that are in one block, chosen together.",
        ),
        Term(
            "head",
            "The last layer of the Transformer, which gives a number for each class; of attention, see there.",
        ),
        Term(
            "influence on the logit",
            "How much a word adds to the score of a class, as the trained network weighs it.",
            "The logit is the network's score of a class before the scores become probabilities.",
            used=("logit", "influence"),
        ),
        Term(
            "probability",
            "How sure the network is of a class, from 0 to 100 %.",
            "It is the softmax of the network's scores, its logits.",
            used=("probability before", "probability after", "probability of the true class"),
        ),
    ),
    "Randomizing": (
        Term(
            "model",
            "Which network a number is of: the original, the randomized, a relearned or retrained one, or one trained "
            "from scratch.",
        ),
        Term("original", "The network as training left it, with nothing randomized."),
        Term("randomized", "The network after some of the original's weights were randomized."),
        Term("relearned", "The randomized network after it was trained again."),
        Term(
            "fraction randomized",
            "How much of each chosen layer is replaced: at 40 %, four of ten units get new values.",
            "Exactly round(d · n) of a layer's n units are randomized at the fraction d. For one seed the fraction is "
            "a path: what is randomized at 20 % is randomized, with the same values, at 30 %; 0 is the original.",
            used=(
                "randomization.fraction",
                "sweep.doses",
                "explanation.doses",
                "relearning.doses",
                "fractions randomized",
                "fraction randomized of each layer",
                "fraction randomized now",
            ),
        ),
        Term(
            "layers to randomize",
            "The layers whose weights are replaced; the others keep what they have learnt.",
            used=("randomization.layers",),
        ),
        Term(
            "scheme",
            "What a randomized weight becomes: a fresh draw, its value from before training, zero, and so on.",
            used=("randomization.scheme", "sweep.schemes", "relearning.schemes", "explanation.scheme", "schemes"),
        ),
        _scheme(
            "normal",
            "It hurts more than the others because its numbers are larger, not because more is forgotten: trained "
            "weights of the sample's model are some 20 times smaller. At an equal change of the weights, schemes "
            "can be compared.",
        ),
        _scheme(
            "reinit",
            "It is a draw of the size that a layer has before training. The initializer of a norm draws nothing: it is "
            "reset to 1 and 0. The word is that of Zhang et al.",
            ZHANG,
            "re-randomized",
        ),
        _scheme(
            "rewind",
            "They are the very numbers that the layer began with. Zhang et al. say re-initialization; others call it "
            "rewinding.",
            ZHANG,
            "re-initialized",
        ),
        _scheme("permute", "The weights stay the same as a set, and the biases, too; only their places change."),
        _scheme("zero", "What was learnt is taken away, and nothing is put in its place."),
        _scheme("noise", "What was learnt stays below the noise, whose size you choose."),
        Term(
            "noise s",
            "How large the added noise is, in standard deviations of the layer's own weights; for its biases, of the "
            "biases.",
            used=("randomization.scale", "sweep.scale", "noise s, in standard deviations"),
        ),
        Term(
            "seed",
            "The number that all random draws start from: the same seed gives the same draws again.",
            "Different seeds show how much is luck. Each layer has its own stream of draws.",
            used=("randomization.seed", "seed nearest to the median"),
        ),
        Term(
            "seeds",
            "How many times the same thing is done with other random draws, to tell an effect from luck.",
            used=("sweep.seeds", "relearning.seeds", "unlearning.seeds", "explanation.seeds", "seeds of the table"),
        ),
        Term(
            "first seed",
            "The seed of the first repetition; the others have the seeds after it.",
            used=("sweep.seed", "relearning.seed", "unlearning.seed", "explanation.seed"),
        ),
        Term(
            "group of layers",
            "Layers that do the same in each block of a Transformer, or all layers of one block.",
            "A group can be randomized as a whole: its name stands for the pattern of its layers' names.",
            used=("panels by",),
        ),
        Term(
            "a study's file",
            "A Parquet file that `forgetting study` or `StudyResult.write` has written, of any model.",
            "It holds the rows of the study, its plan, and what the original's evaluation is to be held against.",
            used=("open a study's file",),
        ),
        Term(
            "plan",
            "What a study runs: which layer sets, schemes and fractions, or which methods, and how many times.",
            "A plan that is ready takes the place of what is chosen below it; the first seed stays.",
            used=("plans",),
        ),
        Term(
            "layer set",
            "The layers that are randomized together in one curve of a study.",
            "“Each layer alone” and “all layers” are families of sets. A top-down cascade begins with the last layer "
            "and adds the one before it, step by step; a bottom-up cascade begins with the first.",
            used=("sweep.layers", "relearning.layers", "explanation.layers", "layer sets", "cascade", "step"),
        ),
        Term(
            "equal ‖ΔW‖",
            "Schemes are compared where each has moved the weights equally far.",
            "The axis is ‖ΔW‖₂ / ‖W‖₂: the length of the change, divided by the length of the original weights.",
            used=(
                "sweep.match",
                "‖ΔW‖₂ / ‖W‖₂",
                "‖ΔW‖₂ / ‖W‖₂ (change of the weights by their norm)",
            ),
        ),
        Term(
            "distance from the initial weights",
            "How far training has moved the weights of a layer from where they began.",
            "‖θt − θ0‖₂ is the length of the change, ‖θ0‖₂ that of the initial weights.",
            ZHANG,
            used=("‖θt − θ0‖₂", "‖θ0‖₂"),
        ),
        Term(
            "retrain for each seed",
            "Each seed gets a model of its own, so that the bands also hold the luck of training.",
            used=("sweep.retrain", "relearning.retrain"),
        ),
        Term(
            "splits",
            "How many times the reviews are split anew, each time with models of its own.",
            "One split may be a lucky one: over several it is seen how much of a result is the luck of which reviews "
            "were trained on and which were set aside.",
            used=("sweep.splits", "relearning.splits", "split"),
        ),
    ),
    "Data": (
        Term("review", "One text with its label.", used=("reviews", "text", "share of the reviews")),
        Term(
            "class",
            "What the classifier is to tell apart: a value of the label, here a style of wine.",
            used=("classes", "label", "true class", "forget.label"),
        ),
        Term(
            "reviews from",
            "Which file is used: the synthetic sample, the original wine reviews, or a file of yours.",
            used=("data.source",),
        ),
        Term(
            "file of reviews",
            "CSV, TSV, JSON, Parquet, Excel or LibreOffice, or gz or zip of one of them. It stays on this machine.",
            used=("a file of reviews", "data.file", "data.sha256"),
        ),
        Term(
            "first row is a header",
            "Whether the first row names the columns, or is a review like the others; “automatic” decides by the file.",
            used=("reading.header",),
        ),
        Term(
            "lines to skip",
            "So many lines at the top of the file are passed over, such as a title above the table.",
            used=("reading.skip_lines",),
        ),
        Term(
            "quotes",
            "Whether double quotes open and close fields, or are plain signs of the texts; “automatic” decides.",
            used=("reading.quotes",),
        ),
        Term(
            "leave bad rows out",
            "Rows that cannot be read are left out, counted and shown; otherwise the first of them refuses the file.",
            used=("reading.leave_out_bad_rows",),
        ),
        Term(
            "encoding",
            "By which letters the bytes of a text file are read, as Python names it; “automatic” decides by the file.",
            used=("reading.encoding",),
        ),
        Term(
            "two encodings, line by line",
            "For a file that was joined from two: each line that is not UTF-8 is read in the other encoding.",
            used=("reading.line_encodings",),
        ),
        Term(
            "sheet",
            "Which sheet of a spreadsheet is read; by default the first that has two columns.",
            used=("reading.sheet",),
        ),
        Term(
            "column of the texts",
            "The column of the file that holds what was written.",
            used=("data.text_column",),
        ),
        Term(
            "column of the labels",
            "The column of the file that holds the class of each text.",
            used=("data.label_column",),
        ),
        Term(
            "words that mean missing",
            "A label or text that is one of these words, in any letter case, counts as empty: its row is left out.",
            used=("data.missing",),
        ),
        Term(
            "one class in any letter case",
            "Labels that differ only in letter case, in blanks or in how a number is written are one class.",
            used=("data.fold_labels",),
        ),
        Term(
            "quantile classes",
            "Labels that are numbers are cut into so many classes of equal size, low to high; 0 leaves them alone.",
            used=("data.quantile_classes", "quantile classes (0: none)"),
        ),
        Term(
            "duplicate",
            "A review that repeats the text and the label of an earlier one.",
            "A review in both parts of the split would be tested on what was trained on.",
            used=("duplicates", "data.drop_duplicates", "drop exact duplicates"),
        ),
        Term(
            "conflicting text",
            "A text that occurs under more than one label, so that no classifier can be right about all of them.",
            used=("conflicting texts",),
        ),
        Term("empty row", "A row of the file without a text or without a label.", used=("empty rows",)),
        Term(
            "class with one review",
            "A class with a single review, which cannot be both trained on and validated.",
            used=("classes with one review",),
        ),
        Term(
            "label not in training",
            "The share of the validation reviews whose label never occurs in training: no model can get them right.",
            used=("labels not in training",),
        ),
        Term(
            "without a known word",
            "Reviews of which the model knows no word, so that it predicts the same class for all of them.",
            "It knows the words of the training reviews, without the rare ones.",
        ),
        Term(
            "reviews a class needs",
            "Classes with fewer reviews than this are left out.",
            used=("data.min_reviews",),
        ),
        Term(
            "classes at most",
            "Only the most frequent classes are kept; 0 keeps all.",
            used=("data.max_classes", "classes at most (0: all)"),
        ),
        Term(
            "reviews at most",
            "Of more reviews than this, so many are drawn at random; 0 keeps all.",
            used=("data.max_reviews", "reviews at most (0: all)"),
        ),
        Term(
            "seed of the sample",
            "Which reviews are drawn where there are more than the number allowed.",
            used=("data.seed",),
        ),
        Term("reason of a row left out", "Why rows of the file are not used, and how many.", used=("why", "rows")),
        Term("writing", "A label as the file has it, where a class is written in several ways."),
        Term(
            "row that could not be read",
            "A row of the file that does not fit the table: the line that it begins at, what is wrong, and its text.",
            used=("line", "cause", "text of the row"),
        ),
    ),
    "Split and training": (
        Term(
            "protocol",
            "The rules of an experiment: “modern” as the field does it now, “published” as the published code did it.",
        ),
        Term(
            "training part and validation part",
            "The network learns from the training part; the validation part is set aside to test what it has learnt.",
            used=("part", "training", "validation"),
        ),
        Term(
            "validation share",
            "The share of the reviews that is set aside to test the network on.",
            used=("split.validation_share",),
        ),
        Term(
            "test share",
            "The share of the reviews that is held out from every choice, for what is claimed in the end.",
            "What was chosen as the best on the validation part looks better there than it is; on the test part it "
            "does not. The test part is taken from the training part.",
            used=("split.test_share",),
        ),
        Term(
            "kind of words",
            "What a text is cut into: words, signs such as emoji, and characters and pairs of them in scripts without "
            "blanks.",
            "“Basic” are words of two or more letters or digits, as scikit-learn has them; “automatic” takes these "
            "where they cover the texts.",
            used=("split.words",),
        ),
        Term(
            "stopping part",
            "A small part of the training reviews that is not trained on: training stops where its loss is lowest.",
            "So the validation part has no say in when to stop, and its accuracy stays honest.",
            used=("split.stopping",),
        ),
        Term(
            "reviews a word needs",
            "Words that occur in fewer training reviews than this are left out.",
            "Others call it min_df.",
            used=("split.min_df",),
        ),
        Term(
            "words at most",
            "Only the most frequent words are kept; 0 keeps all.",
            used=("split.max_words", "words at most (0: all)"),
        ),
        Term(
            "sublinear TF",
            "A word that occurs ten times in a review counts about three times as much as one that occurs once.",
            "The count c enters as 1 + ln(c). Each word is then weighed by how rare it is in all reviews (TF-IDF).",
            used=("split.sublinear_tf",),
        ),
        Term(
            "stratify",
            "Each class has the same share in training as in validation.",
            used=("split.stratify",),
        ),
        Term(
            "seed of the split",
            "Which reviews are set aside for validation.",
            used=("split.seed",),
        ),
        Term(
            "seed of weights and training",
            "The weights that the network begins with, and all that is drawn while it trains.",
        ),
        Term(
            "objective",
            "What training makes small: the error of the probabilities that the network gives to the classes.",
            "Cross-entropy: −ln(probability of the true class), the mean over reviews. Bitwise: each class is a "
            "yes-or-no question of its own, the mean over reviews and classes.",
            used=("training.objective",),
        ),
        Term(
            "chosen by size",
            "The network and the number of reviews and classes choose the optimizer, epochs, learning rate, "
            "batch size, patience, word dropout and weight decay.",
            used=("training.by_size",),
        ),
        Term(
            "patience",
            "Training ends after so many epochs in which the loss of the stopping part has not fallen; 0 trains all.",
            used=("training.patience", "patience (0: all epochs)"),
        ),
        Term(
            "epoch",
            "One pass over all training reviews.",
            used=("epochs", "training.epochs", "epochs of training", "epochs to relearn"),
        ),
        Term("steps", "How many updates of the weights training has made so far."),
        Term(
            "epochs at most",
            "A model that has not reached the target after so many epochs counts as never reaching it.",
            used=("relearning.epochs",),
        ),
        Term(
            "optimizer",
            "What turns the errors of a step into new weights.",
            "Adam has one learning rate throughout. AdamW begins with a small one, reaches the full one after a tenth "
            "of all steps and ends near 0, and its weight decay does not depend on the errors: Transformers need that.",
            used=("training.optimizer",),
        ),
        Term(
            "learning rate",
            "How far the weights move in one step of training; too far, and the loss grows (training diverges).",
            used=("training.learning_rate",),
        ),
        Term(
            "batch size",
            "How many reviews the network sees before it changes its weights; 0 for all at once.",
            used=("training.batch_size", "batch size (0: all)"),
        ),
        Term(
            "dropout",
            "The share of hidden numbers that is switched off at random in each step, so that none is relied on alone.",
            used=("model.dropout",),
        ),
        Term(
            "word dropout",
            "The share of a review's words that is left out at random in each step.",
            used=("training.word_dropout",),
        ),
        Term(
            "weight decay",
            "How strongly training pulls all weights towards 0, which keeps them small.",
            used=("training.weight_decay",),
        ),
        Term(
            "label smoothing",
            "The share of the target that is spread over all classes, so that the network is never fully certain.",
            used=("training.label_smoothing",),
        ),
        Term(
            "dropout steps",
            "In how many of the first steps dropout acts; 0 for all. It exists for the published protocol.",
            used=("training.dropout_steps",),
        ),
        Term(
            "reuse of the forward pass",
            "Whether the training metrics of an epoch come from its last step, before the weights are changed.",
            "It exists for the published protocol, whose code did so.",
            used=("training.reuse_forward_pass",),
        ),
    ),
    "Metrics and what they are held against": (
        Term("metric", "A number that says how good a network is, or how far it is from another."),
        Term(
            "accuracy",
            "The share of the reviews that the network classifies correctly.",
            "Top-1: its prediction is the class with the largest probability.",
            used=(
                "validation accuracy",
                "training accuracy",
                "top-1 accuracy",
                "retain accuracy",
                "forget accuracy",
                "accuracy after",
                "accuracy right after randomizing",
                "median validation accuracy",
            ),
        ),
        Term(
            "bitwise accuracy",
            "The share of all yes-or-no answers, one for each review and class, that are right.",
            "With 294 classes, always answering “no” is right for 99.7 % of them, so the number says little.",
        ),
        Term(
            "published table",
            "The numbers of the published experiment, beside re-runs with other seeds and what a trivial model "
            "reaches.",
            used=("published", "trivial", "in the middle 95 %"),
        ),
        Term(
            "among these re-runs",
            "Whether a published number lies between the smallest and the largest of the re-runs, below or above all.",
            "Of n re-runs one more lies outside by chance in 2 / (n + 1) of the cases, so few re-runs say little.",
        ),
        Term("here", "What the re-run on this machine has."),
        Term("curves of", "Whose loss and accuracy are drawn by epoch: of one of the published models, or of both."),
        Term("median", "The middle of the numbers of all seeds: half of them are at most this large."),
        Term("min and max", "The smallest and the largest number over the seeds.", used=("min", "max")),
        Term("missing", "Why a number could not be computed."),
        Term("until", "Up to which fraction a curve was measured."),
        Term(
            "loss",
            "How wrong the network's probabilities are: 0 is perfect, and larger is worse.",
            "Without label smoothing, in nats: the mean of −ln(probability of the true class).",
            used=(
                "validation loss",
                "training loss",
                "loss (nats per review)",
                "loss (nats per review and class)",
                "loss (−ln p of the true class)",
                "forget loss",
                "retain loss",
            ),
        ),
        Term(
            "temperature-scaled loss",
            "The least loss that rescaling the network's scores can give: a loss without what mere size does to it.",
            "All scores are divided by the temperature with the smallest loss on the same reviews.",
            "@guo2017calibration",
            used=("temperature-scaled loss (nats per review)", "temperature-scaled loss (nats per review and class)"),
        ),
        Term(
            "macro-F1",
            "A score from 0 to 1 in which every class counts as much, however rare it is.",
            "It is the mean over classes of F1 = 2 · hits / (predicted + true).",
            used=("validation macro-F1",),
        ),
        Term(
            "balanced accuracy",
            "The mean of the recalls of the classes, in which every class counts as much, however frequent it is.",
            "A uniform guess and always predicting the largest class both have 1 / classes.",
            "@brodersen2010balanced",
            used=("validation balanced accuracy",),
        ),
        Term(
            "recall",
            "The share of a class's reviews that the network classifies correctly.",
            used=("recall on validation",),
        ),
        Term(
            "predicted class",
            "The class to which the network gives the largest probability.",
            "A confusion matrix counts how often each true class (row) is predicted as each class (column).",
            used=("confusion", "before", "after"),
        ),
        Term(
            "chance",
            "The accuracy of a uniform guess, one that takes each class equally often: 1 / number of classes.",
            used=("uniform guess", "chance loss"),
        ),
        Term(
            "largest class",
            "The accuracy of always predicting the class that is most frequent in training.",
            used=("majority",),
        ),
        Term(
            "LinearSVC",
            "A usual linear classifier on the same words, as an honest reference.",
            "It comes from scikit-learn.",
        ),
        Term(
            "forgetting",
            "The part of the accuracy above chance that is lost: 0 is intact, 1 is at chance.",
            "It is (before − after) / (before − chance) of the validation accuracy. Values above 1 mean that the "
            "network is right less often than a uniform guess; values below 0, more often than before. Beside the "
            "largest class it is (before − after) / (before − largest class). Where the reviews do not show that the "
            "original is better than always predicting the largest class, it is undefined: nothing was shown to be "
            "there that could be forgotten.",
            used=("forgetting on validation", "forgetting, beside the largest class"),
        ),
        Term(
            "cannot be told",
            "Said of a change of accuracy that so few reviews could show by luck alone.",
            "A change is called a cost or a gain where its 95 % interval leaves out 0 and McNemar’s exact test of the "
            "reviews that one model alone classifies correctly finds p ≤ 0.05. The number of reviews that would be "
            "needed finds a change of this size four times in five.",
            "@mcnemar1947note; @connor1987sample",
        ),
        Term(
            "agreement with the original",
            "The share of the reviews for which both networks predict the same class.",
            used=("forget agreement", "validation agreement"),
        ),
        Term(
            "divergence from the original",
            "How far apart the probabilities of two networks are: 0 is the same, 1 is nothing in common.",
            "It is the mean Jensen–Shannon divergence over the reviews, to base 2.",
            used=("forget divergence", "validation divergence"),
        ),
        Term(
            "entropy",
            "How undecided the network is: 0 where it is certain, largest where all classes are equally probable.",
            used=("entropy (nats)",),
        ),
        Term(
            "share of the most predicted class",
            "How much of its answers the network gives to one class; near 100 %, it always answers the same.",
        ),
        Term(
            "band",
            "Where the middle 90 % of the seeds lie: one in twenty is below it, and one in twenty above.",
            "It goes from the 5 % to the 95 % quantile of these seeds, so a further seed lies outside more often than "
            "one time in ten. It shows the luck of the random draws, and nothing of how few reviews were tested.",
            used=("5 % of seeds", "95 % of seeds", "gap, 5–95 % of seeds"),
        ),
        Term(
            "change",
            "How far the accuracy or the recall of the randomized model is from that of the original, on the same "
            "reviews.",
            "Its 95 % interval comes from the reviews that one of the two models alone classifies correctly (Tango’s "
            "score interval). Where it holds 0, the reviews do not show that anything has changed.",
            "@tango1998equivalence",
        ),
        Term(
            "95 % interval",
            "The range in which the true value plausibly lies, given how few reviews or seeds there are.",
            "Of one accuracy it is the Wilson interval over the reviews. Of a study it is over reviews and seeds "
            "together, and over splits where there are several. For whole curves it is wider: it holds all points at "
            "once.",
            used=(
                *(
                    "low",
                    "high",
                    "from",
                    "to",
                    "95 % interval from",
                    "interval",
                    "95 % of whole curve",
                    "± points alone",
                ),
                *("change from the original (95 % interval)", "the change is"),
            ),
        ),
        Term(
            "variance",
            "How far a number would vary if all was done again: the square of its standard error.",
            "The variances of several sources add up, while their intervals do not.",
            used=("share of the variance", "source"),
        ),
        Term(
            "what the band shows",
            "Over seeds alone, or over seeds and reviews, for each point by itself or for the whole curve.",
            "The 95 % interval holds each single accuracy, that of whole curves all accuracies of a curve at once; in "
            "both, how few reviews were tested counts. Over seeds alone, a band holds the middle 90 % of these seeds.",
            "Of whole curves: @montiel2019simultaneous",
            used=("band shows",),
        ),
    ),
    "Studies": (
        Term(
            "dose–response",
            "The name of a study that shows an effect by its dose: here accuracy by the fraction randomized.",
            used=("side by side",),
        ),
        Term(
            "half-way fraction (D50)",
            "The fraction randomized at which half of the accuracy above chance is lost.",
            "It is that of the median over seeds. A layer with a small D50 cannot spare many weights.",
            used=(
                "half-way fraction",
                "half-way",
                "dose",
                "half-way fraction randomized (D50) and its 95 % interval",
                "half-way ‖ΔW‖₂ / ‖W‖₂ and its 95 % interval",
            ),
        ),
        Term(
            "robust",
            "A layer is robust where at most a quarter of the accuracy above chance is lost after re-initialization.",
            "Where the 95 % interval, corrected for the number of layers, crosses the bound, both words stand. The "
            "bounds are ours.",
            ZHANG,
            used=("robustness", "looked at alone"),
        ),
        Term(
            "critical",
            "A layer is critical where at least half of the accuracy above chance is lost after re-initialization.",
            "The bound is ours.",
            ZHANG,
        ),
        Term(
            "target accuracy",
            "The accuracy that a model must reach again to count as having relearned.",
            used=("relearning.target_share", "share of the original accuracy to reach"),
        ),
        Term(
            "time to target",
            "How many steps of training a model takes to the target; a step is one update of the weights.",
            used=("from scratch", "relearn steps"),
        ),
        Term(
            "savings",
            "The share of training steps that a model saves because it has learnt before: 0 is none, 1 is all.",
            "They are 1 − steps to relearn / steps from scratch. Below 0 it takes longer than from scratch. A run that "
            "never arrives takes longer than all others: “at least” and “at most” say what is certain then.",
            "@ebbinghaus1885gedachtnis",
            used=("savings (share of steps saved)", "savings, median", "seeds with savings"),
        ),
        Term(
            "interval of savings",
            "With savings the 90 % interval says where the median over all models lies, not only over these.",
            "It is made of the savings in their order, and assumes nothing of how they spread; each end is missed in "
            "at most 5 % of all studies. It takes at least 5 models.",
            "@thompson1936confidence",
            used=("90 % interval", "90 % interval from", "90 % interval to"),
        ),
        Term(
            "log ratio of steps",
            "The logarithm of steps from scratch / steps to relearn: 0 saves nothing, 0.7 is twice as fast.",
            "It is symmetric, so that its mean is 0 where nothing is saved; that of savings is below 0 then.",
            used=("log ratio",),
        ),
        Term(
            "sign test",
            "It asks whether the randomized network is sooner than the one from scratch more often than by chance.",
            "Each model counts once, and a run that never arrives is later than one that does. Seeds of one model say "
            "something of this model alone.",
            "@dixon1946sign",
            used=("compared", "p"),
        ),
        Term("already there", "The number of seeds whose model is at the target before any step; its savings are 1."),
        Term("never reached", "The number of seeds whose model does not reach the target within the epochs allowed."),
        Term(
            "conclusion",
            "What the reviews and the seeds show, in a few words; where they cannot tell, it says so.",
            "Of a layer it goes by the interval of its forgetting. Of relearning it is a one-sided sign test at 5 %, "
            "over at least 5 models, and no memory shown is no proof that nothing is left.",
        ),
        Term(
            "corrected conclusion",
            "The same, corrected for how many conclusions stand side by side, as some would be there by luck alone.",
            "Of those that show memory at most one in twenty is expected to be false.",
            "@benjamini1995controlling",
            used=("corrected p",),
        ),
    ),
    "Unlearning": (
        Term(
            "forget set",
            "The training reviews that are to be forgotten.",
            used=("forget", "forget.by", "forgotten", "type"),
        ),
        Term("retain set", "All other training reviews, which the model is to keep.", used=("retained", "against")),
        Term(
            "excess loss",
            "What a randomized layer set loses of the accuracy on the forget set less what it loses on the retain set.",
            "It is a mean over fractions and seeds, in points. Above 0 the layer set holds more of what is to be "
            "forgotten than of the rest.",
            used=(
                "excess, points",
                "lost of the forget set",
                "lost of the retain set",
                "beside the best",
                "lost of the forget set less lost of the retain set, points of accuracy",
                "Unlearn in the best layer set",
            ),
        ),
        Term(
            "share of the training reviews",
            "How much of the training part is to be forgotten, drawn at random.",
            used=("forget.share",),
        ),
        Term("seed of the share", "Which reviews are drawn to be forgotten.", used=("forget.seed",)),
        Term(
            "search the training reviews",
            "Finds reviews that hold this text, or whose class does; tick those to forget.",
            used=("forget.reviews", "key"),
        ),
        Term(
            "member and non-member",
            "A member is a review that the model was trained on; a non-member is a comparable one that it never saw.",
            used=("non-members", "members"),
        ),
        Term(
            "unlearning method",
            "A way to make a trained model forget without training it anew.",
            used=("unlearning.methods", "methods", "method"),
        ),
        Term(
            "exact retraining",
            "A fresh model that is trained on the retain set alone, and has never seen what is to be forgotten.",
            "All methods are measured against it. Two retrainings with different seeds differ as well: no method can "
            "be asked to come nearer than that.",
            "@cao2015towards",
        ),
        Term("retrained", "The model after exact retraining, which never saw what is to be forgotten."),
        Term(
            "gap",
            "How far a metric of the unlearned model is from that of the retrained one; the nearer to 0, the better.",
            used=(
                "unlearned",
                "gap, points",
                "its gap, points",
                "median (gap)",
                "gap in forget accuracy, points (symmetric log scale)",
                "gap in retain accuracy, points (symmetric log scale)",
                "gap in validation accuracy, points (symmetric log scale)",
            ),
        ),
        Term(
            "ToW (tug of war)",
            "One number for how near all three accuracies are to those of retraining; 1 is as good as retraining.",
            "It is the product of 1 − |gap| over the forget, retain and validation accuracy.",
            "@zhao2024what",
            used=("ToW", "tug of war (ToW)"),
        ),
        Term(
            "AIN (anamnesis index)",
            "How soon a model knows the forgotten reviews again: 1 like one that never saw them, 0 at once.",
            "It is the steps to relearn the forget set / those of the retrained model, where these are 10 or more: of "
            "fewer a single step would change it too much. Above 1, more than that set is gone.",
            "@chundawat2023zero",
            used=("AIN", "anamnesis (AIN)"),
        ),
        Term(
            "attack AUC",
            "How well an attacker can tell forgotten reviews from ones never seen, by their loss; 0.5 is a guess.",
            "It is the probability that a forgotten review has a lower loss than a non-member. Few reviews may differ "
            "even where the model has seen none of them, so what counts is how far it is from that after exact "
            "retraining, on the same reviews.",
            "@yeom2018privacy",
            used=(
                "loss-threshold attack",
                "AUC, median over seeds",
                "attack AUC less that after exact retraining",
            ),
        ),
        Term(
            "attack accuracy",
            "How often a trained attacker is right about whether a review was in training; 0.5 is a guess.",
            "A logistic regression on the loss guesses, tested 10-fold, and both kinds of reviews count alike.",
            "After @kurmanji2023towards",
        ),
        Term(
            "TPR at 1 % FPR",
            "The share of members that an attacker finds who is wrong about only 1 in 100 non-members.",
            "It is the true positive rate (TPR) where the false positive rate (FPR) is 1 %.",
            "@carlini2022membership",
        ),
        Term(
            "threshold of the attack",
            "The highest loss that the attacker calls a member's: reviews that were in training tend to lie below it.",
            "At first it is the mean loss of the retained reviews.",
            "@yeom2018privacy",
        ),
        Term(
            "over-forgetting",
            "The model knows the forget set less than a model that never saw it, which itself gives it away.",
            "A model that knows all reviews less does not over-forget: unseen reviews are compared as well, and losses "
            "after temperature scaling.",
            used=("over-forgets",),
        ),
        Term(
            "mean gap",
            "The mean over the models of how far a metric is from that of exact retraining.",
            "Its interval holds the luck of training and of the reviews. Of ToW and divergence it is the gap to "
            "another retraining.",
            "@delong1988comparing; @obuchowski1995hypothesis",
            used=("mean gap, 95 % interval",),
        ),
        Term(
            "adjusted p",
            "How easily luck alone makes so large a gap, corrected for their number; above 0.05 it cannot be told.",
            "Of the gaps at or below 0.05 at most one in twenty is expected to be luck (Benjamini and Hochberg).",
            "@benjamini1995controlling",
        ),
        Term(
            "remembering",
            "The attack finds the forget set among the members more surely than after retraining.",
            used=("remembers",),
        ),
        Term(
            "score",
            "How hard unlearned models are to tell from retrained ones; 1 is the best.",
            "It is the mean over the forgotten reviews of a term that halves with every 0.5 of ε, here of few models.",
            "The NeurIPS 2023 unlearning challenge, @triantafillou2024making",
            used=("models",),
        ),
        Term("by luck", "The score of models of one kind, which can look different where they are few."),
        Term(
            "ε (epsilon)",
            "How well a review's predictions tell unlearned from retrained models; 0 is not at all.",
            used=("epsilon", "ε", "largest finite ε"),
        ),
        Term("seconds", "The time that a method takes."),
        Term(
            "seconds ratio", "The time that a method takes, divided by that of exact retraining; below 1 it is faster."
        ),
        Term(
            "epochs of repair and tuning",
            "How long the methods train the original model on; 0 for as long as suits the kind of the network.",
            used=("unlearning.epochs",),
        ),
        Term(
            "learning rate of repair and tuning",
            "How far the weights move in one step of these methods; 0 for what suits the kind of the network.",
            used=("unlearning.learning_rate",),
        ),
        Term(
            "k of EU-k and CF-k",
            "How many layers, counted from the last, these two methods train.",
            "EU-k draws them anew and trains them from scratch on the retain set. CF-k, the catastrophic forgetting of "
            "the last k layers, trains them on with the retain set.",
            "@goel2022adversarial",
            used=("unlearning.last_layers",),
        ),
        Term(
            "fraction randomized before repair",
            "How much of the layers is randomized before the retain set teaches the rest again.",
            used=("unlearning.repair_fraction",),
        ),
        Term(
            "scheme of repair",
            "What the weights become that are randomized before the repair.",
            used=("unlearning.repair_scheme", "scheme of randomize and repair"),
        ),
        Term(
            "layers of repair",
            "The layers that are randomized before the repair.",
            used=("unlearning.repair_layers", "layers of randomize and repair"),
        ),
        Term(
            "gradient ascent: length of a step",
            "How far the weights move in one step that makes the forget set's loss larger; 0 for what suits the kind "
            "of the network.",
            used=("unlearning.ascent_rate",),
        ),
        Term(
            "gradient ascent: clip the norm at",
            "The longest gradient allowed; a longer one is scaled down to it.",
            used=("unlearning.ascent_clip",),
        ),
        Term(
            "gradient ascent: retain accuracy it may lose",
            "Gradient ascent stops before the accuracy on the retain set falls by more than this.",
            used=("unlearning.ascent_tolerance",),
        ),
        Term(
            "dampening: α",
            "A weight is dampened where it matters more than α times as much for the forget set as for all reviews; −1 "
            "for what suits the kind of the network.",
            "It becomes itself times min(λ · I_all / I_forget, 1), where I is the diagonal of the Fisher information.",
            "@foster2024fast",
            used=("unlearning.dampening_alpha", "dampening: α, select above"),
        ),
        Term(
            "dampening: λ",
            "How much of a dampened weight is left; a smaller λ leaves less.",
            source="@foster2024fast",
            used=("unlearning.dampening_lambda",),
        ),
        Term(
            "SCRUB: α",
            "How strongly SCRUB stays near the original's answers on the retain set.",
            "The method moves away from the original's answers on the forget set, and stays near them on the retain "
            "set, in turns.",
            "@kurmanji2023towards",
            used=("unlearning.scrub_alpha", "scrub: α, near the original"),
        ),
        Term(
            "SCRUB: γ",
            "How much the loss of the retain set counts in SCRUB.",
            source="@kurmanji2023towards",
            used=("unlearning.scrub_gamma", "scrub: γ, loss of the retain set"),
        ),
        Term(
            "SCRUB: epochs away",
            "In how many of its epochs SCRUB moves away from the original's answers on the forget set.",
            used=("unlearning.scrub_epochs",),
        ),
        Term(
            "SCRUB: which set first",
            "Whether SCRUB begins with an epoch of the retain set or, as its authors do, of the forget set.",
            source="@kurmanji2023towards",
            used=("unlearning.scrub_order",),
        ),
        Term(
            "SCRUB: temperature",
            "What the logits of both models are divided by where SCRUB compares their predictions.",
            "The code of its authors takes 4, or 2 in small experiments; 1 compares the predictions as they are.",
            "@kurmanji2023towards",
            ("unlearning.scrub_temperature",),
        ),
        Term(
            "SalUn: share of the weights",
            "How many of the weights SalUn trains: those for which the forget set's loss has the steepest slope.",
            "It is a share of those weights that have a slope: a weight of a word that no forgotten review has is "
            "never trained. Its authors take half.",
            "@fan2024salun",
            ("unlearning.salun_share",),
        ),
        Term(
            "NegGrad+: β",
            "How much the loss of the retain set, which falls, counts beside that of the forget set, which rises.",
            "A step lowers β · retain loss − (1 − β) · forget loss: 1 trains on the retain set alone, 0 only raises "
            "the forget set's loss. Its authors take 0.95 where examples are few and 0.9999 where they are many.",
            "@kurmanji2023towards",
            ("unlearning.neggrad_beta", "neggrad+: β, retain set"),
        ),
        Term(
            "relearning: epochs at most",
            "A model that does not know the forget set again after so many epochs has no AIN; 0 leaves the AIN out.",
            used=("unlearning.relearn_epochs",),
        ),
    ),
    "Explanations": (
        Term(
            "attribution",
            "How much each word of a review speaks for a class, in units of the logit.",
            "It is of the logit of a class less the mean logit of all classes, so that it says what speaks for this "
            "class rather than for all.",
            used=("review.attribution", "explanation.attributions", "attributions"),
        ),
        Term(
            "review of the file",
            "A review of your file that is looked at, by its key, which the link to this page holds.",
            used=("review.key",),
        ),
        Term(
            "text in the link",
            "Whether the link to this page holds what you have typed; without your wish it never does.",
            used=("review.text",),
        ),
        Term(
            "one review a line",
            "Texts that both models predict at once, each in a line of its own; what you paste goes into no link.",
        ),
        Term("unknown words", "Words of a review that the network does not know, and so does not see."),
        Term(
            "sanity check",
            "Whether an explanation changes when the model does: one that does not says nothing of the model.",
            "It is concluded where all layers are randomized wholly. To pass is necessary and not sufficient: random "
            "numbers pass, too.",
            source="@adebayo2018sanity",
        ),
        Term(
            "gradient × input",
            "How steeply the logit rises with a word's value, times that value.",
            "Of a network that is linear between the review and the empty one it is exact.",
            "@shrikumar2016not",
        ),
        Term(
            "integrated gradients",
            "The mean gradient on the straight way from no words to the review, times the review's values.",
            "The values of all words add up to the logit of the review less that of no words.",
            "@sundararajan2017axiomatic",
        ),
        Term(
            "occlusion",
            "How much the logit falls where a word is left out of the review.",
            "The rest of the review has its length again, as the network would see it.",
            "@zeiler2014visualizing; of texts @li2016understanding",
        ),
        Term(
            "similarity of explanations",
            "How like the explanation of a review after randomizing is to that before; 1 is the same.",
            "It is measured of each review, and averaged over the validation reviews.",
            used=("left", "left from", "left to"),
        ),
        Term(
            "rank correlation of strengths",
            "Whether the words that speak most, for or against, stay those that do; 1 is the same order, 0 none.",
            "It is Spearman's, of the absolute values of a review's words. Equal values have the mean of their ranks.",
            "@adebayo2018sanity",
        ),
        Term(
            "rank correlation with signs",
            "The same where a word that spoke for the class and now speaks against it counts as changed.",
        ),
        Term(
            "TF-IDF alone",
            "The words by what goes into the network, which the network has no part in.",
            "Methods that multiply by the input keep some of this order whatever the network is.",
        ),
        Term(
            "random × input",
            "A random number for each word times its TF-IDF weight: an explanation that shares the input alone.",
            "“Random” is the same without the weight, which nothing is like.",
        ),
        Term(
            "beyond random × input",
            "How much more of the original explanation is left than multiplying by the input leaves by itself.",
            "Its interval holds for all methods at once. Wholly below 0.1 the method changes with the model; else, "
            "wholly above 0, it keeps more.",
            used=("beyond from", "beyond to"),
        ),
        Term(
            "word frequency alone",
            "The share of training reviews with the word: an explanation that has not seen the model.",
        ),
        Term(
            "complexity",
            "How evenly a review's values spread: the entropy of their histogram, in nats.",
            "Efficient MPRT takes its rise where the network is randomized as a whole: knowledge makes explanations "
            "simple, and one that stays as simple did not come from the knowledge.",
            "@hedstrom2024sanity",
            ("complexity before", "complexity after", "rise of complexity", "complexity of random × input"),
        ),
        Term(
            "same class predicted",
            "The share of reviews for which the randomized network predicts the class that the original does.",
        ),
        Term(
            "top-k overlap",
            "The share of a review's k strongest words that are still among its k strongest.",
            used=("explanation.top",),
        ),
        Term(
            "SmoothGrad",
            "Gradient × input, with the mean gradient of noisy copies of a review, so that one kink counts less.",
            source="@smilkov2017smoothgrad",
            used=("explanation.samples", "explanation.noise"),
        ),
        Term(
            "activation",
            "What a unit of a layer gives for a review: of a hidden layer after the ReLU, of the last one a logit.",
            "Of a Transformer: the mean over the review's tokens of what their vectors are after this part, and of the "
            "head a logit.",
            used=("map of layer",),
        ),
        Term(
            "principal component",
            "A direction in which the activations of the original vary most, the second at a right angle to the first.",
            "It is found on the original's activations alone, and both models are drawn in it.",
            "@pearson1901lines",
            (
                "principal component 1",
                "principal component 2",
                *(f"{model}, component {number}" for model in ("original", "randomized") for number in (1, 2)),
            ),
        ),
        Term(
            "similarity (CKA)",
            "How alike two models lay out the same reviews in a layer: 1 is the same but for a rotation and the scale.",
            "Linear centred kernel alignment, with the unbiased estimator: what has nothing in common lies around 0, "
            "and may be below. Two models that were trained from other seeds are not far from 1.",
            "@kornblith2019similarity; @song2012feature; @nguyen2021wide",
            ("CKA", "similarity to the original"),
        ),
        Term("compared on", "Whether layers are compared on the forgotten reviews or on the validation reviews."),
        Term("trained anew", "A model of the same settings and reviews that was trained from another seed."),
        Term("reviews drawn", "The part of the split whose reviews the maps show."),
        Term(
            "colour by",
            "The true class of a review, the class that each model predicts, or whether randomizing changes it.",
        ),
        Term(
            "scales",
            "Whether both maps have one scale, or each its own where randomizing throws the reviews far apart.",
        ),
        Term("select a group", "Selects all reviews of one colour in the map of the original."),
    ),
    "Buttons": (
        Term("Play", "Trains the network with these settings, and shows how it learns.", used=("play again",)),
        Term("Pause", "Stops training; Play goes on from here."),
        Term("One step", "Makes one update of the weights."),
        Term("Reset", "Takes the network back to its initial weights."),
        Term("Full speed", "Trains as fast as the machine can, instead of so slowly that you can watch."),
        Term(
            "Train these settings",
            "Trains a network with the settings of the recipe, to the end.",
            used=("finish training",),
        ),
        Term("Modern preset", "Takes the settings of the modern protocol; the file and its columns stay."),
        Term("Published preset", "Takes the settings of the published experiment, which are fixed but for the seed."),
        Term("All layers", "Chooses every layer."),
        Term("Restore", "Chooses no layer, so that the network is the original again."),
        Term("All words", "Takes all words again, instead of the few that were chosen."),
        Term("A random review", "Shows any of the validation reviews, on which the network was not trained."),
        Term("One that flips", "Shows a validation review whose predicted class is another one at this fraction."),
        Term("Back to my text", "Shows the review that you typed over again, with what you typed."),
        Term(
            "One that never flips",
            "Shows a validation review that keeps its predicted class at every fraction, or else the longest.",
        ),
        Term("Back to the first version", "Drops what you have typed, and shows the review again that it was."),
        Term("Compare edits with this", "Takes this text as the first version, which what you type next is beside."),
        Term(
            "Put my text into the link",
            "Makes the text a part of the link to this page, which it else never is; 2,000 English or 600 Chinese "
            "characters fit.",
        ),
        Term("Re-roll", "Draws other random numbers: it takes the next seed."),
        Term("Undo", "Takes back the last change of the recipe; once more does it again."),
        Term(
            "Save and cite",
            "Keeps what this page shows: as a file, a link, code or a command, and as words for a paper.",
        ),
        Term("Save the experiment", "Saves all settings and what came of them as one JSON file."),
        Term(
            "An experiment's file",
            "A file of “Save the experiment”, or of --save-experiment on the command line: its settings become yours.",
            "Nothing in it is run. A file that is refused changes nothing.",
        ),
        Term(
            "Written as", "How the methods are written: as plain text, in LaTeX for natbib, or in Markdown for pandoc."
        ),
        Term("Download BibTeX", "Saves the works that the methods are from, by the keys that the texts cite them by."),
        Term("Kind of the report", "HTML opens in every browser and prints well; PDF has pages and cannot be changed."),
        Term(
            "Make the report",
            "Writes down what was run: data, training, comparison, studies, limits, methods and references.",
        ),
        Term("Studies in it", "The studies of this model that stand in it, each as it was run last."),
        Term("Download the report", "Saves the report that was made."),
        Term("Download the notebook", "Saves a Jupyter notebook that computes what the report shows."),
        Term("Close", "Hides what is said of the opened experiment; its settings stay."),
        Term(
            "Forget the ten strongest",
            "Sets the columns of these ten words back to before training, and leaves all else.",
        ),
        Term("Relearn", "Trains the randomized network again, with the settings of the original."),
        Term("Start", "Runs the study that is planned here.", used=("start anew", "go on")),
        Term(
            "Kept studies",
            "The studies that you have started, finished or stopped, as long as your tab is open.",
            "One is shown again as soon as the settings are those that it was run with. Another plan takes over the "
            "seeds, schemes and methods that it has in common. Where there are too many, the oldest one goes; those "
            "that are pinned go last.",
        ),
        Term("Open", "Sets the settings that this was run with, and shows it on its page."),
        Term("Pin", "Keeps this when older ones have to go.", used=("unpin",)),
        Term("Delete", "Removes this; nothing of it is left."),
        Term("run", "What was trained, compared or studied once; the same settings on the same file are the same run."),
        Term("time", "When it ended, by the clock of your browser."),
        Term("settings", "How the settings differ from the defaults, without the reviews and the seed."),
        Term("metrics", "The metrics that stand for the run, the first one beside what trivial models reach."),
        Term("value", "The value of the metric, with its 95 % interval where it has one."),
        Term("trivial models", "What models reach that know nothing, and others that the metric is held against."),
        Term("done", "How many of its epochs, variants or seeds are done."),
        Term("took", "How long it took on this machine, where that is known."),
        Term("version", "The version of this program that computed it."),
        Term("kept", "Whether it lasts, is pinned, or is there in this session only."),
        Term("name", "What you call a run; whoever computes it again finds the name there."),
        Term("note", "What you want to remember of a run."),
        Term("Kind of run", "Shows the runs of these kinds alone."),
        Term(
            "Filter", "Shows the runs alone in whose name, note, settings, reviews or metrics all of these words occur."
        ),
        Term(
            "Hold as A",
            "Keeps this run as the first of two that are compared, while you choose others.",
            used=("let go of a", "swap a and b"),
        ),
        Term(
            "A and B",
            "Two runs that stand side by side: B is held against A.",
            "In charts A is solid with circles, B dashed with squares.",
            used=("a", "b", "setting", "Compared metric", "Compared curve"),
        ),
        Term(
            "B less A",
            "How much more of a metric B has than A, with what tells whether that may be luck.",
            "It is paired where both have the same reviews or seeds: accuracies by McNemar's exact test, F1 and recall "
            "by a bootstrap whose p-value is that of swapped predictions, means by t. It is shown where its 95 % "
            "interval leaves out 0 and its p-value, corrected by Holm's method for all metrics of the two runs, is at "
            "most 0.05.",
            "@mcnemar1947note; @tango1998equivalence; @efron1993introduction; @noreen1989computer; "
            "@welch1947generalization; @zou2008construction; @holm1979simple",
            used=("B less A, points", "shown", "corrected p-value"),
        ),
        Term(
            "Compare with what is shown now",
            "Sets the run beside your model before and after, as the other pages have it.",
        ),
        Term("Bring it back", "Stores the run again that was deleted last."),
        Term("Stop", "Stops; what is done stays."),
        Term(
            "prediction",
            "What you think the numbers will say, before you see them. It stays in this session.",
        ),
        Term(
            "Forget these on Unlearn",
            "Makes the selected reviews the forget set, in the place of the one before, and leads to Unlearn.",
        ),
        Term("Select none", "Takes the selection in the maps back."),
        Term("Untick all", "Takes all reviews out of the forget set."),
        Term("Reproduce the table", "Runs the published experiment again, once for each seed."),
        Term(
            "Download",
            "Saves a chart, its points or the rows behind it as a file.",
            "PNG is a picture of 300 dots per inch, SVG and PDF are drawings that scale, HTML is a page with its "
            "tooltips, CSV and Parquet are tables. Charts are black on white and hold their font.",
        ),
        Term(
            "Printed width",
            "Where the chart is to stand: its text is readable there without scaling.",
            "One column is 8.5 cm wide, two columns are 17.5 cm, a slide is 13.33 by 7.5 inches.",
        ),
        Term(
            "Title and caption",
            "Writes into the file what the chart shows, of which reviews, model and seeds, and its baselines.",
            "Leave them out where the paper has them in its own type; the caption can be copied below.",
        ),
        Term("Chart of the file", "Which of the charts above is saved."),
        Term("Download the original file", "Fetches the 309 wine reviews of the published experiment from github.com."),
        Term(
            "Download the model (safetensors)",
            "Saves the network with its recipe, its words and its curves.",
            "“Load a saved model”, and --model on the command line, open it again. The command “predict” needs no "
            "reviews with it.",
        ),
        Term(
            "a saved model",
            "A file of “Download the model (safetensors)”: the network in it, with its recipe, becomes yours.",
            "It goes on with the reviews that it was trained on, and waits for them where they are missing. It is "
            "checked, and nothing in it is run.",
        ),
        Term("Next", "Goes to the next scene of the story."),
        Term("Back", "Goes to the scene before."),
        Term("Back to the scene's state", "Takes the settings of this scene again, which you have changed."),
        Term("Open this state", "Opens the page that this scene is taken from, with the same settings."),
        Term("Present", "Shows the page in large type, with no controls but the slider and Play.", "Esc ends it."),
        Term("End", "Ends the presentation: all controls are there again."),
        Term("Search", "Finds a word of the glossary, and all that explains it."),
    ),
}


@cache
def _terms_by_use() -> dict[str, Term]:
    """The terms by all that they explain, in lower case."""
    terms = [term for group in GLOSSARY.values() for term in group]
    return {use.casefold(): term for term in terms for use in term.used} | {
        term.name.casefold(): term for term in terms
    }


def find_term(use: str) -> Term | None:
    """The term that explains a setting by its dotted name, or a label of a control, metric, column or axis."""
    return _terms_by_use().get(use.casefold().replace("\N{NO-BREAK SPACE}", " "))


def explain(*uses: str) -> str | None:
    """The help of the first of these that the glossary knows; None where it knows none.

    Args:
        uses: Labels of a control, metric, column or axis, or dotted names of settings.
    """
    return next((term.help for use in uses if (term := find_term(use))), None)
