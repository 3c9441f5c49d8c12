"""What is told of the installation."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.domain.notification import NotificationKind
from fairlead.server.api.answers.lists import Moment


class Environment(TypedDict):
    """A stage that releases pass through, in the order of `order`."""

    id: str
    name: str
    order: int
    description: str
    asks_approval: Annotated[bool, Field(description="where a lifecycle states no phases")]
    approval_expires_s: Annotated[int, Field(description="without an answer; 0: never")]
    guided: Annotated[bool, Field(description="a person is asked where an action fails, unless the process says no")]
    revision: int


class Policy(TypedDict):
    """What was allowed beyond the harmless, where and by whom."""

    id: str
    project: str
    environment: str
    key: str
    note: str
    allowed_by: str
    allowed_at: Moment


class TlsCertificate(TypedDict):
    """What the proxy answers with for a host; its key is never told."""

    host: str
    fingerprint: str
    not_before: Moment
    not_after: Moment
    created_by: str


class Notification(TypedDict):
    """Who is told of what."""

    id: str
    kind: NotificationKind
    address: str
    events: list[str]
    project: Annotated[str, Field(description='"": every project')]
    is_signed: Annotated[bool, Field(description="whether a secret signs what is posted")]
    revision: int


class Registry(TypedDict):
    """A registry that images are pulled from with credentials; the password is never told."""

    registry: str
    user: str
    created_at: Moment
    created_by: str


class RegistryNotifications(TypedDict):
    """Where a registry of your own sends its notifications, and with which `Authorization`."""

    url: str
    authorization: str
