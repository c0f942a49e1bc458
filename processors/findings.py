"""What the engine tells beside figures: conflicts, clocks in doubt, unregistered sources, hours that disagree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from processors.episodes import decimal_text
from processors.figures import DAY_MS, HOUR_MS, Event, local_iso
from processors.memory import CONFLICTS_A_TURN, SKEW_REPORTS, TOLD_MAX
from processors.output import Output
from processors.points import Points


class Findings:
    """Words findings as events; one kind is told once a source and day."""

    def __init__(self, points: Points) -> None:
        self.points = points
        self._told: set[str] = set()

    def unregistered(self, rows: pl.DataFrame, layouts_source: list[str], out: Output) -> None:
        """Tell reports of sources without a row; ``rows`` have ``layout`` and ``received``."""
        if rows.is_empty():
            return
        found: dict[tuple[str, int], int] = {}
        for layout, received in rows.select("layout", "received").rows():
            key = (layouts_source[layout], self.day_of(received))
            found[key] = min(received, found.get(key, received))
        for (source, _day), received in found.items():
            text = f"source {source} sends reports but is not in the registry; they are kept, and `plumeline adopt {source}` drafts its rows"
            self.finding("source.unregistered", source, None, received, text, out, {})

    def held(self, rows: pl.DataFrame, out: Output) -> None:
        """Tell reports whose time is ahead of their receipt; ``rows`` have ``sid``, ``received`` and ``end``."""
        for sid, received, end in rows.select("sid", "received", "end").rows():
            ahead_s = (end - received) // 1000
            text = f"the device's time is {ahead_s} s ahead of the receipt: its reports are held until its clock or a dated clock offset row mends it"
            facts: dict[str, object] = {"direction": "ahead", "ahead_s": ahead_s}
            self.finding("clock.in_doubt", self.points.source_names[sid], None, received, text, out, facts)

    def slow(self, source: str, delays: list[int], received: int, out: Output) -> None:
        """Tell a clock that is slow by more than the bound in every one of its newest live reports."""
        delay_s, skew = min(delays) // 1000, sorted(delays)[len(delays) // 2]
        text = (
            f"the last {SKEW_REPORTS} live reports came at least {delay_s} s after the device's own time:"
            " its clock is slow; a dated clock offset row mends it"
        )
        self.finding("clock.in_doubt", source, None, received, text, out, {"skew_ms": skew, "direction": "slow"})

    def conflicts(self, contested: pl.DataFrame, out: Output) -> None:
        """Tell readings that had to win against another value."""
        if contested.is_empty():
            return
        rows = contested.select("pid", "time", "received").unique().sort("pid", "time").head(CONFLICTS_A_TURN)
        for pid, time, received in rows.rows():
            self.conflict(pid, time, received, out)

    def conflict(self, pid: int, time_ms: int, received_ms: int, out: Output) -> None:
        """Tell one reading of which two values came."""
        key, at = self.points.keys[pid], local_iso(time_ms)
        text = f"two different values of {key.factor} at {at}; one of them counts, both are kept"
        self.event("reading.conflict", key.source, key.factor, received_ms, at, {"text": text, "at": at}, out)

    def disagree(self, rows: pl.DataFrame, out: Output) -> None:
        """Tell device hours that differ from what its own minutes make."""
        for pid, hour, ours, received, own in rows.sort("hour", "pid").head(CONFLICTS_A_TURN).rows():
            key = self.points.keys[pid]
            text = f"{key.factor}, hour {local_iso(hour)}: the device says {decimal_text(own)}, its minutes make {decimal_text(ours)}"
            self.finding("reading.disagrees", key.source, key.factor, received, text, out, {"hour": local_iso(hour)})

    def disagree_days(self, rows: pl.DataFrame, out: Output) -> None:
        """Tell device days that differ from what its hours make, each once: a row of ``hours.days_apart`` a day and factor."""
        for pid, day, ours, n, received, own in rows.sort("day", "pid").head(CONFLICTS_A_TURN).rows():
            key, date = self.points.keys[pid], local_iso(day)[:10]
            text = (
                f"{key.factor}, day {date}: the device says {decimal_text(own)}, its {n} valid hours make {decimal_text(ours)}"
            )
            facts = {"text": text, "stat": "avg", "hour_start": local_iso(day), "hour_end": local_iso(day + DAY_MS)}
            self.event("reading.disagrees", key.source, key.factor, received, f"day {date}", facts, out)

    def above_range(self, row: Mapping[str, Any], unit: str, out: Output) -> None:
        """Tell an hour without a mean because the analyser was above its range: a row of ``withheld_above_range`` with its limit."""
        key, at, since = self.points.keys[row["pid"]], local_iso(row["hour"]), local_iso(row["since"])
        text = (
            f"{key.factor}, hour {at}: {row['over']} minutes from {since} on lie above the analyser's range; with {row['n']} valid"
            " minutes the hour has no mean and is not held against its limit, though the concentration is high"
        )
        facts = {
            "text": text,
            "item": "range",
            "stat": row["stat"],
            "unit": unit,
            "limit": decimal_text(row["limit"]),
            "limit_id": row["limit_id"],
            "hour_start": at,
            "hour_end": local_iso(row["hour"] + HOUR_MS),
            "since": since,
            "over": row["over"],
            "n": row["n"],
        }
        self.event("reading.above_range", key.source, key.factor, row["decided"], at, facts, out)

    def quarantined(self, source: str, hour_ms: int, now_ms: int, reason: str, out: Output) -> None:
        """Tell a source that is set aside, because a rule raises at an hour of it."""
        at = local_iso(hour_ms)
        text = f"a rule failed at hour {at} ({reason}); nothing of {source} is judged until a restart or a changed registry, its input is kept"
        self.event("input.quarantined", source, None, now_ms, at, {"text": text, "hour": at, "reason": reason}, out)

    def refused(self, source: str, hour_ms: int, now_ms: int, out: Output) -> None:
        """Tell an hour that cannot be rebuilt, because its inputs have expired."""
        at = local_iso(hour_ms)
        text = f"hour {at} of {source} was touched, but no reports of it are kept: nothing was rebuilt"
        self.finding("touch.refused", source, None, now_ms, text, out, {"hour": at})

    def set_aside(self, line: bytes, now_ms: int, reason: str, out: Output) -> None:
        """Tell a report that is set aside by itself, because it made a rule fail; what is no report is told by quarantine alone."""
        try:
            source = json.loads(line)["source"]
        except (ValueError, KeyError, TypeError):
            return
        text = f"a report of {source} made a rule fail ({reason}); it is set aside, the others count"
        self.finding("input.quarantined", str(source), None, now_ms, text, out, {"reason": reason})

    def finding(
        self, kind: str, source: str, factor: str | None, time_ms: int, text: str, out: Output, facts: dict[str, object]
    ) -> None:
        """Tell a finding once a source, kind and day."""
        day = local_iso(self.day_of(time_ms))[:10]
        if self._first(f"{kind}/{source}/{day}"):
            self.event(kind, source, factor, time_ms, day, {"text": text, **facts}, out)

    def once(
        self, kind: str, source: str, factor: str, time_ms: int, name: str, facts: Mapping[str, object], out: Output
    ) -> None:
        """Give out an event once; a restart gives it out again, under the same identity."""
        if self._first(f"{kind}/{source}/{factor}/{name}"):
            self.event(kind, source, factor, time_ms, name, facts, out)

    def _first(self, name: str) -> bool:
        """Whether nothing was told under a name."""
        if name in self._told:
            return False
        if len(self._told) > TOLD_MAX:
            self._told.clear()
        self._told.add(name)
        return True

    def event(
        self, kind: str, source: str, factor: str | None, time_ms: int, name: str, facts: Mapping[str, object], out: Output
    ) -> None:
        """Give out an event whose identity is its kind, source, factor and ``name``."""
        identity = "/".join(filter(None, (kind, source, factor, name)))
        out.events.append(Event(identity, kind, source, factor, time_ms, False, dict(facts)))

    def day_of(self, time_ms: int) -> int:
        """Return the start of the local day."""
        offset = self.points.rules.offset_ms
        return (time_ms + offset) // DAY_MS * DAY_MS - offset
