"""What the engine promises: hours by the regulator's rules, one answer whatever the order, and no exceedance by rounding."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.log import PARTITIONS, Entry, LogRecord
from ingest.registry import Registry
from plumeline.runner import Runner, turns
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.engine import Engine
from processors.figures import HOUR_MS
from processors.memory import TOUCHES_A_TICK, Settings
from tests.processors.given import (
    FLOW,
    METER,
    MIDNIGHT,
    NOON,
    O2,
    SO2,
    STACK,
    line,
    ms,
    records,
    registry,
    stack_hour,
    tick,
    ticks,
)  # fmt: skip


class Bench:
    """An engine with a store in memory, fed turn by turn as the runner does."""

    def __init__(self, rows: Registry, hot_hours: int = 48) -> None:
        self.writer = SqliteWriter(":memory:")
        self.store = SqliteStore(self.writer)
        self.log = _Returns()
        log: Any = self.log
        self.runner = Runner(
            log, self.writer, self.store, rows, settings=Settings(hot_ms=hot_hours * HOUR_MS, provisional=False)
        )
        self.seq = 0

    def feed(self, batch: list[LogRecord]) -> None:
        for turn in turns(batch):
            self.runner.work([r._replace(seq=self.seq + i + 1) for i, r in enumerate(turn)])
            self.seq += len(turn)
        back, self.log.entries = self.log.entries, []
        if back:
            self.feed([LogRecord(e.topic, e.partition, 0, 0, e.value) for e in back])

    def lines(self, lines: list[bytes]) -> None:
        self.feed(records(lines))

    def tick(self, time: datetime) -> None:
        self.feed(ticks(time, 1))

    def finish(self) -> None:
        self.writer.commit(self.runner.engine.finish(), self.runner.engine.points, [], self.seq + 1)

    def hour(self, factor: str, stat: str, start: datetime, source: str = STACK) -> Any:
        found = self.store.figure(source, factor, stat, "hour", ms(start))
        assert found is not None, f"no figure {factor} {stat} {start}"
        return found

    def events(self) -> list[str]:
        return [e.kind for e in reversed(self.store.events(limit=1000))]


class _Returns:
    """A log that gives back what the runner appends and reads again: touches."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def append_now(self, entries: list[Entry]) -> None:
        self.entries += [e for e in entries if e.topic == "touches"]


@pytest.mark.parametrize(
    ("minutes", "value", "reason"),
    [
        pytest.param([(30, 20.0, "N"), (15, 32.0, "N")], Fraction(24), None, id="EX-1.1 just enough"),
        pytest.param([(30, 20.0, "N"), (14, 32.0, "N")], None, "44 valid minutes of 45", id="EX-1.1 one too few"),
        pytest.param([(45, 24.0, "N"), (15, 99.0, "T")], Fraction(24), None, id="45 N and 15 T"),
        pytest.param([(44, 24.0, "N"), (16, 0.0, "D")], None, "44 valid minutes of 45 (fault)", id="flag D is no value"),
        pytest.param([(60, 0.0, "F")], None, "stopped", id="all stopped"),
    ],
)
def test_valid_hour(minutes: list[tuple[int, float, str]], value: Fraction | None, reason: str | None) -> None:
    """An hour is the mean of its valid minutes, at least 45 of them (HJ 75-2017), else withheld with the reason."""
    bench = Bench(registry())
    out, at = [], NOON
    for count, number, flag in minutes:
        for _ in range(count):
            out += [line(at + timedelta(seconds=s), {O2: number}, flags={O2: flag}) for s in (0, 30)]
            at += timedelta(minutes=1)
    bench.lines([*out, line(NOON + timedelta(hours=1), {O2: 5.0})])
    figure = bench.hour(O2, "avg", NOON)
    assert (figure.number, figure.reason) == (value, reason)


@pytest.mark.parametrize(("hours", "value"), [(20, Fraction(26)), (19, None)])
def test_valid_day(hours: int, value: Fraction | None) -> None:
    """EX-1.2: 20 valid hours, 12 at 20 and 8 at 35, make 26.00; 19 make no day."""
    bench = Bench(registry())
    out = []
    for hour in range(hours):
        number = 20.0 if hour < 12 else 35.0
        out += [line(MIDNIGHT + timedelta(hours=hour), {O2: number}, kind="hour", stat="avg")]
    bench.lines(out)
    bench.finish()
    figure = bench.store.figure(STACK, O2, "avg", "day", ms(MIDNIGHT))
    assert figure is not None and figure.number == value
    assert figure.n == hours


