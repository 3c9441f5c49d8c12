"""What is deployed on the throw-away server, one project for each strategy; each deployment leaves the same shape."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fairlead.testing.ground.image import PORT, command

Act = Literal["release", "rollback", "recreate-accessory"]


@dataclass(frozen=True, slots=True)
class Strategy:
    """One project: its services beside `web`, and what is done to deploy once more."""

    name: str
    services: str = ""
    web: str = ""
    act: Act = "release"
    more: str = ""
    has_tests: bool = False
    images: tuple[str, ...] = ()
    deployments_before: int = 1
    kill_at: str = "point"
    makes_again: str = ""
    keeps_standby: bool = False

    def file(self, project: str, version: str) -> str:
        """The project file of that version."""
        health = f"    port: {PORT}\n    health: {{http: /, within: 20s}}\n    drain: 1s\n    stop_grace_period: 1s\n"
        text = f"project: {project}\nservices:\n  web:\n{health}{self.web}"
        text += f'    environment: {{VERSION: "{version}"}}\n{self.services}{self.more}'
        if self.has_tests:
            text += f"tests:\n  image: tiny\n  command: {_words('ask')}\n  kinds: [pre-integration, post-integration]\n"
        return text


def _words(role: str) -> str:
    return json.dumps(command(role))


def _service(name: str, role: str, *more: str) -> str:
    lines = [
        f"  {name}:",
        f"    command: {_words(role)}",
        "    stop_grace_period: 1s",
        *(f"    {line}" for line in more),
    ]
    return "\n".join(lines) + "\n"


ONE_SHOT = "    depends_on: {seed: {condition: service_completed_successfully}}\n"

STRATEGIES: Sequence[Strategy] = (
    Strategy(
        "blue-green",
        services=_service("seed", "once"),
        web=ONE_SHOT,
        more=f"migrate: {{service: web, command: {_words('migrate')}}}\n",
        has_tests=True,
        images=("seed",),
    ),
    Strategy(
        "worker",
        services=_service("worker", "idle") + _service("eager", "idle", "overlap: true"),
        images=("worker", "eager"),
        kill_at="stop:worker",
    ),
    Strategy(
        "recreate",
        services=_service("cron", "idle", "strategy: recreate"),
        web="    strategy: recreate\n    route: true\n",
        images=("cron",),
        kill_at="stop:web",
    ),
    Strategy(
        "accessory",
        services=_service("db", "idle", "accessory: true", "volumes: [data:/data]"),
        more="volumes: {data: {}}\n",
        act="recreate-accessory",
        images=("db",),
        kill_at="accessory:db",
        makes_again="accessory:db",
    ),
    Strategy("rollback", act="rollback", deployments_before=2),
    Strategy(
        "standby-switch",
        services=_service("worker", "idle"),
        web="    standby: 1h\n",
        act="rollback",
        images=("worker",),
        deployments_before=2,
        keeps_standby=True,
    ),
)


def images_of(strategy: Strategy, image: str) -> Mapping[str, str]:
    """The one image for every service: what a container does is in its command."""
    return dict.fromkeys(("web", *strategy.images), image)
