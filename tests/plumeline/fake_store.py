"""A county for the console to show, in memory: busy, empty, away or slow, the same on every run."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from alerts.actions import Action, ActionKind, checked
from alerts.alert import Alert, Phase, Severity
from alerts.decisions import Decided, Decision, decision
from alerts.records import AlertRow, Attempt, DeliveryRow
from ingest.records import frame_id
from ingest.registry import Enterprise, Limit, Meter, Point, Registry, Source
from plumeline.explain import rules_behind
from processors.figures import DAY_MS, HOUR_MS, MINUTE_MS, Episode, Event, Figure, Level, SourceState, local, local_iso
from processors.packs import shipped
from processors.store import StoreAway, StoredFrame, StoredMark, StoredReport

NOW_MS = 1_782_890_480_000
"""2026-07-01T15:21:20+08:00: 20,635 days and 26,480 s after the epoch (checked in the tests)."""
HOUR = NOW_MS - NOW_MS % HOUR_MS
STACK, VOC, FACTORY = "4401000001", "4401000002", "FACTORY-07"
SCRIPT = "<script>window.hit=1</script>"
LIMITS = {"a21026": 35, "a21002": 50, "a34013": 10, "a24088": 60}
UNITS = {"a19001": "%", "a00000": "m3/h", "a01012": "degC", "e1": "kWh", "e2": "m3"}
STATS = {STACK: ("a21026", "a21002", "a34013", "a19001", "a00000", "a01012"), VOC: ("a24088", "a00000"), FACTORY: ("e1", "e2")}


def registry() -> Registry:
    """Return the county's registry."""
    names = {"a21026": "SO₂", "a21002": "NOₓ", "a34013": "Dust", "a19001": "O₂", "a00000": "Flow", "a01012": "Temperature"}
    names["a24088"] = "NMHC"
    points = [
        Point(
            source=s,
            factor=f,
            unit=UNITS.get(f, "mg/m3"),
            name=names[f],
            reference_o2_pct=Decimal(6) if s == STACK and f in LIMITS else None,
            flow_factor="a00000" if f in LIMITS else "",
        )
        for s in (STACK, VOC)
        for f in STATS[s]
    ]
    return Registry(
        enterprises=(
            Enterprise(enterprise="nanhai", name="Nanhai Power"),
            Enterprise(enterprise="coat", name="Xiqiao Coatings"),
            Enterprise(enterprise="works", name="Lishui Works"),
        ),
        sources=(
            Source(source=STACK, enterprise="nanhai", outlet="DA001", name="stack 1", kind="flue_gas", permit="91440605X001P"),
            Source(source=VOC, enterprise="coat", outlet="DA003", name="RTO outlet", kind="voc", permit="91440605X002Q"),
            Source(source=FACTORY, enterprise="works", outlet="", name="main meters", kind="energy", cadence_s=900),
            Source(source="4401000004", enterprise="nanhai", outlet="DA002", name="stack 2", kind="flue_gas"),
            Source(source="4401000005", enterprise="coat", outlet="DA004", name="dryer", kind="voc"),
            Source(source="4401000006", enterprise="works", outlet="DA001", name="boiler", kind="flue_gas"),
            Source(source="4401000009", enterprise="works", outlet="DW001", name="outfall", kind="water"),
        ),
        points=tuple(points),
        meters=(
            Meter(source=FACTORY, factor="e1", kind="cumulative", unit="kWh", name="Electricity"),
            Meter(source=FACTORY, factor="e2", kind="cumulative", unit="m3", name="Gas"),
        ),
        limits=tuple(
            Limit(
                source=s,
                factor=f,
                limit_id=f"demo-{f}",
                limit=Decimal(LIMITS[f]),
                unit="mg/m3",
                stat="avg_ref" if s == STACK else "avg",
                basis="GB 13223-2011 table 2 (ultra-low)",
                valid_from=date(2020, 1, 1),
            )
            for s in (STACK, VOC)
            for f in STATS[s]
            if f in LIMITS
        ),
    )


