"""A script's output: streams, levels and messages, however it is cut."""

from hypothesis import given
from hypothesis import strategies as st
from tests.printed import message

from fairlead.domain.script_output import ERROR_MARK, LONGEST_LINE, ScriptLine, ScriptOutput, Told
from fairlead.domain.service_messages import ServiceMessage

SAMPLE = (
    f"hello\n{ERROR_MARK}oops\nworld\r\n\n##octopus[stdout-verbose]\nat length\n##octopus[stdout-default]\n"
    f"a{message('progress', {'percentage': '5'})}b\n##octopus[stderr-warning]\n{ERROR_MARK}mind\n"
    f"##octopus[stdout-ignore]\nnever\n##octopus[stdout-default]\n##octopus[stderr-default]\n{ERROR_MARK}é🐙\nend"
)
EXPECTED = [
    ScriptLine("hello", "info"),
    ScriptLine("oops", "error", is_error=True),
    ScriptLine("world", "info"),
    ScriptLine("", "info"),
    ScriptLine("at length", "debug"),
    ScriptLine("a", "info"),
    ServiceMessage("progress", {"percentage": "5"}),
    ScriptLine("b", "info"),
    ScriptLine("mind", "warning", is_error=True),
    ScriptLine("é🐙", "error", is_error=True),
    ScriptLine("end", "info"),
]


def read(*pieces: bytes) -> list[Told]:
    output = ScriptOutput()
    return [told for piece in pieces for told in output.feed(piece)] + list(output.close())


def test_lines_have_their_streams_levels_and_messages_stand_between() -> None:
    assert read(SAMPLE.encode()) == EXPECTED


@given(st.lists(st.integers(0, len(SAMPLE.encode())), max_size=10))
def test_it_does_not_matter_where_the_bytes_are_cut(cuts: list[int]) -> None:
    content, at = SAMPLE.encode(), sorted(cuts)
    assert read(*(content[start:end] for start, end in zip([0, *at], [*at, len(content)], strict=True))) == EXPECTED


def test_a_line_of_the_error_stream_does_not_break_one_that_is_being_written() -> None:
    assert read(b"one ", f"{ERROR_MARK}error\n".encode(), b"line\n") == [
        ScriptLine("error", "error", is_error=True),
        ScriptLine("one line", "info"),
    ]


def test_a_line_without_an_end_is_told_in_parts() -> None:
    told = read(b"x" * (LONGEST_LINE + 1), b"y\n")
    assert told == [ScriptLine("x" * (LONGEST_LINE + 1), "info"), ScriptLine("y", "info")]


def test_what_is_no_utf_8_is_replaced() -> None:
    assert read(b"a\xffb\n\xc3") == [ScriptLine("a\ufffdb", "info"), ScriptLine("\ufffd", "info")]


@given(st.binary(max_size=200))
def test_any_bytes_are_told(content: bytes) -> None:
    assert all(isinstance(told, ScriptLine | ServiceMessage) for told in read(content))
