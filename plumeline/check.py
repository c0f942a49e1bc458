"""Check a file: every byte accounted for, and the figures, episodes and gaps that its readings make; nothing is kept."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from ingest.feed_mapping import load_mapping
from ingest.feeds import Feed, read_feed
from ingest.files import NotReadable, scan, size_of, sniff
from ingest.hj212.reading import report_line
from ingest.log import LogRecord
from ingest.registry import Enterprise, Meter, Point, Registry, Source
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.decode import HOUR, INTERVAL, KINDS, MINUTE, OUT_OF_RANGE_1E6, REALTIME, REGISTER, STAT_OF_KIND, Layouts, decode
from processors.engine import Engine
from processors.figures import HOUR_MS, Figure, local_iso
from processors.memory import TICK_PREFIX, Settings
from processors.points import end_ms, start_ms
from processors.registry_check import check_mapping

LINES_A_TURN = 20_000
"""Report lines that go through the engine at once."""
REJECTED_SHOWN = 200
"""Rejected inputs that are listed; all are counted."""
BOM = b"\xef\xbb\xbf"
NO_INPUTS = "0" * 16
"""Digest of a figure that states that nothing came; in a file the list of gaps says so."""
CADENCE_DEFAULT_S = 60
CADENCE_MAX_S = 3_600
"""Longest time that an instant is drafted to cover; an interval or a register's pace may be a day."""


@dataclass(slots=True)
class Checked:
    """What a check found; ``as_json`` is what ``plumeline check --json`` prints.

    ``fault`` says why there is nothing to be found in the file.
    """

    path: str
    fault: str | None = None
    bytes: dict[str, int] = field(default_factory=lambda: {"accepted": 0, "quarantined": 0, "noise": 0})
    frames: dict[str, int] = field(default_factory=lambda: {"accepted": 0, "quarantined": 0, "duplicates": 0})
    verdicts: Counter[str] = field(default_factory=Counter)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    episodes: list[dict[str, Any]] = field(default_factory=list)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    registry: Registry = field(default_factory=Registry)
    store: SqliteStore | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the whole as plain values."""
        return {
            "path": self.path,
            "bytes": self.bytes,
            "frames": self.frames,
            "verdicts": dict(self.verdicts),
            "rejected": self.rejected,
            "notes": self.notes,
            "figures": [figure_json(f) for f in self.figures],
            "episodes": self.episodes,
            "gaps": self.gaps,
            "findings": self.findings,
        }


def check(
    path: Path, mapping: Path | None = None, registry: Registry | None = None, progress: Callable[[int], None] = lambda _n: None
) -> Checked:
    """Check one file.

    Args:
        path: HJ 212 packets, a server's JSON-lines log, report lines, or a CSV feed with a ``mapping`` (each may be gzipped).
        registry: what the codes mean; drafted from the file where none is given, with the cadence most often seen.

    Raises:
        NotReadable: the file cannot be read to its end, or its mapping does not fit.
    """
    done = Checked(str(path))
    if size_of(path) == 0:
        done.fault = f"{path}: the file is empty"
        return done
    lines: list[bytes]
    if mapping is not None:
        known = load_mapping(mapping)
        check_mapping(known, mapping.name)
        feed = read_feed(path, known)
        lines = list(feed.lines())
        registry = registry or feed.registry
        _feed_counts(done, feed, lines)
    elif path.name.removesuffix(".gz").endswith(".csv"):
        raise NotReadable(
            f"{path}: a CSV needs --mapping FILE that says what its columns are; see the folder feeds/ for examples"
        )
    else:
        try:
            dialects: dict[str, str] = {s.source: s.crc_dialect for s in (registry or Registry()).sources}
            lines = _report_lines(path, done) if sniff(path) == "reports" else _captured(path, done, dialects, progress)
        except (OSError, EOFError, zlib.error) as error:
            raise NotReadable(f"{path}: cannot be read to its end ({error})") from None
        if not done.frames["accepted"] + done.frames["quarantined"]:
            done.fault = f"{path}: neither an HJ 212 frame nor a report line in {done.bytes['noise']:,} bytes, all of it noise"
            return done
    done.registry = registry or draft(lines)
    if registry is None and lines:
        cadences = ", ".join(f"{s.source}: {s.cadence_s} s" for s in done.registry.sources)
        done.notes.append(f"no registry given: sources drafted from the file, cadence as seen ({cadences})")
    _figures(done, lines, progress)
    return done


def _captured(path: Path, done: Checked, dialects: dict[str, str], progress: Callable[[int], None]) -> list[bytes]:
    lines: list[bytes] = []
    seen: set[str] = set()
    for found in scan(path, lambda mn: dialects.get(mn, "")):
        piece = found.piece
        size = len(piece.data)
        progress(size)
        if piece.kind not in ("frame", "quarantined"):
            done.bytes[found.stream.account(piece)] += size
            continue
        judged = found.stream.judge(piece, found.received)
        accepted = judged.reason is None
        done.bytes["accepted" if accepted else "quarantined"] += size
        done.frames["accepted" if accepted else "quarantined"] += 1
        done.verdicts[judged.reason or "ok"] += 1
        if not accepted and len(done.rejected) < REJECTED_SHOWN:
            done.rejected.append(
                {"offset": found.offset, "length": size, "reason": judged.reason, "crc": piece.crc, "detail": judged.notes}
            )
        made = [report_line(readings) for readings in judged.readings]
        contents = {content_of(line) for line in made}
        done.frames["duplicates"] += bool(contents) and contents <= seen
        seen |= contents
        lines += made
    return lines


def content_of(line: bytes) -> str:
    """Return what makes two of our own report lines the same data: source and time to flags, without when they came."""
    text = line.decode()
    return text[: text.index('"sent"')]


def _report_lines(path: Path, done: Checked) -> list[bytes]:
    """Return the lines of a report file that are reports, at their place; the others are quarantined, ticks only counted."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines: list[bytes] = []
    numbered: list[tuple[int, int, bytes]] = []
    pieces = raw.split(b"\n")
    for number, piece in enumerate(pieces, 1):
        size, line = len(piece) + (number < len(pieces)), piece.removeprefix(BOM).strip()
        if not line:
            done.bytes["noise"] += size
        elif line.startswith(TICK_PREFIX):
            done.bytes["accepted"] += size
            done.verdicts["tick"] += 1
        else:
            numbered.append((number, size, line))
    seen: set[tuple[object, ...]] = set()
    layouts = Layouts()
    for start in range(0, len(numbered), LINES_A_TURN):
        part = numbered[start : start + LINES_A_TURN]
        decoded = decode([line for _number, _size, line in part], layouts)
        good = set(decoded.reports["line"].to_list())
        reasons = iter(decoded.bad)
        for position, (number, size, line) in enumerate(part):
            account = "accepted" if position in good else "quarantined"
            done.frames[account] += 1
            done.bytes[account] += size
            if position in good:
                lines.append(line)
                continue
            reason = next(reasons).reason
            done.verdicts[reason.split(" at line ")[0]] += 1
            if len(done.rejected) < REJECTED_SHOWN:
                done.rejected.append({"line": number, "length": size, "reason": reason})
        values = decoded.values.to_list()
        for layout, flagset, time, first, n in decoded.reports.select("layout", "flagset", "time", "first", "n").rows():
            content = (layouts.known[layout], layouts.flags[flagset], time, *values[first : first + n])
            done.frames["duplicates"] += content in seen
            seen.add(content)
    done.verdicts["ok"] = done.frames["accepted"]
    return lines


