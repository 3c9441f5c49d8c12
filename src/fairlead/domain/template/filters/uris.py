"""The filter that gives a part of an address."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from urllib.parse import SplitResult, quote, unquote, urlsplit

from fairlead.domain.template.evaluation import Filter

USUAL_PORTS = {"http": 80, "https": 443, "ftp": 21, "ws": 80, "wss": 443, "ldap": 389, "ssh": 22}
NOT_ABSOLUTE = "This operation is not supported for a relative URI."


def _uri_part(value: str | None, options: Sequence[str]) -> str | None:
    """A part that cannot be had is said in the text itself, so that it is seen where it is used."""
    if value is None:
        return None
    if not options:
        return "[UriPart error: no argument given]"
    wanted = PARTS.get(options[0].lower())
    if wanted is None:
        return f"[UriPart {options[0]} error: argument '{options[0]}' not supported]"
    try:
        address = urlsplit(value.strip())
        _ = address.port
    except ValueError:
        return value
    if options[0].lower() != "isabsoluteuri" and not address.scheme:
        return f"[UriPart {options[0]} error: {NOT_ABSOLUTE}]"
    return wanted(address)


def _port(address: SplitResult) -> int:
    return address.port or USUAL_PORTS.get(address.scheme, -1)


def _is_usual(address: SplitResult) -> bool:
    return _port(address) == USUAL_PORTS.get(address.scheme, -1)


def _host(address: SplitResult) -> str:
    host = address.hostname or ""
    return f"[{host}]" if ":" in host else host


def _authority(address: SplitResult) -> str:
    return _host(address) if _is_usual(address) else f"{_host(address)}:{_port(address)}"


def _path(address: SplitResult) -> str:
    return quote(address.path, safe="/%:@!$&'()*+,;=~-._") or ("/" if address.netloc else "")


def _query(address: SplitResult) -> str:
    return f"?{address.query}" if address.query else ""


def _fragment(address: SplitResult) -> str:
    return f"#{address.fragment}" if address.fragment else ""


def _user(address: SplitResult) -> str:
    return address.netloc.rpartition("@")[0]


def _server(address: SplitResult) -> str:
    return f"{address.scheme}://{_authority(address)}"


def _absolute(address: SplitResult) -> str:
    user = _user(address)
    server = f"{address.scheme}://{user}@{_authority(address)}" if user else _server(address)
    return server + _path(address) + _query(address) + _fragment(address)


def _kind_of_host(address: SplitResult) -> str:
    try:
        return f"IPv{ipaddress.ip_address(address.hostname or '').version}"
    except ValueError:
        return "Dns" if address.hostname else "Basic"


def _is_loopback(address: SplitResult) -> bool:
    host = address.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("localhost", "loopback") or (address.scheme == "file" and not host)


def _truth(asks: Callable[[SplitResult], bool]) -> Callable[[SplitResult], str]:
    return lambda address: "true" if asks(address) else "false"


PARTS: dict[str, Callable[[SplitResult], str]] = {
    "absolutepath": _path,
    "absoluteuri": _absolute,
    "authority": _authority,
    "dnssafehost": lambda address: address.hostname or "",
    "fragment": _fragment,
    "host": _host,
    "hostandport": lambda address: f"{_host(address)}:{_port(address)}",
    "hostnametype": _kind_of_host,
    "isabsoluteuri": _truth(lambda address: bool(address.scheme)),
    "isdefaultport": _truth(_is_usual),
    "isfile": _truth(lambda address: address.scheme == "file"),
    "isloopback": _truth(_is_loopback),
    "isunc": _truth(lambda address: address.scheme == "file" and bool(address.netloc)),
    "path": lambda address: unquote(_path(address)),
    "pathandquery": lambda address: _path(address) + _query(address),
    "port": lambda address: str(_port(address)),
    "query": _query,
    "scheme": lambda address: address.scheme,
    "schemeandserver": _server,
    "userinfo": _user,
}

FILTERS: dict[str, Filter] = {"uripart": _uri_part}
