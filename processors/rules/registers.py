"""Energy from a cumulative register: what each reading proves, step by step; ``intervals`` splits it over periods.

``step`` is pure: state and reading in, new state, booked segments and findings out. Readings of one register come in order
of time, each time once. Register values are integers in millionths of the register's unit on the secondary side; energy
is in millionths on the primary side. Source: energy_rules 2.5 (normative algorithm), 2.6 (gaps).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from ingest.registry import Meter, MeterChange
from processors.decode import OUT_OF_RANGE_1E6
from processors.figures import HOUR_MS, SCALE, epoch_ms, local_iso, scaled
from processors.rules.gas import half_up

JITTER_LSD = 2
"""A fall of up to this many least digits is jitter, not a fall."""
GAP_STEPS = Fraction(3, 2)
"""Two accepted readings further apart than this many expected steps have a gap between them (energy_rules 2.6)."""
E1_MAX_MS = 2 * HOUR_MS
"""Longest gap whose straight-line split counts as E1."""
E2_MAX_MS = 72 * HOUR_MS
"""Longest gap that counts as E2; a longer one is E3."""
ROLLED_FROM, ROLLED_TO = Fraction(9, 10), Fraction(1, 10)
"""Without a greatest rate a rollover must start above and end below these shares of the modulus."""

QUALITIES: dict[int, str] = {
    0: "measured",
    1: "E1: gap of up to 2 h, split linearly",
    2: "E2: gap of up to 72 h, linear, not shaped",
    3: "E3: gap of over 72 h, split linearly, no shape claimed",
    6: "corrected for rollover or replacement, still measured",
    7: "suspect: lower bound after a reset",
}
"""Quality codes a segment can carry, of energy_rules 2.6. A gap's code goes before 6, because its split is an estimate."""

Flag = Literal["OK", "JITTER", "ROLLOVER", "REPLACED", "RESET"]
Held = Literal["SPIKE", "RESET", "BACKWARDS"]
Kind = Literal[
    "OUT_OF_RANGE",
    "SPIKE",
    "JUMP",
    "JITTER",
    "ROLLOVER",
    "RESET",
    "DIP",
    "BACKWARDS",
    "REPLACED",
    "SUSPECTED_REPLACEMENT",
    "REPLACEMENT_IN_DOUBT",
]
Decision = Literal["held", "discarded", "booked", "not booked"]


@dataclass(frozen=True, slots=True)
class RegisterRules:
    """What is known of a register.

    ``modulus`` is where it wraps (None: never), ``max_rate_h`` the greatest advance in an hour (None: not known), ``lsd`` its
    least digit, ``jitter`` the fall that is no fall, all in millionths on the secondary side. ``cadence_ms`` is the expected
    distance of readings. ``multiplier`` turns secondary into primary until a change names another.
    """

    modulus: int | None
    max_rate_h: int | None
    lsd: int
    jitter: int
    cadence_ms: int
    multiplier: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Change:
    """A register was replaced: last value of the old, first of the new, and the multiplier from then on if it changed."""

    time_ms: int
    final_old: int
    initial_new: int
    multiplier_new: Fraction | None = None


