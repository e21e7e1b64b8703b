"""Every text that the interface may show, as the code holds it, in one file that is read whole and approved.

After a text was changed on purpose, write the file anew, from the root of the checkout, and review its difference:

    python -m tests.interface_texts && git diff tests/approved_texts.txt

A text is a string of several words, or one word that begins with a capital, with "…" in the place of each value. Read
aloud it is a whole sentence, or a label. What no visitor sees is left out: the command line, the grammar of the sample,
what columns are called, the server, and how work is shared among processes.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from forgetting.randomization.schemes import SCHEMES

ROOT = Path(__file__).parents[1]
APPROVED = Path(__file__).with_name("approved_texts.txt")
UNSEEN = (
    "cli",
    "data/sample",
    "data/column_names.py",
    "dashboard/server",
    "core/parallel.py",
    "core/lazy.py",
    "recipe/renamed.py",
    "tracking/code.py",  # which writes programs, as the next one does
    "tracking/page_state.py",
    "paper/program.py",  # as this one does
    "paper/notebook.py",
)
TEXT = re.compile(r"[^\W\d_].*\s.*[^\W\d_]|^[A-Z][a-z]+$", re.DOTALL)
CODE = re.compile(
    r"^<|^:host|^[a-z-]+: [^;]+; [a-z-]+: |^\(datum|replace\(|==|hovertemplate|%\{"
)  # markup, style sheets and expressions


def modules() -> list[Path]:
    """The files whose texts a visitor may see."""
    library = ROOT / "forgetting"
    unseen = [library / name for name in UNSEEN]
    found = [path for path in sorted(library.rglob("*.py")) if not any(path.is_relative_to(part) for part in unseen)]
    return [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py")), *(p for p in found if p.name != "__init__.py")]


def strings(tree: ast.Module) -> Iterator[str]:
    """The strings of a module in their order, without docstrings; an f-string is one, with "…" for its values."""
    bodies = [node.body for node in ast.walk(tree) if hasattr(node, "body") and isinstance(node.body, list)]
    skipped = {id(body[0].value) for body in bodies if body and isinstance(body[0], ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in ast.walk(node) if isinstance(part, ast.JoinedStr) and part is not node}
            skipped |= {id(part) for part in node.values}
    found = [
        node for node in ast.walk(tree) if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in skipped
    ]
    for node in sorted(found, key=lambda node: (node.lineno, node.col_offset)):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node.value, str):
            yield node.value


def collect() -> str:
    """All texts by module, each once, a line each."""
    lines = []
    for path in modules():
        found = dict.fromkeys(
            text
            for text in strings(ast.parse(path.read_text(encoding="utf-8")))
            if TEXT.search(text) and not CODE.search(text)
        )
        if found:
            lines += [f"# {path.relative_to(ROOT)}", *(text.replace("\n", "\\n") for text in found), ""]
    lines += ["# what schemes do", *(inspect.getdoc(scheme) for scheme in SCHEMES.values())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    APPROVED.write_text(collect(), encoding="utf-8")
