"""Which registry a name leads to, and what it is logged in to with: looked up in the books."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from fairlead.domain.image import DOCKER_HUB
from fairlead.ports.container_engine import Credentials
from fairlead.ports.registry import Registry
from fairlead.store import registry_logins
from fairlead.store.database import Database
from fairlead.store.secret_versions import SecretUse
from fairlead.store.secrets import StoreSecrets

HUB_URL = "https://registry-1.docker.io"


class BookedRegistries:
    """As ports.registry.Registries says. `own` is Fairlead's, or the one that was given at `given_url`; `reached` makes
    one from its URL and what it is logged in to with."""

    def __init__(
        self,
        database: Database,
        secrets: StoreSecrets,
        own: Registry,
        reached: Callable[[str, Credentials | None], Registry],
        *,
        given_url: str = "",
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._own = own
        self._reached = reached
        self._scheme = urlsplit(given_url).scheme if "://" in given_url else ""

    def of(self, host: str) -> Registry:
        """Made anew each time: a login that was changed holds at once."""
        if host == self._own.address:
            return self._own
        if self._own.address.startswith(f"{host}/"):
            scheme = self._scheme or "https"
            return self._reached(f"{scheme}://{host}", self._own.credentials())
        url = HUB_URL if host == DOCKER_HUB else f"http://{host}" if _is_here(host) else f"https://{host}"
        return self._reached(url, self._login(host))

    def _login(self, host: str) -> Credentials | None:
        with self._database.reading() as books:
            held = next((one for one in registry_logins.all_of(books) if one.registry == host), None)
        if held is None:
            return None
        use = SecretUse(f"sign in to the registry {host} as {held.user}", host)
        return Credentials(held.user, self._secrets.use(self._database, [held.password], use)[held.password])


def _is_here(host: str) -> bool:
    """Engines speak plain HTTP with registries on their own machine."""
    name = host.rpartition(":")[0] or host
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == "localhost"
