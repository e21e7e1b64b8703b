"""The claims that are measured are all that the library makes, and a few worlds of each do not speak against them."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator

import pytest

from tests.bench.claims import CLAIMS, HANDED_ON, Claim

PACKAGES = ("metrics", "studies", "unlearning")
SURE = re.compile(
    r"\b(intervals?|bands?|p-values?|sign test|power)\b", re.IGNORECASE
)  # words of what says how sure it is


def find_modules() -> Iterator[tuple[str, object]]:
    for package in PACKAGES:
        folder = importlib.import_module(f"forgetting.{package}")
        for found in pkgutil.iter_modules(folder.__path__):
            yield f"{package}.{found.name}", importlib.import_module(f"forgetting.{package}.{found.name}")


def find_public(module: object) -> dict[str, object]:
    """Functions of a module, and methods and properties of its classes, by name; classes by theirs."""
    own = {name: value for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__}
    found = {name: value for name, value in own.items() if not name.startswith("_") and callable(value)}
    for name, value in list(found.items()):
        if inspect.isclass(value):
            for method, body in vars(value).items():
                body = getattr(body, "fget", getattr(body, "func", body))
                if not method.startswith("_") and inspect.isfunction(body):
                    found[f"{name}.{method}"] = body
    return found


MODULES = dict(find_modules())
PUBLIC = {f"{module}.{name}": value for module, found in MODULES.items() for name, value in find_public(found).items()}
RESULTS = {  # classes whose attributes say how sure something is
    value.__name__ for value in PUBLIC.values() if inspect.isclass(value) and SURE.search(value.__doc__ or "")
}


def claims_something(function: object) -> bool:
    """Whether the docstring of a function, or of the class that it returns, says how sure something is."""
    returned = set(re.findall(r"\w+", str(inspect.signature(function).return_annotation)))
    return bool(SURE.search(function.__doc__ or "") or returned & RESULTS)


def test_every_interval_and_test_of_the_library_is_measured():
    claiming = {name for name, value in PUBLIC.items() if not inspect.isclass(value) and claims_something(value)}
    measured = {name for claim in CLAIMS for name in claim.of}
    assert sorted(claiming - measured - set(HANDED_ON)) == [], "Add a claim, or say what hands it on."
    assert sorted((measured | set(HANDED_ON)) - set(PUBLIC)) == [], "There is no such function."
    assert measured & set(HANDED_ON) == set()


@pytest.mark.parametrize("claim", [claim for claim in CLAIMS if claim.wanted], ids=lambda claim: claim.title)
def test_a_docstring_says_how_far_off_it_is(claim):
    assert claim.said in " ".join(PUBLIC[claim.of[0]].__doc__.split())


@pytest.mark.slow
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.title)
def test_a_few_worlds_do_not_speak_against_it(claim: Claim):
    found = {size: claim.measure(size, claim.quick) for size in claim.sizes}
    assert {size: share for size, share in found.items() if not claim.is_kept(size, *share)} == {}
