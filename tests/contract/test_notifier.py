"""Mail, webhooks and commit statuses against servers that check what arrives, and the fake: one suite."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fairlead.adapters.notifiers import Dispatch, MailServer
from fairlead.adapters.system import SystemClock
from fairlead.domain.errors import Failed, Invalid, Unreachable
from fairlead.domain.webhook import receive
from fairlead.ports.notifier import CommitStatus, Mail, Notice, Notifier, Webhook
from fairlead.testing.contracts.notifier import NOTICE, GivenNotifier, NotifierContract, Received
from fairlead.testing.fake_notifier import FakeNotifier

SECRET = "s3cret-of-the-place"
COMMIT = "c" * 40
PLACE = "http://127.0.0.1:{port}"


@dataclass
class Request:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


class StandIn:
    """An HTTP server that keeps each request and lets `check` say yes or no."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.requests: list[Request] = []
        self.answer: tuple[int, str] | None = None
        self.checks: list[str] = []
        stand_in = self

        class Requests(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): text for name, text in self.headers.items()}
                stand_in.requests.append(Request(self.path, headers, body))
                status, text = stand_in.answer or (201, "{}")
                self.send_response(status)
                if status in (301, 302, 307):
                    self.send_header("Location", f"http://127.0.0.1:{stand_in.port}/elsewhere")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Requests)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self._is_open = True

    def close(self) -> None:
        if self._is_open:
            self._server.shutdown()
            self._thread.join(10)
            self._server.server_close()
            self._is_open = False


@pytest.fixture
def stand_in(free_port: Callable[[], int]) -> Iterator[StandIn]:
    server = StandIn(free_port())
    yield server
    server.close()


@dataclass
class HttpGiven:
    """A place at the stand-in."""

    server: StandIn
    place: Webhook | CommitStatus
    secret: str = SECRET
    notifier: Notifier = field(default_factory=lambda: Dispatch(SystemClock(), timeout_s=5))

    def received(self) -> Sequence[Received]:
        return [
            Received(one.headers.get("webhook-id", ""), f"{one.headers}\n{one.body.decode()}")
            for one in self.server.requests
        ]

    def refuse(self) -> None:
        self.server.answer = (403, f"no, not with {SECRET[:3]}")

    def vanish(self) -> None:
        self.server.close()


class TestWebhook(NotifierContract):
    @pytest.fixture
    def given(self, stand_in: StandIn) -> GivenNotifier:
        return HttpGiven(stand_in, Webhook(f"http://127.0.0.1:{stand_in.port}/hook?token={SECRET}", SECRET))

    async def test_what_we_sign_verifies_as_a_standard_webhook(self, given: HttpGiven) -> None:
        await given.notifier.deliver(NOTICE, given.place, key="k-1")
        (request,) = given.server.requests
        now_s = SystemClock().now().timestamp()
        look = receive("standard", SECRET, request.headers, request.body, now_s=now_s)
        assert look.delivery == request.headers["webhook-id"]
        sent = json.loads(request.body)
        assert sent["type"] == "deployment.failed" and sent["data"]["facts"] == {"project": "books"}

    async def test_a_body_of_its_own_is_posted_as_it_is_and_signed(self, given: HttpGiven) -> None:
        own = replace(NOTICE, payload={"EventType": "SubscriptionPayload", "Payload": {"Ä": None}})
        await given.notifier.deliver(own, given.place, key="k-1")
        (request,) = given.server.requests
        assert json.loads(request.body) == own.payload
        receive("standard", SECRET, request.headers, request.body, now_s=SystemClock().now().timestamp())

    async def test_headers_go_with_it_and_none_in_the_place_of_ours(self, given: HttpGiven) -> None:
        more = {"X-Key": 'k-9 "1"', "Authorization": "Bearer t0ken-of-it", "webhook-id": "x", "Content-Type": "x/y"}
        await given.notifier.deliver(NOTICE, replace(cast("Webhook", given.place), headers=more), key="k-1")
        (request,) = given.server.requests
        assert (request.headers["x-key"], request.headers["authorization"]) == ('k-9 "1"', "Bearer t0ken-of-it")
        assert request.headers["content-type"] == "application/json" and request.headers["webhook-id"] != "x"
        receive("standard", SECRET, request.headers, request.body, now_s=SystemClock().now().timestamp())

    @pytest.mark.parametrize(
        "said",
        [
            "you sent {}",
            '{{"authorization": "{}"}}',
            "{0}" * 20,
            "x" * 195 + "{}",
            "not Bearer: t0ken-of-it",
            "x" * 190,
        ],
    )
    async def test_a_receiver_that_says_a_header_again_is_not_repeated(self, given: HttpGiven, said: str) -> None:
        given.server.answer = (400, said.format("Bearer t0ken-of-it"))
        to = replace(cast("Webhook", given.place), headers={"Authorization": "Bearer t0ken-of-it"})
        with pytest.raises(Failed) as raised:
            await given.notifier.deliver(NOTICE, to, key="k-1")
        assert "answered 400" in str(raised.value) and "t0k" not in repr(raised.value) + str(raised.value)

    async def test_a_redirect_is_not_followed(self, given: HttpGiven) -> None:
        given.server.answer = (307, "")
        with pytest.raises(Failed):
            await given.notifier.deliver(NOTICE, given.place, key="k-1")
        assert len(given.server.requests) == 1

    @pytest.mark.parametrize("url", ["", "file:///etc/passwd", "ftp://x/y", "http://", "http://a b/", "http://[/"])
    async def test_another_kind_of_address_is_refused(self, given: HttpGiven, url: str) -> None:
        with pytest.raises(Invalid):
            await given.notifier.deliver(NOTICE, Webhook(url), key="k-1")