CHINESE = {
    **{"nanhai": "南海电厂", "coat": "西樵涂装", "works": "里水工厂"},
    **{
        "stack 1": "1号烟囱",
        "RTO outlet": "RTO 出口",
        "main meters": "总表",
        "stack 2": "2号烟囱",
        "dryer": "烘干机",
        "boiler": "锅炉",
    },
    **{"outfall": "总排口", "SO₂": "二氧化硫", "NOₓ": "氮氧化物", "Dust": "颗粒物", "O₂": "氧气含量", "Flow": "烟气流量"},
    **{"Temperature": "烟气温度", "NMHC": "非甲烷总烃", "Electricity": "电力", "Gas": "天然气"},
}
"""Chinese names of what the registry holds, by enterprise or by English name."""


def registry_zh() -> Registry:
    """Return the county's registry with Chinese names beside the English ones, and limits' bases in Chinese."""
    known = registry()
    return known.model_copy(
        update={
            "enterprises": tuple(e.model_copy(update={"name_zh": CHINESE[e.enterprise]}) for e in known.enterprises),
            **{
                table: tuple(row.model_copy(update={"name_zh": CHINESE[row.name]}) for row in getattr(known, table))
                for table in ("sources", "points", "meters")
            },
            "limits": tuple(row.model_copy(update={"basis": "GB 13223-2011 表 2"}) for row in known.limits),
        }
    )


def findings() -> list[Event]:
    """Return patterns found at the stack on the last two days, newest first, and one at the other outlet a month and a half ago."""
    midnight = HOUR - 15 * HOUR_MS
    rows = (
        (STACK, "a21026", "DQ-4", 3, 1, "21 of 24 valid hours just below the limit, none above"),
        (STACK, "a21002", "DQ-10", 5, 1, "24 hourly values equal those of 6 days before; 2 times that day"),
        (STACK, "a21026", "DQ-4", 3, 2, "20 of 24 valid hours just below the limit, none above"),
        (VOC, "a24088", "DQ-14", 5, 45, f"1440 values, all from 10 to 18 and evenly spread: {SCRIPT}"),
    )
    found = []
    for source, factor, rule, weight, ago, told in rows:
        start = midnight - ago * DAY_MS
        facts = {
            "text": told,
            "rule": rule,
            "detector": rule,
            "pack": "cn-flue-gas",
            "weight": weight,
            "start": local_iso(start),
        }
        facts |= {"end": local_iso(start + DAY_MS), "day": local_iso(start)[:10], "hours": 24, "unit": "mg/m3"}
        facts |= {"low": "20.1", "high": "34.9", "mean": "32.25", "stat": "avg_ref", "limit": "35"}
        found.append(Event(f"f{rule}{ago}", "screening.finding", source, factor, start + DAY_MS + MINUTE_MS, True, facts))
    return found


