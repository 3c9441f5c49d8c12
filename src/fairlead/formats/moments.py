"""Times that people give, as files and requests have them: with an offset, and such as every zone can show."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

from fairlead.domain.zones import shown_everywhere

GivenTime = Annotated[AwareDatetime, AfterValidator(shown_everywhere)]
"""It is kept in UTC, and shown in the zone of whoever looks."""
