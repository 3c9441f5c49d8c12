"""Tests of the code alone: no server, no database."""

import unittest

from guestbook import pages
from guestbook.answers import Request
from guestbook.book import MESSAGE_LIMIT, NAME_LIMIT, Entry, Refused, checked

IDENTITY = pages.Identity("1", "1.0.0", "blue", "web-1")
ENTRY = Entry(7, "Ada", "The light turns.", "21 Nov 2026, 10:00")


class Pages(unittest.TestCase):
    def test_what_a_visitor_wrote_is_escaped(self) -> None:
        entry = Entry(1, "<b>Bob</b>", "<script>alert(1)</script>", "now")
        text = pages.front(IDENTITY, [entry], Request("GET", "/"))
        self.assertNotIn("<script>", text)
        self.assertNotIn("<b>Bob", text)

    def test_the_front_page_shows_entries_and_who_answered(self) -> None:
        text = pages.front(IDENTITY, [ENTRY], Request("GET", "/"))
        for words in ("The light turns.", "Ada", "release 1.0.0", "blue", "web-1"):
            self.assertIn(words, text)

    def test_an_empty_book_says_so(self) -> None:
        self.assertIn("Be the first", pages.front(IDENTITY, [], Request("GET", "/")))


class Entries(unittest.TestCase):
    def test_spaces_around_words_are_dropped(self) -> None:
        self.assertEqual(checked("  Ada   Lovelace ", " Hello \n"), ("Ada Lovelace", "Hello"))

    def test_what_is_empty_or_too_long_is_refused(self) -> None:
        for name, message in (
            ("", "x"),
            ("x", " "),
            ("x" * (NAME_LIMIT + 1), "x"),
            ("x", "x" * (MESSAGE_LIMIT + 1)),
            ("x", "\0"),
        ):
            with self.assertRaises(Refused):
                checked(name, message)
