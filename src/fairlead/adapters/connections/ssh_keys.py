"""Keys of SSH: a pair for a new target, and the key that a host offers."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib

from fairlead.adapters.connections.ssh import CONNECT_TIMEOUT_S
from fairlead.adapters.sources.keys import new_deploy_key
from fairlead.domain.errors import Invalid, Unreachable
from fairlead.domain.target import SshAccess
from fairlead.ports.hosts import KeyPair


class SshKeys:
    """As ports.hosts.Keys says."""

    def new_pair(self, comment: str) -> KeyPair:
        """Ed25519."""
        made = new_deploy_key(comment)
        return KeyPair(made.private, made.public)

    def fingerprint(self, host_key: str) -> str:
        """SHA-256 of the key's bytes in base64 without padding (ssh-keygen(1), -E)."""
        try:
            content = base64.b64decode(host_key.split()[1], validate=True)
        except (IndexError, binascii.Error) as error:
            raise Invalid("input.invalid", "this is not a host key", thing="host_key") from error
        return "SHA256:" + base64.b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")

    async def host_key(self, access: SshAccess) -> str:
        """What it offers in a key exchange that goes no further."""
        import asyncssh

        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                found = await asyncssh.get_server_host_key(access.host, access.port, config=None)
        except (OSError, asyncssh.Error) as error:  # TimeoutError among them
            words = getattr(error, "strerror", "") or str(error) or f"no answer within {CONNECT_TIMEOUT_S:g} s"
            hint = "is the name right, does the host run, and does this server reach its port?"
            raise Unreachable("host.unreachable", f"{access.address}: {words}", thing=access.host, hint=hint) from error
        if found is None:
            raise Unreachable("host.unreachable", f"{access.address}: it offers no key", thing=access.host)
        return " ".join(found.export_public_key("openssh").decode().split()[:2])
