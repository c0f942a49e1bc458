"""A register's energy is booked once, conserved over any grid, and never invented."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.registry import Meter, MeterChange
from processors.rules import registers
from processors.rules.intervals import intervals
from processors.rules.registers import Change, RegisterRules, RegisterState, Segment, run, step

M = 10**6
MIN = 60_000
HOUR = 60 * MIN
START = 1_782_835_200_000  # 2026-07-01T00:00:00+08:00


def energy_between(segments: Sequence[Segment], edges: Sequence[int]) -> list[int]:
    """Return the energy of each interval between edges, 0 where nothing covers it."""
    return [each.energy or 0 for each in intervals(segments, edges)]


def micro(text: str | int) -> int:
    """Return a decimal in millionths."""
    return int(Decimal(text) * M)


def at(clock: str) -> int:
    """Return a time of 2026-07-01, local."""
    hours, minutes = clock.split(":")
    return START + int(hours) * HOUR + int(minutes) * MIN


def rules(
    modulus: str | None = "1000000", rate: str | None = "500", multiplier: int = 1, cadence_ms: int = 15 * MIN
) -> RegisterRules:
    """Return the rules of the reference's meter: modulus 1 000 000, at most 500 kWh/h, least digit 0.01."""
    return RegisterRules(
        modulus=None if modulus is None else micro(modulus),
        max_rate_h=None if rate is None else micro(rate),
        lsd=micro("0.01"),
        jitter=micro("0.02"),
        cadence_ms=cadence_ms,
        multiplier=Fraction(multiplier),
    )


def series(*pairs: tuple[str, str | int]) -> list[tuple[int, int]]:
    """Return readings from clock times and values."""
    return [(at(clock), micro(value)) for clock, value in pairs]


def every(minutes: int, *values: str | int) -> list[tuple[int, int]]:
    """Return readings at a steady pace from midnight."""
    return [(START + i * minutes * MIN, micro(value)) for i, value in enumerate(values)]


def told(findings: list[registers.Finding]) -> list[tuple[str, str]]:
    """Return kinds and decisions; each finding speaks in a sentence."""
    assert all(finding.text for finding in findings)
    return [(finding.kind, finding.decision) for finding in findings]


def booked(segments: list[Segment]) -> list[tuple[Decimal, str, int]]:
    """Return energy, flag and quality of each segment."""
    return [(Decimal(s.energy).scaleb(-6), s.flag, s.quality) for s in segments]


def test_multiplier() -> None:
    """EX-2.5: 0.35 kWh behind CT 600/5 and PT 10000/100 are 4 200 kWh."""
    _, segments, _ = run(every(15, "100", "100.35"), rules(multiplier=120 * 100))
    assert booked(segments) == [(Decimal(4200), "OK", 0)]


def test_without_a_multiplier() -> None:
    """EX-2.7 as it stands: what the register advances is the energy, 15 and 12."""
    plain = RegisterRules(modulus=None, max_rate_h=None, lsd=micro("0.01"), jitter=micro("0.02"), cadence_ms=15 * MIN)
    _, segments, _ = run(every(15, "100", "115", "127"), plain)
    assert booked(segments) == [(Decimal(15), "OK", 0), (Decimal(12), "OK", 0)]


def test_directions_stay_apart() -> None:
    """EX-2.6: import 540, export 26 and PV 80 are three registers: net 514, consumption 594."""
    totals = [sum(s.energy for s in run(every(60, "0", value), rules(rate="1000"))[1]) for value in ("540", "26", "80")]
    bought, sold, made = totals
    assert (bought - sold, bought - sold + made) == (micro(514), micro(594))


def test_edges_between_readings() -> None:
    """EX-2.7: readings off the grid give 13.4 for [00:15, 00:30)."""
    _, segments, findings = run(series(("00:07", "100"), ("00:22", "115"), ("00:37", "127")), rules())
    assert booked(segments) == [(Decimal(15), "OK", 0), (Decimal(12), "OK", 0)]
    assert energy_between(segments, [at("00:07"), at("00:15"), at("00:30"), at("00:37")]) == [
        micro("8"),
        micro("13.4"),
        micro("5.6"),
    ]
    assert findings == []


