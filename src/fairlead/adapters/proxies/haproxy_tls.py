"""Certificates of the TLS front: added, renewed and taken away while HAProxy runs.

Source: HAProxy 2.6 management guide, `new ssl cert`, `set ssl cert`, `commit ssl cert`, `add ssl crt-list`.
"""

from __future__ import annotations

import os
import re
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

from fairlead.adapters.proxies.haproxy_files import not_written
from fairlead.adapters.proxies.haproxy_settings import HaproxySettings
from fairlead.adapters.proxies.haproxy_socket import Command, RuntimeSocket, check, refused
from fairlead.domain.errors import Failed, Invalid

BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\s.*?-----END \1-----", re.DOTALL)
PEM_BYTES = 15_000  # the runtime socket takes one buffer (16 KiB) for a command and its payload
SELF_SIGNED = "fairlead.adapters.proxies.self_signed"


def clean_pem(pem: bytes) -> str:
    """The PEM blocks alone, without what lies between them; Invalid where they are no chain and key that fit."""
    blocks = [match.group(0).replace("\r\n", "\n") for match in BLOCK.finditer(pem.decode("ascii", errors="replace"))]
    text = "".join(re.sub(r"\n\s*\n", "\n", block) + "\n" for block in blocks)
    if not any("CERTIFICATE" in block for block in blocks) or not any("PRIVATE KEY" in block for block in blocks):
        raise _invalid("it must hold the certificate, its chain and the private key, as PEM")
    if "ENCRYPTED" in text:
        raise _invalid("the private key is encrypted; give it without a pass phrase")
    if len(text) > PEM_BYTES:
        raise _invalid(f"it has {len(text)} bytes, at most {PEM_BYTES} can be taken at run time; leave the root out")
    with tempfile.NamedTemporaryFile("w", prefix="fairlead-") as file:
        file.write(text)
        file.flush()
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file.name)
        except (ssl.SSLError, OSError, ValueError) as error:
            raise _invalid(f"OpenSSL says: {error}") from error
    return text


def ensure_default_certificate(settings: HaproxySettings) -> None:
    """The one that answers for hosts without their own: made once, signed by itself, so that the front can start."""
    path = settings.certificates / "default.pem"
    settings.certificates.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        write_certificate(path, _self_signed())


def write_certificate(path: Path, pem: str) -> None:
    """The file holds it, whole, for the owner only; Failed `host.disk` where it cannot be written."""
    new = path.with_name(f".{path.name}.new")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w") as file:
            file.write(pem)
            file.flush()
            os.fsync(descriptor)
        os.replace(new, path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise not_written(path.parent, error) from error


def restore_certificate(path: Path, pem: str | None) -> None:
    """The file holds what it held; None is no file."""
    if pem is None:
        path.unlink(missing_ok=True)
    else:
        write_certificate(path, pem)


async def put_certificate(socket: RuntimeSocket, settings: HaproxySettings, host: str, pem: str) -> None:
    """The running proxy answers with it for the host from the next handshake on."""
    path = str(settings.certificates / f"{host}.pem")
    loaded, left_open = await _loaded(socket)
    if left_open:
        # By somebody who died. Ours would go on with it, and put this certificate under the other's name.
        await socket.ask(f"abort ssl cert {left_open}")
    if path not in loaded:
        await _new(socket, path)
    await _set(socket, path, pem)
    commit = f"commit ssl cert {path}"
    (answer,) = await socket.ask(commit)
    if "Success!" not in answer:
        await socket.ask(f"abort ssl cert {path}")
        raise refused(commit, answer)
    if path not in await _listed(socket, settings):
        add = Command(f"add ssl crt-list {settings.certificate_list}", f"{path} {host}")
        (answer,) = await socket.ask(add)
        if "Success!" not in answer:
            raise refused(add, answer)


async def drop_certificate(socket: RuntimeSocket, settings: HaproxySettings, host: str) -> None:
    """The running proxy knows it no longer."""
    path = str(settings.certificates / f"{host}.pem")
    if path in await _listed(socket, settings):
        command = f"del ssl crt-list {settings.certificate_list} {path}"
        check([command], await socket.ask(command), allowed=("Entry '",))
    loaded, _ = await _loaded(socket)
    if path in loaded:
        command = f"del ssl cert {path}"
        check([command], await socket.ask(command), allowed=("Certificate '",))


async def _new(socket: RuntimeSocket, path: str) -> None:
    command = f"new ssl cert {path}"
    check([command], await socket.ask(command), allowed=("New empty certificate store",))


async def _set(socket: RuntimeSocket, path: str, pem: str) -> None:
    command = Command(f"set ssl cert {path}", pem)
    (answer,) = await socket.ask(command)
    if answer != f"Transaction created for certificate {path}!":
        await socket.ask(f"abort ssl cert {path}")
        raise _invalid(f"HAProxy says: {answer[:300]}")


async def _loaded(socket: RuntimeSocket) -> tuple[set[str], str]:
    """The certificates that the proxy has, and the one that a transaction is open for (there is one at most)."""
    (answer,) = await socket.ask("show ssl cert")
    lines = [line.strip() for line in answer.splitlines() if not line.startswith("#")]
    left_open = next((line.removeprefix("*") for line in lines if line.startswith("*")), "")
    return {line for line in lines if line.startswith("/")}, left_open


async def _listed(socket: RuntimeSocket, settings: HaproxySettings) -> set[str]:
    (answer,) = await socket.ask(f"show ssl crt-list {settings.certificate_list}")
    return {line.split()[0].partition(":")[0] for line in answer.splitlines() if line.startswith("/")}


def _self_signed() -> str:
    """From a child: what it loads to make one, 2 MB, a server has no other use for."""
    child = subprocess.run([sys.executable, "-m", SELF_SIGNED], capture_output=True, text=True, check=False)
    if child.returncode != 0:
        words = child.stderr.strip().splitlines() or ["no words"]
        raise Failed("proxy.failed", f"no certificate could be made for unknown hosts: {words[-1]}", thing="proxy")
    return child.stdout


def _invalid(why: str) -> Invalid:
    return Invalid("certificate.invalid", f"the certificate cannot be used: {why}", thing="certificate")
