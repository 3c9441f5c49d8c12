"""Everything that can be set: by a TOML file, by FAIRLEAD_… in the environment, and by FAIRLEAD_…_FILE for secrets."""

from __future__ import annotations

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from fairlead.domain.client_address import networks
from fairlead.domain.errors import Invalid

PREFIX = "FAIRLEAD_"
OTHERS = ("CONFIG", "URL", "API_KEY", "OIDC_TOKEN", "PROJECT", "GROUND", "VENV", "CACHE")
PLACEHOLDERS = f"{PREFIX}SECRET_"
"""What the command line and the makefile read of the same environment."""
_PASSWORD = re.compile(r"(\w+://[^:/@\s]*:)[^@\s]*@")
DEFAULT_FILE = Path("/etc/fairlead/fairlead.toml")

Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseModel):
    """The server's settings. Every name is also ``FAIRLEAD_<NAME>`` in the environment, and ``FAIRLEAD_<NAME>_FILE``
    names a file that holds the value. The environment wins over the file, the file over the default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data_dir: Path = Field(Path("/var/lib/fairlead"), description="where everything is kept that must survive")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the data directory")
    master_key: SecretStr | None = Field(
        None,
        description="key that encrypts secrets (base64, 32 bytes); empty: the file master.key in the data directory",
    )
    host: str = Field("127.0.0.1", description="address that web and API listen on")
    port: Port = Field(8600, description="port of web and API")
    public_url: str = Field("", description="how people and webhooks reach the server; empty: http://host:port")
    trusted_proxies: tuple[str, ...] = Field(
        (), description="addresses, or networks (10.1.0.0/16), of proxies whose X-Forwarded-For is believed"
    )
    max_body_bytes: int = Field(5 * 1024 * 1024, ge=1024, description="largest request body")
    max_package_bytes: int = Field(1024**3, ge=1024, description="largest package that may be pushed")
    session_hours: float = Field(12.0, gt=0, le=720, description="how long a sign-in in a browser lasts")

    password_sign_in: Literal["all", "administrators"] = Field(
        "all", description="who signs in with a password; others sign in by an identity provider, or use an API key"
    )

    admin_user: str = Field("admin", description="name of the first administrator")
    admin_email: str = Field("", description="e-mail of the first administrator")
    admin_password: SecretStr | None = Field(
        None, description="password of the first administrator; empty: one is made and shown once"
    )
    admin_api_key: SecretStr | None = Field(None, description="an API key for the first administrator, for automation")

    docker_socket: str = Field("/var/run/docker.sock", description="the container engine's Unix socket")
    proxy_bind: str = Field("0.0.0.0", description="address that routes listen on")
    proxy_http_port: Port = Field(80, description="port of routes, plain")
    proxy_https_port: Port = Field(443, description="port of routes, TLS; 0: none")
    proxy_domain: str = Field("localhost", description="domain below which routes without a host are made")
    proxy_backends: int = Field(
        128, ge=4, le=4096, description="spare backends; each route takes two; a change needs a restart of the proxy"
    )
    proxy_servers: int = Field(
        8, ge=1, le=256, description="replicas that a route can have at most; a change needs a restart of the proxy"
    )
    subnet_pool: str = Field("10.213.0.0/16", description="where the /26 networks of environments and slots come from")
    registry_port: Port = Field(8602, description="loopback port of Fairlead's own registry; releases name it")
    registry_url: str = Field("", description="an existing registry (host[:port][/prefix]) instead of Fairlead's own")
    registry_user: str = Field("", description="user at that registry")
    registry_password: SecretStr | None = Field(None, description="password at that registry")

    concurrency: int = Field(8, ge=1, le=64, description="tasks that run at once")
    poll_interval_s: float = Field(
        60.0, ge=1, description="how often a repository is asked for its head when no webhook comes"
    )
    room_margin_bytes: int = Field(
        256 * 1024 * 1024, ge=0, description="memory that must stay free beside the idle slot"
    )
    disk_margin_bytes: int = Field(1024 * 1024 * 1024, ge=0, description="disk that must stay free")
    keep_releases: int = Field(
        10, ge=1, description="releases of a project whose images are kept, beside those that are or were live"
    )
    keep_packages_days: int = Field(
        0, ge=0, description="days that packages of the feed are kept which no release names; 0: for ever"
    )
    audit_days: int = Field(
        0, ge=0, description="days after which events of the audit go into files, one a day; 0: they stay for ever"
    )
    task_log_days: int = Field(365, ge=1, description="days that the logs of ended tasks are kept")

    smtp_host: str = Field("", description="mail server for notifications; empty: no mail")
    smtp_port: Port = Field(587, description="its port")
    smtp_user: str = Field("", description="user at the mail server")
    smtp_password: SecretStr | None = Field(None, description="password at the mail server")
    smtp_from: str = Field("", description="sender of notifications")
    smtp_tls: Literal["starttls", "tls", "none"] = Field("starttls", description="how the mail server is spoken to")

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="what the server's own log tells"
    )
    log_format: Literal["auto", "json", "text"] = Field("auto", description="auto: text on a terminal, else JSON")

    @field_validator("subnet_pool")
    @classmethod
    def _pool_holds_networks(cls, value: str) -> str:
        network = ipaddress.ip_network(value)
        if network.version != 4 or network.prefixlen > 24:
            raise ValueError("must be an IPv4 network of /24 or larger")
        return str(network)

    @field_validator("proxy_bind")
    @classmethod
    def _bind_is_an_address(cls, value: str) -> str:
        return value if value == "*" else str(ipaddress.ip_address(value))

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        networks(value)
        return value

    @field_validator("public_url")
    @classmethod
    def _public_url_is_http(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @property
    def url(self) -> str:
        """How people reach the server."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def database(self) -> str:
        """The database's SQLAlchemy URL."""
        return self.database_url or f"sqlite:///{self.data_dir / 'fairlead.db'}"

    def shown(self) -> dict[str, str]:
        """Every setting as text, secrets masked: what `doctor` prints."""
        return {name: _show(getattr(self, name)) for name in type(self).model_fields}