def test_rollover() -> None:
    """EX-2.8: 999 987.50 to 12.30 books 24.80."""
    _, segments, findings = run(every(15, "999987.50", "12.30"), rules())
    assert booked(segments) == [(Decimal("24.80"), "ROLLOVER", 6)]
    assert told(findings) == [("ROLLOVER", "booked")]


@pytest.mark.parametrize(
    ("first", "second", "kinds"),
    [
        pytest.param("900000", "100000", ["ROLLOVER"], id="from nine tenths to one tenth"),
        pytest.param("899999", "99999", ["BACKWARDS"], id="begun too low"),
        pytest.param("900000", "100000.000001", ["BACKWARDS"], id="ended too high"),
    ],
)
def test_rollover_without_a_rate(first: str, second: str, kinds: list[str]) -> None:
    """Without a greatest rate a fall is a rollover only across the ends of the register."""
    _, _, findings = run(every(15, first, second), rules(rate=None))
    assert [finding.kind for finding in findings] == kinds


@pytest.mark.parametrize(
    ("before", "energy", "flag"),
    [
        pytest.param("1000000", [Decimal(0)], "ROLLOVER", id="at the modulus: w = 0 + 1 000 000 - 1 000 000"),
        pytest.param("1000000.000001", [], "RESET", id="beyond it: w is negative"),
    ],
)
def test_rollover_never_books_a_negative(before: str, energy: list[Decimal], flag: str) -> None:
    """Rules 5 and 6: a baseline from before the modulus was known wraps where w is not negative, else zero is a reset."""
    _, segments, findings = run([(START + 15 * MIN, 0)], rules(), (), RegisterState(time_ms=START, value=micro(before)))
    assert [each[0] for each in booked(segments)] == energy
    assert [finding.kind for finding in findings] == [flag]


def test_reset() -> None:
    """EX-2.9: 456 789.0, 3.2, 9.0 books 3.2 on confirmation and 9.0 in all, never a negative."""
    state, segments, findings = run(every(15, "456789", "3.2"), rules())
    assert (segments, told(findings)) == ([], [("RESET", "held")])
    _, segments, findings = step(state, START + 30 * MIN, micro("9.0"), rules())
    assert booked(segments) == [(Decimal("3.2"), "RESET", 7), (Decimal("5.8"), "OK", 0)]
    assert told(findings) == [("RESET", "booked")]


def test_reset_behind_transformers() -> None:
    """EX-2.9 behind CT 600/5: the 3.2 of the reset are 384 kWh, as the 5.8 after it are 696."""
    _, segments, findings = run(every(15, "456789", "3.2", "9.0"), rules(multiplier=120))
    assert booked(segments) == [(Decimal(384), "RESET", 7), (Decimal(696), "OK", 0)]
    assert findings[-1].facts["energy"] == micro(384)


def test_reset_near_the_modulus() -> None:
    """Rule 6: 30 is no rollover of 999 900 (w = 130 > 125.01); 40 is below r0 and goes on from 30, so the reset is confirmed.

    That 40 itself could be a rollover of 999 900 by then (w = 140 of 250.01) does not matter.
    """
    _, segments, findings = run(every(15, "999900", "30", "40"), rules())
    assert booked(segments) == [(Decimal(30), "RESET", 7), (Decimal(10), "OK", 0)]
    assert told(findings) == [("RESET", "held"), ("RESET", "booked")]


def test_reset_that_was_a_dip() -> None:
    """Rule 6: a low reading followed by one at the old level was bad; both steps get the difference."""
    _, segments, findings = run(every(15, "456789", "3.2", "456799"), rules())
    assert booked(segments) == [(Decimal(10), "OK", 1)]
    assert told(findings) == [("RESET", "held"), ("DIP", "discarded")]


