"""How a secret may be spelt where it should not be."""

import base64
import html
import json
import urllib.parse


def spellings_of(secret: str) -> list[bytes]:
    """As it is, and as base64 (at each offset), URLs, JSON, JSON in JSON, HTML, hexadecimal and Python spell it."""
    raw = secret.encode()
    shifted = [base64.b64encode(bytes(shift) + raw)[4 if shift else 0 : -4] for shift in range(3)]
    texts = [
        urllib.parse.quote(secret),
        urllib.parse.quote(secret, safe=""),
        urllib.parse.quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(secret))[3:-3],
        html.escape(secret),
        raw.hex(),
        repr(secret)[1:-1],
    ]
    return list(dict.fromkeys([raw, *shifted, *(text.encode() for text in texts)]))
