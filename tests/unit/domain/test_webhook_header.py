"""Headers that a webhook is posted with: which names there may be, and that no value ends its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.domain.errors import Invalid
from fairlead.domain.ids import SecretVersionId
from fairlead.domain.webhook_header import GIVEN, LONGEST_VALUE, MOST_HEADERS, merged

OLD = SecretVersionId("sec-1")


def refused(held: dict[str, SecretVersionId], headers: dict[str, str | None]) -> str:
    with pytest.raises(Invalid) as raised:
        merged(held, headers)
    assert raised.value.code == "subscription.header" and raised.value.hint
    return raised.value.message


def test_what_is_given_is_new_what_is_not_named_stays_and_what_is_empty_goes() -> None:
    held = {"X-Old": OLD, "X-Gone": OLD, "X-Kept": OLD}
    wanted = {"x-old": "new", "x-gone": "", "X-Kept": None, "Authorization": "Bearer a b"}
    assert merged(held, wanted) == {"x-old": GIVEN, "X-Kept": OLD, "Authorization": GIVEN}
    assert merged(held, {}) == held


@pytest.mark.parametrize(
    "name",
    [
        *("Content-Type", "content-length", "CONTENT-ENCODING", "Host", "User-Agent"),
        *("webhook-id", "Webhook-Timestamp", "webhook-signature", "webhook-other"),
        *("Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Expect"),
        *("Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection"),
        *("", " ", "X A", "X:A", "X\r\nY", "X\n", "Ä", "x" * 101, ":authority", "X\0"),
    ],
)
def test_ours_those_of_the_connection_and_what_is_no_name_are_refused(name: str) -> None:
    assert "s3cret" not in refused({}, {name: "s3cret"})


@pytest.mark.parametrize(
    "value",
    [
        *("s3cret\r\nX-Other: b", "s3cret\n", "\ns3cret", "s3\rcret", "s3\0cret"),
        *(" s3cret", "s3cret ", "\t", "s3crät", "s3cret\x7f", "s3cret" * LONGEST_VALUE),
    ],
)
def test_a_value_that_would_end_its_line_or_cannot_be_sent_is_refused_and_not_shown(value: str) -> None:
    said = refused({}, {"X-Key": value})
    assert "X-Key" in said and "s3" not in said


@given(st.text(max_size=50))
def test_whatever_is_taken_is_one_line_of_ascii(value: str) -> None:
    try:
        taken = merged({}, {"X-Key": value or None})
    except Invalid:
        return
    assert taken and value.isascii() and value.isprintable() | ("\t" in value) and value.strip() == value
    assert not set(value) & set("\r\n\0")


def test_a_value_is_missing_a_name_comes_twice_and_there_are_too_many() -> None:
    assert "no value" in refused({}, {"X-Key": None})
    assert "twice" in refused({}, {"X-Key": "a", "x-key": "b"})
    assert "no header" in refused({}, {"X-Key": ""})
    assert "at most" in refused({}, {f"X-{number}": "a" for number in range(MOST_HEADERS + 1)})
