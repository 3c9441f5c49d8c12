"""How the story is told: short lines with the time since the beginning, colours only on a terminal."""

from __future__ import annotations

import os
import sys
import time


class Told:
    """Writes to stdout."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._is_plain = not sys.stdout.isatty() or bool(os.environ.get("NO_COLOR"))

    def head(self, text: str) -> None:
        """A chapter."""
        print(f"\n{self._paint('1;36', '━━ ' + text)}", flush=True)

    def say(self, text: str) -> None:
        """A line."""
        clock = f"{time.monotonic() - self._began:6.1f} s"
        print(f"{self._paint('2', clock)}  {text}", flush=True)

    def good(self, text: str) -> None:
        """Something went as promised."""
        self.say(f"{self._paint('32', '✔')} {text}")

    def bad(self, text: str) -> None:
        """Something did not."""
        self.say(f"{self._paint('31', '✘')} {text}")

    def back(self, text: str) -> None:
        """Something came back."""
        self.say(f"{self._paint('33', '↩')} {text}")

    def _paint(self, code: str, text: str) -> str:
        return text if self._is_plain else f"\033[{code}m{text}\033[0m"
