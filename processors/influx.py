"""What stands in InfluxDB 2: names of measurements, tags and fields, and line protocol made of our records.

Schema (see docs/influxdb.md for retention and cardinality). Every point of a source has the tags of its place: ``source``,
``enterprise``, ``city``, ``county``, ``sector``, ``kind``, as far as the registry names them. Times are nanoseconds; what must stay
apart within a millisecond differs below it.

- ``minute``, one point a source: for each factor ``<factor>`` and ``<factor>_ok``; ``body`` holds all exactly.
- ``hour``, ``day`` and longer, one point a source and factor (tag): for each stat ``<stat>``, ``<stat>_ok``, ``_n``, ``_limit``, ``_over``, ``_verdict``,
  ``_state``, ``_reason``, ``_revision``, and ``<stat>_figure``, the figure's line. A withheld value is 0 with ``ok`` 0: InfluxDB keeps fields
  that are not written again, so every field is written always.
- ``revision``, one point a decided version: ``figure``.
- ``source_state``, ``episode``, ``event``, ``mark``: what is known of a source, a run of exceeding hours, what happened, what was declared;
  NAMES stand beside the first three.
- ``report``, ``frame``: what arrived, verbatim. ``frame_id``, tag ``part``, leads from a frame's id to its time; ``quarantine``, one
  series without tags, repeats the frames that could not be read, and those of them that were read when tried again.

A text that line protocol cannot hold in a tag stands there as ``tag_value`` says; ``row``, ``line`` and the figures' lines have it exactly.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import xxhash

from ingest.records import Frame, Mark
from ingest.registry import Registry
from processors.figures import MINUTE_SCALE, SCALE, Episode, Event, Figure, SourceState, epoch_ms
from processors.furnace_steps import COLD_SLOTS, OUTSIDE
from processors.lines import event_of_line, figure_of_line
from processors.plan_steps import PLAN_STATS
from processors.rules.averaging import VALID
from processors.station_steps import STATES

BUCKET, RAW_BUCKET = "plumeline", "plumeline_raw"
"""Buckets: figures, states and events are kept for years; minutes, reports and frames as long as they may be asked for."""
MINUTE, HOUR, DAY, QUARTER, REVISION = "minute", "hour", "day", "quarter", "revision"
SOURCE_STATE, EPISODE, EVENT, REPORT, FRAME, MARK = "source_state", "episode", "event", "report", "frame", "mark"
FRAME_ID, QUARANTINE = "frame_id", "quarantine"
RAW = (MINUTE, REPORT, FRAME, FRAME_ID, QUARANTINE)
"""Measurements of RAW_BUCKET; the others are in BUCKET."""
TAGS = ("city", "county", "enterprise", "kind", "sector", "source")
"""Tags of a place, in the order in which they are written; ``factor`` stands between enterprise and kind."""
NAMES = ("place", "place_zh", "enterprise_name", "enterprise_name_zh")
"""Fields by which a person knows a source; the code stands where the registry has no name."""
STATS = (
    "avg",
    "avg_ref",
    "min",
    "max",
    "mass",
    "energy",
    "kgce",
    *PLAN_STATS.values(),
    "tco2",
    *STATES,
    "nozzle_share",
    "nozzle_row",
    COLD_SLOTS,
    OUTSIDE,
)
FIELDS = ("", "_ok", "_n", "_limit", "_over", "_verdict", "_state", "_reason", "_revision", "_unit", "_figure")
"""Suffixes of the fields that each stat of an hour or day has."""
NS = 1_000_000
"""Nanoseconds of a millisecond."""
PARTS = 4096
"""Series over which the frames' ids are spread, so that looking one up reads a small part of them."""
RETRIED = "tried again "
"""What the detail of a frame begins with that was quarantined and then read."""
_NOT_IN_A_TAG = str.maketrans({"\\": "%5C", "\n": "%0A", "\r": "%0D"})