@pytest.mark.parametrize(
    "fallen", [pytest.param(("456789", "300000"), id="EX-2.10"), pytest.param(("900000", "850000"), id="EX-2.17")]
)
def test_backwards(fallen: tuple[str, str]) -> None:
    """EX-2.10, 2.17: a fall that nothing explains is held and books nothing."""
    _, segments, findings = run(every(15, *fallen), rules())
    assert (segments, told(findings)) == ([], [("BACKWARDS", "held")])


def test_suspected_replacement() -> None:
    """Rule 7: two consistent readings on a lower level resume there, with a ticket and nothing booked for the break."""
    _, segments, findings = run(every(15, "900000", "850000", "850010"), rules())
    assert segments == [Segment(START + 15 * MIN, START + 30 * MIN, micro(10), "OK", 0)]
    assert told(findings) == [("BACKWARDS", "held"), ("SUSPECTED_REPLACEMENT", "not booked")]


def test_spike() -> None:
    """EX-2.11: 1000, 1200, 1010 discards the spike and books 10 over both steps."""
    state, segments, findings = run(every(15, "1000", "1200"), rules())
    assert (segments, told(findings)) == ([], [("SPIKE", "held")])
    _, segments, findings = step(state, START + 30 * MIN, micro(1010), rules())
    assert segments == [Segment(START, START + 30 * MIN, micro(10), "OK", 1)]
    assert told(findings) == [("SPIKE", "discarded")]


@pytest.mark.parametrize(
    ("value", "accepted"),
    [pytest.param("1125.01", True, id="exactly the cap"), pytest.param("1125.010001", False, id="a millionth over")],
)
def test_the_cap(value: str, accepted: bool) -> None:
    """At most 500 kWh/h for 15 min and a least digit: 125.01."""
    _, segments, _ = run(every(15, "1000", value), rules())
    assert bool(segments) is accepted


def test_jump() -> None:
    """Rule 3: a rise that stays becomes the baseline; the jump is told and not booked."""
    _, segments, findings = run(every(15, "1000", "9000", "9010"), rules())
    assert segments == [Segment(START + 15 * MIN, START + 30 * MIN, micro(10), "OK", 0)]
    assert told(findings) == [("SPIKE", "held"), ("JUMP", "not booked")]
    assert findings[-1].facts["energy"] == micro(8000)


def test_jump_behind_transformers() -> None:
    """The jump of 8 000 that is told is 960 000 kWh behind CT 600/5."""
    _, _, findings = run(every(15, "1000", "9000", "9010"), rules(multiplier=120))
    assert findings[-1].facts["energy"] == micro(960_000)


@pytest.mark.parametrize(
    ("second", "kinds"),
    [pytest.param("99.98", ["JITTER"], id="two least digits"), pytest.param("99.979999", ["RESET"], id="a millionth more")],
)
def test_jitter(second: str, kinds: list[str]) -> None:
    """Rule 4: a fall within jitter books zero and keeps the value as baseline; the next rise counts from it."""
    state, segments, findings = run(every(15, "100", second), rules())
    assert [finding.kind for finding in findings] == kinds
    if kinds == ["JITTER"]:
        _, more, _ = step(state, START + 30 * MIN, micro("101"), rules())
        assert booked(segments + more) == [(Decimal(0), "JITTER", 0), (Decimal(1), "OK", 0)]


def test_jitter_of_a_millionth() -> None:
    """Rule 4: the smallest fall books zero, never a negative, and is told."""
    _, segments, findings = run(every(15, "100", "99.999999"), rules())
    assert booked(segments) == [(Decimal(0), "JITTER", 0)]
    assert told(findings) == [("JITTER", "booked")]


def test_still_register() -> None:
    """Rule 2: d = 0 is accepted as it is, and nothing is told."""
    _, segments, findings = run(every(15, "100", "100"), rules())
    assert booked(segments) == [(Decimal(0), "OK", 0)]
    assert findings == []


