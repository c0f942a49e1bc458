"""A real InfluxDB answers every question of the store port as SQLite does, for the same outputs of the engine."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from ingest.log import LogRecord
from ingest.records import Frame, Mark, frame_id
from plumeline.influx_query import InfluxStore
from plumeline.influx_read import FLOOR_MS, UNTIL_MS, InfluxReader, TooMuch
from plumeline.influx_setup import FOR_EVER, RAW_KEEP_DAYS, TEN_YEARS, Bucket, OrgMissing, TokenRefused, make_buckets
from plumeline.sqlite_query import SqliteStore
from processors.figures import DAY_MS, HOUR_MS, Event
from processors.influx import BUCKET, RAW_BUCKET, Lines
from processors.lines import lines_of
from processors.output import Output
from processors.points import Points
from processors.store import StoreAway
from tests.parts import Influx
from tests.plumeline.kept import Kept
from tests.processors.given import METER, MIDNIGHT, NOON, O2, SO2, STACK, line, ms, registry, stack_hour

BODY_LINES = 5_000
STRANGE = 'odd, "name"=\\1 ${x}/%'
"""A source that nobody registered, with all that must be escaped somewhere."""
ALL = (FLOOR_MS, UNTIL_MS)
DAY = (ms(MIDNIGHT), ms(MIDNIGHT) + DAY_MS)


@dataclasses.dataclass(frozen=True)
class Both:
    """The same outputs in both stores, and how they are written to InfluxDB once more."""

    sqlite: SqliteStore
    influx: InfluxStore
    write: Callable[[], int]


def history(kept: Kept) -> None:
    """Let a day happen: an episode, late data that revise it, a mark, a silence, a stranger, odd frames, a day's totals."""
    for hour in range(22):
        so2 = 50.0 if hour in (10, 11, 21) else 20.0
        kept.lines(stack_hour(MIDNIGHT + timedelta(hours=hour), so2, flow=400_000.5))
        kept.lines([line(MIDNIGHT + timedelta(hours=hour, minutes=m), {"kwh": 1000.0 + hour * 4 + m / 15}, source=METER) for m in (0, 15, 30, 45)])  # fmt: skip
        kept.tick(MIDNIGHT + timedelta(hours=hour, minutes=61))
    kept.lines([line(NOON, {SO2: 5.0}, source=STRANGE), line(NOON, {SO2: 5.5}, source=STRANGE, delay_s=2)])
    fault = Mark(
        id="m2", source=STACK, factors=[SO2], type="fault", start=NOON, end=NOON + timedelta(minutes=9), author="Li", set_at=NOON
    )  # fmt: skip
    early, words = NOON - timedelta(hours=9), '"zero" \\ span'
    marks = [
        Mark(
            id="m1",
            source=STACK,
            type="calibration",
            start=early,
            end=early + timedelta(hours=1),
            author="Li",
            set_at=NOON,
            reason=words,
        ),
        fault,
        fault.model_copy(update={"id": "m3"}),
        fault.model_copy(update={"author": "Wu", "set_at": NOON + timedelta(hours=1), "state": "rejected"}),
    ]
    kept.feed([LogRecord("marks", 0, n, 0, mark.line()) for n, mark in enumerate(marks)])
    kept.feed([LogRecord("frames", 0, n, 0, frame.line()) for n, frame in enumerate(frames())])
    kept.lines([b'{"v":1,"source":"STACK1","time":"no time"}'])
    kept.lines([line(NOON + timedelta(seconds=30), {SO2: 21.0, O2: 6.0}, delay_s=9 * 3600)])  # against what came first
    kept.lines([line(NOON + timedelta(minutes=5, seconds=7), {SO2: 900.0, O2: 6.0}, delay_s=9 * 3600)])  # late
    for second in range(0, 3 * 3600, 55):  # without a hole, so that what is not heard is silent
        kept.tick(MIDNIGHT + timedelta(hours=22, minutes=2, seconds=second))
    night = MIDNIGHT + timedelta(hours=25)
    kept.lines([*stack_hour(night, 50.0), line(night + timedelta(hours=1), {SO2: 20.0, O2: 6.0})])
    kept.tick(night + timedelta(minutes=61))


