"""Serves the guest book over HTTP/1.1 with kept-alive connections, and leaves without dropping a request."""

import json
import os
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg2

from guestbook import pages
from guestbook.answers import Answer, Request
from guestbook.book import Book, Refused

HERE = Path(__file__).parent
BODY_LIMIT_BYTES = 16_384
LONGEST_SLOW_S = 10.0
LEAVE_WITHIN_S = 20.0
STYLE = (HERE / "style.css").read_text()


class Site:
    """What is answered to which request."""

    def __init__(self, book: Book, identity: pages.Identity) -> None:
        self._book = book
        self._identity = identity
        self._routes = {
            ("GET", "/"): self.front,
            ("GET", "/healthz"): self.health,
            ("GET", "/entries.json"): self.entries,
            ("GET", "/slow"): self.slow,
            ("GET", "/style.css"): self.style,
            ("POST", "/entries"): self.sign,
        }

    def answer(self, request: Request) -> Answer:
        act = self._routes.get((request.method, request.path))
        if act is None:
            return Answer(404, pages.message(self._identity, "There is no such page."))
        try:
            return act(request)
        except Refused as refused:
            return Answer(422, pages.message(self._identity, str(refused)))
        except psycopg2.Error as error:
            print(f"database: {error}", file=sys.stderr, flush=True)
            return Answer(
                503, pages.message(self._identity, "The book is closed for a moment: its database does not answer.")
            )

    def front(self, request: Request) -> Answer:
        return Answer(200, pages.front(self._identity, self._book.latest(), request))

    def health(self, request: Request) -> Answer:
        self._book.check()
        return Answer.json({"status": "ok", "version": self._identity.version})

    def entries(self, request: Request) -> Answer:
        return Answer.json(
            {"version": self._identity.version, "entries": [entry.as_json() for entry in self._book.latest()]}
        )

    def slow(self, request: Request) -> Answer:
        """Answers after ?s= seconds: what a report or a long poll looks like to a proxy."""
        try:
            wait_s = min(max(float(request.query.get("s", "0.5")), 0.0), LONGEST_SLOW_S)
        except ValueError:
            return Answer(400, pages.message(self._identity, "s is a number of seconds."))
        time.sleep(wait_s)
        return Answer.json({"version": self._identity.version, "waited_s": wait_s})

    def style(self, request: Request) -> Answer:
        return Answer(200, STYLE, "text/css; charset=utf-8")

    def sign(self, request: Request) -> Answer:
        self._book.sign(request.form.get("name", ""), request.form.get("message", ""))
        return Answer.see_other("/")


class Visit(BaseHTTPRequestHandler):
    """One connection, with one request after another on it."""

    protocol_version = "HTTP/1.1"
    server_version = "guestbook"
    sys_version = ""
    wbufsize = -1  # head and body leave in one packet
    disable_nagle_algorithm = True
    server: "Server"

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_GET

    def _serve(self) -> None:
        with self.server.in_flight():
            url = urlsplit(self.path)
            method = "GET" if self.command == "HEAD" else self.command
            size = self.headers.get("Content-Length", "0")
            if not size.isdigit() or int(size) > BODY_LIMIT_BYTES:
                self.close_connection = True
                self._send(Answer(413, "too large", "text/plain"))
                return
            body = self.rfile.read(int(size)).decode("utf-8", "replace")
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(method, url.path, _first(url.query), _first(body), headers)
            try:
                answer = self.server.site.answer(request)
            except Exception as error:  # the rim: a fault in one page must not end the connection without an answer
                print(f"{self.command} {url.path}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
                answer = Answer(500, "this page is broken", "text/plain; charset=utf-8")
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        content = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        for name, value in {**self.server.marks, **answer.headers}.items():
            self.send_header(name, value)
        if self.server.leaving.is_set():
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, format: str, *arguments: object) -> None:
        """No line for each request: the proxy has them."""


def _first(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text, max_num_fields=20).items()}


class Server(ThreadingHTTPServer):
    """Listens, and counts what is in flight."""

    daemon_threads = True
    request_queue_size = 256
    address_family = socket.AF_INET

    def __init__(self, port: int, site: Site, marks: dict[str, str]) -> None:
        super().__init__(("0.0.0.0", port), Visit)
        self.site = site
        self.marks = marks
        self.leaving = threading.Event()
        self._count = 0
        self._changed = threading.Condition()

    def in_flight(self) -> "Server":
        return self

    def __enter__(self) -> "Server":
        with self._changed:
            self._count += 1
        return self

    def __exit__(self, *exception: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def leave(self) -> None:
        """Take no new connection, let what is in flight end, and go."""
        self.leaving.set()
        self.shutdown()
        with self._changed:
            self._changed.wait_for(lambda: self._count == 0, timeout=LEAVE_WITHIN_S)

    def handle_error(self, request: object, client_address: object) -> None:
        """A visitor who hangs up is no news."""


def main() -> None:
    """Serve until told to end."""
    identity = pages.Identity.of_environment()
    marks = {"X-Guestbook-Version": identity.version, "X-Guestbook-Instance": identity.instance}
    if identity.release:
        marks["X-Guestbook-Release"] = identity.release
    server = Server(int(os.environ.get("PORT", "8080")), Site(Book(), identity), marks)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    print(json.dumps({"event": "serving", "version": identity.version, "instance": identity.instance}), flush=True)
    ended.wait()
    server.leave()
    print(json.dumps({"event": "left"}), flush=True)
    os._exit(0)  # idle kept-alive connections hold threads that wait for nothing


if __name__ == "__main__":
    main()
