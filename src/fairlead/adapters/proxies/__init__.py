"""Proxies: one file for each idea of driving one from its runtime interface."""