def test_replacement() -> None:
    """EX-2.12: 11.80 at 120 and 7.50 at 80 are 2 016.00."""
    change = Change(at("10:20"), micro("45690.00"), micro("5.00"), Fraction(80))
    known = rules(multiplier=120, cadence_ms=30 * MIN)
    state, segments, findings = run(series(("10:00", "45678.20"), ("10:30", "12.50")), known, [change])
    assert booked(segments) == [(Decimal(2016), "REPLACED", 6)]
    assert told(findings) == [("REPLACED", "booked")]
    _, segments, _ = step(state, at("11:00"), micro("13.50"), known, [change])
    assert booked(segments) == [(Decimal(80), "OK", 0)]


def test_the_latest_multiplier_is_in_force() -> None:
    """Each replacement's multiplier holds from its own time: 11.80 at 120, then 1 at 80, then 1 at 80 and 2 at 60, then 1 at 60."""
    changes = [
        Change(at("10:20"), micro("45690.00"), micro("5.00"), Fraction(80)),
        Change(at("10:40"), micro("7.00"), micro("0.00"), Fraction(60)),
    ]
    known = rules(multiplier=120)
    readings = series(("10:05", "45678.20"), ("10:20", "5.00"), ("10:35", "6.00"), ("10:50", "2.00"), ("11:05", "3.00"))
    _, segments, _ = run(readings, known, changes)
    assert booked(segments) == [
        (Decimal(1416), "REPLACED", 6),
        (Decimal(80), "OK", 0),
        (Decimal(200), "REPLACED", 6),
        (Decimal(60), "OK", 0),
    ]


@pytest.mark.parametrize(
    ("time", "kinds"),
    [
        pytest.param("10:00", ["BACKWARDS"], id="at the baseline it is past"),
        pytest.param("10:01", ["REPLACED"], id="just inside"),
        pytest.param("10:30", ["REPLACED"], id="at the reading it applies"),
        pytest.param("10:31", ["BACKWARDS"], id="later is not yet"),
    ],
)
def test_replacement_lies_in_the_stretch(time: str, kinds: list[str]) -> None:
    """Rule 1 applies to a replacement inside (t0, t]."""
    change = Change(at(time), micro("45690"), micro("4000"), None)
    _, _, findings = run(series(("10:00", "45678.20"), ("10:30", "4007.50")), rules(), [change])
    assert [finding.kind for finding in findings] == kinds


@pytest.mark.parametrize("final", ["45000", "46690"])
def test_replacement_that_does_not_fit(final: str) -> None:
    """A final value below the last reading, or further above than the meter can run, books nothing and is told."""
    change = Change(at("10:20"), micro(final), micro("5"), None)
    _, segments, findings = run(series(("10:00", "45678.20"), ("10:30", "12.50"), ("10:45", "13.50")), rules(), [change])
    assert booked(segments) == [(Decimal(1), "OK", 0)]
    assert told(findings) == [("REPLACEMENT_IN_DOUBT", "not booked")]


def test_spike_after_a_replacement() -> None:
    """A wrong first reading of the new register is held, and the replacement is still booked whole."""
    change = Change(at("10:20"), micro("45690"), micro("5"), None)
    readings = series(("10:00", "45678"), ("10:30", "9999"), ("10:45", "14"))
    _, segments, findings = run(readings, rules(), [change])
    assert booked(segments) == [(Decimal(21), "REPLACED", 1)]  # 12 + 9
    assert told(findings) == [("SPIKE", "held"), ("SPIKE", "discarded"), ("REPLACED", "booked")]


def test_dip() -> None:
    """EX-2.13: the middle reading is discarded and 144.985 booked over both steps."""
    _, segments, findings = run(every(60, "146129.015", "145693.015", "146274.0"), rules(None, None, cadence_ms=HOUR))
    assert segments == [Segment(START, START + 2 * HOUR, micro("144.985"), "OK", 1)]
    assert told(findings) == [("BACKWARDS", "held"), ("DIP", "discarded")]


