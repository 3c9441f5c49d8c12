"""Channels of projects."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Response
from pydantic import Field

from fairlead.domain.channel import RangeNotation, VersionRule
from fairlead.server.api import answers, shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asking, Books, Limit, Search, revision_of, tag
from fairlead.server.routing import api_router
from fairlead.usecases import channels

router = api_router("channels")


class RuleBody(Body):
    """`range` in NuGet's or Maven's notation; `tag` a regular expression, searched in `prerelease[+metadata]`."""

    packages: list[str] = Field(default_factory=list, max_length=100, description="services or packages; empty: all")
    range: str = Field("", max_length=500)
    notation: RangeNotation = "nuget"
    tag: str = Field("", max_length=200)


class ChannelBody(Body):
    """The whole channel."""

    name: str = Field(max_length=100)
    description: str = Field("", max_length=10_000)
    lifecycle: str = Field("", max_length=200, description="by name; empty: the project's")
    is_default: bool = False
    rules: list[RuleBody] = Field(default_factory=list, max_length=50)
    tenant_tags: list[str] = Field(default_factory=list, max_length=100, description="Set/Tag")


@router.get("/projects/{project}/channels")
def list_channels(
    context: Books, actor: Asking, project: str, search: Search = "", after: After = None, limit: Limit = 50
) -> answers.Page[answers.Channel]:
    """The project's channels, by name."""
    return shapes.page(channels.page(context, actor, project, search=search, after=after, limit=limit), _shape)


@router.post("/projects/{project}/channels", status_code=201)
def add_channel(context: Books, actor: Asking, project: str, body: ChannelBody) -> answers.Channel:
    """Add a channel."""
    return _shape(channels.add(context, actor, project, _words(body)))


@router.get("/projects/{project}/channels/{channel}")
def get_channel(context: Books, actor: Asking, project: str, channel: str, response: Response) -> answers.Channel:
    """One channel."""
    found = channels.get(context, actor, project, channel)
    tag(response, found.channel.revision)
    return _shape(found)


@router.put("/projects/{project}/channels/{channel}")
def put_channel(
    context: Books,
    actor: Asking,
    project: str,
    channel: str,
    body: ChannelBody,
    response: Response,
    if_match: Annotated[str | None, Header(description="the ETag that was read")] = None,
) -> answers.Channel:
    """Replace the channel by the body. Releases that were made in it stay in it."""
    saved = channels.put(context, actor, project, channel, _words(body), revision=revision_of(if_match))
    tag(response, saved.channel.revision)
    return _shape(saved)


@router.delete("/projects/{project}/channels/{channel}", status_code=204)
def remove_channel(context: Books, actor: Asking, project: str, channel: str) -> Response:
    """Remove a channel in which no release was made."""
    channels.remove(context, actor, project, channel)
    return Response(status_code=204)


def _words(body: ChannelBody) -> channels.ChannelWords:
    rules = tuple(VersionRule(tuple(one.packages), one.range, one.notation, one.tag) for one in body.rules)
    return channels.ChannelWords(
        body.name, body.description, body.lifecycle, body.is_default, rules, tuple(body.tenant_tags)
    )


def _shape(view: channels.ChannelView) -> answers.Channel:
    one = view.channel
    return {
        "id": one.id,
        "name": one.name,
        "description": one.description,
        "lifecycle": view.lifecycle,
        "is_default": one.is_default,
        "rules": [
            {"packages": list(rule.packages), "range": rule.range, "notation": rule.notation, "tag": rule.tag}
            for rule in one.rules
        ],
        "tenant_tags": list(one.tenant_tags),
        "revision": one.revision,
    }
