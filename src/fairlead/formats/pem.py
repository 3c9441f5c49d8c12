"""Certificates and keys as PEM (RFC 7468): what a chain is for, until when it holds, and whether the key is its own."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from fairlead.domain.errors import Invalid


@dataclass(frozen=True, slots=True)
class Leaf:
    """The first certificate of a chain; `fingerprint` is SHA-256, hexadecimal."""

    fingerprint: str
    not_before: datetime
    not_after: datetime


def read_certificate(host: str, chain: str, key: str) -> Leaf:
    """The leaf of the chain. Invalid `certificate.invalid` where chain and key do not belong together, or the chain
    does not cover the host."""
    try:
        leaf = x509.load_pem_x509_certificates(chain.encode())[0]
        private = serialization.load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError, IndexError) as error:
        raise Invalid(
            "certificate.invalid", "chain or key is not PEM, or the key has a passphrase", thing=host
        ) from error
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*form) != leaf.public_key().public_bytes(*form):
        raise Invalid("certificate.invalid", "the key does not belong to the certificate", thing=host)
    covered = _names(leaf)
    if not any(_covers(name, host) for name in covered):
        raise Invalid(
            "certificate.invalid",
            f"the certificate is for {', '.join(covered) or 'no name'}, not for {host}",
            thing=host,
        )
    return Leaf(leaf.fingerprint(hashes.SHA256()).hex(), leaf.not_valid_before_utc, leaf.not_valid_after_utc)


def certificate_parts(name: str, chain: str, key: str) -> dict[str, str]:
    """What a variable's certificate says of itself: parts by the names that Octopus gives them, times in ISO 8601.
    Invalid `certificate.invalid` where it is no PEM, or the key (where one is given) is not its own."""
    try:
        certificates = x509.load_pem_x509_certificates(chain.encode())
        leaf = certificates[0]
        private = serialization.load_pem_private_key(key.encode(), password=None) if key else None
    except (ValueError, TypeError, IndexError) as error:
        raise Invalid(
            "certificate.invalid", "certificate or key is not PEM, or the key has a passphrase", thing=name
        ) from error
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if private is not None and private.public_key().public_bytes(*form) != leaf.public_key().public_bytes(*form):
        raise Invalid("certificate.invalid", "the key does not belong to the certificate", thing=name)
    pem = [one.public_bytes(serialization.Encoding.PEM).decode() for one in certificates]
    return {
        "Type": "Certificate",
        "Name": name,
        "Thumbprint": leaf.fingerprint(hashes.SHA1()).hex().upper(),
        "Certificate": base64.b64encode(leaf.public_bytes(serialization.Encoding.DER)).decode(),
        "CertificatePem": pem[0],
        "ChainPem": "".join(pem[1:]),
        "Subject": leaf.subject.rfc4514_string(),
        "SubjectCommonName": _attribute(leaf.subject, NameOID.COMMON_NAME),
        "SubjectOrganization": _attribute(leaf.subject, NameOID.ORGANIZATION_NAME),
        "SubjectAlternativeNames": ", ".join(_names(leaf)),
        "Issuer": leaf.issuer.rfc4514_string(),
        "IssuerCommonName": _attribute(leaf.issuer, NameOID.COMMON_NAME),
        "IssuerOrganization": _attribute(leaf.issuer, NameOID.ORGANIZATION_NAME),
        "SerialNumber": f"{leaf.serial_number:X}",
        "NotBefore": leaf.not_valid_before_utc.isoformat(),
        "NotAfter": leaf.not_valid_after_utc.isoformat(),
        "HasPrivateKey": str(private is not None),
    }


def _attribute(name: x509.Name, kind: x509.ObjectIdentifier) -> str:
    found = name.get_attributes_for_oid(kind)
    return str(found[0].value) if found else ""


def _names(leaf: x509.Certificate) -> list[str]:
    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return [name.lower() for name in extension.value.get_values_for_type(x509.DNSName)]


def _covers(name: str, host: str) -> bool:
    return name == host or (name.startswith("*.") and host.partition(".")[2] == name[2:])
