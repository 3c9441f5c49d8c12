"""A plan before it is applied, as plain JSON."""

from __future__ import annotations

from fairlead.server.api import answers
from fairlead.server.api.shapes import plan
from fairlead.steps.foresight import Change, Setting
from fairlead.usecases.foreseeing import Preview


def foreseen(one: Preview) -> answers.Foreseen:
    """The plan, and what it would change of what is there. `pending` false: all of it is live already."""
    told = one.foreseen
    return {
        **plan(one.plan),
        "pending": one.is_pending,
        "asked_hash": one.asked_hash,
        "is_as_asked": one.is_as_asked,
        "changed": list(one.changed),
        "unknown": list(one.unknown),
        "refused": one.refused,
        "containers": [change(each) for each in told.containers],
        "networks": [change(each) for each in told.networks],
        "volumes": [change(each) for each in told.volumes],
        "variables": [setting(each) for each in told.settings],
        "services": list(told.services),
        "accessories": list(told.accessories),
        "migration": told.migration,
        "tests": list(told.tests),
        "proxy": {
            "fill": list(one.proxy.fill),
            "point": list(one.proxy.point),
            "leave": list(one.proxy.leave),
            "back": list(one.proxy.back),
            "routes_removed": list(one.routes_removed),
        },
        "way_back": list(told.back),
        "allowed": [
            {"key": held.harm, "by": held.allowed_by, "at": held.allowed_at.isoformat(), "note": held.note}
            for held in one.allowed
        ],
    }


def change(one: Change) -> answers.Change:
    """One container, network or volume."""
    return {"doing": one.doing, "name": one.name, "service": one.service, "image": one.image}


def setting(one: Setting) -> answers.Setting:
    """One variable of a service; a secret by whether it changed alone."""
    return {
        "service": one.service,
        "name": one.name,
        "compared": one.compared,
        "old": one.old,
        "new": one.new,
        "secret": one.is_secret,
    }