@pytest.mark.parametrize(("modulus", "rate"), [(None, None), ("1000000", "500"), ("1000000", None), (None, "500")])
def test_garbage_burst(modulus: str | None, rate: str | None) -> None:
    """EX-2.14: sixteen readings of 1.83e21 are discarded; 146.0 is spread linearly and flagged estimated."""
    values = ["115603.0078", *["1.83e21"] * 16, "115749.0078"]
    _, segments, findings = run(every(5, *values), rules(modulus, rate, cadence_ms=5 * MIN))
    assert segments == [Segment(START, START + 85 * MIN, micro("146"), "OK", 1)]
    assert told(findings) == [("OUT_OF_RANGE", "discarded")]
    halves = energy_between(segments, [START, START + 34 * MIN, START + 85 * MIN])
    assert halves == [micro("58.4"), micro("87.6")]  # 146 * 34/85, the rest


def test_negative_readings_are_discarded() -> None:
    """A register shows no negative; a second burst is told again."""
    _, segments, findings = run(every(15, "10", "-1", "11", "-1", "12"), rules())
    assert sum(s.energy for s in segments) == micro(2)
    assert told(findings) == [("OUT_OF_RANGE", "discarded")] * 2


def test_garbage_before_all_else() -> None:
    """Also a first reading that no register can show is told, and is no baseline."""
    _, segments, findings = run(every(15, "-1", "10", "12"), rules())
    assert booked(segments) == [(Decimal(2), "OK", 0)]
    assert told(findings) == [("OUT_OF_RANGE", "discarded")]


@pytest.mark.parametrize(
    ("modulus", "value", "taken"),
    [
        pytest.param("1000000", "999999.999999", True, id="below the modulus"),
        pytest.param("1000000", "1000000", False, id="the modulus is shown as zero"),
        pytest.param("1000000", "1000001", False, id="beyond the modulus"),
        pytest.param("1000000", "0", True, id="zero"),
        pytest.param("1000000", "-0.000001", False, id="a millionth below zero"),
        pytest.param(None, "8999999999.999999", True, id="exact"),
        pytest.param(None, "9000000000", False, id="too great to be exact"),
    ],
)
def test_what_a_register_can_show(modulus: str | None, value: str, taken: bool) -> None:
    """2.2: six digits before the point wrap at 1 000 000; without a modulus what is exact in a double (2**53 millionths, 9.007e9)."""
    state, _, findings = run(every(15, value), rules(modulus))
    assert (state.value == micro(value), findings == []) == (taken, taken)


@pytest.mark.parametrize(
    ("value", "begins"),
    [
        pytest.param("-1", "a register cannot show -1, read at ", id="negative"),
        pytest.param("1000000.5", "a register cannot show 1000000.5, read at ", id="beyond the modulus"),
        pytest.param("8999999999.999999", "a register cannot show 8999999999.999999, read at ", id="exact"),
        pytest.param("-8999999999.999999", "a register cannot show -8999999999.999999, read at ", id="exact, negative"),
        pytest.param("9e9", "9000000000 or beyond was read at ", id="too great"),
        pytest.param("1.83e21", "9000000000 or beyond was read at ", id="EX-2.14"),
        pytest.param("-9e9", "-9000000000 or beyond was read at ", id="too far below"),
        pytest.param("-1.83e21", "-9000000000 or beyond was read at ", id="EX-2.14, negative"),
    ],
)
def test_what_is_told_of_garbage(value: str, begins: str) -> None:
    """A figure is told as it is read below 9e9 (2**53 millionths are 9.007e9); what is decoded to that bound may have been more."""
    assert registers.out_of_range(START, micro(value)).text.startswith(begins)