def _feed_counts(done: Checked, feed: Feed, lines: list[bytes]) -> None:
    counts = feed.counts
    done.frames["duplicates"] = len(lines) - len({content_of(line) for line in lines})
    done.frames["accepted"] = counts.filed + counts.empty
    done.frames["quarantined"] = counts.rejected_rows
    done.verdicts["ok"] = done.frames["accepted"]
    if counts.rejected_rows:
        done.verdicts["row rejected"] = counts.rejected_rows
    done.rejected = [
        {"line": r.line, "column": r.column, "value": r.value, "reason": r.reason} for r in counts.rejected[:REJECTED_SHOWN]
    ]
    done.bytes = {
        "accepted": counts.bytes - counts.bytes_rejected - counts.bytes_blank,
        "quarantined": counts.bytes_rejected,
        "noise": counts.bytes_blank,
    }
    told = f"{counts.rows} rows: {counts.filed} filed, {counts.empty} without any value, {counts.rejected_rows} rejected"
    cells = f"; {counts.rejected_cells} cells are no number" if counts.rejected_cells else ""
    done.notes.append(told + cells)


def draft(lines: list[bytes]) -> Registry:
    """Draft a registry from report lines: each source with the cadence it shows, each factor as a point without a unit.

    A factor that comes as register or interval is drafted as a meter, of which neither modulus nor greatest rate is known.
    """
    if not lines:
        return Registry()
    layouts = Layouts()
    readings = decode(lines, layouts).table(layouts)
    sources, points, meters = [], [], []
    for (source,), rows in readings.partition_by("source", as_dict=True, maintain_order=True).items():
        instants = _spacing(rows, REALTIME)
        pace = _spacing(rows, INTERVAL) or _spacing(rows, REGISTER) or CADENCE_DEFAULT_S
        minute = min(max(_spacing(rows, MINUTE) or 60, 60), 3_600)
        name = str(source)
        sources.append(
            Source(
                source=name,
                enterprise="drafted",
                outlet="?",
                name=name,
                kind="flue_gas",
                cadence_s=min(instants, CADENCE_MAX_S) if instants else min(pace, 86_400),
                minute_s=minute,
            )
        )
        kinds = {kind: set(rows.filter(pl.col("kind") == kind)["factor"]) for kind in (REGISTER, INTERVAL)}
        for factor in sorted(set(rows["factor"])):
            if factor in kinds[REGISTER] | kinds[INTERVAL]:
                meters.append(
                    Meter(source=name, factor=factor, kind="cumulative" if factor in kinds[REGISTER] else "interval", unit="?")
                )
            else:
                points.append(Point(source=name, factor=factor, unit="?"))
    return Registry(
        enterprises=(Enterprise(enterprise="drafted", name="drafted"),),
        sources=tuple(sources),
        points=tuple(points),
        meters=tuple(meters),
    )


