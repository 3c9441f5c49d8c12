"""Hypothesis cuts streams into pieces: what is read does not depend on where."""

import string

from hypothesis import given
from hypothesis import strategies as st
from tests.printed import message

from fairlead.domain.service_messages import ServiceMessage, ServiceMessageParser, read_message

NAMES = st.text(string.ascii_letters, min_size=1, max_size=12)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
MESSAGES = st.builds(ServiceMessage, NAMES, st.dictionaries(NAMES.map(str.lower), TEXTS, max_size=4))
ORDINARY = st.text("##octopus[]' =\n\rab", max_size=20)


def read(pieces: list[str]) -> tuple[list[ServiceMessage], str]:
    parser = ServiceMessageParser()
    found = [one for piece in pieces for one in parser.feed(piece)] + list(parser.close())
    messages = [one for one in found if isinstance(one, ServiceMessage)]
    return messages, "".join(one for one in found if isinstance(one, str))


@given(st.lists(MESSAGES | TEXTS.filter(lambda text: "#" not in text), max_size=6), st.data())
def test_messages_and_text_are_told_apart_wherever_they_are_cut(
    wanted: list[ServiceMessage | str], data: st.DataObject
) -> None:
    stream = "".join(one if isinstance(one, str) else message(one.name, one.properties) for one in wanted)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    messages, text = read(pieces)
    assert messages == [one for one in wanted if isinstance(one, ServiceMessage)]
    assert text == "".join(one for one in wanted if isinstance(one, str))


@given(ORDINARY, st.lists(st.integers(0, 20), max_size=6))
def test_no_text_is_lost_and_no_cut_matters(stream: str, cuts: list[int]) -> None:
    at = sorted(min(cut, len(stream)) for cut in cuts)
    pieces = [stream[start:end] for start, end in zip([0, *at], [*at, len(stream)], strict=True)]
    messages, text = read(pieces)
    assert (messages, text) == read([stream])
    assert messages or text == stream


@given(st.text(max_size=60))
def test_whatever_stands_in_the_brackets_is_read_or_not(body: str) -> None:
    found = read_message(body)
    assert found is None or found.name
