"""The systemd unit of the server, as `fairlead-server setup` writes it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from fairlead.domain.errors import Refused
from fairlead.server.settings import Settings

UNIT = """\
[Unit]
Description=Fairlead, a deployment server
Wants=network-online.target
After=network-online.target docker.service

[Service]
ExecStart={program} up{config}
Environment=FAIRLEAD_DATA_DIR={data_dir}
Restart=always
RestartSec=1
# Proxy and registry are started by the server and outlive it: only the server itself is ended.
KillMode=process
TimeoutStopSec=60
LimitNOFILE=65536
UMask=0077

[Install]
WantedBy=multi-user.target
"""


def write(settings: Settings, folder: Path, config: Path | None) -> Path:
    """The unit's path; Refused `server.state` where it cannot be written."""
    program = shutil.which("fairlead-server") or f"{sys.executable} -m fairlead.entry.server"
    option = f" --config {config.resolve()}" if config else ""
    path = folder / "fairlead.service"
    try:
        path.write_text(UNIT.format(program=program, config=option, data_dir=settings.data_dir.resolve()))
    except OSError as error:
        raise Refused(
            "server.state", f"{path} cannot be written: {error.strerror}", hint="run it as root, or give --out"
        ) from error
    return path
