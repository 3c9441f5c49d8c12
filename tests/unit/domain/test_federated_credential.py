"""Which tokens a federated credential takes: patterns, further claims, and none that lets in everybody."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from fairlead.domain.errors import Invalid
from fairlead.domain.federated_credential import FederatedCredential, check, fits, misfit
from fairlead.domain.ids import ActorId

ONE = FederatedCredential(
    "fed", "books", ActorId("usr"), "https://issuer.test", "us", "repo:org/books:ref:refs/heads/main", datetime.now(UTC)
)


@pytest.mark.parametrize(
    ("pattern", "held", "does"),
    [
        ("repo:org/books:ref:refs/heads/main", "repo:org/books:ref:refs/heads/main", True),
        ("repo:org/books:ref:refs/heads/main", "repo:org/books:ref:refs/heads/mainx", False),
        ("repo:org/books:ref:refs/heads/main", "xrepo:org/books:ref:refs/heads/main", False),
        ("repo:org/books:ref:refs/heads/main", "repo:Org/books:ref:refs/heads/main", False),
        ("repo:org/*:ref:refs/heads/main", "repo:org/books:ref:refs/heads/main", True),
        ("repo:org/*:ref:refs/heads/main", "repo:org/:ref:refs/heads/main", True),
        ("repo:org/*:ref:refs/heads/main", "repo:org/x:environment:y:ref:refs/heads/main", False),
        ("repo:org/*:ref:refs/heads/main", "repo:org/x/y:ref:refs/heads/main", False),
        ("repo:org/books:ref:refs/heads/**", "repo:org/books:ref:refs/heads/feature/x:y", True),
        ("repo:org/books:*", "repo:org/books:pull_request", True),
        ("repo:org/books:*", "repo:org/books:ref:refs/heads/main", False),
        ("a*b*c", "a--b--c", True),
        ("a*b*c", "abbbc", True),
        ("a*b*c", "a/b-c", False),
        ("a.c", "abc", False),
        ("a**b*c", "a::b:b-c", True),
        ("a", "a\n", False),
        ("a", None, False),
        ("1", 1, False),
    ],
)
def test_a_pattern_means_what_it_says(pattern: str, held: Any, does: bool) -> None:
    assert fits(pattern, held) is does


def test_no_token_makes_a_pattern_take_long() -> None:
    begun = time.monotonic()
    assert not fits("a" + "*a" * 20 + "b", "a" * 5000)
    assert not fits("a" + "**a" * 20 + "b", "a" * 5000)
    assert time.monotonic() - begun < 5


def test_every_claim_that_is_asked_for_has_to_fit_and_the_one_that_does_not_is_named() -> None:
    asked = replace(ONE, claims={"environment": "production", "deep.in": "x*", "protected": "true", "run": "7"})
    claims: dict[str, Any] = {
        "sub": ONE.subject,
        "environment": "production",
        "deep": {"in": ["a", "xy"]},
        "protected": True,
        "run": 7,
    }
    assert misfit(asked, claims) == ""
    assert misfit(asked, {**claims, "sub": "repo:evil/books:ref:refs/heads/main"}) == "its subject"
    for name in ("environment", "deep", "protected", "run"):
        assert name in misfit(asked, {**claims, name: "other"})
        assert name in misfit(asked, {held: claims[held] for held in claims if held != name})
    assert "protected" in misfit(asked, {**claims, "protected": False})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"subject": "*"}, "credential.pattern"),
        ({"subject": "**:ref:refs/heads/main"}, "credential.pattern"),
        ({"subject": ""}, "credential.pattern"),
        ({"subject": "a\nb"}, "credential.pattern"),
        ({"subject": "a" + "*a" * 30}, "credential.pattern"),
        ({"claims": {"x": ""}}, "credential.pattern"),
        ({"claims": {str(number): "x" for number in range(40)}}, "credential.pattern"),
        ({"audience": ""}, "input.invalid"),
        ({"lasts_s": 3601}, "input.invalid"),
        ({"lasts_s": 0}, "input.invalid"),
        ({"issuer": "http://issuer.test"}, "identity.issuer"),
        ({"issuer": "https://"}, "identity.issuer"),
        ({"issuer": "https://user@issuer.test"}, "identity.issuer"),
        ({"issuer": "https://issuer.test/?x"}, "identity.issuer"),
        ({"issuer": "https://issuer.test:99999"}, "identity.issuer"),
        ({"issuer": "https://[issuer"}, "identity.issuer"),
    ],
)
def test_a_credential_that_could_let_in_too_many_is_refused(change: dict[str, Any], code: str) -> None:
    check(ONE)
    with pytest.raises(Invalid) as raised:
        check(replace(ONE, **change))
    assert raised.value.code == code
