"""The device's own day mean (HJ 212 command 2031) is compared with our day, told where they differ, and never published."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from markupsafe import escape

from ingest.hj212.answer import frame
from plumeline.check import check
from plumeline.console import evidence, words
from plumeline.console.ports import Console
from plumeline.console.shell import Context
from plumeline.texts import t
from tests.plumeline.fake_store import FakeOutbox
from tests.processors.given import MIDNIGHT, O2, SO2, STACK, line, ms, records, registry, ticks
from tests.processors.test_engine import Bench

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DATE = f"{MIDNIGHT:%Y-%m-%d}"


def hours(value: float, n: int = 24, start: datetime = MIDNIGHT, shift: timedelta = timedelta()) -> list[bytes]:
    """Hours of the stack by its own hour records, so that each is known to be ``value``."""
    return [line(start + i * HOUR + shift, {O2: value}, kind="hour", stat="avg", delay_s=3700) for i in range(n)]


def own_day(value: float, day: datetime = MIDNIGHT, *, flag: str = "N", delay: timedelta = DAY, **label: Any) -> bytes:
    """The device's day mean, labelled with its start, as it comes at the earliest."""
    return line(day, {O2: value}, kind="day", stat="avg", flags={O2: flag}, delay_s=delay.total_seconds() + 300, **label)


def told(bench: Bench) -> list[dict[str, Any]]:
    return [e.facts | {"id": e.id} for e in bench.store.events(limit=100) if e.kind == "reading.disagrees"]


def past_midnight(bench: Bench, day: datetime = MIDNIGHT) -> None:
    """A tick five minutes after the day's end decides its last hour; the next finds what came meanwhile."""
    for minute in (6, 7):
        bench.tick(day + DAY + timedelta(minutes=minute))


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("own", "found"), [(20.2, 0), (20.201, 1), (19.8, 0), (19.799, 1)])
def test_more_than_a_hundredth_apart(own: float, found: int, first: bool) -> None:
    """WAT-9's 1 % of 20 is 0.2: exactly that is not told, beyond it is, whether device or platform speaks first."""
    bench = Bench(registry())
    bench.lines(hours(20.0) + ([own_day(own)] if first else []))
    past_midnight(bench)
    if not first:
        bench.lines([own_day(own)])
        bench.tick(MIDNIGHT + DAY + timedelta(minutes=8))
    figure = bench.store.figure(STACK, O2, "avg", "day", ms(MIDNIGHT))
    assert figure is not None and (figure.number, figure.n) == (20, 24)
    assert [f["text"] for f in told(bench)] == [f"{O2}, day {DATE}: the device says {own}, its 24 valid hours make 20"] * found


@pytest.mark.parametrize(
    ("low", "high", "ours", "own", "found"),
    [
        pytest.param(-50, 100, 0.1, 0.6, 0, id="1 % of 50 is 0.5, exactly that is not told"),
        pytest.param(-50, 100, 0.1, 0.601, 1, id="beyond it is"),
        pytest.param(-50, 100, 80, 80.8, 0, id="further from zero it is 1 % of the value"),
        pytest.param(-50, 100, 80, 80.801, 1, id="and not of the range"),
        pytest.param(0, 100, 0.1, 0.102, 1, id="a range that ends at zero changes nothing"),
        pytest.param(None, 100, 0.1, 0.102, 1, id="nor does half a range"),
    ],
)
def test_a_quantity_that_crosses_zero(low: int | None, high: int, ours: float, own: float, found: int) -> None:
    """Where the measuring range spans zero, 1 % of its nearer end is the least difference that is told, of days as of hours."""
    rows = registry()
    ends = {"range_low": None if low is None else Decimal(low), "range_high": Decimal(high)}
    ranged = tuple(p.model_copy(update=ends) if p.factor == O2 else p for p in rows.points)
    bench = Bench(rows.model_copy(update={"points": ranged}))
    bench.lines([*hours(ours), own_day(own)])
    past_midnight(bench)
    assert len(told(bench)) == found
    bench = Bench(rows.model_copy(update={"points": ranged}))
    minutes = [line(MIDNIGHT + timedelta(seconds=s), {O2: ours}) for s in range(0, 3600, 30)]
    after = line(MIDNIGHT + HOUR, {O2: ours})
    bench.lines([*minutes, line(MIDNIGHT, {O2: own}, kind="hour", stat="avg", delay_s=3700), after])
    assert len(told(bench)) == found


