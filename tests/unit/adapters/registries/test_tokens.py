"""How a registry asks to log in."""

import httpx2
import pytest

from fairlead.adapters.registries.distribution import DistributionRegistry
from fairlead.adapters.registries.tokens import Challenge, fetch_token
from fairlead.domain.errors import Failed, Invalid
from fairlead.ports.container_engine import Credentials


def test_challenges_are_read() -> None:
    told = Challenge.read('Bearer realm="https://a.test/token",service="r, s",scope="repository:a/b:pull,push"')
    assert told is not None
    assert told.scheme == "bearer"
    assert told.parameters == {
        "realm": "https://a.test/token",
        "service": "r, s",
        "scope": "repository:a/b:pull,push",
    }
    assert Challenge.read("Basic realm=x") == Challenge("basic", {"realm": "x"})
    assert Challenge.read("Negotiate") is None
    assert Challenge.read("") is None


@pytest.mark.parametrize("realm", ["http://a.test/token", "file:///etc/passwd", ""])
async def test_credentials_never_go_where_it_is_not_safe(realm: str) -> None:
    def answer(_: httpx2.Request) -> httpx2.Response:
        raise AssertionError("nothing may be sent")

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
        with pytest.raises(Failed, match="not safe"):
            await fetch_token(
                client, Challenge("bearer", {"realm": realm}), "https://r.test", Credentials("ann", "secret")
            )


@pytest.mark.parametrize("url", ["", "ftp://x", "http://", "https://ann:secret@r.test"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        DistributionRegistry(url)


def test_references_begin_with_its_address() -> None:
    assert DistributionRegistry("https://r.test:5000/team/").address == "r.test:5000/team"
    assert DistributionRegistry("r.test").address == "r.test"
