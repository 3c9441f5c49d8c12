"""Asking at the terminal, and saying what to give instead where there is none."""

from __future__ import annotations

import sys
import warnings
from getpass import GetPassWarning

import typer

from fairlead.domain.errors import Invalid


def agree(question: str) -> None:
    """Only a yes goes on. Invalid `input.invalid` where nobody is there to answer."""
    try:
        is_agreed = typer.confirm(question, err=True)
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        message = "nothing was done: there is no terminal to ask at"
        raise Invalid("input.invalid", message, hint="--yes does it without asking") from None
    if not is_agreed:
        raise typer.Abort


def ask(what: str, *, is_hidden: bool, instead: str) -> str:
    """What a person types, unseen where it `is_hidden`. Invalid `input.invalid` where there is no terminal, which says
    what to give `instead`."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", GetPassWarning)
        try:
            return str(typer.prompt(what, hide_input=is_hidden, err=True))
        except (typer.Abort, GetPassWarning):
            if sys.stdin.isatty():
                raise
            message = f"there is no terminal to ask for {what} at"
            raise Invalid("input.invalid", message, thing=what, hint=instead) from None
