"""What libraries load and a server on SQLite never uses: kept out of its memory (9 MB of PostgreSQL's driver)."""

from __future__ import annotations

import importlib.machinery
import sys
from types import ModuleType

DRIVER = "psycopg"
"""DBOS imports it whatever the database is, and asks only whether an error is one of its kinds."""


class _OnlyErrors(ModuleType):
    """A module whose every name is a kind of error, which nobody raises; `errors` is such a module in it."""

    def __getattr__(self, name: str) -> type[Exception]:
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (Exception,), {"__module__": self.__name__})
        setattr(self, name, made)
        return made


def leave_out_driver(database: str) -> None:
    """On SQLite a stand-in takes the driver's place; before anything that imports it. `database` is a URL."""
    if not database.startswith("sqlite") or DRIVER in sys.modules:
        return
    whole, errors = _OnlyErrors(DRIVER), _OnlyErrors(f"{DRIVER}.errors")
    for module in (whole, errors):
        module.__spec__ = importlib.machinery.ModuleSpec(module.__name__, None, is_package=module is whole)
        sys.modules[module.__name__] = module
    whole.__path__ = []
    setattr(whole, "errors", errors)  # noqa: B010 - a module's attribute, as an import would set it
