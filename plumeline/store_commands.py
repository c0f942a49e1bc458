"""Commands that ask what is stored: why nothing is shown, how a figure came about, figures and drafted registry rows as CSV."""

from __future__ import annotations

import csv
import json
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from ingest.files import NotReadable
from ingest.registry import Registry
from plumeline.masked import masked
from plumeline.terminal import Data, Json, out
from processors.figures import DAY_MS, SCALE, Figure, Level, epoch_ms, local_iso

LEVELS = get_args(Level)
"""Periods of figures, the shortest first."""


def opened(data: Path) -> tuple[Any, Registry]:
    """Return the store in a folder and the registry in force there; NotReadable where there is none."""
    from plumeline.sqlite_query import SqliteStore
    from plumeline.sqlite_store import SqliteWriter

    if not (data / "data.db").exists():
        raise NotReadable(f"{data}: no data.db there; give --data FOLDER, the folder that serve or demo was started with")
    writer = SqliteWriter(data / "data.db")
    text = writer.get_meta("registry")
    return SqliteStore(writer), Registry.model_validate_json(text) if text else Registry()


def why(source: str, data: Data = Path("data/demo"), as_json: Json = False) -> None:
    """Say what is known of a source, for its vendor: last frames and verdicts, clock skew, answers, what is missing."""
    store, registry = opened(data)
    state = next((s for s in store.sources() if s.source == source), None)
    frames = store.frames(source, 10)
    row = next((s for s in registry.sources if s.source == source), None)
    facts: dict[str, Any] = {
        "source": source,
        "registered": row is not None,
        "state": None if state is None else state.state,
        "since": None if state is None or state.since_ms is None else local_iso(state.since_ms),
        "last_reading": None if state is None or state.last_ms is None else local_iso(state.last_ms),
        "clock_skew_s": None if state is None or state.skew_ms is None else state.skew_ms / 1000,
        "frames": [
            {
                "received": local_iso(f.received_ms),
                "verdict": f.verdict,
                "crc": f.crc,
                "answered": f.answered,
                "raw": masked(f.raw).decode("latin-1").strip(),
            }
            for f in frames
        ],
    }
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
        return
    if row is None:
        out.print(
            f"{source} is not in the registry: its frames are kept and answered, figures wait for its rows (plumeline adopt {source})",
            soft_wrap=True,
        )
    if state is None:
        out.print(
            "nothing was ever received under this identity; check MN, address and port at the device, then the quarantine page"
        )
    else:
        out.print(
            f"state {state.state} since {facts['since']}; newest reading {facts['last_reading']}; clock: receipt minus sending {facts['clock_skew_s']} s",
            soft_wrap=True,
        )
    if state is not None and state.received_ms is not None and not frames:
        out.print("no HJ 212 frame of it is stored: its reports came over HTTP or from a file", soft_wrap=True)
    for f in facts["frames"]:
        out.print(
            f"{f['received']}  {f['verdict']}  crc {f['crc']}  {'answered' if f['answered'] else 'no answer wanted'}  {f['raw'][:160]}",
            highlight=False,
            soft_wrap=True,
            markup=False,
        )


def explain(
    figure: Annotated[str, typer.Argument(help="source/factor/stat/level/start")],
    data: Data = Path("data/demo"),
    as_json: Json = False,
) -> None:
    """Say how a figure came about: formula with numbers, inputs, rule and clause, revisions."""
    store, registry = opened(data)
    found = _figure(store, figure)
    from plumeline.explain import explained, plain

    facts = explained(found, registry)
    history = store.revisions(found.source, found.factor, found.stat, found.level, found.start_ms)
    if as_json:
        from plumeline.check import figure_json

        print(
            json.dumps(
                {
                    **figure_json(found),
                    "explain": facts,
                    "state": found.state,
                    "revisions": [
                        figure_json(r) | {"revision": r.revision, "decided": local_iso(r.decided_ms)} for r in history
                    ],
                },
                ensure_ascii=False,
            )
        )
        return
    shown = "no value" if found.number is None else f"{found.number.normalize():f} {found.unit}"
    out.print(f"{found.id}\n{shown} — {found.reason or found.verdict or 'ok'}, {found.n} valid, {found.state}", highlight=False)
    for key, value in facts.items():
        if key.endswith("_zh"):
            continue
        for other in value if key == "others" else ():
            told = f"{other['limit_id']}: {plain(Decimal(other['limit']).scaleb(-SCALE))}, {other['bound']}, {other['verdict']}"
            out.print(f"  also limit       {told}", highlight=False, soft_wrap=True)
        if key == "others":
            continue
        out.print(f"  {key:<16} {value}", highlight=False, soft_wrap=True)
    for r in history:
        out.print(
            f"  revision {r.revision}: {'—' if r.number is None else f'{r.number.normalize():f}'} ({r.n}) decided {local_iso(r.decided_ms)}",
            highlight=False,
        )


