"""Certificates of routes: an ended one is refused, and a plan says which host of https has none that holds."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.errors import Invalid
from fairlead.store import environments, projects
from fairlead.usecases import certificates, planning

HOST = "books.example.com"
DAY = timedelta(days=1)
ROUTED = f", route: {{host: {HOST}, tls: true}}"


def made(since: datetime, until: datetime) -> tuple[str, str]:
    """Chain and key of a certificate for the host."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(since).not_valid_after(until)
    signed = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
    pem = signed.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    form = serialization.PrivateFormat.PKCS8
    private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return pem.decode(), private.decode()


def test_one_that_has_ended_is_refused_with_its_day(house: House) -> None:
    now = house.clock.now()
    with pytest.raises(Invalid) as raised:
        certificates.put(house.context, ADMIN, HOST, *made(now - 3 * DAY, now - DAY))
    assert raised.value.code == "certificate.invalid" and f"{now - DAY:%Y-%m-%d}" in raised.value.message
    assert certificates.page(house.context, ADMIN).items == ()
    assert certificates.put(house.context, ADMIN, HOST, *made(now - DAY, now + DAY)).host == HOST


def test_a_plan_warns_of_https_without_a_certificate_that_holds_and_means_the_same(books: House) -> None:
    release = books.add_release("1.0.0", more=ROUTED)

    def planned() -> tuple[list[str], str]:
        with books.context.database.reading() as connection:
            project, production = projects.by_name(connection, "books"), environments.by_name(connection, "Production")
            made = planning.intend(books.context, connection, project, production, release)
            found = made.plan
        return [one for one in found.warnings if "certificate" in one], found.hash

    [warning], meant = planned()
    assert f"no certificate for {HOST}" in warning and f"fairlead certificates set {HOST}" in warning
    now = books.clock.now()
    certificates.put(books.context, ADMIN, HOST, *made(now - DAY, now + DAY))
    assert planned() == ([], meant)
    books.clock.advance(2 * DAY.total_seconds())
    [warning], again = planned()
    assert "ended on" in warning and again == meant
