"""A place as a query names it: where a variable is asked for."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import Depends, Query

from fairlead.usecases.values import Where

Name: TypeAlias = Annotated[str, Query(max_length=200)]


def where_asked(
    environment: Name = "",
    channel: Annotated[str, Query(max_length=200, description="the release's or the default one without it")] = "",
    tenant: Name = "",
    target: Name = "",
    target_tag: Annotated[list[str], Query(description="tags that the step targets; may be repeated")] = [],  # noqa: B006
    step: Name = "",
    process: Annotated[str, Query(max_length=200, description="`deployment` without it")] = "",
) -> Where:
    """By names or ids."""
    return Where(environment, channel, tenant, target, tuple(target_tag), step, process)


WhereAsked: TypeAlias = Annotated[Where, Depends(where_asked)]
