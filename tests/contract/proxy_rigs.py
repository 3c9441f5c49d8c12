"""A real HAProxy with real upstreams behind it, as the contract suite and the tests of the adapter want them."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fairlead.adapters.proxies import haproxy_child
from fairlead.adapters.proxies.haproxy import HaproxyProxy
from fairlead.adapters.proxies.haproxy_settings import HaproxySettings
from fairlead.ports.proxy import Endpoint
from fairlead.testing.upstream import Upstream

BOUND_S = 15.0
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class RealClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def make_certificate(host: str, *, key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    """A certificate that signs itself, with a key of its own, and the key, as PEM."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(NOW).not_valid_after(NOW + timedelta(days=3650))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    form = serialization.PrivateFormat.PKCS8
    return certificate + key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


class HaproxyRig:
    """One HAProxy in a directory of its own, on free ports of the loopback."""

    def __init__(self, settings: HaproxySettings) -> None:
        self.settings = settings
        self.clock = RealClock()
        self.proxy = HaproxyProxy(settings, self.clock)
        self.routes = settings.backends // 2
        self.replicas = settings.servers
        self.upstreams: dict[str, Upstream] = {}
        self.proxies = [self.proxy]
        self._started: list[Upstream] = []

    async def start(self) -> haproxy_child.HaproxyChild:
        return await haproxy_child.ensure_running(self.settings, self.clock)

    async def close(self) -> None:
        for proxy in self.proxies:
            proxy.close()
        await haproxy_child.stop(self.settings, self.clock, grace_s=0.0)
        for upstream in self._started:
            await upstream.stop()

    def reborn(self) -> HaproxyProxy:
        self.proxies.append(HaproxyProxy(self.settings, self.clock))
        return self.proxies[-1]

    async def upstream(self, name: str) -> Upstream:
        upstream = await Upstream(name, f"127.0.0.{len(self._started) % 250 + 2}").__aenter__()
        self._started.append(upstream)
        self.upstreams[name] = upstream
        return upstream

    async def endpoint(self, name: str) -> Endpoint:
        return (await self.upstream(name)).endpoint

    async def request(
        self, host: str, path: str = "/", *, headers: str = "", method: str = "GET", tls: str | None = None
    ) -> tuple[int, str, str]:
        """Status, head and body of one request on a connection of its own; `tls` is the name to ask for."""
        port = self.settings.http_port if tls is None else self.settings.https_port
        context = _trusting() if tls is not None else None
        connection = asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=tls)
        reader, writer = await asyncio.wait_for(connection, BOUND_S)
        try:
            writer.write(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n".encode())
            answer = (await asyncio.wait_for(reader.read(), BOUND_S)).decode()
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        head, _, body = answer.partition("\r\n\r\n")
        return int(head.split(" ")[1]) if head else 0, head, body

    async def ask(self, host: str, path: str = "/") -> str | None:
        status, _, body = await self.request(host, path)
        return body if status == 200 else None

    @asynccontextmanager
    async def hold(self, host: str) -> AsyncIterator[None]:
        before = sum(upstream.held for upstream in self.upstreams.values())
        request = asyncio.create_task(self.request(host, "/hold"))
        deadline = time.monotonic() + BOUND_S
        while sum(upstream.held for upstream in self.upstreams.values()) == before:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.005)
        try:
            yield
        finally:
            for upstream in self.upstreams.values():
                upstream.release()
            await asyncio.wait([request], timeout=BOUND_S)

    async def kill(self) -> None:
        pid = haproxy_child.running_pid(self.settings)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + BOUND_S
        while haproxy_child.running_pid(self.settings) is not None:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.005)

    async def restart(self) -> None:
        await self.kill()
        await self.start()

    def certificate(self, host: str) -> bytes:
        return make_certificate(host)

    async def shows(self, host: str, pem: bytes) -> bool:
        context = _trusting()
        connection = asyncio.open_connection("127.0.0.1", self.settings.https_port, ssl=context, server_hostname=host)
        _, writer = await asyncio.wait_for(connection, BOUND_S)
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return bool(shown == ssl.PEM_cert_to_DER_cert(pem.decode().split("-----BEGIN PRIVATE KEY")[0]))


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@asynccontextmanager
async def haproxy_rig(
    free_port: Callable[[], int], binary: Path, *, backends: int = 12, servers: int = 4, https: bool = True
) -> AsyncIterator[HaproxyRig]:
    """Started, and ended with all it left; a short directory, for a Unix socket's path is."""
    directory = Path(tempfile.mkdtemp(prefix="fl-proxy-"))
    settings = HaproxySettings(
        directory=directory / "haproxy",
        http_port=free_port(),
        https_port=free_port() if https else None,
        addresses=("127.0.0.1",),
        backends=backends,
        servers=servers,
        binary=str(binary),
    )
    rig = HaproxyRig(settings)
    try:
        await rig.start()
        yield rig
    finally:
        await rig.close()
        shutil.rmtree(directory)
