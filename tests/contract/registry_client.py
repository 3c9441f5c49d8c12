"""Puts small images into a registry over its HTTP API, as any other tool would."""

import hashlib
import json
import uuid

import httpx2

LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
CONFIG = "application/vnd.docker.container.image.v1+json"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


async def put_image(base: str, repository: str, tag: str, auth: tuple[str, str] | None = None) -> str:
    """An image of chance; its digest."""
    async with httpx2.AsyncClient(base_url=base, auth=auth, trust_env=False, verify=False) as client:
        layer = await _put_blob(client, repository, uuid.uuid4().bytes * 100)
        config = await _put_blob(client, repository, json.dumps({"nonce": uuid.uuid4().hex}).encode())
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, **config},
            "layers": [{"mediaType": LAYER, **layer}],
        }
        body = json.dumps(manifest).encode()
        path = f"/v2/{repository}/manifests/{tag}"
        (await client.put(path, content=body, headers={"Content-Type": MANIFEST})).raise_for_status()
    return "sha256:" + hashlib.sha256(body).hexdigest()


async def _put_blob(client: httpx2.AsyncClient, repository: str, content: bytes) -> dict[str, object]:
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    begun = await client.post(f"/v2/{repository}/blobs/uploads/")
    begun.raise_for_status()
    location = httpx2.URL(begun.headers["Location"]).copy_add_param("digest", digest)
    (await client.put(location, content=content)).raise_for_status()
    return {"size": len(content), "digest": digest}
