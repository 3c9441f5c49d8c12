"""What a script prints: service messages as text, for tests that read them."""

import base64
from collections.abc import Mapping


def message(name: str, properties: Mapping[str, str]) -> str:
    """As the functions that scripts find print it."""
    given = "".join(f" {key}='{base64.b64encode(value.encode()).decode()}'" for key, value in properties.items())
    return f"##octopus[{name}{given}]"
