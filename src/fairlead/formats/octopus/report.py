"""What became of each line of a project of Octopus: taken, or not and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from fairlead.formats.ocl.tree import Attribute, Block, Call, Entries, Value


@dataclass(frozen=True, slots=True)
class Line:
    """One thing of a file: what it is, whether it was taken, and as what, or why not."""

    file: str
    line: int
    what: str
    is_taken: bool
    said: str = ""

    def __str__(self) -> str:
        said = f": {self.said}" if self.said else ""
        return f"{self.file}:{self.line}: {'taken' if self.is_taken else 'NOT taken'}: {self.what}{said}"


@dataclass(slots=True)
class Report:
    """Grows while a file is read; each thing stands in it once."""

    file: str
    lines: list[Line] = field(default_factory=list)

    def taken(self, one: Attribute | Block, said: str = "") -> None:
        """It has its place with us."""
        self._add(one, said, is_taken=True)

    def left(self, one: Attribute | Block, why: str) -> None:
        """It was not taken, with all that is in it."""
        self._add(one, why, is_taken=False)

    def _add(self, one: Attribute | Block, said: str, *, is_taken: bool) -> None:
        labels = "".join(f' "{label}"' for label in one.labels) if isinstance(one, Block) else ""
        self.lines.append(Line(self.file, one.place.line, one.name + labels, is_taken, said))


NOTHING_LIKE_IT = "Fairlead has nothing like it"


class Taking:
    """A block of which things are taken one by one; `rest` reports what nobody took."""

    def __init__(self, block: Block, report: Report) -> None:
        self.block = block
        self.report = report
        self._known: set[int] = set()

    def text(self, name: str, said: str = "", default: str = "") -> str:
        """An attribute as text; the default where there is none."""
        found = self.attribute(name, said)
        return default if found is None else as_text(found.value)

    def texts(self, name: str, said: str = "") -> list[str]:
        """An attribute as a list of texts; one text is a list of one."""
        found = self.attribute(name, said)
        if found is None or found.value is None:
            return []
        return [as_text(one) for one in (found.value if isinstance(found.value, tuple) else (found.value,))]

    def flag(self, name: str, said: str = "") -> bool:
        """An attribute as true or false."""
        return self.text(name, said).lower() == "true"

    def attribute(self, name: str, said: str = "") -> Attribute | None:
        """An attribute, which is taken with this."""
        found = self.block.get(name)
        if found is not None and id(found) not in self._known:
            self._known.add(id(found))
            self.report.taken(found, said)
        return found

    def blocks(self, *names: str) -> Iterator[Block]:
        """The blocks of a name; each says itself what becomes of it."""
        for block in self.block.blocks(*names):
            self._known.add(id(block))
            yield block

    def leave(self, one: Attribute | Block | None, why: str) -> None:
        """Report a thing as not taken, unless it was."""
        if one is not None and id(one) not in self._known:
            self._known.add(id(one))
            self.report.left(one, why)

    def rest(self, why: str = NOTHING_LIKE_IT) -> None:
        """All that is left is not taken."""
        for one in self.block.body:
            self.leave(one, why)


class Properties:
    """The dictionary `properties` of a step or action, taken entry by entry."""

    def __init__(self, taking: Taking) -> None:
        found = taking.block.get("properties")
        self._report = taking.report
        self._entries = found.value if found is not None and isinstance(found.value, Entries) else Entries()
        self._known: set[int] = set()
        if found is not None:
            taking.attribute("properties")

    def text(self, name: str, said: str = "", default: str = "") -> str:
        """An entry as text, which is taken with this."""
        found = self._entries.get(name)
        if found is None:
            return default
        if id(found) not in self._known:
            self._known.add(id(found))
            self._report.taken(found, said)
        return as_text(found.value)

    def peek(self, name: str) -> str:
        """An entry as text, which is not taken by this; "" where there is none."""
        found = self._entries.get(name)
        return "" if found is None else as_text(found.value)

    def leave_all(self, prefix: str, why: str) -> None:
        """Entries whose names begin so are not taken, unless they were."""
        for entry in self._entries.attributes:
            if entry.name.lower().startswith(prefix.lower()):
                self.leave(entry.name, why)

    def leave(self, name: str, why: str) -> None:
        """An entry is not taken, for a reason of its own."""
        found = self._entries.get(name)
        if found is not None and id(found) not in self._known:
            self._known.add(id(found))
            self._report.left(found, why)

    def rest(self, why: str = NOTHING_LIKE_IT) -> None:
        """All that is left is not taken."""
        for entry in self._entries.attributes:
            if id(entry) not in self._known:
                self._report.left(entry, why)


def as_text(value: Value) -> str:
    """A value as Octopus reads one: all of them are texts to it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case tuple():
            return ",".join(as_text(one) for one in value)
        case Entries() | Call():
            return ""
        case _:
            return str(value)
