"""The works that methods, schemes and metrics are from, and how a text cites them.

They stand in `references.bib`, a file of BibTeX in UTF-8 with one field a line, which can be used as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ENTRY = re.compile(r"^@(\w+)\{(\w+),\n(.*?)^\}", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^  (\w+) = \{(.*)\},$", re.MULTILINE)
CITATION = re.compile(r"@(\w+)")
MOST_AUTHORS = 2  # authors of a work whose names a citation holds


@dataclass(frozen=True)
class Reference:
    """A work that is cited.

    Attributes:
        key: What a text cites it by.
        kind: Its type in BibTeX, such as "article".
        fields: Its fields in BibTeX, such as "title", without braces around them.
    """

    key: str
    kind: str
    fields: Mapping[str, str]

    @property
    def bibtex(self) -> str:
        """The entry of the work in a file of BibTeX."""
        lines = "".join(f"  {name} = {{{value}}},\n" for name, value in self.fields.items())
        return f"@{self.kind}{{{self.key},\n{lines}}}\n"

    @property
    def url(self) -> str:
        """Where it can be read; "" where that is not known."""
        if "eprint" in self.fields:
            return f"https://arxiv.org/abs/{self.fields['eprint']}"
        return self.fields.get("url", "")

    @cached_property
    def names(self) -> str:
        """Who wrote it, as a citation has it: "Guo et al.", "Cao and Yang"."""
        authors = [author.partition(", ")[0] for author in self._text("author").split(" and ")]
        return f"{authors[0]} et al." if len(authors) > MOST_AUTHORS else " and ".join(authors)

    @property
    def year(self) -> str:
        """When it appeared: "2017"; "n.d." where that is not known."""
        return self.fields.get("year", "n.d.")

    @property
    def short(self) -> str:
        """The work in a few words: "Guo et al. 2017, arXiv 1706.04599"."""
        place = f"arXiv {self.fields['eprint']}" if "eprint" in self.fields else self._published
        return (
            f"{self.names} {self.year}, {self._text('title') if self.kind == 'book' else place or self._text('title')}"
        )

    @property
    def entry(self) -> str:
        """The work as it stands in a list of references."""
        authors = [
            f"{last}, {initials}" if (initials := _initials(first)) else last
            for last, _, first in (author.partition(", ") for author in self._text("author").split(" and "))
        ]
        listed = " and ".join([", ".join(authors[:-1]), authors[-1]] if authors[1:] else authors)
        title = self._text("title")
        parts = [f"{listed} ({self.year}). {title}{'' if title.endswith('?') else '.'}"]
        if self._published:
            parts.append(f"{self._published}.")
        if "eprint" in self.fields:
            parts.append(f"arXiv {self.fields['eprint']}.")
        if "note" in self.fields:
            parts.append(f"{self._text('note')}.")
        return " ".join([*parts, *([self.fields["url"]] if "url" in self.fields else [])])

    @property
    def _published(self) -> str:
        """Where it appeared, with volume and pages; "" where nowhere."""
        names = ("journal", "booktitle", "publisher")
        where = next((self._text(name) for name in names if name in self.fields), "")
        number = f"({self.fields['number']})" if "number" in self.fields else ""
        series = f", {self._text('series')}" if "series" in self.fields else ""
        volume = f"{series} {self.fields['volume']}{number}" if "volume" in self.fields else ""
        return where + volume + (f", {self._text('pages')}" if "pages" in self.fields else "")

    def _text(self, name: str) -> str:
        """A field without the marks of BibTeX."""
        text = self.fields[name].replace("---", "—").replace("--", "–").replace(r"\&", "&")
        return text.replace("{", "").replace("}", "")


def _initials(names: str) -> str:
    """The initials of given names: "Aidan N." → "A. N.", "Ser-Nam" → "S.-N."."""
    return " ".join("-".join(f"{part[0]}." for part in name.split("-")) for name in names.split())


def _read(text: str) -> dict[str, Reference]:
    entries = (Reference(key, kind, dict(FIELD.findall(body))) for kind, key, body in ENTRY.findall(text))
    return {reference.key: reference for reference in entries}


BIBLIOGRAPHY = _read(Path(__file__).with_name("references.bib").read_text(encoding="utf-8"))


def cited_works(text: str) -> tuple[Reference, ...]:
    """The works that a text cites by their keys, as in "@guo2017calibration", each once."""
    keys = dict.fromkeys(CITATION.findall(text))
    return tuple(BIBLIOGRAPHY[key] for key in keys if key in BIBLIOGRAPHY)


def write_citations(text: str) -> str:
    """A text in which each work that it cites by its key is named in a few words."""

    def write(found: re.Match) -> str:
        return BIBLIOGRAPHY[found[1]].short if found[1] in BIBLIOGRAPHY else found[0]

    return CITATION.sub(write, text)