def _spacing(rows: pl.DataFrame, kind: int) -> int | None:
    """Return the distance of times most often seen [s], the smallest of equally frequent ones."""
    times = rows.filter(pl.col("kind") == kind)["time"].unique().sort()
    steps = Counter(times.diff().drop_nulls().to_list())
    if not steps:
        return None
    most = max(steps.values())
    return int(max(1, round(min(s for s, n in steps.items() if n == most) / 1000)))


def _figures(done: Checked, lines: list[bytes], progress: Callable[[int], None]) -> None:
    writer = SqliteWriter(":memory:")
    store = SqliteStore(writer)
    engine = Engine(done.registry, settings=Settings(hot_ms=10**15))
    for start in range(0, len(lines), LINES_A_TURN):
        value = b"\n".join(lines[start : start + LINES_A_TURN])
        for out in engine.apply([LogRecord("reports", 0, start, start + 1, value)]):
            writer.commit(out, engine.points, [], start + 1)
        progress(0)
    writer.commit(engine.finish(), engine.points, [], len(lines) + 1)
    done.store = store
    for source in engine.points.source_names:
        for level in ("minute", "hour", "day"):
            done.figures += [f for f in store.figures(source, level, 0, 2**62) if f.inputs != NO_INPUTS]
    for e in sorted(store.episodes(limit=10**9), key=lambda e: (e.source, e.factor, e.start_ms)):
        done.episodes.append(
            {
                "source": e.source,
                "factor": e.factor,
                "stat": e.stat,
                "limit_id": e.limit_id,
                "limit": e.limit / 1e6,
                "start": local_iso(e.start_ms),
                "end": local_iso(e.end_ms),
                "hours": e.hours,
                "worst": e.worst / 1e6,
                "state": e.state,
                "closed_by": e.closed_by,
            }
        )
    done.findings = [
        {"kind": v.kind, "source": v.source, "factor": v.factor, **v.facts}
        for v in store.events(limit=1_000)
        if "exceedance" not in v.kind
    ]
    done.gaps = gaps(lines, done.registry)


def gaps(lines: list[bytes], registry: Registry) -> list[dict[str, Any]]:
    """Return where a factor's readings are further apart than one and a half times what they cover.

    Clock, label and cadence of a reading are those of the source's row that holds at its time; without one it is not filed.
    """
    if not lines:
        return []
    layouts = Layouts()
    rows = decode(lines, layouts).table(layouts)
    stats = pl.col("kind").replace_strict(
        [KINDS.index(k) for k in STAT_OF_KIND], list(STAT_OF_KIND.values()), default="", return_dtype=pl.String
    )
    rows = rows.filter((pl.col("stat") == stats) & (pl.col("value").abs() < OUT_OF_RANGE_1E6))
    out: list[dict[str, Any]] = []
    dated: dict[str, list[Source]] = defaultdict(list)
    for row in registry.sources:
        dated[row.source].append(row)
    for (source, factor, kind), part in sorted(rows.partition_by("source", "factor", "kind", as_dict=True).items()):
        times = part["time"].unique().sort().to_list()
        for (before, step), (after, _step) in pairwise(_placed(times, dated[str(source)], int(kind))):
            if after - before > 1.5 * step:
                out.append(
                    {
                        "source": source,
                        "factor": factor,
                        "kind": KINDS[int(kind)],
                        "start": local_iso(before + step),
                        "end": local_iso(after),
                        "missing": round((after - before) / step) - 1,
                    }
                )
    return out


def _placed(times: list[int], dated: list[Source], kind: int) -> list[tuple[int, int]]:
    """Return (start, length) of what each reading covers, ascending."""
    out: set[tuple[int, int]] = set()
    for row in dated:
        step = row.minute_s * 1000 if kind == MINUTE else HOUR_MS if kind == HOUR else row.cadence_s * 1000
        shift = row.clock_offset_s * 1000 - (step if row.label == "end" and kind not in (REALTIME, REGISTER) else 0)
        out |= {(time + shift, step) for time in times if start_ms(row) <= time < end_ms(row)}
    return sorted(out)


def figure_json(f: Figure) -> dict[str, Any]:
    """Return a figure as outside checks read it."""
    out = {
        "source": f.source,
        "factor": f.factor,
        "stat": f.stat,
        "level": f.level,
        "start": local_iso(f.start_ms),
        "value": None if f.number is None else float(f.number),
        "ok": f.ok,
        "reason": f.reason,
        "n": f.n,
    }
    if f.limit_number is not None:
        out |= {"limit": float(f.limit_number), "limit_id": f.limit_id, "verdict": f.verdict}
    return out
