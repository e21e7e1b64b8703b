"""The works that methods, schemes and metrics are from, as BibTeX."""

from collections.abc import Mapping
from dataclasses import dataclass


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


BIBLIOGRAPHY = {
    reference.key: reference
    for reference in (
        Reference(
            "zhang2019layers",
            "misc",
            {
                "author": "Zhang, Chiyuan and Bengio, Samy and Singer, Yoram",
                "title": "Are All Layers Created Equal?",
                "year": "2019",
                "eprint": "1902.01996",
                "archiveprefix": "arXiv",
            },
        ),
    )
}