class Lines:
    """Makes line protocol; the registry says where a source stands."""

    def __init__(self, registry: Registry) -> None:
        enterprises = {e.enterprise: e for e in registry.enterprises}
        self._places: dict[str, dict[str, str]] = {}
        self._names: dict[str, str] = {}
        for row in registry.sources:
            owner = enterprises.get(row.enterprise)
            place = {"enterprise": row.enterprise, "kind": row.kind, "source": row.source}
            if owner is not None:
                place |= {"city": owner.city, "county": owner.county, "sector": owner.sector}
            self._places[row.source] = place
            english, chinese = (owner.name, owner.name_zh or owner.name) if owner is not None else (row.enterprise,) * 2
            self._names[row.source] = _names(english, chinese, f"{row.outlet} {row.name}".strip())
        for e in registry.enterprises:
            account = f"enterprise:{e.enterprise}"
            self._places[account] = {
                "enterprise": e.enterprise,
                "city": e.city,
                "county": e.county,
                "sector": e.sector,
                "kind": "account",
                "source": account,
            }
            self._names[account] = _names(e.name, e.name_zh or e.name, "")
        self._heads: dict[tuple[str, str, str], str] = {}

    def figure_line(self, line: bytes) -> list[tuple[str, str]]:
        """Return (bucket, line protocol) of one line of topic ``figures``.

        Raises:
            ValueError, KeyError, TypeError: the line is none.
        """
        row = json.loads(line)
        if "state" in row and isinstance(row["state"], dict):
            return [(BUCKET, self.source_state(SourceState(**row["state"])))]
        if "episode" in row:
            return [(BUCKET, self.episode(Episode(**row["episode"])))]
        if row["level"] == "minute":
            return [(RAW_BUCKET, self.minute(row["source"], _ns(row["start"]), row["factors"]))]
        figure = figure_of_line(row)
        return [(BUCKET, text) for text in self.figure(figure, line.decode())]

    def minute(self, source: str, start_ns: int, factors: dict[str, list[Any]]) -> str:
        """Return the point of a source's minute; ``factors`` maps to (value at MINUTE_SCALE, n, code, as_of, digest)."""
        parts = [f"body={_string(json.dumps(factors, separators=(',', ':')))}"]
        for factor, (value, _n, code, _as_of, _digest) in factors.items():
            ok = code == VALID and value is not None
            name = _key(factor)
            parts.append(f"{name}={value / 10**MINUTE_SCALE if ok else 0.0!r},{name}_ok={int(ok)}i")
        return f"{self._head(MINUTE, source)} {','.join(parts)} {start_ns}"

    def figure(self, f: Figure, line: str) -> list[str]:
        """Return the points of a figure: the latest one and, where it is decided, its version."""
        over = f.value / f.limit - 1 if f.value is not None and f.limit else 0.0
        values = {
            "": repr(0.0 if f.value is None else f.value / 10**SCALE),
            "_ok": f"{int(f.ok)}i",
            "_n": f"{f.n}i",
            "_limit": repr(0.0 if f.limit is None else f.limit / 10**SCALE),
            "_over": repr(float(over)),
            "_verdict": _string(f.verdict or ""),
            "_state": _string(f.state),
            "_reason": _string(f.reason or ""),
            "_revision": f"{f.revision}i",
            "_unit": _string(f.unit),
            "_figure": _string(line),
        }
        fields = ",".join(f"{f.stat}{suffix}={values[suffix]}" for suffix in FIELDS)
        points = [f"{self._head(f.level, f.source, f.factor)} {fields} {f.start_ms * NS}"]
        if f.revision > 0:
            head = self._head(REVISION, f.source, f.factor)
            stat = f"{f.level}_{f.stat}"
            points.append(f"{head} {stat}={_string(line)} {f.start_ms * NS + f.revision}")
        return points

    def source_state(self, s: SourceState) -> str:
        """Return the point of a source's state, at the newest of the times it knows."""
        at = max(s.received_ms or 0, s.since_ms or 0)
        fields = {"last_ms": s.last_ms, "received_ms": s.received_ms, "since_ms": s.since_ms, "skew_ms": s.skew_ms}
        known = [f"{name}={value}i" for name, value in fields.items() if value is not None]
        row = _string(json.dumps({name: getattr(s, name) for name in s.__slots__}))
        fields_text = ",".join([f"state={_string(s.state)}", *known, self._named(s.source), f"row={row}"])
        return f"{self._head(SOURCE_STATE, s.source)} {fields_text} {at * NS}"

    def episode(self, e: Episode) -> str:
        """Return the point of an episode, at its start; written again it replaces what was known."""
        limit, worst = e.limit / 10**SCALE, e.worst / 10**SCALE
        fields = [
            f"state={_string(e.state)},stat={_string(e.stat)},live={'true' if e.live else 'false'}",
            f"hours={e.hours}i,end_ms={e.end_ms}i,limit={limit!r},worst={worst!r},over={worst / limit - 1 if limit else 0.0!r}",
            self._named(e.source),
            f"row={_string(json.dumps({name: getattr(e, name) for name in e.__slots__}))}",
        ]
        head = self._head(EPISODE, e.source, e.factor)
        return f"{head} {','.join(fields)} {e.start_ms * NS + below(e.id)}"

    def event_line(self, line: bytes) -> tuple[str, str]:
        """Return (bucket, line protocol) of one line of topic ``events``."""
        event = event_of_line(json.loads(line))
        return BUCKET, self.event(event, line.decode())

    def event(self, e: Event, line: str) -> str:
        """Return the point of an event."""
        head = self._head(EVENT, e.source, e.factor or "")
        fields = [
            f"kind={_string(e.kind)},id={_string(e.id)},live={'true' if e.live else 'false'}",
            self._named(e.source),
            f"row={_string(line)}",
        ]
        return f"{head} {','.join(fields)} {e.time_ms * NS + below(e.id)}"

    def report_line(self, line: bytes) -> tuple[str, str]:
        """Return (bucket, line protocol) of a report line: a version of its own, whatever else came for that time."""
        row = json.loads(line)
        digest = xxhash.xxh3_64_intdigest(line)
        received = epoch_ms(_time(row["received"]))
        head = self._head(REPORT, row["source"])
        stamp = _ns(row["time"]) + digest % NS
        return RAW_BUCKET, f"{head} line={_string(line.decode())},received_ms={received}i {stamp}"

    def frame_line(self, line: bytes) -> list[tuple[str, str]]:
        """Return (bucket, line protocol) of a frame record: the frame, the way to it by its id, its place in quarantine."""
        frame = Frame.model_validate_json(line)
        stamp = epoch_ms(frame.received) * NS + below(frame.id)
        known = f"id={_string(frame.id)}"
        fields = f"{known},verdict={_string(frame.verdict)},row={_string(line.decode())}"
        points = [
            f"{self._head(FRAME, frame.source or '')} {fields} {stamp}",
            f"{FRAME_ID},part={part_of_id(frame.id)} {known} {stamp}",
        ]
        if frame.verdict != "ok" or (frame.detail or "").startswith(RETRIED):
            points.append(f"{QUARANTINE} {fields} {stamp}")
        return [(RAW_BUCKET, point) for point in points]

    def mark_line(self, line: bytes) -> tuple[str, str]:
        """Return (bucket, line protocol) of a mark record; filed again under its id it replaces what it said."""
        mark = Mark.model_validate_json(line)
        fields = f"id={_string(mark.id)},type={_string(mark.type)},state={_string(mark.state)},row={_string(line.decode())}"
        return BUCKET, f"{self._head(MARK, mark.source)} {fields} {epoch_ms(mark.start) * NS + below(mark.id)}"

    def _named(self, source: str) -> str:
        return self._names.get(source) or _names("", "", source)

    def _head(self, measurement: str, source: str, factor: str = "") -> str:
        key = (measurement, source, factor)
        head = self._heads.get(key)
        if head is None:
            tags = dict(self._places.get(source, {"source": source}))
            if factor:
                tags["factor"] = factor
            head = ",".join([measurement, *(f"{name}={_key(value)}" for name, value in sorted(tags.items()) if value)])
            self._heads[key] = head
        return head


def _names(enterprise: str, enterprise_zh: str, outlet: str) -> str:
    """Return the fields NAMES of a source."""
    places = (", ".join(part for part in (name, outlet) if part) for name in (enterprise, enterprise_zh))
    return ",".join(f"{f}={_string(v)}" for f, v in zip(NAMES, (*places, enterprise, enterprise_zh), strict=True))


def tag_value(text: str) -> str:
    """Return what stands in a tag for a text: the same, but for a backslash or an end of line, which line protocol cannot hold there."""
    return text.translate(_NOT_IN_A_TAG)


def below(identity: str) -> int:
    """Return nanoseconds below the millisecond that tell records of one millisecond apart."""
    return xxhash.xxh3_64_intdigest(identity.encode()) % NS


def part_of_id(frame_id: str) -> str:
    """Return the tag ``part`` under which a frame's id is found."""
    return f"{below(frame_id) % PARTS:03x}"


def _key(text: str) -> str:
    """Escape a tag's value or a field's name."""
    return tag_value(text).replace(",", "\\,").replace(" ", "\\ ").replace("=", "\\=")


def _string(text: str) -> str:
    """Quote a string field."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _ns(text: str) -> int:
    return epoch_ms(_time(text)) * NS
