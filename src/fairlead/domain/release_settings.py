"""How a project's releases are numbered and described, and until when their variables may be changed."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.errors import Invalid, TooLarge
from fairlead.domain.version import next_version

LONGEST_VERSION_TEMPLATE = 1000
LONGEST_TEMPLATE = 100_000
LONGEST_DONOR = 200
DEFAULT_VERSION_TEMPLATE = "c.i.0"
DEFAULT_CHANGES_TEMPLATE = """\
#{each release in Octopus.Deployment.Changes}
**Release #{release.Version}**

#{release.ReleaseNotes}
#{each workItem in release.WorkItems}
- [#{workItem.Id}](#{workItem.LinkUrl}) - #{workItem.Description}
#{/each}
#{/each}
"""


@dataclass(frozen=True, slots=True)
class ReleaseSettings:
    """`version_template` is a mask or a template (domain.release_number); with `donor`, a service or package, its
    version is the release's. `notes_template` makes the notes of a release that comes without any, `changes_template`
    what a deployment brings ("": the default). `locks_variables`: a release that was promoted keeps its variables."""

    version_template: str = DEFAULT_VERSION_TEMPLATE
    donor: str = ""
    notes_template: str = ""
    changes_template: str = ""
    locks_variables: bool = True


def check_settings(settings: ReleaseSettings) -> None:
    """Invalid `input.invalid` for a mask that is none; TooLarge for a template that is too long. What a template makes
    is known when a release is made."""
    if "#{" not in settings.version_template:
        next_version((), settings.version_template)
    bounds = {
        "version_template": LONGEST_VERSION_TEMPLATE,
        "donor": LONGEST_DONOR,
        "notes_template": LONGEST_TEMPLATE,
        "changes_template": LONGEST_TEMPLATE,
    }
    for name, most in bounds.items():
        if len(getattr(settings, name)) > most:
            raise TooLarge("input.too_large", f"{name} is over {most:,} characters", thing=name)
    if settings.donor and not settings.donor.isprintable():
        raise Invalid("input.name", f"{settings.donor[:80]!r} is not a service or package", thing="donor")
