"""Reads declared things out of files; everything that is wrong is found at once, each at its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairlead.domain.declaration import Data, DeclaredKey, placeholders
from fairlead.domain.errors import FairleadError, Problem, ProjectFileInvalid
from fairlead.formats.declared.layout import Layout, data_of
from fairlead.formats.findings import Findings, did_you_mean
from fairlead.formats.findings import shown as spelt
from fairlead.formats.node import Mark, Node, Path, node_at, place_of, scalars_of, spell
from fairlead.formats.shape import Shape, check
from fairlead.formats.yaml_tree import Bounds, read_yaml

BOUNDS = Bounds(size_bytes=4 * 1024 * 1024, nodes=200_000)
"""Who applies may administer what the files name: 10,000 variables fit in one file."""
FILE_LIMIT = 20_000
SUFFIXES = (".yml", ".yaml")


@dataclass(frozen=True, slots=True)
class Entry:
    """A thing as a file declares it, and where."""

    key: DeclaredKey
    layout: Layout[Any]
    item: Shape
    root: Node
    path: Path

    @property
    def mark(self) -> Mark:
        """Where it begins."""
        return place_of(self.root, self.path)

    @property
    def data(self) -> Data:
        """Its fields."""
        return data_of(self.item)

    def problem_at(self, error: FairleadError) -> Problem:
        """What a rule says no to, at the place where it says the error's `thing`, or the one where it says that among
        other words; at its beginning where it does not."""
        thing = error.thing
        below = node_at(self.root, self.path)
        said = [(path, str(held.text)) for path, held in scalars_of(below)] if below and thing else []
        among = [path for path, text in said if re.search(rf"(?<!\w){re.escape(thing)}(?!\w)", text)]
        exact = (path for path, text in said if text == thing)
        return self.said_no(next(exact, among[0] if len(among) == 1 else ()), error)

    def said_no(self, path: Path, error: FairleadError) -> Problem:
        """The same at a place below it that is known."""
        return self.problem(path, error.message, error.hint, is_sentence=True)

    def problem(self, path: Path, found: str, expected: str, *, is_sentence: bool = False) -> Problem:
        """What is wrong with it, at a place below it."""
        whole = (*self.path, *path)
        mark = place_of(self.root, whole)
        return Problem(mark.file, mark.line, mark.column, spell(whole), found, expected, is_sentence)


@dataclass(frozen=True, slots=True)
class Declarations:
    """All that the files say; `files` are their paths, `lists` the order of those nouns that have one."""

    entries: Mapping[DeclaredKey, Entry]
    files: frozenset[str]

    def ordered(self, noun: str) -> tuple[str, ...]:
        """The names of the noun's things in the order of the file."""
        return tuple(key.name for key in self.entries if key.noun == noun)


def is_declaration(path: str) -> bool:
    """Whether a file is looked at: YAML, and in no folder whose name begins with a dot."""
    parts = path.split("/")
    return parts[-1].endswith(SUFFIXES) and not any(part.startswith(".") for part in parts)


def read(
    files: Mapping[str, bytes], layouts: Sequence[Layout[Any]], *, shown: Callable[[str], str] = str
) -> Declarations:
    """What the files declare. `shown` says how errors name them. Raises `ProjectFileInvalid` `declaration.invalid`
    with every problem."""
    findings = Findings()
    entries: dict[DeclaredKey, Entry] = {}
    looked = [path for path in sorted(files) if is_declaration(path)]
    if len(looked) > FILE_LIMIT:
        findings.problem(Mark("."), "", f"{len(looked)} files", f"at most {FILE_LIMIT}")
        looked = []
    for path in looked:
        for layout in layouts:
            said = layout.match(path)
            if said is not None:
                for entry in _entries(layout, shown(path), files[path], said.get("project", ""), findings):
                    _take(entry, entries, findings)
                break
        else:
            known = {pattern for layout in layouts for pattern in layout.paths}
            findings.problem(Mark(shown(path)), "", f"the unknown file {shown(path)!r}", did_you_mean(path, known))
    if findings.problems:
        raise ProjectFileInvalid(tuple(findings.problems), code="declaration.invalid")
    return Declarations(entries, frozenset(looked))


def names_of_placeholders(declarations: Declarations) -> Iterable[str]:
    """Each placeholder's name, once."""
    return dict.fromkeys(name for entry in declarations.entries.values() for _, name in placeholders(dict(entry.data)))


def _entries(layout: Layout[Any], path: str, content: bytes, project: str, findings: Findings) -> Iterable[Entry]:
    root = read_yaml(path, content, findings, BOUNDS)
    model = check(layout.file, root, findings, plain=layout.plain) if root is not None else None
    if model is None or root is None:
        return
    if not layout.top:
        item = layout.normal(model)
        yield Entry(DeclaredKey(layout.noun, project, layout.name_of(item)), layout, item, root, ())
        return
    for index, given in enumerate(getattr(model, layout.top)):
        item = layout.normal(given)
        key = DeclaredKey(layout.noun, project, layout.name_of(item))
        yield Entry(key, layout, item, root, (layout.top, index))


def _take(entry: Entry, entries: dict[DeclaredKey, Entry], findings: Findings) -> None:
    key = entry.key
    if key in entries and entry.layout.may_repeat:
        key = repeated(key, entries)
        entry = Entry(key, entry.layout, entry.item, entry.root, entry.path)
    if key in entries:
        first = entries[key].mark
        found = f"{entry.key.noun} {spelt(key.name)} a second time"
        findings.problem(entry.mark, spell(entry.path), found, f"it once (first in {first.file}:{first.line})")
        return
    entries[key] = entry


def repeated(key: DeclaredKey, known: Iterable[DeclaredKey]) -> DeclaredKey:
    """The key of the next one of the same name."""
    taken = set(known)
    count = 2
    while DeclaredKey(key.noun, key.project, f"{key.name} ({count})") in taken:
        count += 1
    return DeclaredKey(key.noun, key.project, f"{key.name} ({count})")
