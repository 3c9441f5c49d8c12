"""Tests that only make sense where visitors come in: what a page says about its own address must be true."""

import re
import unittest
from urllib.parse import urlsplit

from tests.visits import PUBLIC, visit


class PublicAddress(unittest.TestCase):
    def test_every_link_leads_to_where_we_are(self) -> None:
        for link in re.findall(r"""(?:href|src|action)="([^"]+)\"""", visit("/").text):
            url = urlsplit(link)
            if url.scheme in ("http", "https"):
                self.assertEqual(f"{url.scheme}://{url.netloc}", PUBLIC, f"{link} leads visitors away from {PUBLIC}")

    def test_the_connection_is_kept_for_the_next_page(self) -> None:
        self.assertNotEqual(visit("/").headers.get("Connection", "").lower(), "close")
