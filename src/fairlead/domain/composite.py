"""Values that have parts: a certificate's thumbprint and key, an account's user and password.

The parts are variables beside it: ``Tls.Thumbprint``, ``Deployer.Username``. Their names are Octopus's (docs,
projects/variables/certificate-variables and …-account-variables).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fairlead.domain.errors import Invalid
from fairlead.domain.ids import SecretVersionId
from fairlead.domain.text import SecretRef, Text


class CompositeKind(StrEnum):
    """What it is."""

    CERTIFICATE = "certificate"
    USER_PASSWORD = "user-password"
    TOKEN = "token"
    SSH_KEY = "ssh-key"

    @property
    def family(self) -> str:
        """The type of variable that it makes."""
        return "certificate" if self is CompositeKind.CERTIFICATE else "account"


@dataclass(frozen=True, slots=True)
class Needed:
    """Which parts people give for a kind: those shown, and those that are secrets; `optional` may be left out."""

    plain: tuple[str, ...]
    secret: tuple[str, ...]
    optional: frozenset[str] = frozenset()


GIVEN = {
    CompositeKind.CERTIFICATE: Needed(("CertificatePem",), ("PrivateKeyPem",), frozenset({"PrivateKeyPem"})),
    CompositeKind.USER_PASSWORD: Needed(("Username",), ("Password",)),
    CompositeKind.TOKEN: Needed((), ("Token",)),
    CompositeKind.SSH_KEY: Needed(("Username",), ("PrivateKey", "Passphrase"), frozenset({"Passphrase"})),
}


@dataclass(frozen=True, slots=True)
class Composite:
    """The parts by name; those in `secrets` are kept as versions of secrets and never shown."""

    kind: CompositeKind
    parts: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, SecretVersionId] = field(default_factory=dict)

    def part(self, owner: str, name: str) -> Text | None:
        """The part of that name, whatever its case; a secret as a reference named after `owner`."""
        wanted = name.lower()
        for spelt, value in self.parts.items():
            if spelt.lower() == wanted:
                return value
        for spelt, secret in self.secrets.items():
            if spelt.lower() == wanted:
                return SecretRef(secret, f"{owner}.{spelt}")
        return None

    @property
    def names(self) -> Iterator[str]:
        """Of its parts."""
        yield from self.parts
        yield from self.secrets


def check_given(kind: CompositeKind, given: Mapping[str, str], *, name: str) -> dict[str, str]:
    """The parts as they are spelt, without those left empty; Invalid `variable.parts` where one is missing or is no
    part of the kind."""
    needed = GIVEN[kind]
    spelt = {part.lower(): part for part in (*needed.plain, *needed.secret)}
    for part in given:
        if part.lower() not in spelt:
            raise _wrong(kind, f"{name} has no part {part[:80]!r}", name)
    found = {spelt[part.lower()]: value for part, value in given.items() if value}
    for part in spelt.values():
        if part not in found and part not in needed.optional:
            raise _wrong(kind, f"{name} lacks its {part}", name)
    return found


def _wrong(kind: CompositeKind, message: str, name: str) -> Invalid:
    needed = GIVEN[kind]
    parts = [
        f"{part} (may be left out)" if part in needed.optional else part for part in (*needed.plain, *needed.secret)
    ]
    return Invalid("variable.parts", message, thing=name, hint=f"a {kind.value} has: {', '.join(parts)}")
