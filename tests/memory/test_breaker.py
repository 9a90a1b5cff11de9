"""The circuit breaker of the stores: when it opens, whom it lets through, when it closes."""

from __future__ import annotations

import time
from bisect import bisect_left

import pytest

from memory.breaker import FAILURES, PROBE_EVERY_S, PROBE_S, SLOW_S, Breaker
from memory.errors import Conflict, InvalidInput, StoreUnavailable
from memory.meter import SECONDS
from tests.support.rig import Clock


def call(breaker, error=None, during=lambda: None):
    with breaker.guard(10.0) as limit_s:
        during()
        if error:
            raise error
    return limit_s


def fail(breaker, times=1, **how):
    for _ in range(times):
        with pytest.raises(StoreUnavailable):
            call(breaker, StoreUnavailable("away"), **how)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return Breaker("a server", clock.seconds)


def test_a_few_failures_in_a_row_open_it(breaker):
    fail(breaker, FAILURES - 1)
    assert call(breaker) == 10.0
    fail(breaker, FAILURES)
    assert breaker.state == "open"
    with pytest.raises(StoreUnavailable, match="a server"):
        call(breaker, during=lambda: pytest.fail("it was called"))


def test_one_slow_failure_opens_it(breaker, clock):
    fail(breaker, during=lambda: clock.advance(seconds=SLOW_S))
    assert breaker.state == "open"


def test_an_answer_that_says_no_is_an_answer(breaker):
    for _ in range(2 * FAILURES):
        with pytest.raises(Conflict):
            call(breaker, Conflict("taken"))
    assert breaker.state == "closed"


def test_one_short_call_a_second_tries_until_one_is_answered(breaker, clock):
    fail(breaker, FAILURES)
    clock.advance(seconds=PROBE_EVERY_S)
    assert breaker.state == "half-open"

    def others_are_refused():
        with pytest.raises(StoreUnavailable):
            call(breaker, during=lambda: pytest.fail("it was called"))

    fail(breaker, during=others_are_refused)
    others_are_refused()
    clock.advance(seconds=PROBE_EVERY_S)
    assert call(breaker, during=others_are_refused) == PROBE_S
    assert breaker.state == "closed"
    assert call(breaker) == 10.0


def test_a_caller_that_leaves_says_nothing_about_the_server(breaker):
    for _ in range(2 * FAILURES):
        with pytest.raises(GeneratorExit):
            call(breaker, GeneratorExit())
    assert breaker.state == "closed"


def test_who_is_answered_late_says_nothing_of_a_server_that_answered_others(breaker, clock):
    def another_is_answered():
        clock.advance(seconds=SLOW_S)
        call(breaker)
        clock.advance(seconds=SLOW_S)

    fail(breaker, 2 * FAILURES, during=another_is_answered)
    assert breaker.state == "closed"


def test_a_call_with_a_useless_value_does_not_close_it(breaker, clock):
    fail(breaker, FAILURES)
    clock.advance(seconds=PROBE_EVERY_S)
    with pytest.raises(InvalidInput):
        call(breaker, InvalidInput("half a surrogate pair"))
    assert breaker.state == "open"


def test_a_refusal_by_the_server_is_told_apart_from_its_absence(clock):
    breaker = Breaker("a server", clock.seconds, is_answer=lambda cause: isinstance(cause, ValueError))
    for _ in range(2 * FAILURES):
        refusal = StoreUnavailable("it says no")
        refusal.__cause__ = ValueError()
        with pytest.raises(StoreUnavailable):
            call(breaker, refusal)
    assert breaker.state == "closed"
    assert breaker.meter.failures == {"refused": 2 * FAILURES}


def test_what_is_known_from_elsewhere_opens_and_closes_it(breaker):
    breaker.lost()
    assert breaker.state == "open"
    breaker.answered()
    breaker.lost(1.0)
    assert breaker.state == "closed"


def test_calls_are_counted_by_how_long_they_took_and_how_they_failed(breaker, clock):
    call(breaker)
    call(breaker, during=lambda: clock.advance(seconds=0.03))
    fail(breaker, FAILURES)
    clock.advance(seconds=PROBE_EVERY_S)
    fail(breaker, during=lambda: clock.advance(seconds=PROBE_S))
    fail(breaker, 3)
    meter = breaker.meter
    assert meter.failures == {"unreachable": FAILURES, "timeout": 1, "open": 3}
    assert sum(meter.counts) == 2 + FAILURES + 1
    assert meter.counts[bisect_left(SECONDS, 0.03)] == 1
    assert meter.seconds == pytest.approx(0.03 + PROBE_S)


def test_watching_a_call_costs_microseconds():
    breaker = Breaker("a server")
    began = time.perf_counter()
    for _ in range(10_000):
        with breaker.guard(10.0):
            pass
    assert time.perf_counter() - began < 10_000 * 50e-6


def test_one_that_only_counts_stays_closed(clock):
    breaker = Breaker("a file", clock.seconds, opens=False)
    fail(breaker, 2 * FAILURES)
    assert breaker.state == "closed"
    assert breaker.meter.failures == {"unreachable": 2 * FAILURES}
