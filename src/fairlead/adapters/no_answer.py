"""Why something outside could not be reached, in the operating system's words."""

from __future__ import annotations


def why(error: BaseException) -> str:
    """What the system said underneath (*Name or service not known*); the error's kind where it said nothing."""
    under: BaseException | None = error
    for _ in range(10):
        if isinstance(under, BaseExceptionGroup):
            under = under.exceptions[0]
        elif isinstance(under, OSError) and under.strerror:
            return under.strerror
        elif under is None:
            break
        else:
            under = under.__cause__ or under.__context__
    return type(error).__name__
