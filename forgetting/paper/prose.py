"""Sentences with the works that they cite, and how they are written as plain text, in Markdown and in LaTeX.

What a sentence holds of a file, such as its name, is data: no writer takes it for markup.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from forgetting.core.numbers import NO_BREAK
from forgetting.paper.bibliography import BIBLIOGRAPHY, Reference

LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        **{sign: f"\\{sign}" for sign in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "−": "$-$",
        "×": r"$\times$",
        NO_BREAK: "~",
        "–": "--",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        **{letter: f"$\\{name}$" for letter, name in {"α": "alpha", "β": "beta", "γ": "gamma", "λ": "lambda"}.items()},
        "“": "``",
        "”": "''",
    }
)
BLANK_RUNS = re.compile(r"[^\S\u00a0]+")  # the ends of lines among them, where a name could begin a paragraph or a list
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")  # in no file of text
MARKUP = re.compile(r"([\\`*_\[\]<>#|~$@^&])")  # signs that mean something within a line of Markdown


@dataclass(frozen=True)
class Sentence:
    """A sentence and the works that it cites.

    Attributes:
        text: The sentence, with its full stop.
        works: Keys of BIBLIOGRAPHY.
    """

    text: str
    works: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prose:
    """Paragraphs of sentences."""

    paragraphs: tuple[tuple[Sentence, ...], ...]

    @property
    def works(self) -> tuple[Reference, ...]:
        """The works that are cited, by their authors and years."""
        keys = {key for paragraph in self.paragraphs for sentence in paragraph for key in sentence.works}
        return tuple(sorted((BIBLIOGRAPHY[key] for key in keys), key=lambda work: (work.names.casefold(), work.year)))

    @property
    def bibtex(self) -> str:
        """A file of BibTeX with the works that are cited."""
        return "\n".join(work.bibtex for work in self.works)

    def plain(self) -> str:
        """As plain text, which cites a work by its authors and year."""
        return self._write(str, _name_works)

    def markdown(self) -> str:
        """As Markdown, which cites a work as pandoc does: [@guo2017calibration]."""
        return self._write(escape_markdown, lambda works: f" [{'; '.join(f'@{work}' for work in works)}]")

    def latex(self) -> str:
        r"""As LaTeX, which cites a work by \citep of natbib."""
        return self._write(escape_latex, lambda works: rf"~\citep{{{','.join(works)}}}")

    def _write(self, escape: Callable[[str], str], cite: Callable[[tuple[str, ...]], str]) -> str:
        return "\n\n".join(
            " ".join(write_sentence(sentence, escape, cite) for sentence in paragraph) for paragraph in self.paragraphs
        )


def write_sentence(sentence: Sentence, escape: Callable[[str], str], cite: Callable[[tuple[str, ...]], str]) -> str:
    """A sentence with its citations before the full stop.

    Args:
        sentence: The sentence.
        escape: Writes a text so that nothing in it is markup.
        cite: Writes the keys of works, with the blank before them.
    """
    text = BLANK_RUNS.sub(" ", sentence.text).removesuffix(".")
    return f"{escape(text)}{cite(sentence.works) if sentence.works else ''}."


def _name_works(works: Iterable[str]) -> str:
    """Works in brackets: " (Guo et al., 2017; Tango, 1998)"."""
    return f" ({'; '.join(f'{BIBLIOGRAPHY[key].names}, {BIBLIOGRAPHY[key].year}' for key in works)})"


def escape_latex(text: str) -> str:
    """A text in which LaTeX finds no markup."""
    return text.translate(LATEX)


def escape_markdown(text: str) -> str:
    """A text in which Markdown finds no markup."""
    return MARKUP.sub(r"\\\1", text)
