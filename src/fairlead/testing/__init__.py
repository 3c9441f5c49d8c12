"""Shipped fakes, contract suites, crash sweep and builders."""
