"""Whether the first row of a table names its columns, by evidence: for formats in which any row may."""

from forgetting.data.reading import AUTOMATIC, YES

HEAD_ROWS = 1_000  # by which the first row is judged
LONGEST_NAME = 100  # characters


def has_header(setting: str, rows: list[list[str]]) -> bool:
    """Whether the first row holds the names of the columns.

    Args:
        setting: "automatic", "yes" or "no".
        rows: The first HEAD_ROWS rows of the table.

    Returns:
        What the setting says; where it is automatic, whether the first row is different short texts, none of them a
        number or a value that occurs again below it.
    """
    if setting != AUTOMATIC:
        return setting == YES
    first, below = [value.strip() for value in rows[0]], rows[1:]
    named = [value for value in first if value]
    if not named or len(set(named)) < len(named) or max(map(len, named)) > LONGEST_NAME or any(map(_is_number, named)):
        return False
    values = [{row[place].strip() for row in below if place < len(row)} for place in range(len(first))]
    return not any(value and value in found for value, found in zip(first, values, strict=True))


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