def test_reference_oxygen_minute_by_minute() -> None:
    """EX-1.9: half an hour at 30 and 6 %, half at 20 and 14 %: 36.43 at 6 % oxygen, above 35; mass takes the measured 25."""
    bench = Bench(registry())
    first = stack_hour(NOON, 30.0, 6.0, seconds=1800)
    second = stack_hour(NOON + timedelta(minutes=30), 20.0, 14.0, seconds=1800)
    bench.lines([*first, *second, line(NOON + timedelta(hours=1), {SO2: 1.0, O2: 6.0})])
    figure = bench.hour(SO2, "avg_ref", NOON)
    # (30 * 30 + 30 * 20 * 15/7) / 60 = 36.428571...
    assert abs(Fraction(figure.number) - Fraction(255, 7)) <= Fraction(1, 2 * 10**6) + Fraction(1, 10**8)
    assert figure.verdict == "exceeds"
    assert bench.hour(SO2, "mass", NOON).number == Fraction(25 * 400_000, 10**6)
    assert bench.events() == ["exceedance.opened"]


def test_oxygen_near_air_gives_no_value() -> None:
    """EX-1.10: at 20.5 % oxygen nothing is converted, and the hour is not judged instead of exceeding."""
    bench = Bench(registry())
    bench.lines([*stack_hour(NOON, 2.0, 20.5), line(NOON + timedelta(hours=1), {SO2: 1.0})])
    figure = bench.hour(SO2, "avg_ref", NOON)
    assert (figure.number, figure.verdict) == (None, "not judged")
    assert figure.reason == "0 valid minutes of 45 (oxygen at or above the guard)"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 70_000_000), min_size=2, max_size=119), st.sampled_from([1, 2, 3]))
def test_an_hour_equal_to_its_limit_never_exceeds(parts: list[int], reads: int) -> None:
    """Whatever the readings: where the exact mean of the hour's minutes is 35, the hour complies.

    Readings are chosen so that each minute's exact mean is what was drawn and one last minute balances the hour; a second below
    keeps minutes of 3 readings, whose means are no decimals.
    """
    drawn = [p / 10**6 for p in parts[:59]]
    total = sum(Fraction(p, 10**6) for p in parts[:59])
    missing = 35 * (len(drawn) + 1) - total
    if not 0 <= missing < 10**4:
        return
    values = [*(Fraction(p, 10**6) for p in parts[:59]), missing]
    if len(values) < 45:
        values += [Fraction(35)] * (45 - len(values))
    bench = Bench(registry())
    out = []
    for minute, value in enumerate(values):
        at = NOON + timedelta(minutes=minute)
        # readings v-d, v, v+d (or halves) have the exact mean v
        spread = Fraction(min(value, Fraction(1))) / 7
        step = Fraction(round(spread * 10**6), 10**6)
        offsets = {1: [0], 2: [-1, 1], 3: [-1, 0, 1]}[reads]
        out += [line(at + timedelta(seconds=15 * i), {SO2: float(value + o * step), O2: 6.0}) for i, o in enumerate(offsets)]
    bench.lines([*out, line(NOON + timedelta(hours=1), {SO2: 1.0, O2: 6.0})])
    figure = bench.hour(SO2, "avg_ref", NOON)
    assert (figure.number, figure.verdict) == (35, "complies")


