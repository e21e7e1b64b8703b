"""The bibliography: BibTeX that another program reads, and works that glossary, docstrings and list have in common."""

import re
import tomllib
from pathlib import Path

import check_jsonschema
import yaml
from click.testing import CliRunner
from pybtex.database import parse_file, parse_string

import forgetting
from forgetting.paper import bibliography
from forgetting.paper.bibliography import BIBLIOGRAPHY, CITATION, cited_works, write_citations
from forgetting.reporting.glossary import GLOSSARY
from forgetting.tracking.environment import PROGRAM_VERSION

PACKAGE = Path(forgetting.__file__).parent
ROOT = PACKAGE.parent
NUMBER = re.compile(r"(?<!\d)\d{4}\.\d{5}(?!\d)")  # of arXiv, which has five digits since 2015


def test_the_file_is_read_as_another_program_reads_it():
    parsed = parse_file(Path(bibliography.__file__).with_name("references.bib")).entries
    assert {*parsed} == {*BIBLIOGRAPHY}
    for key, entry in parsed.items():
        fields = {name.lower(): value for name, value in entry.fields.items()}
        ours = BIBLIOGRAPHY[key]
        assert entry.type == ours.kind
        assert fields == {name: value for name, value in ours.fields.items() if name != "author"}
        people = entry.persons["author"]
        assert ours.entry.count(",") >= len(people) - 1
        assert all(name.strip("{}") in ours.entry for person in people for name in person.last_names)
    written = "\n".join(reference.bibtex for reference in BIBLIOGRAPHY.values())
    assert parse_string(written, "bibtex").entries == parsed


def test_each_number_of_arxiv_in_the_project_is_that_of_a_work():
    known = {reference.fields.get("eprint") for reference in BIBLIOGRAPHY.values()}
    for path in [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.md"), ROOT / "README.md"]:
        text = path.read_text(encoding="utf-8")
        found = {
            number for number in NUMBER.findall(text) if re.search(rf"arxiv\D{{0,16}}{number}|\[{number}", text, re.I)
        }
        assert found <= known, (path, found - known)


def test_the_glossary_cites_works_of_the_list():
    sources = [term.source for terms in GLOSSARY.values() for term in terms]
    assert all(key in BIBLIOGRAPHY for source in sources for key in CITATION.findall(source))
    assert not any("arXiv" in source for source in sources)  # which would be a second place for it
    assert write_citations("@guo2017calibration; @nobody") == "Guo et al. 2017, arXiv 1706.04599; @nobody"
    assert [work.key for work in cited_works("@a and @tango1998equivalence, @tango1998equivalence")] == [
        "tango1998equivalence"
    ]


def test_two_works_are_not_cited_alike():
    assert len({(work.names, work.year) for work in BIBLIOGRAPHY.values()}) == len(BIBLIOGRAPHY)


def test_the_program_is_cited_by_the_official_schema_of_its_format():
    """Which comes with check-jsonschema, so that no network is needed."""
    schema = ["--builtin-schema", "vendor.citation-file-format", str(ROOT / "CITATION.cff")]
    assert CliRunner().invoke(check_jsonschema.main, schema).exit_code == 0


def test_the_program_is_cited_as_it_is_named_everywhere():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = BIBLIOGRAPHY["forgetting"].fields
    assert {"cff-version", "message", "title", "authors"} <= {*cited}  # which version 1.2.0 of the format asks for
    assert cited["version"] == PROGRAM_VERSION == own["note"].removeprefix("Version ")
    assert cited["title"].casefold() == own["title"].casefold()
    assert f"{{{cited['authors'][0]['name']}}}" == own["author"]
    assert cited["license"] == project["license"]
