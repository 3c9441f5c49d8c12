"""How long each part of a deployment may take, how often it is tried, how much is done at once."""

PULL_TIMEOUT_S = 900.0
START_TIMEOUT_S = 60.0
PROXY_TIMEOUT_S = 30.0
ONE_SHOT_TIMEOUT_S = 600.0
RETIRE_TIMEOUT_S = 120.0

MARGIN_S = 30.0
"""What an effect with a bound of its own gets on top, so that it ends by its own bound and in its own words."""

STARTS_AT_ONCE = 8

TRIES = 5
"""An effect that could not ask is tried again; a "no" never is. With the engine's pauses that is four seconds: as long
as an engine takes to restart, or a proxy that died to be started again."""

PULL_TRIES = 3
"""A pull has a quarter of an hour each time."""

ONWARD_TRIES = 5
"""Behind the commit point there is no way back: the interpreter goes on after these, but says so."""