@dataclass(frozen=True, slots=True)
class RegisterState:
    """What a register's next reading is compared with: the baseline, a held reading, and whether a burst of garbage runs.

    All are None and False before the first reading. The multiplier in force follows from rules and changes at the
    baseline's time, so that a corrected change needs no mending of states.
    """

    time_ms: int | None = None
    value: int | None = None
    held_ms: int | None = None
    held_value: int | None = None
    held_kind: Held | None = None
    burst: bool = False
    last_ms: int | None = None

    def to_json(self) -> str:
        """Return the state as one line of JSON with sorted keys; equal states give equal text."""
        return json.dumps({name: getattr(self, name) for name in self.__slots__}, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> RegisterState:
        """Return the state that ``to_json`` wrote."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """Energy booked between two accepted readings: primary side, in millionths; linear in time within."""

    start_ms: int
    end_ms: int
    energy: int
    flag: Flag
    quality: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person may have to look at: what the reading at ``time_ms`` showed, and what was decided."""

    kind: Kind
    decision: Decision
    time_ms: int
    text: str
    facts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a reading is against a baseline: a flag with energy where it can be accepted, or the reason to hold it."""

    kind: Flag | Held | Literal["REPLACEMENT_IN_DOUBT"]
    energy: Fraction = Fraction(0)

    @property
    def accepted(self) -> bool:
        return self.kind in ("OK", "JITTER", "ROLLOVER", "REPLACED")


Step = tuple[RegisterState, list[Segment], list[Finding]]


def meter_rules(meter: Meter, cadence_s: int) -> RegisterRules:
    """Return the rules of a meter's register from its registry row and its source's cadence."""
    return RegisterRules(
        modulus=None if meter.modulus is None else scaled(meter.modulus),
        max_rate_h=None if meter.max_rate_h is None else scaled(meter.max_rate_h),
        lsd=scaled(meter.lsd),
        jitter=JITTER_LSD * scaled(meter.lsd),
        cadence_ms=cadence_s * 1000,
        multiplier=Fraction(meter.multiplier),
    )


def meter_change(row: MeterChange) -> Change:
    """Return a replacement from its registry row."""
    multiplier = None if row.multiplier_new is None else Fraction(row.multiplier_new)
    return Change(epoch_ms(row.time), scaled(row.final_old), scaled(row.initial_new), multiplier)


def run(
    readings: Iterable[tuple[int, int]],
    rules: RegisterRules,
    changes: Sequence[Change] = (),
    state: RegisterState | None = None,
) -> Step:
    """Take (time_ms, value) readings through ``step``, from a state or from nothing."""
    state = state or RegisterState()
    segments: list[Segment] = []
    findings: list[Finding] = []
    for time_ms, value in readings:
        state, booked, found = step(state, time_ms, value, rules, changes)
        segments += booked
        findings += found
    return state, segments, findings


def step(state: RegisterState, time_ms: int, value: int, rules: RegisterRules, changes: Sequence[Change] = ()) -> Step:
    """Take one reading of a register: what it books, what it holds, what is to be told.

    Args:
        state: after the reading before.
        time_ms: later than every reading taken so far.
        value: secondary side, in millionths.
        rules: what is known of the register.
        changes: its replacements, any order; those outside the stretch are ignored.

    Returns:
        The new state; segments of energy between accepted readings; findings. A break that books nothing (jump, suspected
        replacement) has no segment: its time stays uncovered.

    Raises:
        ValueError: the reading is not later than the one before.

    Source:
        energy_rules 2.5, rules 1 to 7. Without ``max_rate_h`` a fall that is no rollover is never taken for a reset, because
        nothing bounds what it would book: it is BACKWARDS. On JITTER the baseline keeps its value and takes the new time.
    """
    if state.last_ms is not None and time_ms <= state.last_ms:
        raise ValueError(
            f"reading at {local_iso(time_ms)} is not later than the one at {local_iso(state.last_ms)}; sort and rebuild"
        )
    state = replace(state, last_ms=time_ms)
    if not 0 <= value < min(rules.modulus or OUT_OF_RANGE_1E6, OUT_OF_RANGE_1E6):
        told = [] if state.burst else [out_of_range(time_ms, value)]
        return replace(state, burst=True), [], told
    state = replace(state, burst=False)
    if state.time_ms is None or state.value is None:
        return replace(state, time_ms=time_ms, value=value), [], []
    changes = sorted(changes, key=lambda change: change.time_ms)
    outcome = _weigh(state.time_ms, state.value, time_ms, value, rules, changes)
    findings: list[Finding] = []
    held_ms, held, kind = state.held_ms, state.held_value, state.held_kind
    if held_ms is not None and held is not None and kind is not None:
        returned = outcome.accepted and (kind == "SPIKE" or outcome.kind != "ROLLOVER")
        onward = _weigh(held_ms, held, time_ms, value, rules, changes)
        if not returned and onward.kind in ("OK", "JITTER", "REPLACED"):
            confirmed, segments, findings = _confirm(state, held_ms, held, kind, rules, changes)
            after, booked, found = _take(confirmed, time_ms, value, onward, rules)
            return after, segments + booked, findings + found
        findings = [_discarded(held_ms, held, kind, state.value)]
        state = replace(state, held_ms=None, held_value=None, held_kind=None)
    after, booked, found = _take(state, time_ms, value, outcome, rules)
    return after, booked, findings + found


def out_of_range(time_ms: int, value: int) -> Finding:
    """Tell a reading that is not taken: negative or beyond the modulus, or too great to be read exactly."""
    at, shown = local_iso(time_ms), _plain(max(-OUT_OF_RANGE_1E6, min(value, OUT_OF_RANGE_1E6)))
    if abs(value) < OUT_OF_RANGE_1E6:
        text = f"a register cannot show {shown}, read at {at}; discarded, as are those that follow it in one burst"
    else:
        text = f"{shown} or beyond was read at {at}, more than is exact; discarded, as are those that follow it in one burst"
    return Finding("OUT_OF_RANGE", "discarded", time_ms, text)


def multiplier_at(time_ms: int, rules: RegisterRules, changes: Iterable[Change]) -> Fraction:
    """Return the multiplier in force: that of the last change at or before the time that names one, else the rules'."""
    named = [change for change in changes if change.multiplier_new is not None and change.time_ms <= time_ms]
    latest = max(named, key=lambda change: change.time_ms, default=None)
    return rules.multiplier if latest is None or latest.multiplier_new is None else latest.multiplier_new


def _weigh(t0_ms: int, r0: int, time_ms: int, value: int, rules: RegisterRules, changes: Sequence[Change]) -> _Outcome:
    """Weigh a reading against a baseline, through the replacements between them."""
    between = [change for change in changes if t0_ms < change.time_ms <= time_ms]
    factor = multiplier_at(t0_ms, rules, changes)
    energy, start = Fraction(0), r0
    for change in between:
        leg = _advance(start, change.final_old, time_ms - t0_ms, rules)
        if not leg.accepted:
            return _Outcome("REPLACEMENT_IN_DOUBT")
        energy += leg.energy * factor
        start = change.initial_new
        factor = factor if change.multiplier_new is None else change.multiplier_new
    last = _advance(start, value, time_ms - t0_ms, rules)
    if not last.accepted:
        return last if not between or last.kind == "SPIKE" else _Outcome("BACKWARDS")
    return _Outcome("REPLACED" if between else last.kind, energy + last.energy * factor)


def _advance(r0: int, r: int, elapsed_ms: int, rules: RegisterRules) -> _Outcome:
    """Weigh one value against another on the same register (rules 2 to 7); energy on the secondary side.

    The greatest plausible advance is rate · time + lsd; times are those of the whole stretch, because people write the time
    of a replacement.
    """
    d = r - r0
    if d >= 0:
        return _Outcome("OK", Fraction(d)) if _within(d, elapsed_ms, rules) else _Outcome("SPIKE")
    if d >= -rules.jitter:
        return _Outcome("JITTER")
    if rules.modulus is not None:
        wrapped = d + rules.modulus
        near = rules.max_rate_h is not None or (r0 >= ROLLED_FROM * rules.modulus and r <= ROLLED_TO * rules.modulus)
        if near and wrapped >= 0 and _within(wrapped, elapsed_ms, rules):
            return _Outcome("ROLLOVER", Fraction(wrapped))
    if rules.max_rate_h is not None and _within(r, elapsed_ms, rules):
        return _Outcome("RESET", Fraction(r))
    return _Outcome("BACKWARDS")


def _within(advance: int, elapsed_ms: int, rules: RegisterRules) -> bool:
    if rules.max_rate_h is None:
        return True
    return (advance - rules.lsd) * HOUR_MS <= rules.max_rate_h * elapsed_ms


def _take(state: RegisterState, time_ms: int, value: int, outcome: _Outcome, rules: RegisterRules) -> Step:
    """Accept a reading from the baseline, or hold it."""
    assert state.time_ms is not None and state.value is not None, "a reading is weighed against a baseline"
    facts = {"from_ms": state.time_ms, "from_value": state.value, "value": value}
    words = f"{_plain(state.value)} at {local_iso(state.time_ms)} to {_plain(value)} at {local_iso(time_ms)}"
    if outcome.kind == "SPIKE" or outcome.kind == "RESET" or outcome.kind == "BACKWARDS":
        held = replace(state, held_ms=time_ms, held_value=value, held_kind=outcome.kind)
        told = Finding(outcome.kind, "held", time_ms, f"{_WHY_HELD[outcome.kind]}: {words}; held until the next reading", facts)
        return held, [], [told]
    baseline = state.value if outcome.kind == "JITTER" else value
    after = replace(state, time_ms=time_ms, value=baseline, held_ms=None, held_value=None, held_kind=None)
    if outcome.kind == "REPLACEMENT_IN_DOUBT":
        text = f"the registered replacement does not fit the readings ({words}); nothing booked, continued from the new reading"
        return after, [], [Finding("REPLACEMENT_IN_DOUBT", "not booked", time_ms, text, facts)]
    energy = half_up(outcome.energy, 0)
    segment = Segment(state.time_ms, time_ms, energy, outcome.kind, _quality(state.time_ms, time_ms, outcome.kind, rules))
    if outcome.kind == "OK":
        return after, [segment], []
    told = Finding(outcome.kind, "booked", time_ms, f"{_WHY_BOOKED[outcome.kind]}: {words}", {**facts, "energy": energy})
    return after, [segment], [told]


def _confirm(
    state: RegisterState, held_ms: int, held: int, kind: Held, rules: RegisterRules, changes: Sequence[Change]
) -> Step:
    """Make a held reading the baseline, because the next one continues from it."""
    assert state.time_ms is not None and state.value is not None, "a reading is held against a baseline"
    after = replace(state, time_ms=held_ms, value=held, held_ms=None, held_value=None, held_kind=None)
    factor = multiplier_at(held_ms, rules, changes)
    facts = {"from_ms": state.time_ms, "from_value": state.value, "value": held}
    words = f"{_plain(state.value)} at {local_iso(state.time_ms)} to {_plain(held)} at {local_iso(held_ms)}"
    if kind == "RESET":
        energy = half_up(held * factor, 0)
        segment = Segment(state.time_ms, held_ms, energy, "RESET", _quality(state.time_ms, held_ms, "RESET", rules))
        text = f"the register started again from zero: {words}; booked what it shows, energy before the reset is lost"
        return after, [segment], [Finding("RESET", "booked", held_ms, text, {**facts, "energy": energy})]
    if kind == "SPIKE":
        text = f"the register jumped and stayed: {words}; the jump is not booked until a person confirms it"
        jump = half_up((held - state.value) * factor, 0)
        return after, [], [Finding("JUMP", "not booked", held_ms, text, {**facts, "energy": jump})]
    text = f"the register fell and stayed without a registered replacement: {words}; nothing booked for the break"
    return after, [], [Finding("SUSPECTED_REPLACEMENT", "not booked", held_ms, text, facts)]


_WHY_HELD: dict[str, str] = {
    "SPIKE": "the register rose faster than it can",
    "RESET": "the register fell to near zero",
    "BACKWARDS": "the register fell",
}
_WHY_BOOKED: dict[str, str] = {
    "JITTER": "the register fell by no more than its jitter, nothing booked",
    "ROLLOVER": "the register passed its modulus",
    "REPLACED": "the register was replaced",
}


def _quality(start_ms: int, end_ms: int, flag: Flag, rules: RegisterRules) -> int:
    """Return the quality code of a segment; a reset's lower bound goes before all, a gap before a correction."""
    length_ms = end_ms - start_ms
    if flag == "RESET":
        return 7
    if length_ms > GAP_STEPS * rules.cadence_ms:
        return 1 if length_ms <= E1_MAX_MS else 2 if length_ms <= E2_MAX_MS else 3
    return 6 if flag in ("ROLLOVER", "REPLACED") else 0


def _discarded(held_ms: int, held: int, kind: Held, baseline: int) -> Finding:
    facts = {"value": held, "from_value": baseline}
    if kind == "SPIKE":
        text = f"the reading {_plain(held)} at {local_iso(held_ms)} was a spike above {_plain(baseline)}; discarded"
        return Finding("SPIKE", "discarded", held_ms, text, facts)
    text = f"the reading {_plain(held)} at {local_iso(held_ms)} was a dip below {_plain(baseline)}; discarded"
    return Finding("DIP", "discarded", held_ms, text, facts)


def _plain(value: int) -> str:
    """Return a register value as people write it, without trailing zeros."""
    return f"{(Decimal(value).scaleb(-SCALE)).normalize():f}"
