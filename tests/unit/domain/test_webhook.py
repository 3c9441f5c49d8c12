"""Signatures over the raw body, as each sender makes them, and what a delivery hints at."""

import base64
import hashlib
import hmac
import json
import time
import urllib.request
from pathlib import Path

import pytest

from fairlead.domain.errors import NotAuthenticated, TooLarge
from fairlead.domain.webhook import MAX_BODY_BYTES, Look, receive, sign

SECRET = "It's a Secret to Everybody"
NOW = 1_700_000_000.0
BODY = json.dumps({"ref": "refs/heads/main", "after": "a" * 40}).encode()
KEY = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def hexed(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def standard(body: bytes, secret: str = SECRET, at: float = NOW, message: str = "msg_1") -> dict[str, str]:
    signature = sign(secret, message, int(at), body)
    return {"Webhook-Id": message, "Webhook-Timestamp": str(int(at)), "Webhook-Signature": signature}


GENUINE = {
    "github": (
        "github",
        {"X-Hub-Signature-256": "sha256=" + hexed(BODY), "X-GitHub-Delivery": "d-1", "X-GitHub-Event": "push"},
        Look("main", "d-1", "push"),
    ),
    "gitea": (
        "gitea",
        {"X-Gitea-Signature": hexed(BODY), "X-Gitea-Delivery": "d-2", "X-Gitea-Event": "push"},
        Look("main", "d-2", "push"),
    ),
    "forgejo": (
        "gitea",
        {"X-Forgejo-Signature": hexed(BODY), "X-Gitea-Signature": "0" * 64, "X-Forgejo-Delivery": "d-3"},
        Look("main", "d-3"),
    ),
    "gitlab by token": (
        "gitlab",
        {"X-Gitlab-Token": SECRET, "X-Gitlab-Event": "Push Hook", "X-Gitlab-Event-UUID": "d-4"},
        Look("main", "d-4", "Push Hook"),
    ),
    "gitlab signed": (
        "gitlab",
        {**standard(BODY), "X-Gitlab-Event": "Push Hook"},
        Look("main", "msg_1", "Push Hook"),
    ),
    "standard": ("standard", standard(BODY), Look("main", "msg_1")),
    "no delivery id": (
        "github",
        {"X-Hub-Signature-256": "sha256=" + hexed(BODY)},
        Look("main", "sha256:" + hashlib.sha256(BODY).hexdigest()),
    ),
}

FALSE = {
    "nothing at all": ("generic", {}),
    "github: the wrong secret": ("github", {"X-Hub-Signature-256": "sha256=" + hexed(BODY, "other")}),
    "github: another body": ("github", {"X-Hub-Signature-256": "sha256=" + hexed(BODY + b" ")}),
    "github: bare hex": ("github", {"X-Hub-Signature-256": hexed(BODY)}),
    "github: SHA-1 only": ("github", {"X-Hub-Signature": "sha1=" + hmac.new(b"x", BODY, "sha1").hexdigest()}),
    "gitea: Forgejo's is there and wrong": (
        "gitea",
        {"X-Forgejo-Signature": "0" * 64, "X-Gitea-Signature": hexed(BODY)},
    ),
    "gitea: with GitHub's prefix": ("gitea", {"X-Gitea-Signature": "sha256=" + hexed(BODY)}),
    "gitlab: a wrong token": ("gitlab", {"X-Gitlab-Token": SECRET + "x"}),
    "gitlab: signed wrongly, with the right token": (
        "gitlab",
        {**standard(BODY, "other"), "X-Gitlab-Token": SECRET},
    ),
    "standard: too old": ("standard", standard(BODY, at=NOW - 301)),
    "standard: from the future": ("standard", standard(BODY, at=NOW + 301)),
    "standard: another id": ("standard", {**standard(BODY), "Webhook-Id": "msg_2"}),
    "standard: another time": ("standard", {**standard(BODY), "Webhook-Timestamp": str(int(NOW) + 1)}),
    "standard: no number": ("standard", {**standard(BODY), "Webhook-Timestamp": "1e9"}),
    "standard: no id": ("standard", {**standard(BODY), "Webhook-Id": ""}),
    "one sender's form where another's is set": ("github", standard(BODY)),
    "a token where signatures are set": ("standard", {"X-Gitlab-Token": SECRET}),
    "letters that are no ASCII": ("gitlab", {"X-Gitlab-Token": "ümläut\udc80"}),
}


@pytest.mark.parametrize("case", GENUINE)
def test_a_genuine_delivery_is_taken(case: str) -> None:
    kind, headers, look = GENUINE[case]
    assert receive(kind, SECRET, headers, BODY, now_s=NOW) == look  # type: ignore[arg-type]
    assert receive("generic", SECRET, headers, BODY, now_s=NOW) == look


@pytest.mark.parametrize("case", FALSE)
def test_a_false_delivery_is_refused_without_a_reason(case: str) -> None:
    kind, headers = FALSE[case]
    with pytest.raises(NotAuthenticated) as error:
        receive(kind, SECRET, headers, BODY, now_s=NOW)  # type: ignore[arg-type]
    assert error.value.code == "webhook.signature"
    assert str(error.value) == "the webhook's signature is missing or wrong"


def test_without_a_secret_nobody_is_let_in() -> None:
    with pytest.raises(NotAuthenticated):
        receive("github", "", {"X-Hub-Signature-256": "sha256=" + hexed(BODY, "")}, BODY, now_s=NOW)
    with pytest.raises(NotAuthenticated):
        receive("gitlab", "", {"X-Gitlab-Token": ""}, BODY, now_s=NOW)


def test_one_of_several_signatures_is_enough() -> None:
    headers = standard(BODY)
    headers["Webhook-Signature"] = f"v1,{'A' * 43}= v1a,xyz {headers['Webhook-Signature']}"
    assert receive("standard", SECRET, headers, BODY, now_s=NOW).branch == "main"


def test_a_secret_in_the_specifications_form_is_base64() -> None:
    assert receive("standard", KEY, standard(BODY, KEY), BODY, now_s=NOW).branch == "main"
    # the example of the Standard Webhooks specification
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == expected


@pytest.mark.parametrize("given", [KEY.removeprefix("whsec_"), KEY.rstrip("="), KEY.removeprefix("whsec_").rstrip("=")])
def test_it_is_base64_without_its_beginning_and_end_too(given: str) -> None:
    assert receive("standard", given, standard(BODY, KEY), BODY, now_s=NOW).branch == "main"


def test_a_password_that_could_be_base64_is_a_password() -> None:
    for secret in ("swordfish123", "whsec_schlüssel", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"):
        assert receive("standard", secret, standard(BODY, secret), BODY, now_s=NOW).branch == "main"
    short = "whsec_" + base64.b64encode(b"0123456789").decode()
    with pytest.raises(NotAuthenticated):
        receive("standard", short.removeprefix("whsec_"), standard(BODY, short), BODY, now_s=NOW)


@pytest.mark.parametrize(
    ("body", "branch"),
    [
        (b'{"ref": "refs/heads/feature/x"}', "feature/x"),
        (b'{"ref": "main"}', "main"),
        (b'{"ref": "refs/tags/v1"}', None),
        (b'{"ref": "refs/heads/--upload-pack=x"}', None),
        (b'{"ref": "refs/heads/a..b"}', None),
        (b'{"ref": 7}', None),
        (b"[]", None),
        (b"", None),
        (b"\xff\xfe", None),
        (b"[" * 100_000, None),
    ],
)
def test_the_body_is_but_a_hint(body: bytes, branch: str | None) -> None:
    headers = {"X-Hub-Signature-256": "sha256=" + hexed(body)}
    assert receive("github", SECRET, headers, body, now_s=NOW).branch == branch


def test_a_form_is_read_too() -> None:
    body = b"payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%7D"
    headers = {
        "X-Hub-Signature-256": "sha256=" + hexed(body),
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
    }
    assert receive("github", SECRET, headers, body, now_s=NOW).branch == "main"


def test_a_body_over_the_limit_is_not_even_hashed() -> None:
    with pytest.raises(TooLarge):
        receive("github", SECRET, {}, b"x" * (MAX_BODY_BYTES + 1), now_s=NOW)


def test_delivery_ids_are_cut_and_printable() -> None:
    headers = {"X-Hub-Signature-256": "sha256=" + hexed(BODY), "X-GitHub-Delivery": "a\nb" + "c" * 500}
    delivery = receive("github", SECRET, headers, BODY, now_s=NOW).delivery
    assert delivery.startswith("abc") and len(delivery) == 200


def test_the_example_of_the_guide_verifies(monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "how-to" / "webhooks.md").read_text()
    example = guide.partition("```python\n")[2].partition("```")[0]
    sent: list[urllib.request.Request] = []
    monkeypatch.setattr(urllib.request, "urlopen", sent.append)
    exec(compile(example, "webhooks.md", "exec"), {})
    (request,) = sent
    assert isinstance(request.data, bytes)
    look = receive("generic", "…", dict(request.header_items()), request.data, now_s=time.time())
    assert look == Look("main", "msg_1")


def test_half_of_a_letter_names_no_branch() -> None:
    body = rb'{"ref": "refs/heads/\ud800"}'
    headers = {"X-Hub-Signature-256": "sha256=" + hexed(body), "X-GitHub-Event": "push", "X-GitHub-Delivery": "d"}
    assert receive("github", SECRET, headers, body, now_s=NOW).branch is None
