"""How long variables take: 10,000 of them resolved for 100 targets and 20 steps, a file of 1 MB substituted, and
configuration in YAML and XML filled in.

python bench/variables.py [--rounds N]

Resolved means that what holds for each step on each target can be asked for. Ten names are read at each of these 2,000
places, and a hundred places are held against `domain.variable.resolve`, which looks at each variable of a name: a
difference ends the program. A text of 1 MB has 1,000 tokens, of which each third is a filter or a condition. A file of
YAML has 168 KB, lists and comments, and 300 values that a variable is named after; one of XML has 5,000 elements, of
which 50 are selected by an expression each.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.results import Row, record
from fairlead.domain.ids import LibrarySetId, ProjectId
from fairlead.domain.template.variables import Variables
from fairlead.domain.variable import Dimension, Scope, Variable, resolve_all
from fairlead.domain.variable_table import VariableTable
from fairlead.formats.structured.files import replace_in_file
from fairlead.formats.substituted import substitute_in_file

VARIABLES, TARGETS, STEPS, TAGS = 10_000, 100, 20, 12
READ, CHECKED = 10, 100
TEXT_BYTES, TOKENS = 1_000_000, 1_000
YAML_BYTES, YAML_VALUES = 168_000, 300
XML_ELEMENTS, XML_HITS = 5_000, 50
REACH_S, STRUCTURED_REACH_S = 1.0, 2.0

Dice = random.Random


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="the median of so many")
    rounds = parser.parse_args().rounds
    dice = Dice(2026)
    known, places = made_up(dice), every_place(dice)
    resolving = [resolved(known, places) for _ in range(rounds)]
    text, values = text_of(dice)
    substituting = [substituted(text, values) for _ in range(rounds)]
    check(known, dice.sample(places, CHECKED))
    yaml, xml = yaml_of(), xml_of()
    in_yaml = [filled("a.yaml", *yaml, places=YAML_VALUES) for _ in range(rounds)]
    in_xml = [filled("a.xml", *xml, places=XML_HITS) for _ in range(rounds)]
    record(
        [
            row(f"variables: {VARIABLES:,} for {TARGETS} targets and {STEPS} steps", resolving),
            row(f"variables: {TOKENS:,} tokens in a file of {TEXT_BYTES // 1_000_000} MB", substituting),
            row(f"variables: {YAML_VALUES} places of {YAML_BYTES // 1_000} KB of YAML", in_yaml, STRUCTURED_REACH_S),
            row(f"variables: {XML_HITS} places of XML of {XML_ELEMENTS:,} elements", in_xml, STRUCTURED_REACH_S),
        ]
    )
    return 0


def row(name: str, took_s: Sequence[float], reach_s: float = REACH_S) -> Row:
    """The median."""
    median = statistics.median(took_s)
    return Row(name, round(median, 3), "s", f"<= {reach_s:g}", median <= reach_s)


def resolved(known: Sequence[Variable], places: Sequence[Scope]) -> float:
    """All of them, from the variables as the database gives them."""
    names = [known[number * 997 % len(known)].name for number in range(READ)]
    begun = time.perf_counter()
    table = VariableTable(known)
    for place in places:
        holding = table.at(place)
        for name in names:
            holding.find(name)
    return time.perf_counter() - begun


def substituted(text: str, values: dict[str, str]) -> float:
    """The file, from variables by name."""
    content = text.encode()
    begun = time.perf_counter()
    found = substitute_in_file(content, Variables(values))
    took = time.perf_counter() - begun
    if found.missing or b"#{" in found.content:
        sys.exit(f"the file was not substituted: {found.missing[:10]}")
    return took


def filled(path: str, text: str, values: dict[str, str], *, places: int) -> float:
    """The file, from variables by name."""
    content = text.encode()
    begun = time.perf_counter()
    found = replace_in_file(path, content, Variables(values)).found
    took = time.perf_counter() - begun
    if len(found) != places:
        sys.exit(f"{path}: {len(found)} places were filled in, not {places}")
    return took


def check(known: Sequence[Variable], places: Sequence[Scope]) -> None:
    """The same holds as where each name is resolved alone."""
    table = VariableTable(known)
    for place in places:
        holding = table.at(place)
        for name, alone in resolve_all(known, place).items():
            if holding.variable(name) != alone.winner:
                sys.exit(f"{name} differs at {place}")


def made_up(dice: Dice) -> list[Variable]:
    """4,000 names: most for some environments, a quarter for targets or their tags, a tenth for steps."""
    found = []
    for number in range(VARIABLES):
        scope: dict[Dimension, frozenset[str]] = {}
        if dice.random() < 0.6:
            scope[Dimension.ENVIRONMENT] = entries(dice, "env", 6, 2)
        kind = dice.random()
        if kind < 0.15:
            scope[Dimension.TARGET_TAG] = entries(dice, "tag", TAGS, 2)
        elif kind < 0.25:
            scope[Dimension.TARGET] = entries(dice, "target", TARGETS, 3)
        if dice.random() < 0.1:
            scope[Dimension.STEP] = entries(dice, "step", STEPS, 2)
        if dice.random() < 0.1:
            scope[Dimension.CHANNEL] = entries(dice, "channel", 3, 1)
        name, id = f"Part{number % 4_000 // 100}.Name{number % 4_000}", f"var-{number:05d}"
        owner = ProjectId("books") if dice.random() < 0.7 else None
        library = None if owner else LibrarySetId("lib")
        found.append(Variable(id, name, f"value {number}", scope=scope, project=owner, library_set=library))
    return found


def every_place(dice: Dice) -> list[Scope]:
    """Each step on each target of one deployment."""
    whole = {Dimension.ENVIRONMENT: frozenset({"env-1"}), Dimension.CHANNEL: frozenset({"channel-0"})}
    targets = [(f"target-{number}", entries(dice, "tag", TAGS, 4)) for number in range(TARGETS)]
    steps = [(f"step-{number}", entries(dice, "tag", TAGS, 3)) for number in range(STEPS)]
    return [
        {
            **whole,
            Dimension.STEP: frozenset({step}),
            Dimension.TARGET: frozenset({target}),
            Dimension.TARGET_TAG: tags,
            Dimension.TARGETED_TAG: targeted,
        }
        for step, targeted in steps
        for target, tags in targets
    ]


def entries(dice: Dice, what: str, of: int, most: int) -> frozenset[str]:
    """Some of them."""
    return frozenset(f"{what}-{dice.randrange(of)}" for _ in range(dice.randint(1, most)))


def text_of(dice: Dice) -> tuple[str, dict[str, str]]:
    """The text, and the values that it asks for."""
    values = {f"Config.Key{number}": f"value {number}" for number in range(TOKENS)}
    forms = ("#{{{0}}}", "#{{{0} | ToUpper | Trim}}", '#{{if {0} == "value 7"}}seven#{{else}}other#{{/if}}')
    line = "key = value of a long configuration file, as there are many; "
    between = TEXT_BYTES // TOKENS // len(line) * line
    tokens = [forms[number % 3].format(f"Config.Key{dice.randrange(TOKENS)}") for number in range(TOKENS)]
    return "".join(f"{between}{token}\n" for token in tokens).ljust(TEXT_BYTES, "."), values


def yaml_of() -> tuple[str, dict[str, str]]:
    """Services one below the other, and the names of some of their values."""
    part = "service{0}:  # the one of place {0}\n  image: registry/image-{0}\n  ports:\n    - {0}\n    - '8080'\n"
    part += '  environment:\n    LEVEL: info\n    PLACE: "{0}"\n'
    count = YAML_BYTES // len(part.format(1_000))
    names = [f"service{number}:image" for number in range(count)]
    return "".join(part.format(number) for number in range(count)), dict.fromkeys(names[:YAML_VALUES], "another")


def xml_of() -> tuple[str, dict[str, str]]:
    """Items of a name and a value, and expressions for elements and attributes in turn."""
    items = XML_ELEMENTS // 3
    text = "".join(f'<item id="{number}"><name>n{number}</name><value>v</value></item>' for number in range(items))
    forms = ("/root/item[@id='{0}']/value", "//item[name='n{0}']/@id")
    return f"<root>{text}</root>", {forms[hit % 2].format(hit * 31): f"new {hit}" for hit in range(XML_HITS)}


if __name__ == "__main__":
    sys.exit(main())
