"""Hypothesis looks for a secret that shows through its mask."""

import base64
import json
from urllib.parse import quote, quote_plus

from hypothesis import given
from hypothesis import strategies as st

from fairlead.store.masks import SHORT, Mask

SECRETS = st.text(min_size=SHORT, max_size=40).filter(lambda text: len(text.strip()) >= SHORT)
TEXTS = st.text(max_size=20)


@given(SECRETS, TEXTS, TEXTS)
def test_no_encoding_of_a_secret_shows(secret: str, before: str, after: str) -> None:
    mask = Mask([secret])
    shown = secret.encode(errors="replace").decode()
    for form in (secret, quote(shown, safe=""), quote_plus(shown), json.dumps(secret)[1:-1]):
        if shown == secret:
            assert form not in mask.apply(f"{before}\n{form}\n{after}")


@given(SECRETS, st.binary(max_size=8), st.binary(max_size=8))
def test_base64_of_something_around_a_secret_does_not_give_it_away(secret: str, before: bytes, after: bytes) -> None:
    content = secret.encode(errors="replace")
    encoded = base64.b64encode(before + content + after).decode()
    masked = Mask([secret]).apply(encoded)
    if secret.encode(errors="replace").decode() == secret:
        assert encoded not in masked