def frames() -> list[Frame]:
    """Return frames that were read, refused, sent twice, tried again, and one without a source."""
    kinds = [("ok", STACK), ("crc wrong", STACK), ("length wrong", None), ("ok", STRANGE), ("crc wrong", METER)]
    made = [frame(n, verdict, source) for n, (verdict, source) in enumerate(kinds * 3)]
    again = made[1].model_copy(update={"verdict": "ok", "detail": f"tried again {NOON.isoformat()} by Li; before: crc wrong"})
    named = made[2].model_copy(update={"verdict": "ok", "source": STACK, "detail": f"tried again {NOON.isoformat()} by Wu"})
    twice = made[0].model_copy(update={"received": made[0].received + timedelta(seconds=9), "peer": "elsewhere"})
    return [*made, again, named, twice]


def frame(n: int, verdict: str, source: str | None) -> Frame:
    raw = f'##{n:04d}"\\\xff\x00,\r\n'
    at = MIDNIGHT + timedelta(minutes=n // 2)
    identity, answered = frame_id(raw.encode("latin-1")), n % 2 == 0
    return Frame(
        id=identity, received=at, peer="p", protocol="hj212", raw=raw, verdict=verdict, source=source, answered=answered
    )  # fmt: skip


@pytest.fixture(scope="module")
def both(influx: Influx) -> Iterator[Both]:
    kept = Kept(registry())
    history(kept)
    prefix = influx.bucket("query") + "-"
    make_buckets(influx.url, influx.token, influx.org, prefix, raw_keep_days=FOR_EVER)
    rows = registry()

    def write() -> int:
        return write_all(influx, prefix, kept.taken, Lines(rows))

    write()
    store = InfluxStore(InfluxReader(influx.url, influx.token, influx.org, prefix))
    yield Both(kept.store, store, write)
    store.close()


def write_all(influx: Influx, prefix: str, taken: list[tuple[Output, Points, list[Frame]]], lines: Lines) -> int:
    """Write what each turn gave out as a store writer does, and return how many lines that were."""
    buckets: dict[str, list[str]] = {BUCKET: [], RAW_BUCKET: []}
    for out, points, arrived in taken:
        found = [point for _source, text in lines_of(out, points) for point in lines.figure_line(text)]
        found += [lines.event_line(e.line()) for e in out.events]
        found += [lines.report_line(text) for *_key, text in out.reports]
        found += [point for f in arrived for point in lines.frame_line(f.line())]
        found += [lines.mark_line(mark.line()) for mark in out.marks]
        for bucket, text in found:
            buckets[bucket].append(text)
    with httpx.Client(
        base_url=influx.url, headers={"Authorization": f"Token {influx.token}"}, timeout=60, trust_env=False
    ) as http:
        for bucket, texts in buckets.items():
            params = {"org": influx.org, "bucket": prefix + bucket, "precision": "ns"}
            for n in range(0, len(texts), BODY_LINES):
                answer = http.post("/api/v2/write", params=params, content="\n".join(texts[n : n + BODY_LINES]).encode())
                assert answer.status_code == httpx.codes.NO_CONTENT, answer.text
    return sum(map(len, buckets.values()))


def questions() -> dict[str, Callable[[Any], Any]]:
    """Return every question of StoreQuery and Past, each over things that are there and things that are not."""
    out: dict[str, Callable[[Any], Any]] = {"sources": lambda s: s.sources()}
    for source in (STACK, METER, STRANGE, "enterprise:E1", "nobody"):
        for level in ("minute", "hour", "day"):
            out[f"figures {source} {level}"] = lambda s, a=source, b=level: s.figures(a, b, *ALL)
            if level != "minute":
                out[f"cold_figures {source} {level}"] = lambda s, a=source, b=level: s.cold_figures(a, b, *DAY)
            out[f"totals {level}"] = lambda s, b=level: s.totals(b, *ALL)
        out |= {
            f"noon {source}": lambda s, a=source: s.figures(a, "hour", ms(NOON), ms(NOON) + HOUR_MS, SO2),
            f"avg {source}": lambda s, a=source: s.figures(a, "hour", *DAY, None, "avg"),
            f"minutes {source}": lambda s, a=source: s.figures(a, "minute", ms(NOON), ms(NOON) + HOUR_MS, SO2, "avg"),
            f"empty {source}": lambda s, a=source: s.figures(a, "hour", ms(NOON), ms(NOON)),
            f"revised {source}": lambda s, a=source: s.revised(a, *ALL),
            f"reports {source}": lambda s, a=source: s.reports(a, *DAY),
            f"few reports {source}": lambda s, a=source: s.reports(a, ms(NOON), ms(NOON) + 1, 1),
            f"cold_reports {source}": lambda s, a=source: sorted(s.cold_reports([(a, *DAY), (a, ms(NOON), ms(NOON) + 1)])),
            f"first_report_ms {source}": lambda s, a=source: s.first_report_ms(a),
            f"frames {source}": lambda s, a=source: s.frames(a),
            f"two frames {source}": lambda s, a=source: s.frames(a, 2),
            f"marks {source}": lambda s, a=source: s.marks(a, *ALL),
            f"marks at noon {source}": lambda s, a=source: s.marks(a, ms(NOON), ms(NOON) + 1),
            f"episodes {source}": lambda s, a=source: s.episodes(a),
        }
    for start in (MIDNIGHT + timedelta(hours=hour) for hour in range(24)):
        for stat in ("avg", "avg_ref", "mass"):
            out[f"figure {stat} {start}"] = lambda s, a=stat, b=start: s.figure(STACK, SO2, a, "hour", ms(b))
            out[f"revisions {stat} {start}"] = lambda s, a=stat, b=start: s.revisions(STACK, SO2, a, "hour", ms(b))
    for state in (None, "open", "closed", "withdrawn"):
        out[f"episodes {state}"] = lambda s, a=state: s.episodes(state=a)
    for each in frames():
        out[f"frame {each.id}"] = lambda s, a=each.id: s.frame(a)
    out |= {
        "no frame": lambda s: s.frame("0123456789abcdef"),
        "quarantine": lambda s: s.quarantine(),
        "two of quarantine": lambda s: s.quarantine(2),
        "quarantine_counts": lambda s: list(s.quarantine_counts().items()),
        "one episode": lambda s: s.episodes(limit=1),
    }
    return out


def ordered(events: list[Event]) -> list[Event]:
    """Return events as a cluster orders them: those of one millisecond by id."""
    return sorted(events, key=lambda e: (e.time_ms, e.id), reverse=True)


@pytest.mark.parametrize("question", questions())
def test_both_stores_answer_alike(both: Both, question: str) -> None:
    """The very same records in the very same order."""
    ask = questions()[question]
    assert ask(both.influx) == ask(both.sqlite)


@pytest.mark.parametrize("source", [None, STACK, METER, STRANGE, "nobody"])
@pytest.mark.parametrize("kind", [None, "exceedance", "exceedance.opened", "source.", "nothing"])
def test_both_stores_tell_the_same_events(both: Both, source: str | None, kind: str | None) -> None:
    """The same events, newest first."""
    assert both.influx.events(source, kind) == ordered(both.sqlite.events(source, kind))


def test_the_day_was_worth_asking_about(both: Both) -> None:
    """What the questions are about is there: otherwise equal answers would say little."""
    store = both.sqlite
    kinds = {e.kind for e in store.events(limit=1_000)}
    assert kinds >= {"exceedance.opened", "source.silent", "source.unregistered", "reading.conflict"}
    assert store.revised(STACK, *ALL) and store.episodes() and store.totals("day", *ALL) and store.marks(STACK, *ALL)
    assert {s.state for s in store.sources()} >= {"silent"} and {e.state for e in store.episodes()} == {"open", "closed"}
    assert len(store.quarantine_counts()) >= 3 and len(store.reports(STRANGE, *ALL)) == 2
    assert any(len(store.revisions(STACK, SO2, "avg_ref", "hour", ms(MIDNIGHT) + n * HOUR_MS)) > 1 for n in range(24))


def test_writing_all_of_it_again_changes_nothing(both: Both) -> None:
    """At-least-once delivery is enough."""
    asked = {name: ask for name, ask in questions().items() if not name.startswith(("figure ", "revisions "))}
    before = {name: ask(both.influx) for name, ask in asked.items()}
    assert both.write() > BODY_LINES
    assert {name: ask(both.influx) for name, ask in asked.items()} == before


def test_a_place_that_moved_is_still_one_source(influx: Influx) -> None:
    """After the registry named a city, the same points stand in other series; each record is told once, as it is now.

    A minute's newest content is known by its latest receipt, which a mark does not move: those minutes are left out here.
    """
    kept = Kept(registry())
    history(kept)
    prefix = influx.bucket("moved") + "-"
    make_buckets(influx.url, influx.token, influx.org, prefix, raw_keep_days=FOR_EVER)
    rows = registry()
    moved = rows.model_copy(
        update={"enterprises": (rows.enterprises[0].model_copy(update={"city": "Foshan", "county": "Nanhai"}),)}
    )
    move = next(n for n, (out, *_) in enumerate(kept.taken) if out.marks) + 4
    write_all(influx, prefix, kept.taken[:move], Lines(rows))
    write_all(influx, prefix, kept.taken[move - 9 :], Lines(moved))
    store = InfluxStore(InfluxReader(influx.url, influx.token, influx.org, prefix))
    asked = {name: ask for name, ask in questions().items() if name not in (f"figures {STACK} minute", f"minutes {STACK}")}
    assert [name for name, ask in asked.items() if ask(store) != ask(kept.store)] == []


def test_more_rows_than_the_bound_are_refused(both: Both) -> None:
    """An answer is whole or an error, never silently short."""
    where = 'r._measurement == "minute" and r._field == "body"'
    with pytest.raises(TooMuch, match="more than 3 rows"):
        both.influx.reader.rows(RAW_BUCKET, 0, 2**62, where, ("_value",), 3)


def test_a_store_that_does_not_answer_is_away(influx: Influx) -> None:
    """No server, a wrong token, a missing bucket: StoreAway with the reason, and never an empty answer."""
    for url, token, reason in (
        ("http://127.0.0.1:9", influx.token, "does not answer"),
        (influx.url, "wrong", "answers 401"),
        (influx.url, influx.token, "answers 404"),
    ):
        store = InfluxStore(InfluxReader(url, token, influx.org, "none-"))
        with pytest.raises(StoreAway, match=reason):
            store.sources()
        store.close()


def test_buckets_are_made_once(influx: Influx) -> None:
    """A second run finds them as they are and changes nothing, whatever retention it names; errors say what to do."""
    prefix = influx.bucket("setup") + "-"
    made = make_buckets(influx.url, influx.token, influx.org, prefix, keep_days=TEN_YEARS)
    assert made == (Bucket(f"{prefix}plumeline", TEN_YEARS, True), Bucket(f"{prefix}plumeline_raw", RAW_KEEP_DAYS, True))
    again = make_buckets(influx.url, influx.token, influx.org, prefix, keep_days=FOR_EVER)
    assert again == (Bucket(f"{prefix}plumeline", TEN_YEARS, False), Bucket(f"{prefix}plumeline_raw", RAW_KEEP_DAYS, False))
    with pytest.raises(TokenRefused, match="refuses the token"):
        make_buckets(influx.url, "wrong", influx.org)
    with pytest.raises(OrgMissing, match="no organisation nobody"):
        make_buckets(influx.url, influx.token, "nobody")
    with pytest.raises(StoreAway, match="does not answer"):
        make_buckets("http://127.0.0.1:9", influx.token, influx.org)
    with pytest.raises(ValueError, match="-1 days"):
        make_buckets(influx.url, influx.token, influx.org, keep_days=-1)
