"""What the commands print: names of files and of classes are in it, and none of them moves or colours anything."""

import re

import click

# Control characters but for tabs and ends of lines, those that turn the direction of a line, and halves of characters.
MOVING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def say(text: str, *, err: bool = False) -> None:
    """Print a text on standard output, or on standard error, as a terminal shows it and nothing else."""
    click.echo(MOVING.sub("\N{REPLACEMENT CHARACTER}", text), err=err)
