"""Coverage-guided fuzzing of what reads files, recipes, addresses, texts and saved models, for as long as one likes.

    pip install -r tests/fuzz/requirements.txt        # into an environment of its own
    python tests/fuzz/fuzz.py --seconds 60            # all targets, one after the other
    python tests/fuzz/fuzz.py reviews --keep findings

A finding is any exception but ForgettingError, the end of the process, and an input that needs more than 10 s or 1 GiB.
Its input is kept, and the exit status is 1.
"""

import argparse
import contextlib
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS)]
READING = ("data", "core")
RECIPES = ("recipe", "core", "randomization", "unlearning")
MODELS = ("experiment.loading", "experiment.saved", "recipe.recipe", "core.settings")
PREDICTION = ("experiment.prediction", "model.encoding", "model.words")
TIMEOUT = 10  # seconds for one input
ROOM = 1_024  # MiB beside what the modules take
SEED_SIZE = 20_000  # bytes of the largest file to begin with
MARKS = (
    '"PAR1"',
    '"PK\\x03\\x04"',
    '"PK\\x01\\x02"',
    '"\\x1f\\x8b\\x08"',
    '"\\xff\\xfe"',
    '"\\xef\\xbb\\xbf"',
    '"},{"',
    '"[["',
    '":{"',
)


def main() -> int:
    """Fuzz the targets asked for, each in a process of its own, as libFuzzer never comes back."""
    options = _options()
    if options.inside:
        _fuzz(options)
    kept = Path(options.keep or tempfile.mkdtemp(prefix="fuzz-"))
    kept.mkdir(parents=True, exist_ok=True)
    failed = [target for target in options.targets or TARGETS if _run(target, options.seconds, kept)]
    print(f"Findings of {', '.join(failed)} are in {kept}." if failed else "No findings.")
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", help=f"{' or '.join(TARGETS)}; all where none is given")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--keep", help="folder for inputs that were findings")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"unknown target {sorted(unknown)[0]!r}")
    return options


def _run(target: str, seconds: int, kept: Path) -> int:
    command = [sys.executable, __file__, target, "--inside", "--seconds", str(seconds), "--keep", str(kept)]
    return subprocess.run(command, check=False).returncode


def _fuzz(options: argparse.Namespace) -> None:
    """Hand the only target over to libFuzzer, with the corpus's small files to begin with."""
    import atheris

    [target], kept = options.targets, Path(options.keep)
    modules, prepare, seeds, dictionary = TARGETS[target]
    with atheris.instrument_imports(include=[f"forgetting.{module}" for module in modules]):
        check = prepare()  # the first to import the modules: those that are imported already are not instrumented
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds()):
            (Path(folder) / f"seed{number:03}").write_bytes(seed)
        words = kept / f"{target}-words.txt"
        words.write_text("\n".join(dictionary()) + "\n")
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        arguments = {
            "max_total_time": options.seconds,
            "timeout": TIMEOUT,
            "rss_limit_mb": used + ROOM,
            "max_len": SEED_SIZE,
            "dict": words,
            "artifact_prefix": f"{kept / target}-",
            "print_final_stats": 1,
            "verbosity": 1,
        }
        line = [sys.argv[0], *(f"-{name}={value}" for name, value in arguments.items()), folder]
        atheris.Setup(line, check)
        atheris.Fuzz()


def _reviews() -> Callable[[bytes], None]:
    from forgetting.core.errors import ForgettingError
    from forgetting.data.reading import ReadingSettings
    from forgetting.data.tables import read_reviews

    asked = ReadingSettings(), ReadingSettings(leave_out_bad_rows=True, line_encodings=True)

    def check(data: bytes) -> None:
        for reading in asked:
            with contextlib.suppress(ForgettingError):
                read_reviews(data, reading=reading)

    return check


def _review_seeds() -> list[bytes]:
    from corpus import SMALL

    files = (upload.make() for upload in SMALL.values())
    return [data for data in files if 0 < len(data) <= SEED_SIZE]


