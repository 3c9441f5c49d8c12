"""What a project file says whatever the environment: what a run needs to build, test and make a release."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fairlead.domain.service import Build, Tests
from fairlead.domain.substitution import Lookup, substitute


@dataclass(frozen=True, slots=True)
class OutlineService:
    """One service as far as no environment is needed for it.

    `image` is as written, with `.env` filled in; a service that is built has "" there unless the file names one too.
    Where `image` still holds ``#{…}`` it differs by environment and can have no digest before the deployment.
    """

    name: str
    build: Build | None = None
    image: str = ""
    is_accessory: bool = False

    @property
    def has_fixed_image(self) -> bool:
        """Whether the release can pin the image by digest: it is built, or named without a variable."""
        return self.build is not None or (bool(self.image) and "#{" not in self.image)


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