def findings(
    data: Data = Path("data/demo"),
    days: Annotated[int, typer.Option(min=1, max=366, help="Days whose weights are added up, up to the newest tick.")] = 30,
    as_json: Json = False,
    dismissed: Annotated[bool, typer.Option("--dismissed", help="Also findings that somebody dismissed.")] = False,
) -> None:
    """Rank the sources by the patterns found in their data: worth a look, no verdict."""
    from alerts.decisions import read, standing
    from plumeline.patterns import ranked, recent, undismissed
    from processors.screening import rule_of

    store, registry = opened(data)
    now_ms = store.health()["newest_tick_ms"] or 0
    decided = standing(read(data / "outbox.db"))
    events = recent(store, now_ms, days)
    found = ranked(events if dismissed else undismissed(events, decided))
    if as_json:
        rows = [
            {
                "source": s.source,
                "weight": s.weight,
                "by_rule": s.by_rule,
                "since": local_iso(s.since_ms),
                "findings": [
                    {"id": e.id, "factor": e.factor, **e.facts, "decided": decided[e.id].decided if e.id in decided else None}
                    for e in s.findings
                ],
            }
            for s in found
        ]
        print(json.dumps(rows, ensure_ascii=False))
        return
    for s in found:
        out.print(f"{s.weight:>5}  {s.source}  since {local_iso(s.since_ms)}", highlight=False)
        for rule, weight in s.by_rule.items():
            newest = next(e for e in s.findings if e.facts["rule"] == rule)
            known = rule_of(newest, registry)
            told = f"{newest.facts['day']} {newest.factor or ''}: {newest.facts['text']}"
            name = known[1].clause if known else ""
            out.print(f"       {weight:>4}  {rule} {name} — {told}", highlight=False, soft_wrap=True, markup=False)
    if not found:
        out.print(f"no pattern was found in the last {days} days")


def export(
    source: str,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First local day.")],
    days: Annotated[int, typer.Option(min=1, max=400)] = 1,
    level: Annotated[str, typer.Option(help="minute, halfhour, hour, day, month, quarter or year")] = "hour",
    data: Data = Path("data/demo"),
) -> None:
    """Print figures of a source as CSV."""
    if level not in LEVELS:
        raise NotReadable(f"level {level!r} is none of {', '.join(LEVELS)}")
    store, _registry = opened(data)
    from plumeline.county import CST

    first = epoch_ms(start.replace(tzinfo=CST))
    writer = csv.writer(sys.stdout)
    writer.writerow(
        [
            "source",
            "factor",
            "stat",
            "level",
            "start",
            "value",
            "unit",
            "ok",
            "reason",
            "n",
            "state",
            "verdict",
            "limit",
            "revision",
        ]
    )
    for f in store.figures(source, level, first, first + days * DAY_MS):
        writer.writerow(
            [
                f.source,
                f.factor,
                f.stat,
                f.level,
                local_iso(f.start_ms),
                "" if f.number is None else f"{f.number.normalize():f}",
                f.unit,
                int(f.ok),
                f.reason or "",
                f.n,
                f.state,
                f.verdict or "",
                "" if f.limit is None else f.limit / 10**SCALE,
                f.revision,
            ]
        )


def adopt(source: str, data: Data = Path("data/demo")) -> None:
    """Draft registry rows for an unregistered source from its stored reports, as CSV to paste into sources.csv and points.csv."""
    from plumeline.check import draft

    store, _registry = opened(data)
    lines = [r.line for r in store.reports(source, 0, 2**62)]
    if not lines:
        raise NotReadable(f"no report of {source} is stored; `plumeline why {source}` tells what is known")
    drafted = draft(lines)
    for name, rows in (("sources.csv", drafted.sources), ("points.csv", drafted.points)):
        out.print(f"# {name}")
        writer = csv.DictWriter(sys.stdout, list(type(rows[0]).model_fields))
        writer.writeheader()
        writer.writerows([{k: "" if v is None else v for k, v in row.model_dump().items()} for row in rows])


def _figure(store: Any, name: str) -> Figure:
    parts = name.split("/")
    if len(parts) != 5:
        raise NotReadable(
            f"{name!r} is no figure; write source/factor/stat/level/start, such as A1/a21026/avg/hour/2026-07-01T00:00:00+08:00"
        )
    source, factor, stat, level, start = parts
    try:
        time = datetime.fromisoformat(start)
    except ValueError:
        raise NotReadable(f"{start!r} is no time; write 2026-07-01T00:00:00+08:00") from None
    if time.tzinfo is None or level not in LEVELS:
        raise NotReadable(f"{name!r}: the start needs its offset (+08:00), the level is one of {', '.join(LEVELS)}")
    found = store.figure(source, factor, stat, level, epoch_ms(time))
    if found is None:
        raise NotReadable(
            f"no figure {name} is stored: not decided yet, nothing received, or its factor is not registered; `plumeline why {source}` tells more"
        )
    assert isinstance(found, Figure)
    return found
