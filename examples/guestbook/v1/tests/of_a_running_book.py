"""Tests of a guest book that runs: in its slot before the switch, and behind the proxy after it."""

import unittest

from tests.visits import ENVIRONMENT, RELEASE, VERSION, places, visit


class Running(unittest.TestCase):
    def test_every_instance_is_healthy_and_of_this_version(self) -> None:
        for place in places():
            page = visit("/healthz", place)
            self.assertEqual((page.status, page.json()["version"]), (200, VERSION), place)

    def test_every_instance_belongs_to_the_release_under_test(self) -> None:
        for place in places():
            release = visit("/healthz", place).headers.get("X-Guestbook-Release", "")
            if RELEASE and release:
                self.assertEqual(release, RELEASE, place)

    def test_the_front_page_shows_the_book(self) -> None:
        page = visit("/")
        self.assertEqual(page.status, 200)
        self.assertIn("The guest book", page.text)
        self.assertIn(f'data-version="{VERSION}"', page.text)

    def test_the_style_is_there(self) -> None:
        self.assertIn("--accent", visit("/style.css").text)

    def test_entries_can_be_read_by_a_program(self) -> None:
        entries = visit("/entries.json").json()["entries"]
        self.assertTrue({"id", "name", "message", "written"} <= set(entries[0]))

    def test_a_slow_page_answers(self) -> None:
        self.assertEqual(visit("/slow?s=0.2").json()["waited_s"], 0.2)

    def test_an_unknown_page_is_not_found(self) -> None:
        self.assertEqual(visit("/nothing").status, 404)


@unittest.skipIf(ENVIRONMENT == "Production", "tests write nothing into the book that visitors read")
class Signing(unittest.TestCase):
    def test_what_is_signed_is_shown(self) -> None:
        page = visit("/entries", form={"name": "A test", "message": f"Version {VERSION} was here."})
        self.assertEqual((page.status, page.headers["Location"]), (303, "/"))
        self.assertIn(f"Version {VERSION} was here.", visit("/").text)

    def test_an_empty_message_is_refused(self) -> None:
        self.assertEqual(visit("/entries", form={"name": "A test", "message": " "}).status, 422)
