"""What a Dockerfile builds upon, which builder it needs, and which port it says that its program listens on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_ARG = re.compile(r"ARG\s+(?P<rest>.+)", re.IGNORECASE)
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<name>\S+))?\s*", re.IGNORECASE)
_COPY = re.compile(r"(?:COPY|ADD)\s+(?:--\S+\s+)*?--from=(?P<image>\S+)", re.IGNORECASE)
_MOUNT = re.compile(r"--mount=(?:\S*,)?from=(?P<image>[^\s,]+)", re.IGNORECASE)
_OPTIONS = re.compile(r"(?P<instruction>RUN|COPY|ADD)\s+(?P<options>(?:--\S+\s+)+)", re.IGNORECASE)
_HERE = re.compile(r"(?<![\d<(])<<-?(?P<quote>[\"']?)(?P<word>[A-Za-z_]\w*)(?P=quote)")
_EXPOSE = re.compile(r"EXPOSE\s+(?P<ports>.+)", re.IGNORECASE)
_SETTING = re.compile(r"(?:ARG|ENV)\s+(?P<rest>.+)", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::(?P<how>[-+])(?P<word>[^}]*))?\}|(?P<plain>\w+))")
_ESCAPE = re.compile(r"#\s*escape\s*=\s*(?P<letter>[\\`])\s*", re.IGNORECASE)
NOTHING = "scratch"
PLATFORM_ARGUMENTS = frozenset(
    f"{side}{what}" for side in ("BUILD", "TARGET") for what in ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT")
)
"""Arguments that BuildKit gives by itself (docs.docker.com, Dockerfile reference, "Automatic platform ARGs")."""

CLASSIC_OPTIONS = frozenset({"from", "chown"})
"""What the classic builder knows of RUN, COPY and ADD; every other option is BuildKit's."""


def base_images(text: str, arguments: Mapping[str, str]) -> tuple[str, ...]:
    """The images outside of the file, each once, in order; arguments filled in as the builder does (those before the
    first FROM). What cannot be resolved stands as written."""
    values: dict[str, str] = {}
    stages: set[str] = set()
    found: dict[str, None] = {}
    is_before_first = True
    for line in _lines(text):
        if match := _FROM.fullmatch(line):
            is_before_first = False
            image = _filled(match["image"], values)
            if image.lower() not in {*stages, NOTHING}:
                found[image] = None
            if match["name"]:
                stages.add(match["name"].lower())
        elif is_before_first and (match := _ARG.fullmatch(line)):
            _declare(match["rest"], arguments, values)
        else:
            outside = (one for one in _taken_from(line) if one.lower() not in stages and not one.isdecimal())
            found |= dict.fromkeys(outside)
    return tuple(found)


def _taken_from(line: str) -> Iterator[str]:
    """The images, or stages by name or number, whose files a line copies or mounts."""
    if match := _COPY.match(line):
        yield match["image"]
    if line[:3].upper() == "RUN":
        yield from (mounted["image"] for mounted in _MOUNT.finditer(line))


def exposed_ports(text: str, arguments: Mapping[str, str], target: str = "") -> tuple[int, ...]:
    """The TCP ports that the stage `target` (the last where "") exposes, those of the stages below it included."""
    values: dict[str, str] = {}
    stages: list[tuple[str, dict[int, None]]] = []
    for line in _lines(text):
        if match := _FROM.fullmatch(line):
            below = _filled(match["image"], values).lower()
            inherited = next((ports for name, ports in reversed(stages) if name == below), {})
            stages.append(((match["name"] or "").lower(), dict(inherited)))
        elif match := _SETTING.fullmatch(line):
            name, _, value = match["rest"].partition(" ")  # ENV NAME VALUE, the old form
            pair = f"{name}={value.split()[0]}" if value.strip() and "=" not in name else match["rest"]
            _declare(pair, arguments if line[:3].upper() == "ARG" else {}, values)
        elif stages and (match := _EXPOSE.fullmatch(line)):
            stages[-1][1].update(dict.fromkeys(_ports(_filled(match["ports"], values))))
    wanted = [ports for number, (name, ports) in enumerate(stages) if target.lower() in (name, str(number))]
    chosen = wanted if target else [ports for _, ports in stages]
    return tuple(chosen[-1]) if chosen else ()