class ForgeContract(NotifierContract):
    """The same for each forge: only the secret and the place differ."""

    status: ClassVar[CommitStatus]
    path: ClassVar[str]
    header: ClassVar[tuple[str, str]]
    states: ClassVar[dict[str, str]]

    @pytest.fixture
    def given(self, stand_in: StandIn) -> GivenNotifier:
        return HttpGiven(
            stand_in, replace(self.status, api_url=self.status.api_url.format(port=stand_in.port), token=SECRET)
        )

    async def test_the_request_is_what_the_forge_asks_for(self, given: HttpGiven) -> None:
        assert isinstance(given.place, CommitStatus)
        for state in ("pending", "success", "failure", "error"):
            await given.notifier.deliver(NOTICE, replace(given.place, state=state), key=f"k-{state}")  # type: ignore[arg-type]
        name, text = self.header
        for request, state in zip(given.server.requests, self.states.values(), strict=True):
            assert request.path == self.path
            assert request.headers[name] == text
            sent = json.loads(request.body)
            assert sent["state"] == state
            assert sent.get("context", sent.get("name")) == "fairlead/Production"
            assert sent["target_url"] == NOTICE.link and sent["description"] == NOTICE.body

    async def test_a_long_description_is_cut(self, given: HttpGiven) -> None:
        await given.notifier.deliver(replace(NOTICE, body="x\n" * 500), given.place, key="k")
        assert len(json.loads(given.server.requests[0].body)["description"]) <= 140

    async def test_something_that_is_no_commit_is_refused(self, given: HttpGiven) -> None:
        assert isinstance(given.place, CommitStatus)
        with pytest.raises(Invalid):
            await given.notifier.deliver(NOTICE, replace(given.place, commit="../../user"), key="k")
        assert not given.server.requests


SAME = {state: state for state in ("pending", "success", "failure", "error")}
STATUS = CommitStatus("github", PLACE, "team/books", COMMIT, "pending", "fairlead/Production")


class TestGitHub(ForgeContract):
    status = STATUS
    path = f"/repos/team/books/statuses/{COMMIT}"
    header = ("authorization", f"Bearer {SECRET}")
    states = SAME

    @pytest.mark.parametrize("repository", ["", "books", "a/b/c", "../books", "/"])
    async def test_only_owner_and_name_are_taken(self, given: HttpGiven, repository: str) -> None:
        with pytest.raises(Invalid):
            await given.notifier.deliver(NOTICE, replace(given.place, repository=repository), key="k")  # type: ignore[call-arg]


class TestGitea(ForgeContract):
    status = replace(STATUS, forge="gitea")
    path = f"/api/v1/repos/team/books/statuses/{COMMIT}"
    header = ("authorization", f"token {SECRET}")
    states = SAME


class TestForgejoBelowAPath(ForgeContract):
    status = replace(STATUS, forge="gitea", api_url=PLACE + "/git/api/v1/")
    path = f"/git/api/v1/repos/team/books/statuses/{COMMIT}"
    header = ("authorization", f"token {SECRET}")
    states = SAME


class TestGitLab(ForgeContract):
    status = replace(STATUS, forge="gitlab", repository="group/sub/books")
    path = f"/api/v4/projects/group%2Fsub%2Fbooks/statuses/{COMMIT}"
    header = ("private-token", SECRET)
    states: ClassVar[dict[str, str]] = {**SAME, "failure": "failed", "error": "failed"}

    async def test_a_status_that_is_so_already_is_fine(self, given: HttpGiven) -> None:
        words = "Cannot transition status via :enqueue from :pending"
        given.server.answer = (400, json.dumps({"message": words}))
        await given.notifier.deliver(NOTICE, given.place, key="k")
        assert len(given.received()) == 1, "it is not told again"