def day_of_input(seed: int) -> list[bytes]:
    """A day with everything in it: gaps, flags, conflicts, duplicates, oxygen near air, device minutes, a meter with a rollover."""
    rng = random.Random(seed)
    out: list[bytes] = []
    for step in range(0, 24 * 120, 4):
        if rng.random() < 0.1:
            continue
        at = MIDNIGHT + timedelta(seconds=30 * step)
        flag = rng.choice("NNNNNNNNNNNNMDF")
        values = {
            SO2: round(rng.uniform(25, 45), 2),
            O2: rng.choice([6.0, 7.5, 9.1, 20.5]),
            FLOW: round(rng.uniform(3e5, 5e5), 1),
        }
        out.append(line(at, values, flags={SO2: flag}))
        if rng.random() < 0.05:
            out.append(line(at, {SO2: values[SO2] + 1}, delay_s=rng.choice([40, 4000])))
        if rng.random() < 0.05:
            out.append(line(at, values, flags={SO2: flag}, delay_s=rng.choice([2, 900])))
    for minute in range(0, 24 * 60, 10):
        out.append(line(MIDNIGHT + timedelta(minutes=minute), {SO2: round(rng.uniform(25, 45), 3)}, kind="minute", stat="avg"))
    register = 100.0
    for quarter in range(97):
        if rng.random() < 0.1:
            continue
        register += round(rng.uniform(0, 9), 2)
        at = MIDNIGHT + timedelta(minutes=15 * quarter)
        out.append(line(at, {"kwh": round(register, 2)}, source=METER, kind="register", stat="reg"))
    return out


def run_day(lines: list[bytes], cuts: list[int], hot_hours: int, tick_every: int, order: random.Random) -> list[Any]:
    bench = Bench(registry(minute_s=600, cadence_s=120), hot_hours)
    position, at = 0, MIDNIGHT
    for cut in [*cuts, len(lines)]:
        part = lines[position:cut]
        packed = []
        while part:
            size = order.randint(1, 40)
            packed.append(LogRecord("reports", 0, 0, 0, b"\n".join(part[:size])))
            part = part[size:]
        bench.feed(packed)
        position = cut
        at += timedelta(minutes=tick_every)
        bench.tick(at)
    for hour in range(50):
        bench.tick(MIDNIGHT + timedelta(hours=26 + hour, minutes=10))
    return bench.store.canonical()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2), st.integers(0, 10**6))
def test_convergence(seed: int, shuffle: int) -> None:
    """Order, duplication, batching, lateness and the size of the hot set change no byte of the canonical figures."""
    lines, order = day_of_input(seed), random.Random(shuffle)
    want = run_day(lines, [], 72, 1, random.Random(1))
    assert len(want) > 1500
    shuffled = [*lines, *order.choices(lines, k=200)]
    order.shuffle(shuffled)
    cuts = sorted(order.sample(range(len(shuffled)), 6))
    assert run_day(shuffled, cuts, order.choice([1, 3, 72]), order.choice([10, 240]), order) == want