@dataclass
class FakeStore:
    """Answers as processors.store.StoreQuery says; ``mode`` is "busy", "empty", "away" or "slow"."""

    mode: str = "busy"
    asked: int = 0
    delay_s: float = 1.5
    extra: list[StoredFrame] = field(default_factory=list)

    def _ask(self) -> bool:
        self.asked += 1
        if self.mode == "away":
            raise StoreAway("disk I/O error")
        if self.mode == "slow":
            time.sleep(self.delay_s)
        return self.mode != "empty"

    def sources(self) -> list[SourceState]:
        if not self._ask():
            return []
        s = 1000
        return [
            SourceState(STACK, "on time", NOW_MS - 2 * DAY_MS, NOW_MS - 20 * s, NOW_MS - 19 * s, 900),
            SourceState(VOC, "on time", NOW_MS - DAY_MS, NOW_MS - 20 * s, NOW_MS - 18 * s, -2200),
            SourceState("4401000004", "silent", NOW_MS - 47 * MINUTE_MS, NOW_MS - 47 * MINUTE_MS, NOW_MS - 47 * MINUTE_MS, 400),
            SourceState("4401000005", "late", NOW_MS - 95 * s, NOW_MS - 155 * s, NOW_MS - 150 * s, 310_000),
            SourceState("4401000006", "stopped", NOW_MS - 9 * HOUR_MS, NOW_MS - 9 * HOUR_MS, NOW_MS - 9 * HOUR_MS, None),
            SourceState(FACTORY, "on time", NOW_MS - DAY_MS, NOW_MS - 6 * MINUTE_MS, NOW_MS - 6 * MINUTE_MS, 0),
            SourceState(SCRIPT, "on time", NOW_MS - HOUR_MS, NOW_MS - 30 * s, NOW_MS - 30 * s, None),
        ]

    def figures(
        self, source: str, level: Level, start_ms: int, end_ms: int, factor: str | None = None, stat: str | None = None
    ) -> list[Figure]:
        if not self._ask():
            return []
        if level in ("month", "quarter", "year"):  # no day of this county is closed
            return []
        step = {"minute": MINUTE_MS, "hour": HOUR_MS, "day": DAY_MS}[level]
        found = []
        for f in sorted(STATS.get(source, ())):
            for one in self._stats(source, f, level):
                if (factor in (None, f)) and stat in (None, one):
                    for at in range(-(-start_ms // step) * step, min(end_ms, NOW_MS), step):
                        figure = _figure(source, f, one, level, at)
                        if figure is not None:
                            found.append(figure)
        return found

    def _stats(self, source: str, factor: str, level: str) -> tuple[str, ...]:
        if source == FACTORY:
            return () if level == "minute" else ("energy", "kgce")
        return ("avg", "avg_ref") if source == STACK and factor in LIMITS and level != "minute" else ("avg",)

    def figure(self, source: str, factor: str, stat: str, level: Level, start_ms: int) -> Figure | None:
        length = {"minute": MINUTE_MS, "hour": HOUR_MS, "day": DAY_MS}[level]
        return next(iter(self.figures(source, level, start_ms, start_ms + length, factor, stat)), None)

    def revisions(self, source: str, factor: str, stat: str, level: Level, start_ms: int) -> list[Figure]:
        f = self.figure(source, factor, stat, level, start_ms)
        if f is None or f.revision == 1:
            return [f] if f else []
        first = replace(
            f, value=None, ok=False, reason="41 valid minutes of 45", n=41, revision=1, state="final", verdict="not judged"
        )
        return [replace(first, inputs="77aa01", decided_ms=start_ms + HOUR_MS + 4000), f]

    def revised(self, source: str, start_ms: int, end_ms: int) -> list[Figure]:
        day = self.figures(source, "hour", NOW_MS - 2 * DAY_MS, NOW_MS)
        return [f for f in day if f.revision > 1 and start_ms <= f.start_ms < end_ms]

    def reports(self, source: str, start_ms: int, end_ms: int, limit: int = 10_000) -> list[StoredReport]:
        if not self._ask() or source not in STATS:
            return []
        cadence = 900_000 if source == FACTORY else 30_000
        found = []
        for at in range(-(-start_ms // cadence) * cadence, min(end_ms, NOW_MS), cadence):
            hour = at - at % HOUR_MS
            if _gap(source, hour):
                continue
            flag = "C" if _calibrated(source, hour) and at % HOUR_MS < 40 * MINUTE_MS else "N"
            factors = list(STATS[source])
            line = {
                "source": source,
                "time": local_iso(at),
                "kind": "realtime",
                "factors": [*factors, SCRIPT] if source == VOC else factors,
                "stats": ["rtd"] * (len(factors) + (source == VOC)),
                "values": [round(_level(source, f, at), 2) for f in factors] + ([1.0] if source == VOC else []),
                "flags": [flag] * (len(factors) + (source == VOC)),
                "sent": local_iso(at + 900),
                "received": local_iso(at + 1100),
                "frame": frame_id(_raw(source, at)),
                "backfill": False,
            }
            found.append(StoredReport(source, at, f"{at:x}", at + 1100, json.dumps(line).encode()))
        return found[:limit]

    def frame(self, frame_id: str) -> StoredFrame | None:
        known = [*self.quarantine(), *self.frames(STACK), *self.frames(VOC)]
        return next((f for f in known if f.id == frame_id), None)

    def frames(self, source: str, limit: int = 50) -> list[StoredFrame]:
        if not self._ask() or source not in STATS:
            return []
        ats = range(NOW_MS - NOW_MS % 30_000, NOW_MS - HOUR_MS, -30_000)
        return [
            StoredFrame(
                frame_id(_raw(source, at)),
                source,
                at + 1100,
                "10.3.0.7:51234",
                "hj212-2017",
                "ok",
                "ok",
                True,
                None,
                _raw(source, at),
            )
            for at in ats
        ][:limit]

    def marks(self, source: str, start_ms: int, end_ms: int, *, rejected: bool = False) -> list[StoredMark]:
        if not self._ask() or source != STACK:
            return []
        a = HOUR - 20 * HOUR_MS
        mark = StoredMark("m1", STACK, None, "calibration", a, a + HOUR_MS, "Li Wei", "monthly zero and span", a, "confirmed")
        return [mark] if mark.end_ms > start_ms and mark.start_ms < end_ms else []

    def events(self, source: str | None = None, kind: str | None = None, limit: int = 100) -> list[Event]:
        if not self._ask():
            return []
        found = [
            Event("e4", "source.unregistered", "NEW-DEVICE-7", None, NOW_MS - 30 * MINUTE_MS, True, {}),
            Event("e3", "source.silent", "4401000004", None, NOW_MS - 40 * MINUTE_MS, True, {}),
            Event("e2", "exceedance.lengthened", STACK, "a21026", HOUR + 4000, True, {}),
            Event("e1", "exceedance.opened", STACK, "a21026", HOUR - HOUR_MS + 4000, True, {}),
            Event("e0", "source.on_time", STACK, None, NOW_MS - 2 * DAY_MS, True, {}),
            *findings(),
        ]
        return [e for e in found if source in (None, e.source) and e.kind.startswith(kind or "")][:limit]

    def episodes(self, source: str | None = None, state: str | None = None, limit: int = 200) -> list[Episode]:
        if not self._ask():
            return []
        found = []
        for s, f, stat, hours in ((STACK, "a21026", "avg_ref", 2), (VOC, "a24088", "avg", 1)):
            start = HOUR - hours * HOUR_MS
            values = [_figure(s, f, stat, "hour", start + n * HOUR_MS) for n in range(hours)]
            numbers = [v.value for v in values if v is not None and v.value is not None]
            found.append(
                Episode(
                    f"ep-{s}",
                    s,
                    f,
                    stat,
                    f"demo-{f}",
                    LIMITS[f] * 10**6,
                    start,
                    HOUR,
                    hours,
                    max(numbers),
                    numbers[-1],
                    "open",
                    None,
                    True,
                    HOUR,
                )
            )
        old = HOUR - 30 * HOUR_MS
        found.append(
            Episode(
                "ep-old",
                STACK,
                "a21026",
                "avg_ref",
                "demo-a21026",
                35 * 10**6,
                old,
                old + HOUR_MS,
                1,
                36_200_000,
                36_200_000,
                "closed",
                "complies",
                True,
                old,
            )
        )
        return [e for e in found if source in (None, e.source) and state in (None, e.state)][:limit]

    def quarantine(self, limit: int = 100) -> list[StoredFrame]:
        if not self._ask():
            return []
        bad = _raw(STACK, NOW_MS - 600_000)[:-6] + b"DEAD\r\n"
        rows = [
            (bad, STACK, "crc wrong", "crc 1A40 computed, DEAD sent at byte 153", "wrong"),
            (
                b"##0012QN=2026" + SCRIPT.encode() + b"\xff\x00&&\r\n",
                None,
                "length wrong",
                "12 announced, no end at byte 6",
                "none",
            ),
            (b"GET / HTTP/1.1\r\nHost: 10.0.0.2\r\n\r\n", None, "noise: no HJ 212 frame on this connection", None, "none"),
        ]
        made = [
            StoredFrame(
                frame_id(raw), s, NOW_MS - 60_000 * (n + 1), "10.3.0.9:40000", "hj212", verdict, crc, False, detail, raw
            )
            for n, (raw, s, verdict, detail, crc) in enumerate(rows)
        ]
        return [*self.extra, *made][:limit]

    def quarantine_counts(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for f in self.quarantine():
            counts[f.verdict] = counts.get(f.verdict, 0) + 1
        return counts

    def totals(self, level: Level, start_ms: int, end_ms: int) -> list[Figure]:
        self._ask()
        return []

    def health(self) -> dict[str, int | str | None]:
        busy = self._ask()
        return {"tick_ms": NOW_MS - 4000, "processed_seq": 184_220 if busy else 0, "figures": 31_004 if busy else 0}


@dataclass
class FakeOutbox:
    """Answers as plumeline.console.ports.OutboxQuery says."""

    empty: bool = False
    actions: list[Action] = field(default_factory=list)
    made: list[Decision] = field(default_factory=list)

    def alert(self, alert: str) -> AlertRow | None:
        return next((row for row in self.alerts(99) if row.id == alert), None)

    def act(
        self, alert: str, kind: ActionKind, who: str, words: str, now_ms: int, key: str = "", registry: Registry | None = None
    ) -> Action:
        who, words = checked(kind, who, words)
        self.actions.append(Action(f"{alert}-{len(self.actions)}", kind, who, words, now_ms, 1))
        return self.actions[-1]

    def alerts(self, limit: int, source: str | None = None) -> Sequence[AlertRow]:
        if self.empty:
            return []
        at, silent = HOUR + 5000, NOW_MS - 40 * MINUTE_MS
        over = "[RED] SO₂ over limit — Nanhai Power, DA001 stack 1"
        quiet = "[ORANGE] Silent since 14:34 — Nanhai Power, DA002 stack 2"
        lines = ("43.1 mg/m³ against 35 (hour 14:00–15:00, at 6 % O₂); second hour in a row.", "Look at the absorber first.")
        retried = (Attempt(1, at, None, "timed out after 10 s"), Attempt(2, at + 7000, 204, ""))
        told = _delivery("duty", "delivered", retried)
        waits = _delivery("bureau", "waiting", (Attempt(1, at, 503, f"busy {SCRIPT}"),))
        rows = [
            _alert("ac01", f"ep-{STACK}", "update", "red", STACK, at, over, lines, (told, waits)),
            _alert("ac02", "silent-4", "opened", "orange", "4401000004", silent, quiet, ("No reading since 14:34.",), (told,)),
            _alert(
                "ac03", "ep-old", "resolved", "red", STACK, at - DAY_MS, "SO₂ complies again", ("Below its limit.",), (told,)
            ),
        ]
        hour = {"hour_start": local_iso(HOUR - HOUR_MS), "hour_end": local_iso(HOUR), "since": local_iso(HOUR - 2 * HOUR_MS)}
        above = {"stat": "avg_ref", "unit": "mg/m3", "value": "43.1", "limit": "35", "times_over": "0.231", "hours": 2, "n": 60}
        facts: dict[str, tuple[str, dict[str, Any]]] = {
            "ac01": ("exceedance.lengthened", {**hour, **above, "state": "provisional", "worst": "43.1"}),
            "ac02": ("source.silent", {"last": local_iso(silent - 7 * MINUTE_MS), "cadence_s": 30, "cause": "device"}),
            "ac03": ("exceedance.closed", {**hour, **above, "closed_by": "complies"}),
        }
        rows = [replace(r, alert=replace(r.alert, kind=facts[r.id][0], facts=facts[r.id][1])) for r in rows]
        done = tuple(self.actions)
        seen = next((a for a in done if a.kind == "acknowledge"), None)
        rows[0] = replace(rows[0], actions=done, acknowledged=seen)
        return [a for a in rows if source in (None, a.alert.source)][:limit]

    def decide(
        self,
        finding: Event,
        decided: Decided,
        who: str,
        words: str,
        evidence: str,
        now_ms: int,
        key: str = "",
        *,
        registry: Registry,
    ) -> Decision:
        self.made.append(decision(finding, decided, who, words, evidence, now_ms, key))
        return self.made[-1]

    def decisions(self, source: str | None = None) -> list[Decision]:
        return [one for one in self.made if source in (None, one.source)]

    def counts(self) -> dict[str, int]:
        return {"waiting": 0, "delivered": 0, "dead": 0} if self.empty else {"waiting": 1, "delivered": 3, "dead": 0}


def _delivery(contact: str, state: str, attempts: tuple[Attempt, ...]) -> DeliveryRow:
    due = NOW_MS + 30_000 if state == "waiting" else None
    return DeliveryRow(f"d-{contact}", contact, f"https://{contact}.example", state, HOUR + 4000, due, None, attempts)


def _alert(
    key: str,
    thread: str,
    phase: Phase,
    severity: Severity,
    source: str,
    time_ms: int,
    title: str,
    body: tuple[str, ...],
    deliveries: tuple[DeliveryRow, ...],
) -> AlertRow:
    alert = Alert(key, "", thread, phase, severity, source, "a21026" if source == STACK else None, time_ms, (), {})
    return AlertRow(alert, title, body, {}, time_ms, deliveries)


def _figure(source: str, factor: str, stat: str, level: Level, at: int) -> Figure | None:
    """Return a figure made of smooth waves: enough like a plant, and the same on every run."""
    hour = at - at % HOUR_MS
    if _gap(source, hour):
        return None
    digits = 8 if level == "minute" else 6
    value = _level(source, factor, at + (30_000 if level == "minute" else HOUR_MS // 2))
    if stat == "avg_ref":
        value *= 1.07
    if source == FACTORY:
        value *= {"hour": 1, "day": 24}.get(level, 1) * (0.1229 if stat == "kgce" else 1)
    limited = level == "hour" and factor in LIMITS and stat == ("avg_ref" if source == STACK else "avg")
    ok, reason, n = True, None, 60 if at + HOUR_MS <= NOW_MS else 21
    if _calibrated(source, hour):
        ok, reason, n = (
            (at % HOUR_MS >= 40 * MINUTE_MS, "calibration", 20) if level == "minute" else (False, "20 valid minutes of 45", 20)
        )
    if level == "hour" and at + HOUR_MS > NOW_MS:
        return None
    limit = LIMITS[factor] * 10**6 if limited else None
    number = round(value * 10**digits) if ok else None
    verdict = None if limit is None else "not judged" if number is None else "exceeds" if number > limit else "complies"
    revised = source == STACK and hour in (HOUR - 8 * HOUR_MS, HOUR - 9 * HOUR_MS) and level == "hour"
    provisional = hour >= HOUR - 2 * HOUR_MS
    exact = "" if number is None else f"{Decimal(number).scaleb(-digits) * n:f}"
    explain = {
        "sum": exact,
        "n": n,
        **rules_behind(shipped()["cn-flue-gas"], stat, level),
    }
    if stat == "avg_ref":
        explain |= {"reference_o2_pct": "6"}
    return Figure(
        source,
        factor,
        stat,
        level,
        at,
        number,
        ok,
        None if ok else reason,
        2 if level == "minute" else n,
        {"kgce": "kgce"}.get(stat, UNITS.get(factor, "mg/m3")),
        "revised" if revised else "provisional" if provisional else "final",
        verdict,
        limit,
        f"demo-{factor}" if limited else None,
        "9f3c20aa11d0b7e4",
        "51b2e09c77aa0134",
        at + HOUR_MS + 1100,
        NOW_MS - 3 * HOUR_MS if revised else at + HOUR_MS + 4000,
        2 if revised else 1,
        explain if ok and level == "hour" else {},
    )


def _level(source: str, factor: str, at: int) -> float:
    hours = (at - HOUR) / HOUR_MS
    base = {"a21026": 24, "a21002": 38, "a34013": 4.2, "a19001": 7.1, "a00000": 412_000, "a01012": 52, "a24088": 41}
    if source == FACTORY:
        day = 0.55 + 0.45 * math.sin((local(at).hour - 6) / 24 * 2 * math.pi)
        return {"e1": 820.0, "e2": 96.0}[factor] * max(0.12, day)
    wave = 1 + 0.14 * math.sin(hours / 3.1 + len(factor)) + 0.05 * math.sin(hours * 7.7) + 0.02 * math.sin(hours * 97)
    if source == STACK and factor == "a21026" and hours > -3:
        wave += 0.35 + 0.09 * (hours + 3)
    if source == VOC and factor == "a24088" and hours > -1:
        wave += 0.55
    return base[factor] * wave


def _gap(source: str, hour: int) -> bool:
    return source == STACK and HOUR - 14 * HOUR_MS <= hour < HOUR - 12 * HOUR_MS


def _calibrated(source: str, hour: int) -> bool:
    return source == STACK and hour == HOUR - 20 * HOUR_MS


def _raw(source: str, at: int) -> bytes:
    stamp = local(at).strftime("%Y%m%d%H%M%S")
    values = ";".join(f"{f}-Rtd={_level(source, f, at):.2f},{f}-Flag=N" for f in STATS[source])
    data = f"QN={stamp}900;ST=31;CN=2011;PW=123456;MN={source};Flag=5;CP=&&DataTime={stamp};{values}&&"
    return f"##{len(data):04d}{data}1C80\r\n".encode()
