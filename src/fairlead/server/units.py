"""The systemd units, as `fairlead-server setup` writes them: what users reach, and the server."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from fairlead.domain.errors import Refused
from fairlead.server.settings import Settings

BOOT = """\
[Unit]
Description=Fairlead's proxy and what is live, before and without the server
Wants=network-online.target docker.service
After=network-online.target docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={program} boot{config}
Environment=FAIRLEAD_DATA_DIR={data_dir}
# The proxy goes on when this unit is stopped: `fairlead-server down` ends it.
KillMode=process
TimeoutStartSec=600
LimitNOFILE=65536
UMask=0077

[Install]
WantedBy=multi-user.target
"""

UNIT = """\
[Unit]
Description=Fairlead, a deployment server
Wants=network-online.target
After=network-online.target docker.service fairlead-boot.service

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


def write(settings: Settings, folder: Path, config: Path | None) -> tuple[Path, Path]:
    """The paths of both units, boot's first; Refused `server.state` where they cannot be written."""
    program = shutil.which("fairlead-server") or f"{sys.executable} -m fairlead.entry.server"
    option = f" --config {config.resolve()}" if config else ""
    paths = folder / "fairlead-boot.service", folder / "fairlead.service"
    try:
        for path, text in zip(paths, (BOOT, UNIT), strict=True):
            path.write_text(text.format(program=program, config=option, data_dir=settings.data_dir.resolve()))
    except OSError as error:
        raise Refused(
            "server.state", f"{folder} cannot be written to: {error.strerror}", hint="run it as root, or give --out"
        ) from error
    return paths
