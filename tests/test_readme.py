"""The README and those of packages: examples run, links lead somewhere, and the first stays short."""

import re
import shlex
from pathlib import Path

import pytest
from click import Context

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted(path for path in (*ROOT.glob("*.md"), *ROOT.glob("forgetting/**/*.md"), *ROOT.glob("tests/**/*.md")))


def shown(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_it_is_short():
    assert len(README.splitlines()) <= 150


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_lead_to_files(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if "```python" in page.read_text(encoding="utf-8")], ids=shown)
def test_examples_run_with_the_public_names_alone(page, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for code in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        own = [line for line in code.splitlines() if line.startswith(("from forgetting", "import forgetting"))]
        assert all(line.startswith("from forgetting import ") for line in own)
        names: dict = {}
        exec(code, names)
    assert capsys.readouterr().out == ""
    if page == ROOT / "README.md":
        assert 0 < names["result"].comparison.forgetting["validation"].value < 1
        assert len(names["sweep"].frame) == names["sweep"].planned == 3 * 21 * 2 * 10


@pytest.mark.parametrize("page", [page for page in PAGES if "-m forgetting " in page.read_text("utf-8")], ids=shown)
def test_commands_are_read_by_the_command_line(page, tmp_path, monkeypatch):
    """Nothing is run, but every option is known, and its value one that the option takes."""
    from forgetting.cli.commands import cli
    from forgetting.cli.options import dose_list

    monkeypatch.chdir(tmp_path)
    group = Context(cli, **cli.context_settings)  # a command remembers the names of its help
    for line in re.findall(r"^    .*-m forgetting (\w.*)$", page.read_text(encoding="utf-8"), re.MULTILINE):
        name, *arguments = shlex.split(line)
        for path in (word for word in arguments if re.fullmatch(r"[\w.]+\.(csv|json|safetensors)", word)):
            Path(path).touch()
        options = cli.commands[name].make_context(name, arguments, parent=group).params
        assert dose_list(options.get("doses") or "2"), line


def test_every_scheme_is_listed():
    from forgetting.randomization.schemes import SCHEMES

    assert re.findall(r"^\| `(\w+)` \| (?:a|an|what|another|zero|itself)\b", README, re.MULTILINE) == list(SCHEMES)
