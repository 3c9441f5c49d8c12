"""The master key, and what is done with it: AES-256-GCM over secret values, keyed hashes for captures (law 8)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fairlead.domain.errors import Refused
from fairlead.store.forced import force_names

KEY_BYTES = 32
NONCE_BYTES = 12
_FORMAT = b"\x01"
_HASH_KEY = "hash key"


class MasterKey:
    """Keys derived from one master key (HKDF-SHA256, RFC 5869), each for one use. `id` names it without telling it."""

    def __init__(self, master: bytes) -> None:
        if len(master) != KEY_BYTES:
            raise _unusable("it is not 32 bytes long")
        self.cipher = AESGCM(_derive(master, b"fairlead secret values 1"))
        self.hash_key = _derive(master, b"fairlead keyed hashes 1")
        self.check_value = _derive(master, b"fairlead check value 1").hex()
        self.id = self.check_value[:16]


class Sealer:
    """Seals with one master key and opens with every one that is known: while the master key is exchanged there are
    two. `read` looks for keys again, where a value, or the database, asks for one that is not known yet."""

    def __init__(self, master: bytes, *others: bytes, read: Callable[[], Iterable[bytes]] = tuple) -> None:
        self._read = read
        self._current = MasterKey(master)
        self._known = {key.id: key for key in (self._current, *map(MasterKey, others))}
        self._hash_key = self._current.hash_key

    @property
    def check_value(self) -> str:
        """What the database keeps of the key that values are sealed with."""
        return self._current.check_value

    @property
    def key_id(self) -> str:
        """The id of the key that values are sealed with."""
        return self._current.id

    def use(self, check_value: str) -> bool:
        """Seal with the key of that check value from now on; false where it is not known, also after a look."""
        if self._current.check_value == check_value:
            return True
        found = self._by(check_value[:16])
        if found is None or found.check_value != check_value:
            return False
        self._current = found
        return True

    def knows(self, id: str) -> bool:
        """Whether the master key of that id is here."""
        return self._by(id) is not None

    def seal(self, id: str, value: str, *, key: str = "") -> bytes:
        """Encrypted with the known master key of that id ("": the one in use), and bound to its own id: under another
        id it does not open."""
        nonce, used = os.urandom(NONCE_BYTES), self._known[key] if key else self._current
        return _FORMAT + nonce + used.cipher.encrypt(nonce, value.encode(), id.encode())

    def open(self, id: str, sealed: bytes, *, key: str = "") -> str:
        """The value in clear; `key` is the id of the master key that it was sealed with, "" the one in use. Refused
        `secrets.master_key` where no key that there is opens it."""
        found = self._by(key or self._current.id)
        nonce, content = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            if found is None or sealed[:1] != _FORMAT:
                raise InvalidTag
            return found.cipher.decrypt(nonce, content, id.encode()).decode()
        except (InvalidTag, ValueError) as error:
            what = "none of those that are here opens" if found is None else "it does not open"
            raise _unusable(f"{what} the secret {id}, which was sealed with the key {key or self.key_id}") from error

    def keyed_hash(self, value: str) -> str:
        """HMAC-SHA256, hexadecimal; the same whichever master key is in use."""
        return hmac.new(self._hash_key, value.encode(), hashlib.sha256).hexdigest()

    def hash_as(self, sealed: bytes, *, key: str) -> None:
        """Hash with the key that `sealed_hash_key` made, from now on."""
        self._hash_key = bytes.fromhex(self.open(_HASH_KEY, sealed, key=key))

    def sealed_hash_key(self) -> bytes:
        """What hashes are made with, sealed with the key in use."""
        return self.seal(_HASH_KEY, self._hash_key.hex())

    def _by(self, id: str) -> MasterKey | None:
        if id not in self._known:
            self._known |= {key.id: key for key in map(MasterKey, self._read())}
        return self._known.get(id)


def next_path(path: Path) -> Path:
    """Where the next master key lies, beside the one in the file `path`, while they are exchanged."""
    return path.with_name(path.name + ".next")


def read_master_keys(path: Path, *, given: str = "") -> list[bytes]:
    """Every master key that there is: the one in use or next in turn, in no order."""
    files = [] if given.strip() else [one for one in (path, next_path(path)) if one.exists()]
    found = [_decode(given, "the given master key")] if given.strip() else []
    for file in files:
        with suppress(FileNotFoundError):
            found.append(read_master_key(file, may_create=False))
    return found


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
        _write_whole(path, base64.b64encode(master) + b"\n")
    except FileExistsError:
        return read_master_key(path, may_create=False)
    except OSError as error:
        said = f"{path} cannot be written: {error.strerror}"
        raise _unusable(said, hint="free space there, or give the server's user the right to") from error
    return master


def _write_whole(path: Path, content: bytes) -> None:
    """Whole or not at all, never over another file, and readable by its owner alone from its first byte."""
    file, partial = tempfile.mkstemp(prefix=".key-", dir=path.parent)
    try:
        os.write(file, content)
        os.fsync(file)
        os.link(partial, path)
        force_names(path.parent)  # what is sealed with it may outlive a loss of power elsewhere
    finally:
        os.close(file)
        os.unlink(partial)


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
