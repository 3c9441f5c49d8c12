"""An identity provider of the tests' own: OpenID Connect over real HTTP on loopback, with real keys."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm


@dataclass
class Key:
    """A key pair by its id, for one algorithm."""

    id: str
    algorithm: str
    private: Any

    @property
    def public(self) -> dict[str, Any]:
        kinds: dict[str, Any] = {"RS": RSAAlgorithm, "PS": RSAAlgorithm, "ES": ECAlgorithm, "Ed": OKPAlgorithm}
        found = kinds[self.algorithm[:2]].to_jwk(self.private.public_key(), as_dict=True)
        return {**found, "kid": self.id, "use": "sig", "alg": self.algorithm}


def make_key(id: str, algorithm: str = "ES256", *, bits: int = 2048) -> Key:
    """A new pair; RSA takes a while."""
    match algorithm[:2]:
        case "RS" | "PS":
            return Key(id, algorithm, rsa.generate_private_key(public_exponent=65537, key_size=bits))
        case "ES":
            curve = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}[algorithm]()
            return Key(id, algorithm, ec.generate_private_key(curve))
        case _:
            return Key(id, algorithm, ed25519.Ed25519PrivateKey.generate())


@dataclass
class Provider:
    """`person` is who is signed in at it; `over` changes the claims of the next tokens, None takes one away. `document`
    and `keys` are what it says of itself; `asked` counts what it was asked; `delay_s` makes it slow."""

    issuer: str = ""
    client_id: str = "fairlead"
    client_secret: str = "a client's secret"
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "1001", "preferred_username": "Ann"})
    over: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    signing: Key = field(default_factory=lambda: make_key("first"))
    keys: list[dict[str, Any]] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    padding: int = 0
    delay_s: float = 0.0
    refusal: str = ""
    token: str = ""

    def claims(self, nonce: str = "", **more: Any) -> dict[str, Any]:
        """Of a token as it should be."""
        now = int(time.time())
        made = {"iss": self.issuer, "aud": self.client_id, "iat": now, "exp": now + 300, **self.person}
        made |= {"nonce": nonce} if nonce else {}
        made |= {**more, **self.over}
        return {name: value for name, value in made.items() if value is not None}

    def sign(self, claims: Mapping[str, Any], *, key: Key | None = None, **header: Any) -> str:
        """A token with these claims."""
        signer = key or self.signing
        named = {name: held for name, held in {"kid": signer.id, **header}.items() if held is not None}
        return jwt.encode(dict(claims), signer.private, algorithm=signer.algorithm, headers=named)

    def answer(self, path: str, asked: dict[str, str], headers: Mapping[str, str]) -> tuple[int, dict[str, Any] | str]:
        """Status, and the JSON or the address to go to."""
        self.asked[path] = self.asked.get(path, 0) + 1
        time.sleep(self.delay_s)
        match path:
            case "/.well-known/openid-configuration":
                return 200, {**self.document, "padding": "x" * self.padding}
            case "/keys":
                return 200, {"keys": self.keys or [self.signing.public]}
            case "/authorize":
                back = {"state": asked["state"], "iss": self.issuer}
                if self.refusal:
                    return 302, f"{asked['redirect_uri']}?{urlencode({**back, 'error': self.refusal})}"
                code = secrets.token_urlsafe(16)
                self.codes[code] = asked
                return 302, f"{asked['redirect_uri']}?{urlencode({**back, 'code': code})}"
            case "/token":
                return self._redeemed(asked, headers)
            case _:
                return 404, {"error": "not_found"}

    def _redeemed(self, asked: dict[str, str], headers: Mapping[str, str]) -> tuple[int, dict[str, Any] | str]:
        basic = headers.get("Authorization", "").removeprefix("Basic ")
        name, _, secret = base64.b64decode(basic).decode().partition(":")
        given = (
            (unquote_plus(name), unquote_plus(secret))
            if basic
            else (asked["client_id"], asked.get("client_secret", ""))
        )
        begun = self.codes.pop(asked.get("code", ""), None)
        if given != (self.client_id, self.client_secret):
            return 401, {"error": "invalid_client", "error_description": "<b>secret</b>"}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(asked["code_verifier"].encode()).digest()).rstrip(b"=")
        if (
            begun is None
            or begun["code_challenge"] != challenge.decode()
            or begun["redirect_uri"] != asked["redirect_uri"]
        ):
            return 400, {"error": "invalid_grant"}
        token = self.token or self.sign(self.claims(begun["nonce"]))
        return 200, {"access_token": "opaque", "token_type": "Bearer", "id_token": token}


class _Door(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self._answer(parts.path, parts.query)

    def do_POST(self) -> None:
        self._answer(urlsplit(self.path).path, self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _answer(self, path: str, query: str) -> None:
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        status, said = self.provider.answer(path, asked, dict(self.headers))
        body = b"" if isinstance(said, str) else json.dumps(said).encode()
        try:
            self.send_response(status)
            if isinstance(said, str):
                self.send_header("Location", said)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            return  # who asked has gone

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def running() -> Iterator[Provider]:
    """One that answers until the end."""
    provider = Provider()
    door = type("Door", (_Door,), {"provider": provider})
    server = ThreadingHTTPServer(("127.0.0.1", 0), door)
    server.daemon_threads = True
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    provider.document = {
        "issuer": provider.issuer,
        "authorization_endpoint": f"{provider.issuer}/authorize",
        "token_endpoint": f"{provider.issuer}/token",
        "jwks_uri": f"{provider.issuer}/keys",
    }
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
