"""A certificate for nobody, signed by itself, with its key; run as a program it writes both to the standard output."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
UNTIL = datetime(2120, 1, 1, tzinfo=UTC)


def self_signed() -> str:
    """As PEM. The dates are fixed: it proves nothing anyway."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "fairlead.invalid")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(SINCE).not_valid_after(UNTIL)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    form, unlocked = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return (certificate + key.private_bytes(serialization.Encoding.PEM, form, unlocked)).decode()


if __name__ == "__main__":
    sys.stdout.write(self_signed())
