"""Maven's coordinates of a package: group, artifact, and what may follow."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.errors import Invalid


@dataclass(frozen=True, slots=True)
class MavenCoordinates:
    """``group:artifact[:version[:packaging[:classifier]]]``
    (maven.apache.org/plugins/maven-dependency-plugin/get-mojo.html); "" where a part is missing."""

    group: str
    artifact: str
    version: str = ""
    packaging: str = ""
    classifier: str = ""


def read_coordinates(text: str) -> MavenCoordinates:
    """What the text spells; Invalid `input.invalid`."""
    parts = [part.strip() for part in text.split(":")]
    if not 2 <= len(parts) <= 5 or not parts[0] or not parts[1]:
        raise Invalid(
            "input.invalid",
            f"{text[:120]!r} are not Maven's coordinates",
            thing="package",
            hint="group:artifact, for example com.google.guava:guava",
        )
    return MavenCoordinates(*parts)