def _ports(words: str) -> list[int]:
    found = (word.partition("/") for word in words.split())
    numbers = [number for number, _, protocol in found if protocol.lower() in ("", "tcp") and number.isdecimal()]
    return [int(number) for number in numbers if 1 <= int(number) <= 65_535]


def only_for_buildkit(text: str, arguments: Mapping[str, str]) -> str:
    """The first thing in the file that only BuildKit understands, as written (``RUN --mount``, ``COPY <<EOF``), or that
    it alone fills in (``FROM $BUILDPLATFORM``, ``ARG TARGETARCH``); "" where the classic builder will do."""
    given = set(arguments)
    for line in _lines(text):
        if name := _platform(line, given):
            return f"{line.split(maxsplit=1)[0].upper()} {name}"
        if match := _OPTIONS.match(line):
            names = [option.removeprefix("--").partition("=")[0].lower() for option in match["options"].split()]
            if unknown := next((name for name in names if name not in CLASSIC_OPTIONS), ""):
                return f"{match['instruction'].upper()} --{unknown}"
        if found := _here_document(line):
            return f"{line.split(maxsplit=1)[0].upper()} <<{found}"
    return ""


def _platform(line: str, given: set[str]) -> str:
    """What of the platform the line asks for and nobody gave; `given` takes what the line itself sets."""
    if match := _ARG.fullmatch(line):
        declared = [(name, equals) for name, equals, _ in (word.partition("=") for word in match["rest"].split())]
        given |= {name for name, equals in declared if equals}
        return next((name for name, _ in declared if name in PLATFORM_ARGUMENTS - given), "")
    names = (match["braced"] or match["plain"] for match in _VARIABLE.finditer(line)) if _FROM.fullmatch(line) else ()
    return next((f"${name}" for name in names if name in PLATFORM_ARGUMENTS - given), "")


def _declare(rest: str, arguments: Mapping[str, str], values: dict[str, str]) -> None:
    for word in rest.split():
        name, _, default = word.partition("=")
        values[name] = arguments.get(name, _filled(default.strip("\"'"), values))


def _filled(text: str, values: Mapping[str, str]) -> str:
    def fill(match: re.Match[str]) -> str:
        name = match["braced"] or match["plain"]
        value = values.get(name, "")
        if match["how"] == "-":
            return value or match["word"]
        if match["how"] == "+":
            return match["word"] if value else ""
        return value if name in values else match.group()

    return _VARIABLE.sub(fill, text.strip("\"'"))


def _lines(text: str) -> list[str]:
    """Instructions, one a line: comments left out, continued lines joined."""
    escape = "\\"
    if (first := _ESCAPE.fullmatch(text.partition("\n")[0].strip())) is not None:
        escape = first["letter"]
    lines: list[str] = []
    held, until = "", ""
    for line in text.removeprefix("\ufeff").splitlines():
        stripped = line.strip()
        if until:
            until = "" if stripped == until else until
            continue
        if stripped.startswith("#") or not stripped:
            continue
        if stripped.endswith(escape):
            held += stripped[:-1] + " "
            continue
        lines.append((held + stripped).strip())
        held, until = "", _here_document(held + stripped)
    return [*lines, held.strip()] if held.strip() else lines


def _here_document(line: str) -> str:
    """The word that ends the here-document which the instruction begins; "" where it begins none."""
    is_one = line.split(maxsplit=1)[0].upper() in ("RUN", "COPY", "ADD") if line.strip() else False
    found = _HERE.search(line) if is_one else None
    return found["word"] if found else ""
