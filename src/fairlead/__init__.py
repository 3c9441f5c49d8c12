"""Fairlead: from a push to production, blue-green, without losing a request."""

__version__ = "0.1.0"
