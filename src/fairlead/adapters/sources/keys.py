"""Deploy keys: Ed25519, made here, the private half never leaving the server."""

from __future__ import annotations

import re

from fairlead.ports.source import DeployKey

COMMENT_LENGTH = 100


def new_deploy_key(comment: str) -> DeployKey:
    """A new pair; of the comment only what is safe in an authorized_keys line is kept."""
    # 1 MB, and keys are made seldom: a server at rest does without it
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    said = re.sub(r"[^A-Za-z0-9@._:-]+", "-", comment).strip("-")[:COMMENT_LENGTH]
    return DeployKey(private, f"{public} {said}".strip())
