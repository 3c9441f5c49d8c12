"""A folder of files filled in for an environment: tokens, transformations, settings of .NET, structured values.

In this order, as Octopus does it (Calamari's `DeployPackageCommand`): each feature sees what those before it made.
Nothing is read or written here: the caller gives what `wanted` names, and writes what came out changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from fairlead.domain.errors import Invalid
from fairlead.domain.template.variables import Variables
from fairlead.formats.dotnet.pairing import Pair, pairs
from fairlead.formats.globs import matching
from fairlead.formats.structured.files import replace_in_file
from fairlead.formats.structured.result import Unreadable
from fairlead.formats.substituted import substitute_in_file

LONGEST_REASON = 2000
NO_MATCH_WARNING = "Octopus.Action.SubstituteInFiles.EnableNoMatchWarning"
"""A variable of this name and the value *False* spares the warning of a pattern that no file with tokens matches."""
OUTPUT_ENCODING = "Octopus.Action.SubstituteInFiles.OutputEncoding"
"""A variable of this name says in which encoding files with tokens are written; else each keeps its own."""
WARNINGS_ARE_ERRORS = "Octopus.Action.Package.TreatConfigTransformationWarningsAsErrors"
TRANSFORMATION_ERRORS_PASS = "Octopus.Action.Package.IgnoreConfigTransformationErrors"
SETTINGS_ERRORS_PASS = "Octopus.Action.Package.IgnoreVariableReplacementErrors"
"""Variables that say whether a transformation that finds nothing fails (where the action lets it fail), and whether a
file of .NET that cannot be read, or transformed, stays as it is with a warning."""

FAILS = ("OctopusShouldFailDeploymentOnSubstitutionFails", "FairleadShouldFailDeploymentOnSubstitutionFails")
"""A variable that is true under one of these names means that a token without a value is an error."""


@dataclass(frozen=True, slots=True)
class Features:
    """What is to be done. `substitute` and `structured` are patterns of files. `transformations` are lines like
    ``*.Foo.config => *.config``; `words` are those of automatic ones (*Release*, the environment's name), none: there
    are none. `settings`: appSettings and the like are replaced in every ``*.config``. `is_strict`: a transformation
    that finds nothing to change is an error."""

    substitute: tuple[str, ...] = ()
    structured: tuple[str, ...] = ()
    transformations: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    settings: bool = False
    is_strict: bool = True


@dataclass(frozen=True, slots=True)
class Told:
    """One line for the log."""

    level: Literal["debug", "info", "warning"]
    text: str


@dataclass(frozen=True, slots=True)
class Configured:
    """The new contents of the files that changed, by path, and what there is to tell."""

    changed: Mapping[str, bytes]
    told: tuple[Told, ...]


def wanted(paths: Sequence[str], features: Features) -> tuple[str, ...]:
    """Those of the folder's files that have to be read, in their order."""
    found = {path for pattern in (*features.substitute, *features.structured) for path in matching(pattern, paths)}
    found |= {path for pair in _pairs(paths, features) for path in (pair.source, pair.transformation)}
    found |= set(_settings_files(paths, features))
    return tuple(path for path in paths if path in found)


def configure(
    paths: Sequence[str], contents: Mapping[str, bytes], features: Features, variables: Variables
) -> Configured:
    """The folder filled in; `contents` has every path of `wanted`. Invalid `configuration.unreadable`, naming the file,
    where one is not of its format; `variable.unknown` where tokens have no value and a variable of `FAILS` is true."""
    work = _Work(paths, dict(contents), features, variables)
    work.substitute()
    work.transform()
    work.settings()
    work.structured()
    work.require_values()
    changed = {path: content for path, content in work.files.items() if content != contents[path]}
    return Configured(changed, tuple(work.told))


@dataclass
class _Work:
    paths: Sequence[str]
    files: dict[str, bytes]
    features: Features
    variables: Variables
    told: list[Told] = field(default_factory=list)
    lacking: dict[str, dict[str, None]] = field(default_factory=dict)
    """The tokens without a value, by file, where one is an error."""

    @cached_property
    def is_error(self) -> bool:
        """Whether a token without a value is one."""
        return any(self.variables.flag(name) for name in FAILS)

    def substitute(self) -> None:
        is_told = self.variables.flag(NO_MATCH_WARNING, default=True)
        named = self.variables.get(OUTPUT_ENCODING)
        encoding = (named.text or "") if named else ""
        for path in self._matched(self.features.substitute, "substitution", is_told=is_told):
            made = substitute_in_file(self.files[path], self.variables, encoding=encoding)
            self._require(path, made.missing)
            if made.missing and not self.is_error:
                self._warn(f"{path}: without a value: {', '.join(made.missing)}")
            self.files[path] = made.content

    def _require(self, path: str, missing: Sequence[str]) -> None:
        if missing and self.is_error:
            self.lacking.setdefault(path, {}).update(dict.fromkeys(missing))

    def require_values(self) -> None:
        """Invalid `variable.unknown`, with all that is missing in all files."""
        if self.lacking:
            told = "; ".join(f"{path}: {', '.join(missing)}" for path, missing in self.lacking.items())
            raise Invalid(
                "variable.unknown", f"without a value: {told[:LONGEST_REASON]}", thing=next(iter(self.lacking))
            )

    def transform(self) -> None:
        from fairlead.formats.dotnet.transformation import transform  # XPath, for those who need it

        found = _pairs(self.paths, self.features)
        is_strict = self.features.is_strict and self.variables.flag(WARNINGS_ARE_ERRORS, default=True)
        for pair in found:
            try:
                made = transform(self.files[pair.source], self.files[pair.transformation])
                if made.warnings and is_strict:
                    raise Unreadable("; ".join(made.warnings))
            except Unreadable as unreadable:
                self._unreadable(
                    pair.source, f"transformed by {pair.transformation}: {unreadable}", TRANSFORMATION_ERRORS_PASS
                )
                continue
            for warning in made.warnings:
                self._warn(f"{pair.transformation} on {pair.source}: {warning}")
            self.files[pair.source] = made.content
            self._tell("info", f"{pair.source}: transformed by {pair.transformation}")
        for line in set(self.features.transformations) - {pair.listed for pair in found}:
            self._warn(f"no files are there for the transformation {line}")

    def settings(self) -> None:
        from fairlead.formats.dotnet.settings import replace_settings  # XPath, for those who need it

        used = {pair.transformation for pair in _pairs(self.paths, self.features)}
        for path in _settings_files(self.paths, self.features):
            if path in used:
                continue
            try:
                made = replace_settings(self.files[path], self.variables)
            except Unreadable as unreadable:
                self._unreadable(path, str(unreadable), SETTINGS_ERRORS_PASS)
                continue
            self._filled(path, made.found, made.warnings, "setting")
            if made.found:
                self.files[path] = made.content

    def structured(self) -> None:
        for path in self._matched(self.features.structured, "structured values"):
            made = replace_in_file(path, self.files[path], self.variables)
            self._filled(path, made.found, made.warnings, "place", f", as {made.format.upper()}")
            if made.found:
                self.files[path] = made.content

    def _filled(self, path: str, found: Sequence[str], warnings: Sequence[str], noun: str, how: str = "") -> None:
        for name in dict.fromkeys(found):
            self._tell("debug", f"{path}: {name}")
            value = self.variables.get(name) if self.is_error else None
            self._require(path, value.missing if value else ())
        for warning in warnings:
            self._warn(f"{path}: {warning}")
        if found:
            self._tell("info", f"{path}: {len(found)} {noun}{'' if len(found) == 1 else 's'}{how}")
        else:
            self._tell("info", f"{path}: no variable is called like a place in it; it stays as it is")

    def _matched(self, patterns: Sequence[str], what: str, *, is_told: bool = True) -> Iterator[str]:
        for pattern in dict.fromkeys(patterns):
            found = matching(pattern, self.paths)
            if not found and is_told:
                self._warn(f"no file matches {pattern} ({what})")
            yield from found

    def _unreadable(self, path: str, why: str, passes: str) -> None:
        """Invalid `configuration.unreadable`, unless a variable of that name lets it pass with a warning."""
        if not self.variables.flag(passes):
            raise Invalid("configuration.unreadable", f"{path}: {why}", thing=path)
        self._warn(f"{path} stays as it is: {why}")

    def _warn(self, text: str) -> None:
        self._tell("warning", text)

    def _tell(self, level: Literal["debug", "info", "warning"], text: str) -> None:
        self.told.append(Told(level, text))


def _pairs(paths: Sequence[str], features: Features) -> tuple[Pair, ...]:
    return pairs(paths, features.transformations, features.words)


def _settings_files(paths: Sequence[str], features: Features) -> Iterator[str]:
    return (path for path in paths if features.settings and path.lower().endswith(".config"))