class Mailbox:
    """Keeps each message; says no to addresses where asked to."""

    def __init__(self) -> None:
        self.messages: list[Envelope] = []
        self.users: list[str] = []
        self.refuses = False

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuses:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.messages.append(envelope)
        return "250 taken"

    def __call__(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.users.append(data.login.decode())
        return AuthResult(success=data.password == SECRET.encode(), handled=False)


@dataclass
class MailGiven:
    """A mail server that asks for STARTTLS, user and password."""

    mailbox: Mailbox
    server: MailServer
    stop: Callable[[], None]
    place: Mail = field(default_factory=lambda: Mail(("ops@example.com", "dev@example.com")))
    secret: str = SECRET

    @property
    def notifier(self) -> Notifier:
        return Dispatch(SystemClock(), mail_server=self.server, timeout_s=30)

    def received(self) -> Sequence[Received]:
        found = []
        for envelope in self.mailbox.messages:
            assert isinstance(envelope.content, bytes)
            text = envelope.content.decode().replace("\r\n", "\n")
            found.append(Received(text.partition("Message-ID: ")[2].partition("\n")[0], text))
        return found

    def refuse(self) -> None:
        self.mailbox.refuses = True

    def vanish(self) -> None:
        self.stop()


def certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    clear = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, clear)
    (folder / "key.pem").write_bytes(pem)
    return folder / "cert.pem", folder / "key.pem"


class TestMail(NotifierContract):
    @pytest.fixture
    def given(self, tmp_path: Path, free_port: Callable[[], int]) -> Iterator[GivenNotifier]:
        cert, key = certificate(tmp_path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        mailbox, port = Mailbox(), free_port()
        controller = Controller(
            mailbox,
            hostname="127.0.0.1",
            port=port,
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=mailbox,
        )
        controller.start()
        stopped: list[bool] = []

        def stop() -> None:
            if not stopped:
                stopped.append(True)
                controller.stop()

        server = MailServer("localhost", "fairlead@example.com", port, "starttls", "bot", SECRET, str(cert))
        yield MailGiven(mailbox, server, stop)
        stop()

    async def test_the_mail_is_whole(self, given: MailGiven) -> None:
        await given.notifier.deliver(NOTICE, given.place, key="k-1")
        (envelope,) = given.mailbox.messages
        assert envelope.rcpt_tos == ["ops@example.com", "dev@example.com"]
        assert given.mailbox.users == ["bot"]
        (received,) = given.received()
        assert "Subject: books 1.4.0 failed in Production" in received.text
        assert "project: books" in received.text

    async def test_a_wrong_password_is_told_without_it(self, given: MailGiven) -> None:
        given.server = replace(given.server, password="wrong-one")
        with pytest.raises(Failed) as error:
            await given.notifier.deliver(NOTICE, given.place, key="k-1")
        assert "password" in error.value.message and "wrong-one" not in str(error.value)
        assert "wrong-one" not in repr(given.server)

    async def test_a_server_without_a_trusted_certificate_gets_nothing(self, given: MailGiven) -> None:
        given.server = replace(given.server, authority="")
        with pytest.raises(Unreachable):
            await given.notifier.deliver(NOTICE, given.place, key="k-1")
        assert not given.mailbox.users and not given.mailbox.messages

    @pytest.mark.parametrize("address", ["", "x", "a@b\r\nBcc: c@d", "a@b, c@d", "<a@b>", "-f@", "a b@c"])
    async def test_what_is_no_address_is_refused(self, given: MailGiven, address: str) -> None:
        with pytest.raises(Invalid):
            await given.notifier.deliver(NOTICE, Mail((address,)), key="k-1")

    async def test_without_a_server_it_is_said(self) -> None:
        with pytest.raises(Failed) as error:
            await Dispatch(SystemClock()).deliver(NOTICE, Mail(("ops@example.com",)), key="k")
        assert "no mail server" in error.value.message


@dataclass
class FakeGiven:
    """The fake."""

    notifier: FakeNotifier
    place: Mail = field(default_factory=lambda: Mail(("ops@example.com",)))
    secret: str = SECRET

    def received(self) -> Sequence[Received]:
        return [
            Received(one.key, f"{one.notice.subject!r}\n{one.notice.body}\n{one.notice.link}")
            for one in self.notifier.delivered
        ]

    def refuse(self) -> None:
        self.notifier.refuses = True

    def vanish(self) -> None:
        self.notifier.is_gone = True


class TestFakeNotifier(NotifierContract):
    @pytest.fixture
    def given(self) -> GivenNotifier:
        return FakeGiven(FakeNotifier())


class Forgets(FakeNotifier):
    """Says yes and delivers nothing."""

    async def deliver(self, notice: Notice, to: Mail | Webhook | CommitStatus, *, key: str) -> None:
        return


class Doubles(FakeNotifier):
    """Gives each repeat an id of its own."""

    async def deliver(self, notice: Notice, to: Mail | Webhook | CommitStatus, *, key: str) -> None:
        await super().deliver(notice, to, key=f"{key}-{len(self.delivered)}")


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        (Forgets, "test_a_delivered_notice_has_arrived"),
        (Forgets, "test_a_no_is_a_failure"),
        (Doubles, "test_a_repeat_is_told_as_one"),
    ],
)
async def test_the_suite_sees_a_wrong_notifier(wrong: type[FakeNotifier], rule: str) -> None:
    with pytest.raises((AssertionError, ValueError, pytest.fail.Exception)):
        await getattr(NotifierContract(), rule)(FakeGiven(wrong()))
