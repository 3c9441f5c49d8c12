"""What a success is to change is told before, compared after, and every other difference is named."""

from fairlead.domain.announced import Announced, unexpected
from fairlead.domain.capture import Capture, ContainerState, NetworkState, RegisteredState, RoutedState, SlotRecord
from fairlead.domain.record import from_data, to_data

RUNS = ContainerState("", "", is_running=True)
BEFORE = Capture(
    containers={"old": ContainerState("1", "c", True), "db": ContainerState("2", "d", True)},
    networks={"env": NetworkState("n1", ("10.0.0.0/26",)), "slot-old": NetworkState("n2", ("10.0.0.64/26",))},
    volumes=("data",),
    registrations={"old": RegisteredState("web", "blue", "10.0.0.66", 80)},
    routes={"r": RoutedState("h", "/", False, "blue", ("blue 10.0.0.66:80",))},
    slots={"blue": SlotRecord("live", "d1", "r1", "slot-old"), "green": SlotRecord("empty")},
)
ANNOUNCED = Announced(
    containers={"new": RUNS, "old": None},
    networks={"env": NetworkState("", ()), "slot-new": NetworkState("", ("10.0.0.128/26",)), "slot-old": None},
    registrations={"new": RegisteredState("web", "green", "10.0.0.130", 80), "old": None},
    routes={"r": RoutedState("h", "/", False, "green", ("green 10.0.0.130:80",))},
    slots={"blue": SlotRecord("empty"), "green": SlotRecord("live", "d2", "r2", "slot-new")},
)
AFTER = Capture(
    containers={"new": ContainerState("3", "e", True), "db": BEFORE.containers["db"]},
    networks={"env": BEFORE.networks["env"], "slot-new": NetworkState("n3", ("10.0.0.128/26",))},
    volumes=("data", "more"),
    registrations={"new": RegisteredState("web", "green", "10.0.0.130", 80)},
    routes={"r": RoutedState("h", "/", False, "green", ("green 10.0.0.130:80",))},
    slots={"blue": SlotRecord("empty"), "green": SlotRecord("live", "d2", "r2", "slot-new")},
)


def test_what_is_as_announced_or_as_it_was_is_certified():
    assert unexpected(BEFORE, AFTER, ANNOUNCED) == ()


def test_every_other_difference_is_named():
    wrong = Capture(
        containers={
            "old": BEFORE.containers["old"],
            "new": ContainerState("3", "e", False),
            "db": ContainerState("9", "d", True),
            "stray": ContainerState("7", "x", True),
        },
        networks={"slot-new": NetworkState("n3", ("10.9.9.0/26",)), "slot-old": BEFORE.networks["slot-old"]},
        registrations={"new": RegisteredState("web", "green", "10.0.0.131", 80)},
        routes={"r": RoutedState("h", "/", False, "blue", ("blue 10.0.0.66:80",))},
        slots={"blue": SlotRecord("empty")},
    )
    assert unexpected(BEFORE, wrong, ANNOUNCED) == (
        "container db is another one: 9 instead of 2",
        "container new does not run any more",
        "container old is still there",
        "container stray is there, and nobody announced it",
        "network env is not there",
        "network slot-new has 10.9.9.0/26 instead of 10.0.0.128/26",
        "network slot-old is still there",
        "volume data is gone",
        "registration new says 10.0.0.131:80 (green) instead of 10.0.0.130:80 (green)",
        "route r points at blue instead of green",
        "route r has the servers blue 10.0.0.66:80 instead of green 10.0.0.130:80",
        "slot green is not there",
    )


def test_what_only_stops_keeps_its_id():
    announced = Announced(containers={"old": ContainerState("", "", is_running=False)})
    stopped = Capture(containers={"old": ContainerState("1", "c", False), "db": BEFORE.containers["db"]})
    other = Capture(containers={"old": ContainerState("8", "c", False), "db": BEFORE.containers["db"]})
    before = Capture(containers=BEFORE.containers)
    assert unexpected(before, stopped, announced) == ()
    assert unexpected(before, other, announced) == ("container old is another one: 8 instead of 1",)


def test_nothing_announced_is_nothing_changed():
    assert unexpected(BEFORE, BEFORE, Announced()) == ()
    assert "container new is there, and nobody announced it" in unexpected(BEFORE, AFTER, Announced())


def test_it_is_told_in_sentences_and_kept_as_data():
    assert "container old is gone" in ANNOUNCED.sentences
    assert "container new runs" in ANNOUNCED.sentences
    assert "route r points at green: green 10.0.0.130:80" in ANNOUNCED.sentences
    assert "slot green is live" in ANNOUNCED.sentences
    assert from_data(Announced, to_data(ANNOUNCED)) == ANNOUNCED
