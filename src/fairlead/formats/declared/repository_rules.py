"""Whether what a repository declares below ``.fairlead`` fits together, as far as that is known without a server."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from graphlib import CycleError, TopologicalSorter

from fairlead.domain.channel import VersionRule, check_rules
from fairlead.domain.child_release import refuse_itself
from fairlead.domain.cron import parse
from fairlead.domain.errors import FairleadError, Invalid
from fairlead.domain.names import variable_name
from fairlead.domain.occurrences import next_after
from fairlead.domain.process import Process
from fairlead.domain.process_rules import checked
from fairlead.domain.record import Json
from fairlead.domain.runbook import check_process
from fairlead.domain.substitution import names_in
from fairlead.domain.variable import Dimension
from fairlead.domain.zones import zone_named
from fairlead.formats.declared.channels import ChannelItem
from fairlead.formats.declared.reading import Declarations, Entry
from fairlead.formats.declared.repository import PATTERNS, unknown_paths
from fairlead.formats.declared.runbooks import RunbookItem
from fairlead.formats.declared.triggers import TriggerItem
from fairlead.formats.declared.variables import VariableItem
from fairlead.formats.files import Files
from fairlead.formats.findings import Findings, did_you_mean
from fairlead.formats.node import Mark, Path, node_at, place_of, scalars_of, spell
from fairlead.formats.process import process_of
from fairlead.formats.process_model import ProcessModel

Kinds = Mapping[str, Mapping[str, Json]]
"""The JSON Schema of each kind of action, by its name."""

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_NAMED_STEP = re.compile(r"(?:Octopus|Fairlead)\.(?:Action|Step)\[([^\[\]#{}]+)\]")
_ALWAYS = {"default"}
"""Every project has this channel, declared or not."""


def check_repository(
    declared: Declarations,
    files: Files,
    findings: Findings,
    *,
    environments: Iterable[str],
    kinds: Kinds,
    project: str = "",
) -> None:
    """Problems for what breaks a rule, warnings for a name that nothing declares: the server may know it.
    `environments` are those that are known by name; without `kinds` nothing is said of kinds of actions; `project`
    is the name of the one that it is of."""
    for path in unknown_paths(files):
        findings.problem(Mark(path), "", f"the unknown file {path!r}", did_you_mean(path, PATTERNS))
    _Rules(declared, findings, {name.lower() for name in environments}, kinds, project).check()


@dataclass(frozen=True, slots=True)
class _Rules:
    declared: Declarations
    findings: Findings
    environments: Collection[str]
    kinds: Kinds
    project: str

    def check(self) -> None:
        for entry in self.declared.entries.values():
            match entry.item:
                case ProcessModel():
                    self._process(entry, entry.item)
                case ChannelItem():
                    self._channel(entry, entry.item)
                case TriggerItem():
                    self._trigger(entry, entry.item)
                case VariableItem():
                    self._variable(entry, entry.item)
                case _:
                    raise AssertionError(f"no rules for {entry.key}")
        self._one_default()
        self._circles()

    def _process(self, entry: Entry, item: ProcessModel) -> None:
        process = process_of(item)
        self._rule(entry, lambda: checked(process, self.kinds or {action.kind for _, action in process.actions}))
        self._rule(entry, lambda: _check_properties(process, self.kinds))
        self._rule(entry, lambda: refuse_itself(process, self.project))
        if isinstance(item, RunbookItem):
            self._rule(entry, lambda: check_process(process))
            self._known(entry, "environment", item.environments, self.environments)
        names = {name.lower() for step, action in process.actions for name in (step.name, action.name)}
        self._steps_named(entry, names, is_whole=True)
        for _, action in process.actions:
            self._known(entry, "environment", action.environments, self.environments)
            self._known(entry, "environment", action.excluded_environments, self.environments)
            self._known(entry, "channel", action.channels, self._names_of("channel", _ALWAYS))

    def _channel(self, entry: Entry, item: ChannelItem) -> None:
        for index, rule in enumerate(item.rules):
            asked = VersionRule(rule.packages, rule.range, rule.notation, rule.tag)
            self._rule(entry, lambda asked=asked: check_rules((asked,)), ("rules", index))  # type: ignore[misc]

    def _trigger(self, entry: Entry, item: TriggerItem) -> None:
        if item.cron:
            self._rule(entry, lambda: _check_due(item.cron, item.zone))
        self._known(entry, "environment", (item.source, item.destination), self.environments)
        self._known(entry, "channel", (item.channel,), self._names_of("channel", _ALWAYS))

    def _variable(self, entry: Entry, item: VariableItem) -> None:
        self._rule(entry, lambda: variable_name(item.name))
        steps = self._step_names()
        known = {
            Dimension.ENVIRONMENT: self.environments,
            Dimension.CHANNEL: self._names_of("channel", _ALWAYS),
            Dimension.STEP: steps,
            Dimension.PROCESS: self._names_of("runbook", {"deployment"}),
        }
        for dimension, names in known.items():
            self._known(entry, dimension.words, getattr(item.scope, dimension.value), names)
        if steps:
            self._steps_named(entry, steps, is_whole=False)

    def _one_default(self) -> None:
        said = [entry for entry in self.declared.entries.values() if getattr(entry.item, "default", None) is True]
        for entry in said[1:]:
            mark = place_of(entry.root, (*entry.path, "default"))
            found = f"a second default channel, beside {said[0].key.name}"
            self.findings.problem(mark, spell((*entry.path, "default")), found, "one")

    def _circles(self) -> None:
        """Variables that name each other round: wrong where they hold everywhere, perhaps where they are scoped."""
        named: dict[str, set[str]] = {}
        first: dict[str, Entry] = {}
        scoped: set[str] = set()
        for entry in self.declared.entries.values():
            if isinstance(item := entry.item, VariableItem):
                texts = [text for text in (item.value, *item.parts.values()) if isinstance(text, str)]
                named.setdefault(item.name, set()).update(name for text in texts for name in _mentioned(text))
                first.setdefault(item.name, entry)
                if item.scope != type(item.scope)():
                    scoped.add(item.name)
        for chain in _circles_in(named):
            entry, words = first[chain[0]], f"variables that name each other: {' → '.join(chain)}"
            if scoped & set(chain):
                self.findings.warn(entry.mark, spell(entry.path), f"{words}, where all of them hold")
            else:
                self.findings.problem(
                    entry.mark, spell(entry.path), words, "a value at the end of the chain", code="variable.circular"
                )

    def _rule(self, entry: Entry, rule: Callable[[], object], below: Path = ()) -> None:
        try:
            rule()
        except FairleadError as error:
            self.findings.problems.append(entry.said_no(below, error) if below else entry.problem_at(error))
            self.findings.codes.append(error.code)

    def _known(self, entry: Entry, noun: str, names: Sequence[str], known: Collection[str]) -> None:
        """Warns of each that is not known, where anything is."""
        for name in names:
            if known and name and name.lower() not in known and "#{" not in name:
                mark, key = _where(entry, name)
                self.findings.warn(mark, key, f"no {noun} {name!r} is declared here: does the server have it?")

    def _steps_named(self, entry: Entry, known: Collection[str], *, is_whole: bool) -> None:
        """Variables of steps that are not there: ``Octopus.Action[NAME]…``. `is_whole`: no other process can have it,
        for outputs reach no other."""
        below = node_at(entry.root, entry.path)
        for path, scalar in scalars_of(below) if below else ():
            for found in _NAMED_STEP.finditer(str(scalar.text or "")):
                if found[1].lower() not in known:
                    key = spell((*entry.path, *path))
                    words, near = f"{found[0]}: there is no such step or action", did_you_mean(found[1], known)
                    if is_whole:
                        self.findings.problem(scalar.mark, key, words, near)
                    else:
                        self.findings.warn(scalar.mark, key, f"{words} ({near})")

    def _names_of(self, noun: str, besides: Collection[str]) -> Collection[str]:
        """Lower case; none where no file declares any of the noun."""
        found = {key.name.lower() for key in self.declared.entries if key.noun == noun}
        return found | set(besides) if found else ()

    def _step_names(self) -> Collection[str]:
        items = [entry.item for entry in self.declared.entries.values()]
        if not any(isinstance(item, ProcessModel) and not isinstance(item, RunbookItem) for item in items):
            return ()
        processes = [process_of(item) for item in items if isinstance(item, ProcessModel)]
        both = ((step.name, action.name) for process in processes for step, action in process.actions)
        return {name.lower() for names in both for name in names}


def _check_due(cron: str, zone: str) -> None:
    if next_after(parse(cron), _LONG_AGO, zone_named(zone)) is None:
        raise Invalid("schedule.never", f"{cron!r} is never due", thing=cron[:80])


def _check_properties(process: Process, kinds: Kinds) -> None:
    """Where the library that checks schemas is installed, as it is with the server."""
    try:
        from fairlead.formats.properties import checked_properties
    except ImportError:
        return
    checked_properties(process, kinds)


def _mentioned(text: str) -> Iterator[str]:
    try:
        yield from names_in(text)
    except Invalid:  # what is no template at all is text, and told where it is used
        return


def _circles_in(named: Mapping[str, Collection[str]]) -> Iterator[tuple[str, ...]]:
    """Chains that end where they begin; no variable is in two of them."""
    left = dict(named)
    while True:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            circle = tuple(reversed(error.args[1]))
            yield circle
            left = {name: others for name, others in left.items() if name not in circle}
        else:
            return


def _where(entry: Entry, thing: str) -> tuple[Mark, str]:
    below = node_at(entry.root, entry.path)
    path: Path = next((path for path, held in scalars_of(below) if held.text == thing), ()) if below else ()
    return place_of(entry.root, (*entry.path, *path)), spell((*entry.path, *path))
