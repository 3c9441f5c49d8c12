"""The pages, as text. Everything that a visitor wrote is escaped."""

import os
import socket
from dataclasses import dataclass
from html import escape
from pathlib import Path

from guestbook.answers import Request
from guestbook.book import MESSAGE_LIMIT, NAME_LIMIT, Entry

VERSION_FILE = Path(__file__).parent.parent / "VERSION"


@dataclass(frozen=True)
class Identity:
    """Who is answering: shown at the foot of each page."""

    version: str
    release: str = ""
    colour: str = ""
    instance: str = ""

    @classmethod
    def of_environment(cls) -> "Identity":
        return cls(
            version=VERSION_FILE.read_text().strip(),
            release=os.environ.get("FAIRLEAD_RELEASE", ""),
            colour=os.environ.get("FAIRLEAD_COLOUR", ""),
            instance=os.environ.get("FAIRLEAD_INSTANCE", "") or socket.gethostname(),
        )


def front(identity: Identity, entries: list[Entry], request: Request) -> str:
    cards = "\n".join(card(entry) for entry in entries) or '<p class="empty">Nobody has written yet. Be the first!</p>'
    return page(
        identity,
        f"""<form class="sign" method="post" action="/entries">
<label>Your name<input name="name" required maxlength="{NAME_LIMIT}" autocomplete="name" placeholder="Ada"></label>
<label>Your message<textarea name="message" required maxlength="{MESSAGE_LIMIT}" rows="3" placeholder="What a view from up here!"></textarea></label>
<button>Sign the book</button>
</form>
<section class="entries" aria-label="Entries">
{cards}
</section>""",
    )


def card(entry: Entry) -> str:
    return f"""<article>
<p class="words">{escape(entry.message)}</p>
<footer><span class="who"><i aria-hidden="true" style="--hue:{hue(entry.name)}">{escape(entry.name[:1].upper())}</i>{escape(entry.name)}</span>
<time>{escape(entry.written)}</time></footer>
</article>"""


def hue(name: str) -> int:
    """A colour for a name, the same at each visit."""
    return sum(ord(letter) * (place + 7) for place, letter in enumerate(name)) % 360


def message(identity: Identity, words: str) -> str:
    return page(identity, f'<p class="empty">{escape(words)}</p><p class="empty"><a href="/">Back to the book</a></p>')


def page(identity: Identity, content: str, head: str = "") -> str:
    release = f" · release {escape(identity.release)}" if identity.release else ""
    colour = identity.colour if identity.colour in ("blue", "green") else "grey"
    return f"""<!doctype html>
<html lang="en" data-version="{escape(identity.version)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The guest book</title>
<link rel="stylesheet" href="/style.css">
<link rel="icon" href="data:,">
{head}</head>
<body>
<header class="top">
<h1>The guest book</h1>
<p>of the lighthouse at the end of the pier</p>
</header>
<main>
{content}
</main>
<footer class="foot"><span class="dot {colour}" aria-hidden="true"></span>
<span>version {escape(identity.version)}{release} · {escape(identity.colour or "no slot")} · {escape(identity.instance)}</span></footer>
</body>
</html>
"""