def test_the_finding_leads_to_our_day() -> None:
    """It names the figure that it contradicts, once a day and factor, also when our figure is made anew."""
    bench = Bench(registry())
    bench.lines([*hours(20.0, 23), own_day(25.0)])
    past_midnight(bench)
    bench.lines([line(MIDNIGHT + 23 * HOUR, {O2: 44.0}, kind="hour", stat="avg", delay_s=7000)])
    bench.tick(MIDNIGHT + DAY + timedelta(minutes=9))
    figure = bench.store.figure(STACK, O2, "avg", "day", ms(MIDNIGHT))
    assert figure is not None and (figure.number, figure.revision) == (21, 2)  # (23 * 20 + 44) / 24
    (facts,) = told(bench)
    assert facts["id"] == f"reading.disagrees/{STACK}/{O2}/day {DATE}"
    assert (facts["stat"], facts["hour_start"]) == ("avg", f"{DATE}T00:00:00+08:00")
    assert facts["hour_end"] == (MIDNIGHT + DAY).isoformat()


def test_a_revised_day_is_compared_again() -> None:
    """A day that agreed is told when a late hour moves it away."""
    bench = Bench(registry())
    bench.lines([*hours(20.0, 23), own_day(20.0)])
    past_midnight(bench)
    assert told(bench) == []
    bench.lines([line(MIDNIGHT + 23 * HOUR, {O2: 44.0}, kind="hour", stat="avg", delay_s=7000)])
    bench.tick(MIDNIGHT + DAY + timedelta(minutes=9))
    assert [f["text"] for f in told(bench)] == [f"{O2}, day {DATE}: the device says 20, its 24 valid hours make 21"]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([*hours(20.0), own_day(30.0, flag="D")], id="flagged by the device"),
        pytest.param([*hours(20.0, 19), own_day(30.0)], id="our day is withheld"),
        pytest.param([*hours(20.0), own_day(9e9)], id="out of range"),
        pytest.param([*hours(20.0), own_day(30.0, day=MIDNIGHT + DAY, delay=timedelta())], id="of a day that still runs"),
    ],
)
def test_what_is_not_compared(lines: list[bytes]) -> None:
    """Without a valid value on both sides nothing is said."""
    bench = Bench(registry())
    bench.lines(lines)
    past_midnight(bench)
    assert told(bench) == []


def test_a_device_day_alone_is_no_figure() -> None:
    """Where neither minutes nor hours came, our day is withheld; the device's value is kept with its report."""
    bench = Bench(registry())
    bench.lines([line(MIDNIGHT - HOUR, {O2: 1.0}), own_day(30.0)])
    past_midnight(bench)
    figure = bench.store.figure(STACK, O2, "avg", "day", ms(MIDNIGHT))
    assert figure is not None and (figure.number, figure.reason) == (None, "0 valid hours of 20")
    assert told(bench) == []
    assert b'"kind":"day"' in b"".join(r.line for r in bench.store.reports(STACK, ms(MIDNIGHT), ms(MIDNIGHT) + 1, 10))


@pytest.mark.parametrize(
    ("label", "at"),
    [
        pytest.param("end", DAY, id="the next midnight"),
        pytest.param("end", DAY - timedelta(seconds=1), id="the last second"),
        pytest.param("start", timedelta(hours=8), id="no midnight"),
    ],
)
def test_how_devices_label_a_day(label: str, at: timedelta) -> None:
    """Labels that are ends say the next midnight or the last second (hj212.md §12), others some time of the day."""
    bench = Bench(registry(label=label))
    shift = HOUR if label == "end" else timedelta()
    bench.lines([*hours(20.0, shift=shift), own_day(30.0, day=MIDNIGHT + at, delay=DAY - at)])
    past_midnight(bench)
    assert [f["text"] for f in told(bench)] == [f"{O2}, day {DATE}: the device says 30, its 24 valid hours make 20"]


@pytest.mark.parametrize("label", ["start", "end"])
def test_a_day_record_asked_for_long_after(label: str) -> None:
    """Five days later our day is no longer at hand: it is read from the store, and the device's value compared with it."""
    bench = Bench(registry(label=label), hot_hours=6)
    shift, at = (HOUR, MIDNIGHT + DAY) if label == "end" else (timedelta(), MIDNIGHT)
    bench.lines(hours(20.0, 24 * 6, shift=shift))
    for hour in range(1, 24 * 6):
        bench.tick(MIDNIGHT + hour * HOUR + timedelta(minutes=7))
    bench.lines([own_day(30.0, day=at, delay=5 * DAY + timedelta(minutes=20))])
    assert told(bench) == []
    for minute in (10, 11):
        bench.tick(MIDNIGHT + 6 * DAY + timedelta(minutes=minute))
    assert [f["text"] for f in told(bench)] == [f"{O2}, day {DATE}: the device says 30, its 24 valid hours make 20"]


