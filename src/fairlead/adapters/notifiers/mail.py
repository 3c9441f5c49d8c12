"""A notice as e-mail, handed to one SMTP server."""

from __future__ import annotations

import asyncio
import re
import smtplib
import ssl
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

from fairlead.domain.errors import Failed, Invalid, Unreachable
from fairlead.ports.notifier import Mail, Notice

SUBJECT_LENGTH = 200
_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})")


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over. `security`: ``starttls`` (587), ``tls`` (465), or ``none`` for a server on loopback.

    `authority` is a file of certificates to trust instead of the system's.
    """

    host: str
    sender: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    authority: str = ""


async def send(server: MailServer, notice: Notice, to: Mail, message: str, at: datetime, *, timeout_s: float) -> None:
    """Taken by the server for every address. The message id is the same over repeats."""
    composed = compose(server, notice, to, message, at)
    where = f"{server.host}:{server.port}"
    try:
        async with asyncio.timeout(timeout_s):
            await asyncio.to_thread(_hand_over, server, composed, to.to, timeout_s)
    except TimeoutError as error:
        words = f"the mail server {where} did not take the message within {timeout_s:g} s"
        raise Unreachable("notification.failed", words, thing=where) from error
    except smtplib.SMTPAuthenticationError as error:
        words = f"the mail server {where} refused user and password"
        hint = "check the settings smtp_user and smtp_password"
        raise Failed("notification.failed", words, thing=where, hint=hint) from error
    except smtplib.SMTPServerDisconnected as error:
        raise Unreachable("notification.failed", f"the mail server {where} hung up", thing=where) from error
    except smtplib.SMTPException as error:
        raise Failed("notification.failed", f"the mail server {where} said no: {_said(error)}", thing=where) from error
    except OSError as error:
        words = f"the mail server {where} cannot be reached: {error.strerror or type(error).__name__}"
        raise Unreachable("notification.failed", words, thing=where) from error


def compose(server: MailServer, notice: Notice, to: Mail, message: str, at: datetime) -> EmailMessage:
    """The message; what came from outside cannot add a header."""
    for address in (server.sender, *to.to):
        if not _ADDRESS.fullmatch(address):
            raise Invalid("input.invalid", f"{address[:80]!r} is not a mail address", thing="mail")
    composed = EmailMessage()
    composed["From"] = server.sender
    composed["To"] = ", ".join(to.to)
    composed["Subject"] = " ".join(notice.subject.split())[:SUBJECT_LENGTH]
    composed["Date"] = format_datetime(at)
    composed["Message-ID"] = f"<{message}@{server.sender.rpartition('@')[2]}>"
    composed["Auto-Submitted"] = "auto-generated"
    facts = "".join(f"{name}: {text}\n" for name, text in notice.facts.items())
    parts = [notice.body.strip(), facts.strip(), notice.link.strip()]
    composed.set_content("\n\n".join(part for part in parts if part) + "\n")
    return composed


def _hand_over(server: MailServer, composed: EmailMessage, to: tuple[str, ...], timeout_s: float) -> None:
    """In a thread: each of its waits is bounded, so that it ends soon after nobody waits for it any more."""
    trust = ssl.create_default_context(cafile=server.authority or None)
    if server.security == "tls":
        link: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=timeout_s, context=trust)
    else:
        link = smtplib.SMTP(server.host, server.port, timeout=timeout_s)
    with link:
        if server.security == "starttls":
            link.starttls(context=trust)
        if server.user:
            link.login(server.user, server.password)
        refused = link.send_message(composed, server.sender, list(to))
    if refused:
        raise smtplib.SMTPRecipientsRefused(refused)


def _said(error: smtplib.SMTPException) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "it does not take " + ", ".join(sorted(error.recipients))[:300]
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return f"{error.smtp_code} {text}"[:300]
    return str(error)[:300]
