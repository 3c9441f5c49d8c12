"""Certificates of routes: an ended one is refused, and a plan says which host of https has none that holds."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.unit.usecases.house import ADMIN, NOBODY, House

from fairlead.domain.errors import Invalid, NotAllowed
from fairlead.domain.service import Route
from fairlead.ports.catalogue import Place
from fairlead.store import environments, projects, routes
from fairlead.usecases import certificates, housekeeping, notifications, planning, telling
from fairlead.usecases.going import Going

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


def test_its_end_is_told_weeks_before_and_at_it_once_each_and_anew_once_it_is_renewed(house: House) -> None:
    now = house.clock.now()
    certificates.put(house.context, ADMIN, HOST, *made(now - DAY, now + 30 * DAY))
    notifications.add(house.context, ADMIN, "https://chat.example.com/hook")
    told = []
    for _ in range(34):
        housekeeping.tell_of_ending_certificates(house.context)
        assert housekeeping.tell_of_ending_certificates(house.context) == 0, "not again the same day"
        told.append((len(house.audit("certificate.expiring")), len(house.audit("certificate.expired"))))
        house.clock.advance(DAY.total_seconds())
    assert [told.index(one) for one in ((1, 0), (2, 0), (3, 0), (3, 1))] == [9, 23, 29, 30]
    messages = [one.message for one in house.audit("certificate.expiring")]
    assert any(f"the certificate of {HOST} ends in 21 days" in one for one in messages)
    assert "browsers refuse the host" in house.audit("certificate.expired")[0].message
    assert sum(one.event.startswith("certificate.") for one in telling.due(house.context)) == 4
    now = house.clock.now()
    certificates.put(house.context, ADMIN, HOST, *made(now - DAY, now + 2 * DAY))
    assert housekeeping.tell_of_ending_certificates(house.context) == 1


def test_who_has_the_hosts_routes_is_named(books: House) -> None:
    now = books.clock.now()
    with books.database.transaction() as connection:
        routes.claim(connection, Place("books", "Test"), "web", [Route(HOST, "/", tls=True)], at=now)
    certificates.put(books.context, ADMIN, HOST, *made(now - DAY, now + 3 * DAY))
    notifications.add(books.context, ADMIN, "https://chat.example.com/hook", project="books")
    assert housekeeping.tell_of_ending_certificates(books.context) == 1
    (event,) = books.audit("certificate.expiring")
    assert (event.project, event.environment) == ("books", "Test")
    (notice,) = telling.due(books.context)
    assert "books in Test has its routes" in notice.body and f"fairlead certificates set {HOST}" in notice.body


def test_of_a_tenants_host_the_tenant_is_named(books: House) -> None:
    now = books.clock.now()
    with books.database.transaction() as connection:
        routes.claim(connection, Place("books", "Test", "Acme"), "web", [Route(HOST, "/", tls=True)], at=now)
    certificates.put(books.context, ADMIN, HOST, *made(now - DAY, now + 3 * DAY))
    assert housekeeping.tell_of_ending_certificates(books.context) == 1
    (event,) = books.audit("certificate.expiring")
    assert (event.project, event.environment, event.tenant) == ("books", "Test", "Acme")


def test_those_that_end_soon_are_listed_to_who_may_view(house: House) -> None:
    now = house.clock.now()
    certificates.put(house.context, ADMIN, HOST, *made(now - DAY, now + 30 * DAY))
    assert certificates.ending(house.context, ADMIN) == ()
    house.clock.advance(10 * DAY.total_seconds())
    assert [one.host for one in certificates.ending(house.context, ADMIN)] == [HOST]
    with pytest.raises(NotAllowed):
        certificates.ending(house.context, NOBODY)


def test_a_plan_warns_of_https_without_a_certificate_that_holds_and_means_the_same(books: House) -> None:
    release = books.add_release("1.0.0", more=ROUTED)

    def planned() -> tuple[list[str], str]:
        with books.context.database.reading() as connection:
            project, production = projects.by_name(connection, "books"), environments.by_name(connection, "Production")
            made = planning.intend(books.context, connection, Going(project, production, release))
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
