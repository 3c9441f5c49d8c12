"""The master key, and what is done with it: AES-256-GCM over secret values, keyed hashes for captures (law 8)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fairlead.domain.errors import Refused

KEY_BYTES = 32
NONCE_BYTES = 12
_FORMAT = b"\x01"


class Sealer:
    """Keys derived from one master key (HKDF-SHA256, RFC 5869), each for one use."""

    def __init__(self, master: bytes) -> None:
        if len(master) != KEY_BYTES:
            raise _unusable("it is not 32 bytes long")
        self._cipher = AESGCM(_derive(master, b"fairlead secret values 1"))
        self._hash_key = _derive(master, b"fairlead keyed hashes 1")
        self.check_value = _derive(master, b"fairlead check value 1").hex()

    def seal(self, id: str, value: str) -> bytes:
        """Encrypted, and bound to its id: under another id it does not open."""
        nonce = os.urandom(NONCE_BYTES)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, value.encode(), id.encode())

    def open(self, id: str, sealed: bytes) -> str:
        """The value in clear; Refused `secrets.master_key` where this key does not open it."""
        nonce, content = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            if sealed[:1] != _FORMAT:
                raise InvalidTag
            return self._cipher.decrypt(nonce, content, id.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise _unusable(f"it does not open the secret {id}") from error

    def keyed_hash(self, value: str) -> str:
        """HMAC-SHA256, hexadecimal."""
        return hmac.new(self._hash_key, value.encode(), hashlib.sha256).hexdigest()


def read_master_key(path: Path, *, given: str = "", may_create: bool) -> bytes:
    """The master key: `given` (base64 or hexadecimal, from a setting), else the content of the file, else a new one
    in that file where `may_create` (nothing was encrypted yet). Refused `secrets.master_key`, in words."""
    if given.strip():
        return _decode(given, "the given master key")
    try:
        mode = path.stat().st_mode & 0o777
        text = path.read_text()
    except FileNotFoundError:
        if not may_create:
            raise _unusable(f"{path} is not there, but secrets were encrypted with it") from None
        return _create(path)
    except OSError as error:
        raise _unusable(f"{path} cannot be read: {error.strerror}") from error
    if mode & 0o077:
        raise _unusable(f"{path} can be read by others (mode {mode:03o})", hint=f"chmod 600 {path}")
    return _decode(text, str(path))


def _create(path: Path) -> bytes:
    master = os.urandom(KEY_BYTES)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_master_key(path, may_create=False)
    except OSError as error:
        raise _unusable(f"{path} cannot be written: {error.strerror}") from error
    with os.fdopen(file, "wb") as opened:
        opened.write(base64.b64encode(master) + b"\n")
        opened.flush()
        os.fsync(opened.fileno())
    return master


def _decode(text: str, where: str) -> bytes:
    stripped = text.strip()
    try:
        if len(stripped) == 2 * KEY_BYTES:
            return bytes.fromhex(stripped)
        decoded = base64.b64decode(stripped, validate=True)
    except (ValueError, binascii.Error) as error:
        raise _unusable(f"{where} is neither base64 nor hexadecimal") from error
    if len(decoded) != KEY_BYTES:
        raise _unusable(f"{where} is not 32 bytes long")
    return decoded


def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(master)


def _unusable(why: str, *, hint: str = "") -> Refused:
    return Refused(
        "secrets.master_key",
        f"the master key cannot be used: {why}",
        thing="master key",
        hint=hint or "give back the key that the secrets were encrypted with (master.key or FAIRLEAD_MASTER_KEY)",
    )
