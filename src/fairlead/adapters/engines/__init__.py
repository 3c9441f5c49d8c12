"""Engines that run containers on one target."""
