"""The rules of tidiness, each a function from text to what is wrong with it, so that each can be shown a bad sample."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "fairlead"
FILE_LINES = 500
FUNCTION_LINES = 70
BANNED_WORDS = frozenset({"manager", "handler", "helper", "util", "utils", "common", "core", "misc", "info"})
# Names that others chose and that we must use as they are: a keyword of a library, a method that a base class calls.
FOREIGN_NAMES = frozenset({"exc_info", "add_exception_handler", "exception_handler", "getaddrinfo", "version_info"})

# What a room may import besides the standard library and us. None: what its one outside thing needs.
THIRD_PARTIES: Mapping[str, frozenset[str] | None] = {
    "domain": frozenset(),
    "formats": frozenset({"markdown_it", "ruamel", "pydantic", "pydantic_core", "elementpath"}),
    "wire": frozenset({"msgspec"}),
    "ports": frozenset(),
    "adapters": None,
    "engine": frozenset({"structlog"}),
    "steps": frozenset(),
    "store": frozenset({"sqlalchemy", "alembic", "structlog", "cryptography", "argon2"}),
    "usecases": frozenset(),
    "server": None,
    "agent": frozenset({"websockets", "structlog"}),
    "cli": frozenset({"typer", "click", "rich", "httpx2"}),
    "testing": frozenset({"pytest", "hypothesis"}),
    "entry": frozenset(),
}
# Files that may import what their room may not.
THIRD_PARTIES_OF_FILES: Mapping[str, frozenset[str]] = {
    "domain/template/filters/patterns.py": frozenset({"regex"}),  # docs/decisions/0015
    "engine/durable.py": frozenset({"dbos", "sqlalchemy"}),
    "formats/properties.py": frozenset({"jsonschema_rs"}),  # used by the server alone
    "formats/pem.py": frozenset({"cryptography"}),  # certificates are text, too; only the server reads them
}
NEVER_IN_ADAPTERS_OR_SERVER = frozenset({"dbos"})


def project_files(*suffixes: str) -> list[Path]:
    """Files that are in the repository or about to be, with one of the suffixes (all files without one)."""
    listing = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True)
    if listed.returncode == 0:
        names = sorted({name for name in listed.stdout.decode().split("\0") if name})
        paths = [ROOT / name for name in names]
    else:  # not a checkout: an unpacked archive
        ours = (ROOT / top for top in ("src", "tests", "docs", "examples", "bench", "packaging"))
        paths = [path for top in ours for path in sorted(top.rglob("*")) if "__pycache__" not in path.parts]
    return [path for path in paths if path.is_file() and (not suffixes or path.suffix in suffixes)]


def sources() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if "static" not in path.parts)


def too_long(text: str) -> Iterator[str]:
    """A file over 500 lines, a function over 70."""
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield f"{lines} lines, at most {FILE_LINES}: split it"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"line {node.lineno}: {node.name} has {length} lines, at most {FUNCTION_LINES}"


def words_of(identifier: str) -> list[str]:
    """`HTTPServerInfo` and `http_server_info` are both http, server, info."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", identifier)
    return [part.lower() for part in parts]


def _defined_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr
            case _:
                pass


def banned_words(text: str) -> Iterator[str]:
    """Identifiers that we define and that say nothing: manager, helper, util."""
    for line, name in _defined_names(ast.parse(text)):
        bad = BANNED_WORDS.intersection(words_of(name))
        if bad and name not in FOREIGN_NAMES:
            yield f"line {line}: {name} (say what it is instead of '{min(bad)}')"


def banned_words_in_path(path: Path) -> Iterator[str]:
    for part in path.with_suffix("").parts:
        if bad := BANNED_WORDS.intersection(words_of(part)):
            yield f"the name {part} holds the word '{min(bad)}'"


def missing_purpose(text: str) -> Iterator[str]:
    """The first line of a module says what it is for."""
    docstring = ast.get_docstring(ast.parse(text))
    if not docstring or not docstring.strip():
        yield "no docstring: the first line of a module says what it is for"
    elif not text.lstrip().startswith(('"""', "'''", 'r"""', "#!")):
        yield "the docstring is not the first thing in the file"


def stubs(text: str) -> Iterator[str]:
    """What is left to do belongs into the tracker, not into the product."""
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError")
    for number, line in enumerate(text.splitlines(), 1):
        if found := marks.search(line):
            yield f"line {number}: {found.group()}"


def third_parties(path: str, text: str) -> Iterator[str]:
    """Imports that the room of `path` (relative to the package) may not have."""
    room = path.split("/")[0]
    allowed = THIRD_PARTIES.get(room, frozenset())
    extra = THIRD_PARTIES_OF_FILES.get(path, frozenset())
    for node in ast.walk(ast.parse(text)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        for top in {name.split(".")[0] for name in names}:
            if top in sys.stdlib_module_names or top == "fairlead" or top in extra:
                continue
            if (allowed is not None and top not in allowed) or top in NEVER_IN_ADAPTERS_OR_SERVER:
                yield f"line {node.lineno}: {top} is not for {room or 'this file'}"


def broken_links(path: Path, text: str) -> Iterator[str]:
    """Relative links of a Markdown document whose file or heading does not exist."""
    without_code = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    for target in re.findall(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)", without_code):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        name, _, anchor = target.partition("#")
        linked = (path.parent / name).resolve() if name else path
        if name and not linked.exists():
            yield f"{target}: no such file"
        elif (
            anchor
            and (linked.suffix == ".md" or not name)
            and anchor not in anchors(linked.read_text() if name else text)
        ):
            yield f"{target}: no such heading"


def anchors(text: str) -> set[str]:
    """The anchors that GitHub and Forgejo make of a document's headings."""
    found: set[str] = set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))
    for heading in re.findall(r"^#{1,6}\s+(.*?)\s*#*$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), flags=re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        count = sum(1 for known in found if known == slug or re.fullmatch(re.escape(slug) + r"-\d+", known))
        found.add(f"{slug}-{count}" if count else slug)
    return found


def misnumbered(names: list[str]) -> Iterator[str]:
    """Decisions are NNNN-title.md, numbered from 0001 without a gap or a double."""
    numbers: list[int] = []
    for name in sorted(names):
        if found := re.fullmatch(r"(\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.md", name):
            numbers.append(int(found.group(1)))
        elif name.lower() not in {"readme.md", "index.md"}:
            yield f"{name}: a decision is named NNNN-title.md"
    for expected, number in enumerate(sorted(numbers), 1):
        if number != expected:
            yield f"expected {expected:04d}, found {number:04d}"
            return


def machine_traces(text: str, traces: Mapping[str, re.Pattern[str]]) -> Iterator[str]:
    """What only the machine knows on which it was written: its paths, its name, its package index."""
    for number, line in enumerate(text.splitlines(), 1):
        for what, pattern in traces.items():
            if pattern.search(line):
                yield f"line {number}: {what}"
