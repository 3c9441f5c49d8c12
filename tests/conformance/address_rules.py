"""Judges whose address counts where proxies say whom they were asked by."""

from __future__ import annotations

from collections.abc import Iterator

from tests.conformance.judging import Case, Verdict

from fairlead.domain.client_address import client_address, networks


def judge(case: Case) -> Iterator[Verdict]:
    """`trusted` addresses and networks, the `client` that asks, and what its `xff` says (nothing without one)."""
    came = client_address(case["client"], case.get("xff") or "", networks(tuple(case["trusted"])))
    yield Verdict("", came == case["expected"], case["expected"], came)
