"""Cells of tables that say which column they are of."""

from __future__ import annotations

import re

from tests.unit.server.conftest import Visit

from fairlead.server.web.stacking import labelled

HEAD = (
    '<thead><tr><th scope="col">Name</th><th scope="col">How <b>far</b></th><th scope="col">Why</th>'
    '<th scope="col"><span class="visually-hidden">Acts</span></th></tr></thead>'
)


def table(*rows: str, classes: str = "table card-table fl-table") -> str:
    return f'<table class="{classes}">{HEAD}<tbody>{"".join(rows)}</tbody></table>'


def test_each_cell_names_its_column_but_for_the_name_of_the_row_and_what_is_done_to_it() -> None:
    row = '<tr><th scope="row">one</th><td>3</td><td class="fl-wrap">so</td><td><form></form></td></tr>'
    said = '<tr><th scope="row">one</th><td data-label="How far">3</td><td class="fl-wrap" data-label="Why">so</td>'
    assert labelled(f"<p>{table(row, row)}</p>") == f"<p>{table(*[f'{said}<td><form></form></td></tr>'] * 2)}</p>"


def test_an_empty_cell_says_so_and_one_over_several_columns_names_none() -> None:
    rows = (
        "<tr><th>one</th><td>\n </td><td>x</td></tr>",
        '<tr><th>two</th><td colspan="2">no report</td><td>-</td></tr>',
    )
    drawn = labelled(table(*rows))
    assert "<td data-empty>\n </td>" in drawn and '<td data-label="Why">x</td>' in drawn
    assert '<td colspan="2">no report</td><td>-</td>' in drawn


def test_other_tables_stay_as_they_are() -> None:
    other = table("<tr><td>x</td></tr>", classes="fl-grid")
    assert labelled(other) == other and labelled("<p>fl-table</p>") == "<p>fl-table</p>"


def test_a_page_and_a_part_of_one_are_drawn_with_them(looking: Visit) -> None:
    assert re.search(r'<td[^>]* data-label="State"', looking.get("/tasks"))
    assert 'data-label="Outcome"' in looking.get("/projects/books/environments/Production/history")
