"""Nothing here is timed: a machine that does other work, too, is slow."""

from hypothesis import settings

settings.register_profile("untimed")
settings.load_profile("untimed")