def test_two_values_of_a_device_day() -> None:
    """They are a conflict as any reading's, and the one that was sent last is compared."""
    bench = Bench(registry())
    bench.lines([*hours(20.0), own_day(20.0), own_day(30.0, delay=DAY + HOUR)])
    past_midnight(bench)
    assert sorted(bench.events()) == ["reading.conflict", "reading.disagrees"]
    assert told(bench)[0]["text"].startswith(f"{O2}, day {DATE}: the device says 30")


@pytest.mark.parametrize("seed", range(6))
def test_it_does_not_matter_where_a_batch_is_cut(seed: int) -> None:
    """Three days with a late hour after each midnight tell the same, one record at a time or many."""
    log = []
    for n in range(3):
        day = MIDNIGHT + n * DAY
        log += records(hours(20.0, 23, start=day))
        late = line(day + 23 * HOUR, {O2: 20.0 + 24 * n}, kind="hour", stat="avg", delay_s=4000)
        after = [own_day(21.0, day=day), line(day + DAY, {O2: 20.0, SO2: 1.0}), late]
        random.Random(seed).shuffle(after)
        log += records(after)
        for minute in (6, 7, 8):
            log += ticks(day + DAY + timedelta(minutes=minute), 1)
    order, whole, cut = random.Random(seed), Bench(registry()), Bench(registry())
    whole.feed(log)
    while log:
        n = order.choice([1, 2, 5, 30, 80])
        cut.feed(log[:n])
        log = log[n:]
    for minute in range(9, 14):  # days to be closed wait for ticks after their touches, which are read where they were written
        for bench in (whole, cut):
            bench.feed(ticks(day + DAY + timedelta(minutes=minute), 1))
    assert len(told(whole)) == 2  # 20 and 22 against 21 are more than 1 % apart; 21 is not
    assert told(whole) == told(cut)
    assert whole.store.canonical() == cut.store.canonical()


def test_check_reads_2031(tmp_path: Any) -> None:
    """``plumeline check`` of a device's bytes tells it too."""
    head = "QN={qn:%Y%m%d%H%M%S}000;ST=31;CN={cn};PW=1;MN=STACK1;Flag=4;CP=&&DataTime={at:%Y%m%d%H%M%S};"

    def sent(at: datetime, cn: str, value: float, length: timedelta) -> bytes:
        area = f"{O2}-Avg={value},{O2}-Flag=N&&"
        return frame((head.format(qn=at + length, cn=cn, at=at) + area).encode())

    path = tmp_path / "packets.txt"
    frames = [sent(MIDNIGHT + i * HOUR, "2061", 20.0, HOUR) for i in range(24)]
    path.write_bytes(b"".join([*frames, sent(MIDNIGHT, "2031", 21.0, DAY)]))
    done = check(path, registry=registry())
    (finding,) = done.findings
    assert (finding["kind"], finding["factor"]) == ("reading.disagrees", O2)
    assert finding["text"] == f"{O2}, day {DATE}: the device says 21, its 24 valid hours make 20"


@pytest.mark.parametrize("label", ["start", "end"])
def test_the_day_s_evidence_shows_it(label: str) -> None:
    """The page of the day, and its JSON, hold the device's own record, also where our figure is withheld."""
    known = registry(label=label)
    bench = Bench(known)
    at, delay = (MIDNIGHT + DAY, timedelta()) if label == "end" else (MIDNIGHT, DAY)
    bench.lines([line(MIDNIGHT - HOUR, {O2: 1.0}), own_day(30.25, day=at, delay=delay)])
    past_midnight(bench)
    console = Console(bench.store, lambda: known, lambda: ms(MIDNIGHT + 2 * DAY), FakeOutbox(), dict)
    asked = {"figure": f"{STACK}/{O2}/avg/day/{MIDNIGHT.isoformat()}"}
    context = Context(console, ms(MIDNIGHT + 2 * DAY), words.Names(known, ms(MIDNIGHT)), asked)
    page = "".join(str(part) for part in evidence.view(context).html.values())
    assert escape(t("evidence.own_day")) in page and "30.25" in page and "0 valid hours of 20" in page
    made = evidence.as_json(context)
    assert made is not None
    (reading,) = made["readings"]
    assert (reading["kind"], reading["stat"], reading["value"]) == ("day", "avg", 30.25)
