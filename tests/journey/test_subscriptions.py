"""A journey of subscriptions: a server that is killed, a receiver that is away, mail, and a secret that is not told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from tests.journey.whole_server import WholeServer

from fairlead.domain.errors import FairleadError
from fairlead.domain.webhook import receive
from fairlead.testing.free_ports import free_ports_of_this_process

PLANTED = "planted-4711-s3cret"
SIGNING = "what signs it"


class Receiver:
    """An HTTP server that keeps each body whose signature holds."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.bodies: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.wrong: list[str] = []
        self._server: ThreadingHTTPServer | None = None

    def open(self) -> None:
        receiver = self

        class Requests(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): text for name, text in self.headers.items()}
                try:
                    receiver.ids.append(receive("standard", SIGNING, headers, body, now_s=time.time()).delivery)
                except FairleadError as error:
                    receiver.wrong.append(str(error))
                receiver.bodies.append(json.loads(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Requests)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def events(self, kind: str) -> list[dict[str, Any]]:
        found = [body["Payload"]["Event"] for body in self.bodies]
        return [event for event in found if event["Category"] == kind]


class Mailbox:
    """Keeps each mail."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails.append(envelope)
        return "250 taken"


@pytest.fixture(scope="module")
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box, port = Mailbox(), free_ports_of_this_process()()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


@pytest.fixture(scope="module")
def server(
    docker_socket: Path, haproxy_binary: Path, registry_binary: Path, mailbox: tuple[Mailbox, int]
) -> Iterator[WholeServer]:
    smtp = {"HOST": "127.0.0.1", "PORT": str(mailbox[1]), "FROM": "fairlead@example.com", "TLS": "none"}
    settings = {f"FAIRLEAD_SMTP_{name}": value for name, value in smtp.items()}
    opened = WholeServer(docker_socket=str(docker_socket), settings=settings)
    try:
        opened.start()
        yield opened
    finally:
        opened.close()


def test_what_happens_is_told_through_a_kill_and_an_absence(
    server: WholeServer, mailbox: tuple[Mailbox, int], free_port: Callable[[], int], tmp_path: Path
) -> None:
    receiver = Receiver(free_port())
    receiver.open()
    secret, hook = tmp_path / "secret", f"http://127.0.0.1:{receiver.port}/in"
    secret.write_text(SIGNING)
    add = ("fairlead", "subscriptions", "add")
    server.program(*add, "Everything", "--to", hook, "--secret-from", str(secret))
    server.program(*add, "Daily", "--to", "ops@example.com", "--event", "changes", "--schedule", "* * * * *")
    server.program("fairlead", "environments", "add", "First")
    server.program("fairlead", "projects", "add", "shelf")
    body = {"value": PLANTED, "secret": True}
    server.api("PUT", "/projects/shelf/variables/Token", body)
    server.until(lambda: receiver.events("variable.set"), "the secret's change is told")
    assert [event["Message"] for event in receiver.events("environment.added")] == ["added First"]

    receiver.close()
    before = len(receiver.bodies)
    for number in range(30):
        server.api("POST", "/environments", {"name": f"Away-{number}", "order": 50 + number})
    server.until(lambda: far(server)["tries"] >= 1, "nobody answered")
    assert far(server)["tries"] <= 3 and "cannot be reached" in far(server)["error"]
    server.kill()
    server.start()
    assert far(server)["behind"] >= 30, "a start forgets nothing"
    receiver.open()
    server.program("fairlead", "subscriptions", "set", "Everything", "--enable")
    server.until(lambda: not far(server)["behind"], "all is told")
    numbers = [int(event["Message"].rpartition("-")[2]) for event in receiver.events("environment.added")[1:]]
    assert numbers == list(range(30)), "all, in order, each once"
    sequences = [one["Payload"]["Event"]["Sequence"] for one in receiver.bodies]
    assert len(set(sequences)) == len(sequences) and sequences == sorted(sequences) and len(receiver.bodies) > before
    assert len(set(receiver.ids)) == len(receiver.bodies) and not receiver.wrong

    server.until(lambda: any("First" in text(mail) for mail in mailbox[0].mails), "a digest came", bound_s=150.0)
    assert mailbox[0].mails[0].rcpt_tos == ["ops@example.com"] and "environment.added" in text(mailbox[0].mails[0])
    everything = json.dumps(receiver.bodies) + "".join(text(mail) for mail in mailbox[0].mails) + server.log()
    assert PLANTED not in everything and SIGNING not in everything
    receiver.close()


def far(server: WholeServer) -> dict[str, Any]:
    found: dict[str, Any] = server.api("GET", "/subscriptions/Everything")["progress"]
    return found


def text(mail: Envelope) -> str:
    assert isinstance(mail.content, bytes)
    return mail.content.decode()
