"""Filters of templates."""

from __future__ import annotations

from fairlead.server.web.rendering import options, with_code


def test_what_stands_between_backticks_is_code_and_all_else_is_escaped() -> None:
    assert with_code("run `fairlead rollback` now") == "run <code>fairlead rollback</code> now"
    assert with_code("a <b> `<script>` and a lone `") == "a &lt;b&gt; <code>&lt;script&gt;</code> and a lone `"


def test_choices_are_escaped_each_for_itself() -> None:
    assert options(("<a>", "b & c")) == "<option>&lt;a&gt;</option><option>b &amp; c</option>"
    assert options(("a", "b"), "b") == "<option>a</option><option selected>b</option>"
    assert options(()) == ""
