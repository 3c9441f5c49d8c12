"""What a project file says whatever the environment: what a run needs to build, test and make a release."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from fairlead.domain.errors import Invalid
from fairlead.domain.service import Build, Definition, Tests
from fairlead.domain.substitution import Lookup, substitute


@dataclass(frozen=True, slots=True)
class OutlineService:
    """One service as far as no environment is needed for it.

    `image` is as written, with `.env` filled in; a service that is built has "" there unless the file names one too.
    Where `image` still holds ``#{…}`` or ``${…}`` it differs by environment and can have no digest before the
    deployment.
    """

    name: str
    build: Build | None = None
    image: str = ""
    is_accessory: bool = False

    @property
    def has_fixed_image(self) -> bool:
        """Whether the release can pin the image by digest: it is built, or named without a variable."""
        return self.build is not None or (bool(self.image) and self.has_whole_name)

    @property
    def has_whole_name(self) -> bool:
        """Whether no variable stands in the image's name: no reference to an image holds a dollar sign."""
        return "#{" not in self.image and "$" not in self.image


@dataclass(frozen=True, slots=True)
class Outline:
    """The facts of a project file that hold in every environment.

    `carried` are the paths of all repository files that a release must hold so that the project can be compiled for an
    environment without the repository; each is a file, directories are listed by their files. `tests.environment` is as
    written, ``#{…}`` in it. `environments` are the names that the file's `environments:` mentions.
    """

    project: str
    services: tuple[OutlineService, ...]
    tests: Tests | None = None
    carried: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def with_build_secrets(outline: Outline, lookup: Lookup) -> Outline:
    """The outline with the variables that build secrets name (``#{Name}``) in their places, secret ones as references:
    what a run builds with. Invalid `variable.unknown` names the secret whose variable has no value."""

    def filled(name: str, build: Build | None) -> Build | None:
        if build is None or not build.secrets:
            return build
        secrets = {
            key: substitute(text, lookup, where=f"the build secret {key} of {name}")
            for key, text in build.secrets.items()
        }
        return replace(build, secrets=secrets)

    services = tuple(replace(one, build=filled(one.name, one.build)) for one in outline.services)
    tests = outline.tests and replace(outline.tests, build=filled("the test image", outline.tests.build))
    return replace(outline, services=services, tests=tests)


def with_images(outline: Outline, compiled: Mapping[str, Definition], *, by_tenant: Collection[str] = ()) -> Outline:
    """The outline with images as variables name them, so that the release can pin them by digest. `compiled` is the
    project by environment, as far as its variables hold there; a service that is in none of them stays as it is, and
    so do those `by_tenant`, whose images variables of tenants name by digest.
    Invalid `release.images` where an image is not the same in all of them, unless each is named by a digest already."""

    def named(what: str, written: str, found: Mapping[str, str]) -> str:
        images = sorted(set(found.values()))
        if len(images) < 2:
            return images[0] if images else written
        if all("@sha256:" in image for image in images) and not OutlineService(what, image=written).has_whole_name:
            return written
        told = ", ".join(f"{image or 'none'} in {environment}" for environment, image in found.items())
        raise Invalid(
            "release.images",
            f"the image of {what} is not the same in every environment: {told}",
            thing=what,
            hint="a release has one image of each service; let them differ by variables of the service instead",
        )

    services = tuple(
        one
        if one.build is not None or one.name in by_tenant
        else replace(one, image=named(one.name, one.image, _images_of(one.name, compiled)))
        for one in outline.services
    )
    tests = outline.tests
    if tests is not None and tests.image:
        found = {name: definition.tests.image for name, definition in compiled.items() if definition.tests is not None}
        tests = replace(tests, image=named("the tests", tests.image, found))
    return replace(outline, services=services, tests=tests)


def _images_of(service: str, compiled: Mapping[str, Definition]) -> dict[str, str]:
    return {
        environment: one.image
        for environment, definition in compiled.items()
        for one in definition.services
        if one.name == service
    }