def test_quality_codes() -> None:
    """2.6, quality codes carried with every interval: those that a register's segments can have, and what they stand for."""
    given = {
        "measured": every(15, "1", "2"),
        "E1": every(60, "1", "2"),
        "E2": every(180, "1", "2"),
        "E3": every(73 * 60, "1", "2"),
        "corrected": every(15, "999999", "1"),
        "suspect": every(15, "456789", "3.2", "9.0"),
    }
    codes = {name: run(readings, rules())[1][0].quality for name, readings in given.items()}
    assert codes == {"measured": 0, "E1": 1, "E2": 2, "E3": 3, "corrected": 6, "suspect": 7}
    assert codes == {text.split()[0].rstrip(":"): code for code, text in registers.QUALITIES.items()}


def test_state_as_text() -> None:
    """One line of JSON with sorted keys and no blanks, the same before and after reading it."""
    state = RegisterState(time_ms=1, value=2, held_ms=3, held_value=4, held_kind="SPIKE", burst=True, last_ms=5)
    text = '{"burst":true,"held_kind":"SPIKE","held_ms":3,"held_value":4,"last_ms":5,"time_ms":1,"value":2}'
    assert (state.to_json(), RegisterState.from_json(text)) == (text, state)


@pytest.mark.parametrize(
    ("minutes", "quality"),
    [
        pytest.param(22.5, 0, id="exactly 1.5 steps"),
        pytest.param(23, 1, id="a gap"),
        pytest.param(120, 1, id="2 h"),
        pytest.param(121, 2, id="over 2 h"),
        pytest.param(72 * 60, 2, id="72 h"),
        pytest.param(72 * 60 + 1, 3, id="over 72 h"),
    ],
)
def test_gap_codes(minutes: float, quality: int) -> None:
    """Two readings further apart than 1.5 steps span a gap: E1 up to 2 h, E2 up to 72 h, E3 beyond."""
    _, (segment,), _ = run([(START, 0), (START + int(minutes * MIN), micro(10))], rules())
    assert segment.quality == quality


def test_gap_of_an_hour() -> None:
    """EX-2.15: an hour without readings gives four quarters of 15.0, E1, sum 60.0."""
    _, segments, _ = run(series(("00:00", "1000"), ("01:00", "1060")), rules())
    quarters = intervals(segments, [START + i * 15 * MIN for i in range(5)])
    assert [(q.by_quality, q.covered_ms) for q in quarters] == [({1: micro(15)}, 15 * MIN)] * 4


def test_late_reading_splits_a_gap() -> None:
    """EX-2.16: 4 x 22.5 becomes 15, 15, 30, 30 with the late reading; the sum stays 90."""
    edges = [at("08:00") + i * 15 * MIN for i in range(5)]
    _, before, _ = run(series(("08:00", "1200"), ("09:00", "1290")), rules())
    _, after, _ = run(series(("08:00", "1200"), ("08:30", "1230"), ("09:00", "1290")), rules())
    assert energy_between(before, edges) == [micro("22.5")] * 4
    assert energy_between(after, edges) == [micro(15), micro(15), micro(30), micro(30)]


def test_missing_is_not_zero() -> None:
    """Outside the segments an interval has no energy and no cover, and a still register has zero."""
    _, segments, _ = run(every(15, "5", "5"), rules())
    still, missing = intervals(segments, [START, START + 15 * MIN, START + 30 * MIN])
    assert (still.energy, still.covered_ms, missing.energy, missing.covered_ms) == (0, 15 * MIN, None, 0)


def test_order_is_demanded() -> None:
    """A reading that is not later than the last is refused, also after a held or discarded one."""
    for last in ("1010", "9000", "-1"):
        state, _, _ = run(every(15, "1000", last), rules())
        with pytest.raises(ValueError, match="not later"):
            step(state, START + 15 * MIN, micro(1011), rules())


def test_edges_and_overlaps_are_checked() -> None:
    """Edges that do not ascend and segments that overlap cannot be split."""
    segment = Segment(0, 10, 1, "OK", 0)
    with pytest.raises(ValueError, match="ascend"):
        intervals([segment], [5, 5])
    with pytest.raises(ValueError, match="overlap"):
        intervals([segment, Segment(9, 12, 1, "OK", 0)], [0, 12])


