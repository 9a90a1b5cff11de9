"""The circuit breaker, by a clock of its own."""

from __future__ import annotations

import pytest

from tools.breaker import COOL_DOWN_S, MAX_COOL_DOWN_S, THRESHOLD, Breaker


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(clock: Clock) -> Breaker:
    breaker = Breaker(clock)
    for _ in range(THRESHOLD):
        assert breaker.admit()
        breaker.failed()
    return breaker


def test_it_opens_after_the_threshold_and_admits_nobody(opened: Breaker) -> None:
    assert opened.state == "open"
    assert not opened.admit()


def test_a_success_in_between_starts_the_count_again(clock: Clock) -> None:
    breaker = Breaker(clock)
    for _ in range(THRESHOLD * 3):
        breaker.failed()
        breaker.succeeded()
    assert breaker.admit()


def test_half_open_admits_one_probe_at_a_time(opened: Breaker, clock: Clock) -> None:
    clock.now += COOL_DOWN_S
    assert opened.state == "half-open"
    assert [opened.admit() for _ in range(3)] == [True, False, False]


def test_a_good_probe_closes_it(opened: Breaker, clock: Clock) -> None:
    clock.now += COOL_DOWN_S
    assert opened.admit()
    opened.succeeded()
    assert opened.state == "closed"
    assert [opened.admit() for _ in range(3)] == [True, True, True]


def test_failed_probes_wait_longer_up_to_a_limit(opened: Breaker, clock: Clock) -> None:
    for _ in range(6):
        clock.now += MAX_COOL_DOWN_S
        assert opened.admit()
        opened.failed()
        clock.now += COOL_DOWN_S
        assert not opened.admit()
    clock.now += MAX_COOL_DOWN_S - COOL_DOWN_S
    assert opened.admit()


def test_a_probe_whose_caller_left_frees_its_place(opened: Breaker, clock: Clock) -> None:
    clock.now += COOL_DOWN_S
    assert opened.admit()
    opened.abandoned()
    assert opened.admit()
