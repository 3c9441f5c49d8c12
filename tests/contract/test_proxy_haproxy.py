"""The real HAProxy keeps the contract of the proxy port."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.contract.proxy_rigs import HaproxyRig, haproxy_rig

from fairlead.testing.contracts.proxy import (
    ProxyCertificateContract,
    ProxyContract,
    ProxyDrainContract,
    ProxyRoutingContract,
)


@pytest.fixture
async def rig(free_port: Callable[[], int], haproxy_binary: Path) -> AsyncIterator[HaproxyRig]:
    async with haproxy_rig(free_port, haproxy_binary) as started:
        yield started


class TestHaproxy(ProxyContract):
    pass


class TestHaproxyRouting(ProxyRoutingContract):
    pass


class TestHaproxyDrain(ProxyDrainContract):
    pass


class TestHaproxyCertificates(ProxyCertificateContract):
    pass
