"""What use cases know of the settings."""

from __future__ import annotations

from ipaddress import ip_address

from fairlead.server.settings import Settings
from fairlead.usecases.context import Installation


def installation_of(settings: Settings) -> Installation:
    """The settings that use cases know."""
    bind = settings.proxy_bind
    is_any = bind in ("*", "0.0.0.0", "::")
    return Installation(
        url=settings.url,
        proxy_domain=settings.proxy_domain,
        proxy_address="127.0.0.1" if is_any else bind,
        proxy_is_loopback=is_any or ip_address(bind).is_loopback,
        proxy_http_port=settings.proxy_http_port,
        proxy_https_port=settings.proxy_https_port,
        subnet_pool=settings.subnet_pool,
        session_hours=settings.session_hours,
        passwords_for_all=settings.password_sign_in == "all",
        memory_reserve_bytes=settings.room_margin_bytes,
        disk_reserve_bytes=settings.disk_margin_bytes,
        keep_releases=settings.keep_releases,
        keep_packages_days=settings.keep_packages_days,
        workspaces=str(settings.data_dir / "workspaces"),
    )
