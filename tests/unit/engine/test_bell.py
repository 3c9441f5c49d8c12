"""Pollers that wait on an event are woken by a ring, and by nothing else."""

import threading
import time

from fairlead.engine.bell import Bell


def poller(event: threading.Event, looked: list[float], ready: threading.Event) -> threading.Thread:
    def poll() -> None:
        while not event.wait(timeout=5.0):
            looked.append(time.monotonic())
            ready.set()

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    return thread


def test_a_ring_ends_the_wait_and_setting_the_event_ends_the_thread():
    bell, event, looked, ready = Bell(), threading.Event(), [], threading.Event()
    bell.tie_to(event)
    thread = poller(event, looked, ready)
    bell.ring()
    assert ready.wait(1)
    event.set()
    thread.join(1)
    assert not thread.is_alive()


def test_a_ring_while_the_poller_is_looking_is_not_lost():
    bell, event = Bell(), threading.Event()
    bell.tie_to(event)
    bell.ring()
    began = time.monotonic()
    assert event.wait(timeout=5.0) is False
    assert time.monotonic() - began < 1


def test_without_a_ring_the_wait_takes_its_time():
    bell, event = Bell(), threading.Event()
    bell.tie_to(event)
    began = time.monotonic()
    assert event.wait(timeout=0.05) is False
    assert time.monotonic() - began >= 0.05


def test_who_waits_for_long_is_not_woken():
    bell, event, woken = Bell(), threading.Event(), threading.Event()
    bell.tie_to(event)
    thread = threading.Thread(target=lambda: (event.wait(timeout=60.0), woken.set()), daemon=True)
    thread.start()
    bell.ring()
    assert not woken.wait(0.1)
    event.set()
    assert woken.wait(1)


def test_without_a_ring_a_wait_can_be_made_longer_but_not_one_that_only_asks():
    bell, event = Bell(), threading.Event()
    bell.tie_to(event, at_least_s=0.1)
    began = time.monotonic()
    assert event.wait(timeout=0.0) is False
    assert time.monotonic() - began < 0.1
    assert event.wait(timeout=0.01) is False
    assert time.monotonic() - began >= 0.1


def test_a_ring_for_one_thread_wakes_no_other():
    bell, event, woken = Bell(), threading.Event(), []
    bell.tie_to(event)
    called = threading.Event()

    def wait() -> None:
        if not event.wait(timeout=5.0):
            woken.append(threading.current_thread().name)
            called.set()

    threads = [threading.Thread(target=wait, name=name, daemon=True) for name in ("one", "other")]
    for thread in threads:
        thread.start()
    bell.ring("other")
    assert called.wait(1)
    event.set()
    for thread in threads:
        thread.join(1)
    assert woken == ["other"]


def test_a_stop_event_is_tied_before_its_thread_begins_to_wait():
    from fairlead.engine.durable import _Tied

    bell, events = Bell(), []
    tied = _Tied(bell.tie_to)
    event = threading.Event()
    tied.append(event)
    waiter = threading.Thread(target=lambda: events.append(event.wait(9.0)))
    waiter.start()
    bell.ring()
    waiter.join(5.0)
    assert (list(tied), events) == ([event], [False])
