"""A tiny image for trying things, made of the Python that runs this: no registry, no internet, no build is needed.

It holds the interpreter, the few modules and libraries that `APPLICATION` needs, and nothing else. In it a container
serves HTTP, idles, runs to its end, or asks an address, by what its command says.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from fairlead.domain.errors import Failed
from fairlead.testing.ground.outside import Engine

PORT = 8080
SCRIPT = "/application.py"
BOUND_S = 60.0

APPLICATION = r"""
import os, signal, socket, sys, time, _thread

signal.signal(signal.SIGTERM, lambda *_: end())
role, version = (sys.argv[1:] or ["serve"])[0], os.environ.get("VERSION", "")


def end():
    if role == "idle":
        time.sleep(0.4)  # what works in the background ends what it has begun
    os._exit(0)


def answer(stream):
    try:
        stream.settimeout(10)
        said = b""
        while b"\r\n\r\n" not in said:
            more = stream.recv(4096)
            if not more:
                return
            said += more
        body = version.encode()
        head = "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
        stream.sendall(head.encode() + body)
        stream.shutdown(socket.SHUT_WR)
        stream.recv(1)
    except OSError:
        pass
    finally:
        stream.close()


def serve():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("0.0.0.0", 8080))
    listener.listen(128)
    while True:
        _thread.start_new_thread(answer, (listener.accept()[0],))


def ask(url):
    place, _, path = url.partition("://")[2].partition("/")
    host, _, port = place.partition(":")
    stream = socket.create_connection((host.encode(), int(port or 80)), timeout=10)
    stream.sendall(("GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (path, place)).encode())
    said = stream.recv(4096).decode()
    print(url, said.partition("\r\n")[0], flush=True)
    sys.exit(0 if " 200 " in said.partition("\r\n")[0] else 1)


if role == "serve":
    serve()
elif role == "idle":
    while True:
        time.sleep(3600)
elif role == "ask":
    ask(os.environ["TEST_URL"])
else:
    print(role, "done", flush=True)
"""

_LOOK = """
import json, os, signal, socket, sys, time, _thread
import encodings.ascii, encodings.latin_1, encodings.utf_8
modules = [m for m in list(sys.modules.values()) if getattr(m, "__file__", None)]
files = [f for m in modules for f in (m.__file__, getattr(m, "__cached__", None)) if f and os.path.isfile(f)]
print(json.dumps({"files": files, "os": os.__file__, "home": sys.base_prefix}))
"""


def make_image(engine: Engine, tag: str) -> None:
    """The image is in the engine under that tag. Failed `image.build` where this Python cannot be copied."""
    engine.import_image(tag, archive(), [f"CMD {json.dumps(command('serve'))}", *_environment()])


def command(role: str) -> list[str]:
    """What a container is started with."""
    return [os.path.realpath(sys.executable), "-S", SCRIPT, role]


def archive() -> bytes:
    """The image's whole file system, as a tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path in sorted(set(_files())):
            held = tar.gettarinfo(os.path.realpath(path), arcname=path.lstrip("/"))
            with Path(path).open("rb") as content:
                tar.addfile(held, content)
        for name, text in ((SCRIPT, APPLICATION), ("/etc/nsswitch.conf", "hosts: files dns\n")):
            entry = tarfile.TarInfo(name.lstrip("/"))
            entry.size, entry.mode = len(text.encode()), 0o644
            tar.addfile(entry, io.BytesIO(text.encode()))
        for name in ("tmp", "results"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o777
            tar.addfile(folder)
    return buffer.getvalue()


def _files() -> Iterator[str]:
    python = os.path.realpath(sys.executable)
    found = json.loads(_run([python, "-S", "-E", "-c", _LOOK]))
    yield python
    yield from (path for path in found["files"] if os.path.isabs(path))
    yield found["os"]
    libraries = list(_absolute(_run([python], LD_TRACE_LOADED_OBJECTS="1")))
    loader = next((path for path in libraries if os.path.basename(path).startswith("ld")), "")
    yield from libraries
    for path in found["files"]:
        if ".so" in os.path.basename(path) and loader:
            yield from _absolute(_run([loader, "--list", path]))


def _environment() -> list[str]:
    return [f"ENV PYTHONHOME={sys.base_prefix}", "ENV PYTHONDONTWRITEBYTECODE=1", f"EXPOSE {PORT}"]


def _absolute(text: str) -> Iterator[str]:
    for word in text.split():
        if os.path.isabs(word) and os.path.isfile(word):
            yield word


def _run(arguments: list[str], **environment: str) -> str:
    try:
        done = subprocess.run(
            arguments, capture_output=True, text=True, timeout=BOUND_S, env={"PATH": os.environ["PATH"], **environment}
        )
    except OSError as error:
        raise _not_made(str(error)) from error
    if done.returncode != 0:
        raise _not_made(done.stderr[-300:])
    return done.stdout


def _not_made(why: str) -> Failed:
    return Failed(
        "image.build",
        f"the image for the trial could not be made of {sys.executable}: {why}",
        thing=sys.executable,
        hint="give an image that serves HTTP on port 8080 with --image",
    )
