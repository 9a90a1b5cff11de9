"""The circuit breaker of the stores: when it opens, whom it lets through, when it closes."""

from __future__ import annotations

import pytest

from memory.breaker import FAILURES, PROBE_EVERY_S, PROBE_S, SLOW_S, Breaker
from memory.errors import Conflict, StoreUnavailable
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
