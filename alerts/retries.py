"""What a receiver's answer means for a delivery, and when the next attempt is made."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

RETRY_FIRST_S = 5.0
"""Nominal pause after the first failed attempt; it doubles with each."""
RETRY_MAX_S = 3_600.0
"""Longest nominal pause, and the longest that a receiver's Retry-After is followed."""
JITTER = 0.25
"""A pause lies within ± this share of its nominal length."""
ATTEMPTS_MAX = 40
"""Attempts after which a delivery is a dead letter."""
HORIZON_MS = 24 * 3_600_000
"""Age at which a delivery that fails again is a dead letter; with the pauses above about 32 attempts."""

RETRY_STATUS = frozenset({408, 429})
"""Answers below 500 that ask for another attempt."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a delivery after an attempt: ``next_ms`` only where it waits, ``reason`` unless it was delivered."""

    state: Literal["delivered", "waiting", "dead"]
    next_ms: int | None
    reason: str | None


def judged(
    key: str, attempt: int, made_ms: int, now_ms: int, status: int | None, answer: str, retry_after_s: float | None = None
) -> Verdict:
    """Return what becomes of a delivery.

    Args:
        key: the delivery's id, from which the jitter is drawn.
        attempt: which attempt this was, from 1.
        made_ms: when the delivery was made.
        now_ms: when the attempt ended, on the same clock.
        status: the HTTP status, None where there was no answer.
        answer: the answer's first words, or the network's error.
        retry_after_s: the receiver's own wish (Retry-After in seconds).

    Source:
        Standard Webhooks: 2xx is success, redirects are failures; 408, 429 (RFC 6585 §4), 5xx and silence may pass by
        themselves.
    """
    if status is not None and 200 <= status < 300:
        return Verdict("delivered", None, None)
    said = f"no answer: {answer}" if status is None else f"answered {status}"
    if status is not None and 300 <= status < 400:
        return Verdict("dead", None, f"{said}, a redirect, which is not followed: put the final address into contacts.csv")
    if status is not None and status < 500 and status not in RETRY_STATUS:
        return Verdict("dead", None, f"{said}, which another attempt does not change: {answer}".rstrip(": "))
    if attempt >= ATTEMPTS_MAX:
        return Verdict("dead", None, f"given up after {attempt} attempts; last {said}")
    if now_ms - made_ms >= HORIZON_MS:
        return Verdict("dead", None, f"given up after {HORIZON_MS // 3_600_000} hours; last {said}")
    return Verdict("waiting", now_ms + round(1000 * pause_s(key, attempt, retry_after_s)), said)


def pause_s(key: str, attempt: int, retry_after_s: float | None = None) -> float:
    """Return the pause after a failed attempt [s]: doubling, capped, with jitter drawn from key and attempt.

    A receiver's Retry-After lengthens it up to RETRY_MAX_S, and never shortens it.
    """
    nominal = min(RETRY_FIRST_S * 2.0 ** min(attempt - 1, 30), RETRY_MAX_S)
    draw = int.from_bytes(hashlib.blake2b(f"{key}\n{attempt}".encode(), digest_size=6).digest()) / 2**48
    pause = nominal * (1 - JITTER + 2 * JITTER * draw)
    return pause if retry_after_s is None else max(pause, min(retry_after_s, RETRY_MAX_S))