def _recipes() -> Callable[[bytes], None]:
    from forgetting.core.errors import ForgettingError
    from forgetting.recipe.recipe import Recipe
    from forgetting.recipe.url import decode_query, encode_query

    def check(data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        recipe, _ = decode_query(dict(parse_qsl(text, keep_blank_values=True)))
        _check_survives(recipe)
        try:
            recipe = Recipe.from_json(text)
        except ForgettingError:
            return
        _check_survives(recipe)

    def _check_survives(recipe: Recipe) -> None:
        if decode_query(encode_query(recipe)) != (recipe, []) or Recipe.from_json(recipe.to_json()) != recipe:
            raise AssertionError(f"{recipe} does not survive writing and reading")

    return check


def _recipe_seeds() -> list[bytes]:
    """Whole recipes as JSON and as addresses, and each setting alone."""
    from forgetting.core.settings import format_value
    from forgetting.recipe.recipe import MODERN, PUBLISHED

    alone = [urlencode({name: format_value(MODERN.value(name))}) for name in MODERN.leaves()]
    pairs = ["randomization.layers=fc1&randomization.unit=word", "model.hidden=8,8&randomization.layers=fc3"]
    parts = [json.dumps({group: values}) for group, values in MODERN.to_dict().items()]
    texts = [
        MODERN.to_json(),
        PUBLISHED.to_json(),
        "&".join(alone),
        "protocol=published&seed=3",
        *alone,
        *pairs,
        *parts,
    ]
    return [text.encode() for text in texts]


def _settings() -> list[str]:
    from forgetting.recipe.recipe import Recipe

    return [f'"{word}"' for name in Recipe.leaves() for word in (name, name.split(".")[-1])]


def _models() -> Callable[[bytes], None]:
    from forgetting.core.errors import ForgettingError
    from forgetting.experiment.loading import load_model

    def check(data: bytes) -> None:
        with contextlib.suppress(ForgettingError):
            saved = load_model(data)
            if saved.encoder:
                saved.predictor().predict(["A crisp wine.", ""])

    return check


def _texts() -> Callable[[bytes], None]:
    from forgetting.data.sample import load_sample
    from forgetting.experiment.pipeline import prepare
    from forgetting.experiment.prediction import make_predictor
    from forgetting.experiment.pretrained import load_pretrained
    from forgetting.model.encoding import make_encoder
    from forgetting.model.words import WORD_KINDS
    from forgetting.recipe.recipe import MODERN

    pretrained = load_pretrained()
    encoders = [
        make_encoder(prepare(MODERN.with_value("split.words", kind), load_sample()), MODERN.split)
        for kind in WORD_KINDS
    ]
    predictor = make_predictor(pretrained.recipe, pretrained.split, pretrained.trained)

    def check(data: bytes) -> None:
        text = data.decode("utf-8", "surrogateescape")
        found = predictor.predict([text])
        for kind in ("csv", "parquet", "json"):
            found.to_bytes(kind)
        for encoder in encoders:
            known = {column for token in encoder.tokens(text) for column in token.columns}
            if known != set(encoder.encode([text]).columns.tolist()):
                raise AssertionError("the tokens are not the words")

    return check


def _text_seeds() -> list[bytes]:
    texts = "A crisp wine.", "<b>wine</b>\x00\x1b[31m", "酒好喝 ที่ İstanbul", "👍🏽❤\ufe0f🇩🇪 1\ufe0f\u20e3", "=1+1"
    return [text.encode() for text in texts]


def _model_seeds() -> list[bytes]:
    """A small model, as it is saved today, and as an earlier version saved it: without checksums in the way."""
    from safetensors.torch import save

    from forgetting.data.sample import load_sample
    from forgetting.experiment.pipeline import prepare, train
    from forgetting.experiment.saved import model_bytes
    from forgetting.recipe.recipe import Recipe

    small = {"split": {"max_words": 20}, "model": {"hidden": [2]}, "training": {"epochs": 1}}
    recipe = Recipe.from_dict(small)
    split = prepare(recipe, load_sample())
    trained = train(recipe, split)
    state = {name: value.contiguous() for name, value in trained.model.state_dict().items()}
    return [model_bytes(recipe, split, trained), save(state, {"recipe": recipe.to_json(), "epochs": "1"})]


TARGETS = {  # modules to follow, what gives the check, the inputs to begin with, pieces of new ones
    "reviews": (READING, _reviews, _review_seeds, lambda: MARKS),
    "recipe": (RECIPES, _recipes, _recipe_seeds, _settings),
    "texts": (PREDICTION, _texts, _text_seeds, lambda: MARKS),
    "models": (MODELS, _models, _model_seeds, _settings),
}

if __name__ == "__main__":
    sys.exit(main())