def test_cold_path_equals_hot() -> None:
    """A day in order with a hot set of one hour, then its lines again in reverse: what a hot set of three days gives."""
    lines = day_of_input(5)
    want = run_day(lines, [], 72, 1, random.Random(1))
    late = lines[: len(lines) // 3]
    random.Random(3).shuffle(late)
    got = run_day([*lines[len(lines) // 3 :], *late], [len(lines) - len(late)], 1, 24 * 60, random.Random(2))
    assert got == want


def test_outage_backfilled_equals_on_time() -> None:
    """Eight hours that come late and in random order end in the figures of on-time arrival; episodes found so are retrospective."""
    hours = [stack_hour(NOON + timedelta(hours=h), 50.0 if h == 4 else 20.0) for h in range(10)]
    on_time = Bench(registry())
    for h, part in enumerate(hours):
        on_time.lines(part)
        on_time.tick(NOON + timedelta(hours=h + 1, seconds=5))
    on_time.tick(NOON + timedelta(hours=12))
    late = Bench(registry())
    late.lines(hours[0])
    for h in range(1, 10):
        late.tick(NOON + timedelta(hours=h, minutes=10))
    missed = [x for part in hours[1:9] for x in part]
    random.Random(4).shuffle(missed)
    for start in range(0, len(missed), 100):
        late.lines(missed[start : start + 100])
        late.tick(NOON + timedelta(hours=9, minutes=11, seconds=start // 100))
    late.lines(hours[9])
    late.tick(NOON + timedelta(hours=12))
    assert late.store.canonical() == on_time.store.canonical()
    assert "exceedance.opened" in on_time.events()
    assert "exceedance.opened" not in late.events()
    assert "exceedance.retrospective" in late.events()
    assert [f.state for f in late.store.figures(STACK, "hour", ms(NOON), ms(NOON) + 9 * HOUR_MS, O2, "avg")][1:] == [
        "revised"
    ] * 8


@pytest.mark.parametrize("hot_hours", [48, 1])
def test_an_episode_found_looking_back_ends_where_the_next_hour_was_judged(hot_hours: int) -> None:
    """An hour filled in later exceeds; the hour behind it complied long before: the episode is told and closed at once."""
    bench = Bench(registry(), hot_hours)
    bench.lines([line(NOON - timedelta(hours=1), {SO2: 20.0, O2: 6.0}), *stack_hour(NOON + timedelta(hours=1), 20.0)])
    bench.lines([line(NOON + timedelta(hours=2), {SO2: 20.0, O2: 6.0})])
    bench.tick(NOON + timedelta(hours=4))
    bench.lines(stack_hour(NOON, 50.0))
    bench.tick(NOON + timedelta(hours=4, seconds=30))
    bench.tick(NOON + timedelta(hours=4, seconds=60))
    assert [k for k in bench.events() if "exceedance" in k] == ["exceedance.retrospective", "exceedance.closed"]
    (episode,) = bench.store.episodes()
    assert (episode.state, episode.closed_by, episode.hours) == ("closed", "complies", 1)


@pytest.mark.parametrize("restarted", [False, True])
def test_an_exceedance_that_was_told_is_not_found_anew(restarted: bool) -> None:
    """Each second of 160 hours exceeds; a late reading of the first leaves it above its limit: whatever came since, nothing is told of it."""
    bench = Bench(registry(cadence_s=300))
    for h in range(160):
        at = NOON + timedelta(hours=h)
        bench.lines([line(at + timedelta(minutes=m), {SO2: 20.0 if h % 2 else 50.0, O2: 6.0}) for m in range(0, 60, 5)])
        bench.tick(at + timedelta(hours=1, minutes=6))
    told, known = bench.events(), bench.store.episodes()
    assert told.count("exceedance.opened") == len(known) == 80
    if restarted:
        bench.runner.adopt(registry(cadence_s=300))
    bench.lines([line(NOON + timedelta(minutes=5), {SO2: 60.0, O2: 6.0}, delay_s=159 * 3600)])
    for m in range(10, 13):
        bench.tick(NOON + timedelta(hours=160, minutes=m))
    assert bench.hour(SO2, "avg_ref", NOON).state == "revised"
    assert [e for e in bench.events() if "exceedance" in e] == [e for e in told if "exceedance" in e]
    assert sorted((e.id, e.live, e.hours) for e in bench.store.episodes()) == sorted((e.id, e.live, 1) for e in known)


def test_live_hours_never_wait_for_the_past() -> None:
    """While more hours are backfilled than a tick may rebuild, a live hour is decided and told by the reading that completes it."""
    bench = Bench(registry(), hot_hours=1)
    bench.lines([line(NOON, {SO2: 50.0, O2: 6.0})])
    bench.tick(NOON + timedelta(seconds=10))
    hours = TOUCHES_A_TICK + 10
    old = [NOON - timedelta(hours=h) for h in range(2, hours + 2)]
    bench.lines([line(at, {SO2: 20.0, O2: 6.0}, kind="hour", stat="avg", delay_s=10**6) for at in old])
    waiting = bench.runner.engine.touches
    assert len(waiting) == hours
    bench.lines([*stack_hour(NOON, 50.0)[1:], line(NOON + timedelta(hours=1), {SO2: 20.0, O2: 6.0})])
    assert bench.hour(SO2, "avg_ref", NOON).verdict == "exceeds"
    assert bench.events() == ["exceedance.opened"]
    assert len(waiting) == hours, "a report is no occasion to rebuild the past"
    bench.tick(NOON + timedelta(hours=1, seconds=10))
    assert len(waiting) == 10
    bench.tick(NOON + timedelta(hours=1, seconds=20))
    assert waiting == {}
    assert bench.hour(SO2, "avg_ref", old[-1]).number == 20


def test_a_late_mark_withdraws_an_exceedance() -> None:
    """A calibration declared afterwards takes the hour out: the figure is revised, the episode withdrawn, and it is told."""
    bench = Bench(registry())
    bench.lines([*stack_hour(NOON, 50.0), line(NOON + timedelta(hours=1), {SO2: 20.0, O2: 6.0})])
    bench.tick(NOON + timedelta(hours=1, minutes=1))
    bench.feed([LogRecord("marks", 0, 0, 0, mark(NOON, NOON + timedelta(hours=1)))])
    bench.tick(NOON + timedelta(hours=1, minutes=2))
    figure = bench.hour(SO2, "avg_ref", NOON)
    assert (figure.number, figure.reason, figure.revision) == (None, "0 valid minutes of 45 (calibration)", 2)
    assert bench.events() == ["exceedance.opened", "mark.late", "exceedance.withdrawn"]


def test_a_changed_limit_is_a_row_and_a_rebuild() -> None:
    """A limit lowered from a day on judges the hours of that day anew and leaves the values as they are."""
    bench = Bench(registry())
    bench.lines([*stack_hour(NOON, 30.0), line(NOON + timedelta(hours=1), {SO2: 30.0, O2: 6.0})])
    bench.tick(NOON + timedelta(hours=1, minutes=1))
    assert bench.hour(SO2, "avg_ref", NOON).verdict == "complies"
    old = bench.runner.registry
    lower = old.model_copy(update={"limits": (old.limits[0].model_copy(update={"limit": Decimal(25), "limit_id": "L25"}),)})
    touched = bench.runner.adopt(Registry.model_validate_json(lower.model_dump_json()))
    bench.tick(NOON + timedelta(hours=1, minutes=2))
    figure = bench.hour(SO2, "avg_ref", NOON)
    assert touched >= 1
    assert (figure.number, figure.verdict, figure.limit_id, figure.revision) == (30, "exceeds", "L25", 2)


def test_a_clock_ahead_is_held_and_mended_by_a_row() -> None:
    """Reports an hour ahead of their receipt are held and told; a dated offset row files them."""
    bench = Bench(registry())
    bench.lines([line(NOON + timedelta(hours=1, seconds=s), {O2: 6.0}, delay_s=-3599) for s in range(0, 3600, 30)])
    assert bench.events() == ["clock.in_doubt"]
    assert bench.store.figures(STACK, "hour", 0, 2**60) == []
    mended = registry(clock_offset_s=-3600)
    bench.runner.adopt(mended)
    bench.lines([line(NOON + timedelta(hours=2), {O2: 6.0}, delay_s=-3599)])
    assert bench.hour(O2, "avg", NOON).number == 6


@pytest.mark.parametrize(("own", "told"), [(20.2, []), (20.21, ["reading.disagrees"])])
def test_the_devices_own_hour_is_compared(own: float, told: list[str]) -> None:
    """Our minutes make the hour, 20; the device's own mean is told as a finding where it differs by more than 1 %."""
    bench = Bench(registry())
    minutes = [line(NOON + timedelta(seconds=s), {O2: 20.0}) for s in range(0, 3600, 30)]
    bench.lines(
        [*minutes, line(NOON, {O2: own}, kind="hour", stat="avg", delay_s=3700), line(NOON + timedelta(hours=1), {O2: 6.0})]
    )
    assert bench.hour(O2, "avg", NOON).number == 20
    assert bench.events() == told


@pytest.mark.parametrize("ticked", [True, False])
def test_hours_without_data_are_stated(ticked: bool) -> None:
    """Each hour of a silence has its figure, "no data", whether a tick decides it or the reading that ends the silence."""
    bench = Bench(registry())
    bench.lines(stack_hour(NOON, 20.0))
    if ticked:
        bench.tick(NOON + timedelta(hours=2, minutes=30))
    bench.lines(stack_hour(NOON + timedelta(hours=4), 20.0))
    found = bench.store.figures(STACK, "hour", ms(NOON), ms(NOON) + 5 * HOUR_MS, SO2, "avg_ref")
    assert [f.reason for f in found] == [None, "no data", "no data", "no data"]


def test_silence_and_return() -> None:
    """A source is late, then silent against its own cadence, and on time again."""
    bench = Bench(registry())
    bench.lines([line(NOON, {O2: 6.0})])
    for second in range(1, 720, 30):
        bench.tick(NOON + timedelta(seconds=second))
    bench.lines([line(NOON + timedelta(minutes=12), {O2: 6.0})])
    bench.tick(NOON + timedelta(minutes=12, seconds=30))
    assert bench.events() == ["source.late", "source.silent", "source.on_time"]


def test_blind_is_not_silent() -> None:
    """Without ticks a source could not be seen: the hole is told of the gateway, and silence is counted from its end."""
    bench = Bench(registry())
    bench.lines([line(NOON, {O2: 6.0})])
    bench.tick(NOON + timedelta(seconds=10))
    bench.tick(NOON + timedelta(hours=2))
    assert bench.events() == ["source.blind"]


def test_bad_lines_are_quarantined_and_the_rest_goes_on() -> None:
    """One line that is no report is kept with its reason; its neighbours count."""
    bench = Bench(registry())
    good = stack_hour(NOON, 20.0)
    bench.feed(
        [LogRecord("reports", 0, 0, 0, b"\n".join([*good[:50], b'{"v":1,"source":"X","time":"noon"}', b"junk", *good[50:]]))]
    )
    bench.finish()
    assert bench.hour(SO2, "avg", NOON).n == 60
    assert [q.verdict for q in bench.store.quarantine()] == ["not a report"] * 2


def test_restart_repeats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after any turn and started again, the same log ends in the same figures and events."""
    lines = day_of_input(2)[:900]
    log = SqliteLog(tmp_path / "log.db")
    for start in range(0, len(lines), 60):
        log.append_now([Entry("reports", 0, b"\n".join(lines[start : start + 60]))])
        log.append_now([Entry("reports", p, tick(MIDNIGHT + timedelta(minutes=start))) for p in range(PARTITIONS)])
    results = []
    for restarts in (False, True):
        writer = SqliteWriter(tmp_path / f"{restarts}.db")
        store = SqliteStore(writer)
        runner = Runner(log, writer, store, registry(minute_s=600, cadence_s=120), settings=Settings(hot_ms=2 * HOUR_MS))
        monkeypatch.setattr("plumeline.runner.BATCH_RECORDS", PARTITIONS + 1)  # as open hours are shown at a batch's end
        while runner.step():
            if restarts:
                runner = Runner(log, writer, store, runner.registry, settings=Settings(hot_ms=2 * HOUR_MS))
        results.append((store.canonical(), store.rows("SELECT id, kind FROM events ORDER BY id")))
    log.close()
    assert results[0] == results[1]


def test_history_does_not_depend_on_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log with late hours, marks, a silence and hours beyond the hot set tells one history, however it is read and how often begun anew."""
    lines, order = sorted(day_of_input(3), key=lambda x: str(json.loads(x)["received"])), random.Random(7)
    held = [lines.pop(order.randrange(200, len(lines) - 300)) for _ in range(150)]
    log = SqliteLog(tmp_path / "log.db")
    stores = []

    def run(name: str, batch: int, *, publishes: bool) -> Runner:
        monkeypatch.setattr("plumeline.runner.BATCH_RECORDS", batch)
        writer = SqliteWriter(tmp_path / name)
        store = SqliteStore(writer)
        stores.append(store)
        rules = Settings(hot_ms=3 * HOUR_MS, provisional=False)
        return Runner(log, writer, store, registry(minute_s=600, cadence_s=120), settings=rules, publishes=publishes)

    live = run("live.db", 64, publishes=True)
    for n, start in enumerate(range(0, len(lines), 12)):
        at = datetime.fromisoformat(json.loads(lines[start])["received"])
        part = lines[start : start + 12]
        if n % 6 == 5:
            part += [held.pop() for _ in range(min(9, len(held)))]
        log.append_now([Entry("reports", 0, b"\n".join(part[:7])), Entry("reports", 0, b"\n".join(part[7:]))])
        if n == 40:
            log.append_now([Entry("marks", 0, mark(NOON - timedelta(hours=5), NOON - timedelta(hours=4)))])
        log.append_now([Entry("reports", p, tick(at + timedelta(seconds=9))) for p in range(PARTITIONS)])
        live.drain()
    for minute in range(40):
        log.append_now([Entry("reports", p, tick(MIDNIGHT + timedelta(days=1, minutes=minute))) for p in range(PARTITIONS)])
    for hour in range(1, 40):
        log.append_now([Entry("reports", p, tick(MIDNIGHT + timedelta(days=1, hours=hour))) for p in range(PARTITIONS)])
        live.drain()
    for batch in (5, 37, 100_000):
        run(f"{batch}.db", batch, publishes=False).drain()
    begun = run("begun.db", 61, publishes=False)
    while begun.step():  # and begun anew after each batch
        again = (log, begun.writer, stores[-1], begun.registry)
        begun = Runner(*again, settings=Settings(hot_ms=3 * HOUR_MS, provisional=False), publishes=False)
    log.close()
    told = "SELECT id, kind, time, live, facts FROM events ORDER BY id"
    revised = "SELECT * FROM revisions ORDER BY 1, 2, 3, 4, 5, 6"
    histories = [(store.canonical(), store.rows(told), store.rows(revised)) for store in stores]
    kinds = {row[1] for row in histories[0][1]}
    assert {"exceedance.opened", "exceedance.retrospective", "source.silent", "reading.conflict"} <= kinds
    assert any(r[5] > 2 for r in histories[0][2]), "nothing was revised twice"
    assert live.store.rows("SELECT * FROM touches") == []
    for history in histories[1:]:
        for ours, theirs in zip(histories[0], history, strict=True):
            assert ours == theirs


def mark(start: datetime, end: datetime) -> bytes:
    """Return a calibration of the stack."""
    return json.dumps(
        {
            "v": 1,
            "id": "m1",
            "source": STACK,
            "type": "calibration",
            "start": start.isoformat(),
            "end": end.isoformat(),
            "author": "operator",
            "set_at": start.isoformat(),
        }
    ).encode()


def test_a_day_of_cold_and_hot_hours_is_whole(tmp_path: Path) -> None:
    """An hour that was rebuilt from the store stays part of its day when a hot hour of that day is revised afterwards."""

    def run(name: str, hot_ms: int) -> list[tuple[object, ...]]:
        log, writer = SqliteLog(tmp_path / f"{name}.log"), SqliteWriter(tmp_path / f"{name}.db")
        alone = registry().model_copy(update={"meters": (), "sources": registry().sources[:1]})
        runner = Runner(log, writer, SqliteStore(writer), alone, settings=Settings(hot_ms=hot_ms, provisional=False))

        def at(minutes: float) -> None:
            log.append_now([Entry("reports", p, tick(MIDNIGHT + timedelta(minutes=minutes))) for p in range(PARTITIONS)])
            runner.drain()

        def send(lines: list[bytes]) -> None:
            log.append_now([Entry("reports", 0, b"\n".join(lines))])
            runner.drain()

        at(11 * 60)
        late = line(MIDNIGHT + timedelta(hours=10, minutes=30, seconds=10), {SO2: 90.0, O2: 6.0}, delay_s=3600)
        send([*stack_hour(MIDNIGHT + timedelta(hours=10), 20.0), line(MIDNIGHT + timedelta(hours=11), {SO2: 20.0, O2: 6.0})])
        at(11 * 60 + 1)
        send(stack_hour(MIDNIGHT + timedelta(hours=2), 30.0))
        for minute in range(2, 6):
            at(11 * 60 + minute)
        send([late])
        at(11 * 60 + 10)
        found = runner.store.canonical()
        runner.store.close()
        writer.close()
        log.close()
        return [row for row in found if row[1] == "day"]

    whole = run("hot", 48 * HOUR_MS)
    assert run("cold", 2 * HOUR_MS) == whole
    assert {row[8] for row in whole if row[4] == "avg"} == {2}


def test_a_reading_counts_once_however_many_minutes_it_covers() -> None:
    """Three factors every five minutes for an hour are 36 readings taken in, and 180 covered minutes."""
    bench = Engine(registry(cadence_s=300))
    lines = [line(NOON + timedelta(minutes=m), {SO2: 30.0, O2: 6.0, FLOW: 4e5}) for m in range(0, 60, 5)]
    assert sum(out.readings for out in bench.apply(records([*lines, line(NOON + timedelta(minutes=60), {O2: 6.0})]))) == 36 + 1
