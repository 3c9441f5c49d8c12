"""Service messages: what is no rule of the cases: bounds, and looking properties up."""

from fairlead.domain.service_messages import MESSAGE_LIMIT, ServiceMessage, ServiceMessageParser


def test_properties_are_found_in_any_case() -> None:
    message = ServiceMessage("setVariable", {"Name": "A"})
    assert (message.get("name"), message.get("NAME"), message.get("value", "none")) == ("A", "A", "none")


def test_text_before_a_message_comes_at_once() -> None:
    assert list(ServiceMessageParser().feed("hello ##octo")) == ["hello "]


def test_a_message_that_never_ends_is_text_once_it_is_too_long() -> None:
    parser = ServiceMessageParser()
    began = list(parser.feed("##octopus[a"))
    rest = "".join(str(one) for _ in range(5) for one in parser.feed("x" * (MESSAGE_LIMIT // 4)))
    assert (began, rest[:12], len(rest)) == ([], "##octopus[ax", len("##octopus[a") + 5 * (MESSAGE_LIMIT // 4))
    assert list(parser.feed("##octopus[b]")) == [ServiceMessage("b", {})]