def test_from_the_registry() -> None:
    """A meter's row and a replacement's row become rules and a change, in millionths."""
    meter = Meter(
        source="s",
        factor="f",
        kind="cumulative",
        unit="kWh",
        multiplier=Decimal(120),
        modulus=Decimal(10**6),
        lsd=Decimal("0.01"),
    )
    assert registers.meter_rules(meter, 900) == rules(rate=None, multiplier=120)
    row = MeterChange(
        source="s",
        factor="f",
        time=datetime.fromisoformat("2026-07-01T10:20:00+08:00"),
        final_old=Decimal("45690.00"),
        initial_new=Decimal(5),
        multiplier_new=Decimal(80),
    )
    assert registers.meter_change(row) == Change(at("10:20"), micro(45690), micro(5), Fraction(80))


WALKS = st.lists(
    st.tuples(
        st.integers(1, 200 * MIN),
        st.one_of(
            st.integers(0, 60 * M),
            st.integers(-40_000, 0),
            st.integers(-(10**12), 10**12),
            st.just(1_830 * 10**24),
        ),
    ),
    min_size=1,
    max_size=30,
)


def walk(steps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return readings that rise, jitter, fall, jump and go mad."""
    time, value, readings = START, micro(999_900), []
    for pause, rise in steps:
        time += pause
        readings.append((time, value + rise))
        if 0 <= value + rise < 10**12 and rise < 10**9:
            value += rise
    return readings


CHANGES = [Change(START + 5 * HOUR, micro(999_950), micro(3), Fraction(7, 3)), Change(START + 30 * HOUR, micro(40), 0, None)]


@settings(max_examples=150, deadline=None)
@given(steps=WALKS, cuts=st.lists(st.integers(-HOUR, 60 * HOUR), max_size=20), rate=st.sampled_from(["500", None]))
def test_energy_is_conserved_over_any_grid(steps: list[tuple[int, int]], cuts: list[int], rate: str | None) -> None:
    """The intervals of any grid that encloses the segments add up to them, by quality too; nothing is negative."""
    readings = walk(steps)
    _, segments, _ = run(readings, rules(rate=rate), CHANGES)
    outer = {START - 2 * HOUR, readings[-1][0] + 1}
    edges = sorted({START + cut for cut in cuts if START + cut < max(outer)} | outer)
    split = intervals(segments[::-1], edges)
    assert sum(energy_between(segments, edges)) == sum(s.energy for s in segments)
    assert all(s.energy >= 0 for s in segments) and all(e >= 0 for i in split for e in i.by_quality.values())
    assert sum(i.covered_ms for i in split) == sum(s.end_ms - s.start_ms for s in segments)
    for code in registers.QUALITIES:
        assert sum(i.by_quality.get(code, 0) for i in split) == sum(s.energy for s in segments if s.quality == code)
    for left, right in pairwise(edges):  # segments that end before an interval do not matter to it
        near = [s for s in segments if s.end_ms > left and s.start_ms < right]
        assert energy_between(near, [left, right]) == [i.energy or 0 for i in split if i.start_ms == left]


@settings(max_examples=150, deadline=None)
@given(steps=WALKS, cut=st.integers(0, 30), rate=st.sampled_from(["500", None]))
def test_a_state_carries_over(steps: list[tuple[int, int]], cut: int, rate: str | None) -> None:
    """Readings cut anywhere, with the state written and read between, give the same segments and findings."""
    readings, known = walk(steps), rules(rate=rate)
    whole = run(readings, known, CHANGES)
    state, segments, findings = run(readings[:cut], known, CHANGES)
    state = RegisterState.from_json(state.to_json())
    state, more, found = run(readings[cut:], known, CHANGES[::-1], state)
    assert (state, segments + more, findings + found) == whole
