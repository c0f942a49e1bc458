"""What an answer means, and when the next attempt is made."""

from __future__ import annotations

import pytest

from alerts.retries import ATTEMPTS_MAX, HORIZON_MS, judged, pause_s


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (200, "delivered"), (202, "delivered"), (204, "delivered"), (299, "delivered"),
        (301, "dead"), (307, "dead"), (399, "dead"),
        (400, "dead"), (401, "dead"), (404, "dead"), (407, "dead"), (409, "dead"), (410, "dead"), (422, "dead"), (430, "dead"),
        (408, "waiting"), (429, "waiting"), (500, "waiting"), (502, "waiting"), (503, "waiting"), (599, "waiting"),
        (None, "waiting"),
    ],
)  # fmt: skip
def test_answers(status: int | None, state: str) -> None:
    """Success, what may pass by itself, and what another attempt does not change."""
    verdict = judged("k", 1, 0, 1_000, status, "words")
    assert verdict.state == state
    assert (verdict.next_ms is not None) == (state == "waiting")
    assert (verdict.reason is None) == (state == "delivered")


def test_reasons_name_the_answer() -> None:
    """A dead letter says what the receiver said."""
    assert (
        judged("k", 1, 0, 0, 410, "gone since May").reason
        == "answered 410, which another attempt does not change: gone since May"
    )
    assert judged("k", 1, 0, 0, None, "ConnectError: refused").reason == "no answer: ConnectError: refused"
    assert judged("k", ATTEMPTS_MAX, 0, 0, 500, "").reason == f"given up after {ATTEMPTS_MAX} attempts; last answered 500"


def test_both_sides_of_giving_up() -> None:
    """The last attempt and the last moment."""
    assert judged("k", ATTEMPTS_MAX - 1, 0, 0, 500, "").state == "waiting"
    assert judged("k", ATTEMPTS_MAX, 0, 0, 500, "").state == "dead"
    assert judged("k", 1, 7, 7 + HORIZON_MS - 1, 500, "").state == "waiting"
    assert judged("k", 1, 7, 7 + HORIZON_MS, 500, "").state == "dead"
    assert judged("k", ATTEMPTS_MAX, 0, HORIZON_MS, 200, "").state == "delivered"


@pytest.mark.parametrize(
    ("attempt", "nominal_s"), [(1, 5), (2, 10), (3, 20), (10, 2560), (11, 3600), (12, 3600), (10_000, 3600)]
)
def test_pauses_double_up_to_an_hour_within_a_quarter(attempt: int, nominal_s: float) -> None:
    """5 s · 2^(n-1), at most an hour, ± 25 %, spread over that range, the same for the same key."""
    pauses = [pause_s(f"key{n}", attempt) for n in range(200)]
    assert all(0.75 * nominal_s <= pause <= 1.25 * nominal_s for pause in pauses)
    assert min(pauses) < 0.8 * nominal_s and max(pauses) > 1.2 * nominal_s
    assert pauses == [pause_s(f"key{n}", attempt) for n in range(200)]


def test_a_receivers_wish_lengthens_only() -> None:
    """Retry-After is followed up to an hour and never brings an attempt forward."""
    alone = pause_s("k", 1)
    assert [pause_s("k", 1, wish) for wish in (0.0, 120.0, 86_400.0)] == [alone, 120.0, 3_600.0]
    late = pause_s("k", 12)
    assert pause_s("k", 12, 86_400.0) == max(late, 3_600.0)
