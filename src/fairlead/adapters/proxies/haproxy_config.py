"""HAProxy's configuration as text: pure, and the same for the same books.

Routes are no part of it but the pool's state is: everything that is set at run time is rendered here too, so that a
start from the files is where the last process was. See HAProxy 2.6's configuration guide for each keyword.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from fairlead.adapters.proxies.haproxy_answers import EMPTY_ADDRESS, EMPTY_PORT
from fairlead.adapters.proxies.haproxy_books import Books, Claim, backend_name
from fairlead.adapters.proxies.haproxy_settings import HaproxySettings

MOST_CONNECTIONS = 50_000
RESERVED_FILES = 400  # listeners, runtime socket, threads, idle connections to servers
FEWEST_CONNECTIONS = 100

NONE_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Nothing here</title>
<meta name="viewport" content="width=device-width">
<style>body{font:16px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:32rem;padding:0 1rem;color-scheme:light dark}
small{opacity:.7}</style></head><body>
<h1>No service answers here yet</h1>
<p>The address is right, but nothing has been put live under it. If you expected something, try again in a moment.</p>
<p><small>503 &middot; Fairlead</small></p>
</body></html>
"""

DEFAULTS = """
defaults
  mode http
  # No log: what users ask for is not written to disk.
  timeout connect 5s
  timeout client 2m
  timeout http-request 20s
  timeout http-keep-alive 75s
  # A slow answer is not an error: an application that thinks for minutes is left alone.
  timeout server 10m
  timeout queue 20s
  timeout tunnel 24h
  timeout client-fin 30s
  timeout server-fin 30s
  # A connection that could not be made is tried again, on another server at last. A kept-alive connection that the
  # server closed just as it was used is tried again for the methods that may be repeated (see the fronts).
  retries 3
  option redispatch 1
  retry-on conn-failure empty-response
  balance roundrobin
"""


def connection_limit(open_files: int) -> int:
    """Connections for that many open files: each takes two, and HAProxy refuses to start where they do not fit.

    A negative number is no limit (`RLIM_INFINITY`).
    """
    if open_files < 0:
        return MOST_CONNECTIONS
    return max(FEWEST_CONNECTIONS, min(MOST_CONNECTIONS, (open_files - RESERVED_FILES) * 45 // 100))


def fingerprint(settings: HaproxySettings, books: Books, *, has_ipv6: bool) -> str:
    """Of all that only a start can change. The running proxy says it in its description."""
    text = _head(settings, "", 0) + DEFAULTS + _fronts(settings, has_ipv6) + NONE_PAGE
    pool = f"{books.backends} {books.servers}"
    return hashlib.sha256((text + pool).encode()).hexdigest()[:16]


def render(settings: HaproxySettings, books: Books, *, connections: int, mark: str, user: str, has_ipv6: bool) -> str:
    """The whole file. `user` is whom it becomes after it has bound its ports, or empty."""
    held = {claim.backend: claim for holding in books.holdings.values() for claim in holding.claims.values()}
    names = [backend_name(number) for number in range(books.backends)]
    backends = "".join(_backend(name, held.get(name), books.servers) for name in names)
    identity = f"  user {user}\n" if user else ""
    head = _head(settings, mark, connections)
    return head + identity + DEFAULTS + _fronts(settings, has_ipv6) + _none(settings) + backends


def _head(settings: HaproxySettings, mark: str, connections: int) -> str:
    return f"""# Made by Fairlead, and made anew with every change: do not edit.
global
  description fairlead {mark}
  stats socket {settings.socket} mode 600 level admin
  stats timeout 1h
  stats maxconn 64
  maxconn {connections}
  hard-stop-after 60s
  ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
"""


def _fronts(settings: HaproxySettings, has_ipv6: bool) -> str:
    fronts = ["\nfrontend http\n" + _binds(settings, settings.http_port, "", has_ipv6) + _routing(settings, "http")]
    if settings.https_port is not None:
        tls = f" ssl crt-list {settings.certificate_list} alpn h2,http/1.1"
        binds = _binds(settings, settings.https_port, tls, has_ipv6)
        fronts.append("\nfrontend https\n" + binds + _routing(settings, "https"))
    return "".join(fronts)


def _binds(settings: HaproxySettings, port: int, options: str, has_ipv6: bool) -> str:
    binds = []
    for address in _addresses(settings, has_ipv6):
        family, only = ("ipv6@", " v6only") if ":" in address else ("ipv4@", "")
        binds.append(f"  bind {family}{address}:{port}{only}{options}\n")
    return "".join(binds)


def _addresses(settings: HaproxySettings, has_ipv6: bool) -> Iterator[str]:
    for address in settings.addresses:
        if address == "*":
            yield "0.0.0.0"
            if has_ipv6:
                yield "::"
        else:
            yield address


def _routing(settings: HaproxySettings, scheme: str) -> str:
    """Look the route up once: host without port, in lower case, and path, as the longest prefix in the map."""
    lines = [
        "http-request set-var(txn.fl_host) req.hdr(host),host_only,lower,'regsub([.]$,)'",
        "http-request set-var-fmt(txn.fl_key) %[var(txn.fl_host)]%[path]/",
        f"http-request set-var(txn.fl_to) var(txn.fl_key),map_beg({settings.map})",
    ]
    if scheme == "http" and settings.https_port is not None:
        port = "" if settings.https_port == 443 else f":{settings.https_port}"
        redirect = f"http-request redirect location https://%[var(txn.fl_host)]{port}%[pathq] code 308"
        lines.append(f"{redirect} if {{ var(txn.fl_to) -m end :redirect }}")
    lines += [
        # What a client claims about itself is dropped, in every spelling that an application may read.
        "http-request del-header '^x[-_]forwarded([-_]|$)' -m reg",
        "http-request del-header '^(forwarded|x[-_]real[-_]ip|proxy)$' -m reg",
        "http-request set-header X-Forwarded-For %[src]",
        f"http-request set-header X-Forwarded-Proto {scheme}",
        "http-request set-header X-Forwarded-Host %[req.hdr(host)]",
        "http-request set-header X-Forwarded-Port %[dst_port]",
        "http-request disable-l7-retry if !{ method GET HEAD OPTIONS }",
        "use_backend %[var(txn.fl_to),word(1,:)] if { var(txn.fl_to) -m found }",
        "default_backend none",
    ]
    return "".join(f"  {line}\n" for line in lines)


def _none(settings: HaproxySettings) -> str:
    answer = f'status 503 content-type "text/html; charset=utf-8" file {settings.none_page}'
    headers = "hdr Cache-Control no-store hdr Retry-After 5"
    return f"\nbackend none\n  http-request return {answer} {headers}\n"


def _backend(name: str, claim: Claim | None, servers: int) -> str:
    if claim is None or not claim.servers:
        return f"\nbackend {name}\n  server-template s 1-{servers} {EMPTY_ADDRESS}:{EMPTY_PORT} disabled\n"
    return f"\nbackend {name}\n" + "".join(_server(claim, slot) for slot in range(1, servers + 1))


def _server(claim: Claim, slot: int) -> str:
    server = claim.servers.get(slot)
    if server is None:
        return f"  server s{slot} {EMPTY_ADDRESS}:{EMPTY_PORT} disabled\n"
    family = "ipv6@" if ":" in server.address else ""
    return f"  server s{slot} {family}{server.address}:{server.port}{'' if server.is_ready else ' disabled'}\n"
