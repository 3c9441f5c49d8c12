"""What HAProxy says is read as it is meant, and anything unexpected is an error that shows it."""

from contextlib import nullcontext

import pytest

from fairlead.adapters.proxies import haproxy_answers as answers
from fairlead.adapters.proxies.haproxy_socket import Command, check
from fairlead.domain.errors import Failed, Invalid

STATE_HEADER = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_port"


def state(operation: int, admin: int) -> str:
    return f"{STATE_HEADER}\n4 fl0000 1 s3 10.0.0.7 {operation} {admin} 1 8080"


@pytest.mark.parametrize(
    ("operation", "admin", "is_ready"),
    [
        (2, 0, True),  # started from a rendered file
        (2, 4, True),  # written `disabled`, made ready since: the bit stays
        (0, 5, False),  # in maintenance, by the file
        (0, 1, False),  # in maintenance, by command
        (2, 8, False),  # drained
        (2, 12, False),  # drained, written `disabled`
        (0, 0, False),  # down
        (1, 4, False),  # starting
    ],
)
def test_a_server_is_ready_when_it_runs_and_nobody_took_it_out(operation: int, admin: int, is_ready: bool) -> None:
    (server,) = answers.read_servers(state(operation, admin))
    assert (server.slot, server.address, server.port, server.is_ready) == (3, "10.0.0.7", 8080, is_ready)


def test_empty_slots_are_told_or_left_out() -> None:
    text = f"{STATE_HEADER}\n4 fl0000 1 s1 0.0.0.0 0 5 1 1\n4 fl0000 2 s2 10.0.0.7 2 4 1 80"
    assert [server.is_empty for server in answers.read_servers(text)] == [True, False]
    assert [server.slot for server in answers.read_servers(text, with_empty=False)] == [2]


@pytest.mark.parametrize("text", ["", "Can't find backend.", "2\n# be_id", f"{STATE_HEADER}\n4 fl0000 1 s1"])
def test_a_state_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(Failed):
        answers.read_servers(text)


def test_connections_in_use_are_counted_and_idle_ones_are_not() -> None:
    header = "# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb idle_lim"
    text = f"{header}\nfl0000/s1 5/1 10.0.0.7 80 - 5000 3 9 9 4 4 -1\nfl0000/s2 5/2 0.0.0.0 1 - 5000 0 0 0 0 0 -1"
    assert answers.read_connections(text) == {1: 3}
    with pytest.raises(Failed):
        answers.read_connections("No such backend.")


def test_a_map_is_read_and_its_first_entry_of_a_key_counts() -> None:
    entries = answers.read_map("0x55d0 a.example.com/ fl0000:tls\n0x55d1 b/x/ fl0001\n0x55d2 b/x/ fl0009")
    assert [str(entry) for entry in entries.values()] == ["fl0000:tls", "fl0001"]
    assert answers.read_map("") == {}
    with pytest.raises(Failed):
        answers.read_map("Unknown map identifier. Please use #<id> or <file>.")


def test_what_the_proxy_made_itself_is_what_no_server_answered() -> None:
    text = (
        "# pxname,svname,scur,req_tot,hrsp_5xx,srv_abrt,wretr,wredis,cli_abrt,hrsp_1xx\n"
        "fl0000,s1,2,,3,9,9,9,9,9\nfl0000,s2,1,,,,,,,\nfl0000,BACKEND,4,100,5,6,7,8,9,1\n"
    )
    usage = answers.read_usage(text)
    assert (usage.open_now, usage.open_by_slot) == (4, {1: 2, 2: 1})
    assert (usage.requests, usage.proxy_errors, usage.server_errors) == (100, 2, 3)
    assert (usage.broken, usage.retried, usage.redispatched, usage.left, usage.switched) == (6, 7, 8, 9, 1)
    with pytest.raises(Failed):
        answers.read_usage("No such proxy.")


def test_a_new_generation_has_a_number() -> None:
    assert answers.read_new_version("New version created: 12") == 12
    with pytest.raises(Failed):
        answers.read_new_version("Unknown map")


@pytest.mark.parametrize(
    "text",
    [
        "IP changed from '10.0.0.1' to '10.0.0.2', no need to change the port by 'stats socket command'",
        "no need to change the addr, no need to change the port by 'stats socket command'",
        "IP changed from '0.0.0.0' to '10.0.0.2', port changed from '1' to '80' by 'stats socket command'",
        "",
    ],
)
def test_success_with_text_is_success(text: str) -> None:
    told = ["set server fl0000/s1 addr 10.0.0.2 port 80"]
    check(told, [text], allowed=answers.ADDRESS_SET)
    with pytest.raises(Failed) if text else nullcontext():
        check(told, [text])


def test_any_other_text_is_a_failure_that_shows_it_and_no_payload() -> None:
    with pytest.raises(Failed) as error:
        check([Command("set ssl cert a.pem", "SECRET")], ["No such server."], allowed=answers.ADDRESS_SET)
    assert "No such server." in str(error.value)
    assert "SECRET" not in str(error.value)


@pytest.mark.parametrize("text", ["show info;show stat", "show\ninfo", "a\\ b", "a\x00b", "a\rb"])
def test_a_command_is_one_command(text: str) -> None:
    with pytest.raises(Invalid):
        Command(text).encoded()


def test_a_payload_cannot_end_early() -> None:
    with pytest.raises(Invalid):
        Command("set ssl cert a.pem", "one\n\nshow info").encoded()
