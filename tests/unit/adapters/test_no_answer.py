"""What the system said of a connection that failed is told, however deep it lies."""

from __future__ import annotations

import socket

from fairlead.adapters.no_answer import why


def test_the_words_of_the_system_are_told_from_below_what_wraps_them() -> None:
    below = socket.gaierror(-2, "Name or service not known")
    try:
        try:
            raise ExceptionGroup("several", [below])
        except ExceptionGroup as group:
            raise OSError("All connection attempts failed") from group
    except OSError as found:
        wrapped = RuntimeError("no")
        wrapped.__cause__ = found
    assert why(wrapped) == why(below) == "Name or service not known"


def test_where_the_system_said_nothing_it_is_the_kind() -> None:
    assert why(ValueError("with a token in it")) == "ValueError"