def read(environment: Mapping[str, str], file: Path | None = None) -> Settings:
    """The settings in force; Invalid `server.settings` names each that is wrong, and where it came from."""
    given = _given(environment, file)
    try:
        return Settings.model_validate({name: value for name, (value, _) in given.items()})
    except ValidationError as error:
        origin = {name: where for name, (_, where) in given.items()}
        raise Invalid(
            "server.settings", _sentences(error, origin), hint="fairlead-server doctor lists all settings"
        ) from error


def origins(environment: Mapping[str, str], file: Path | None = None) -> dict[str, str]:
    """Where each setting that is not a default comes from: the file, or the variable of the environment."""
    return {name: where for name, (_, where) in _given(environment, file).items()}


def _given(environment: Mapping[str, str], file: Path | None) -> dict[str, tuple[Any, str]]:
    chosen = file or _named_file(environment)
    found = {name: (value, str(chosen)) for name, value in _from_file(chosen).items()} if chosen else {}
    for name in Settings.model_fields:
        said = _from_environment(environment, name)
        if said is not None:
            found[name] = said
    return found


def unknown(environment: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence for each FAIRLEAD_… in the environment that sets nothing. No error as in the file: others, too, call
    their variables so."""
    known = {environment_name(name) for name in Settings.model_fields}
    known |= {f"{name}_FILE" for name in known} | {PREFIX + name for name in OTHERS}
    names = (name for name in sorted(environment) if name.startswith(PREFIX) and not name.startswith(PLACEHOLDERS))
    return tuple(_unknown(name, known) for name in names if name not in known)


def _unknown(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"{name} is no setting and sets nothing" + (f"; is {near[0]} meant?" if near else "")


def environment_name(name: str) -> str:
    """The environment variable that sets `name`."""
    return PREFIX + name.upper()


def _named_file(environment: Mapping[str, str]) -> Path | None:
    named = environment.get(PREFIX + "CONFIG")
    if named:
        return Path(named)
    return DEFAULT_FILE if DEFAULT_FILE.is_file() else None


def _from_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text())
    except OSError as error:
        raise Invalid("server.settings", f"{file} cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise Invalid("server.settings", f"{file} is not TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise Invalid("server.settings", f"{file} cannot be read: it is not UTF-8 text") from error


def _from_environment(environment: Mapping[str, str], name: str) -> tuple[Any, str] | None:
    key = environment_name(name)
    if key in environment:
        return _typed(name, environment[key]), key
    if key + "_FILE" in environment:
        path = environment[key + "_FILE"]
        try:
            return _typed(name, Path(path).read_text().strip()), f"{key}_FILE"
        except OSError as error:
            raise Invalid("server.settings", f"{key}_FILE: {path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise Invalid("server.settings", f"{key}_FILE: {path} cannot be read: it is not UTF-8 text") from error
    return None


def _typed(name: str, value: str) -> Any:
    if "tuple" in str(Settings.model_fields[name].annotation):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _sentences(error: ValidationError, origin: Mapping[str, str]) -> str:
    parts = []
    for problem in error.errors():
        name = ".".join(str(part) for part in problem["loc"])
        where = origin.get(name.split(".")[0], "the settings")
        parts.append(f"{name} (from {where}): {problem['msg']}")
    return "; ".join(parts)


def _show(value: object) -> str:
    if isinstance(value, SecretStr):
        return "•••"
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)
    return "" if value is None else _PASSWORD.sub(r"\1•••@", str(value))
