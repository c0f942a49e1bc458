"""The registry compiled for the engine: dated rows of points and meters as one frame, limits as another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl

from ingest.registry import SPARSE_ROLES, Dated, Limit, Meter, MeterChange, Point, Registry, Source
from processors.averaging_steps import HourChain
from processors.digest import text_hash
from processors.figures import DAY_MS, ENGINE, OFFSET_MS, scaled
from processors.made import made_of
from processors.packs import Pack, chosen, packs_of
from processors.plan_steps import PLAN_STATS
from processors.programmes import WITHIN, assessed, interval_bases, multiplied, validated_points
from processors.responses import Warnings
from processors.states import STATE_COLUMNS, state_words, states_of

NO_METER, CUMULATIVE, INTERVAL_METER = 0, 1, 2
ENERGY = "energy"
"""Factor of an enterprise's standard coal and CO2, over all its meters."""
NOWHERE = -1
"""Id of a point that the registry does not have; no figure bears it."""
FOREVER_MS = 8_000_000_000_000_000
"""End of a row without ``valid_to``."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Parameters that hold whatever rule pack a source follows; the digest of a figure's rules includes them.

    ``decide_after_ms`` after its end an hour is decided by tick; a report ``ahead_ms`` past its receipt is held.
    """

    decide_after_ms: int = 300_000
    ahead_ms: int = 300_000
    offset_ms: int = OFFSET_MS

    def digest_text(self) -> str:
        """The parameters that decide a figure's value, as text."""
        return f"{self.offset_ms}|{ENGINE}"


@dataclass(frozen=True, slots=True)
class Key:
    """A point or meter by name."""

    source: str
    factor: str


_POINT_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "pid": pl.Int32,
    "sid": pl.Int32,
    "source": pl.String,
    "factor": pl.String,
    "from_ms": pl.Int64,
    "to_ms": pl.Int64,
    "num": pl.Int64,
    "den": pl.Int64,
    "low": pl.Int64,
    "high": pl.Int64,
    "meter": pl.Int8,
    "ref_o2": pl.Int64,
    "guard": pl.Int64,
    "oxygen_pid": pl.Int32,
    "inlet_o2_pid": pl.Int32,
    "flow_pid": pl.Int32,
    "raw_num": pl.Int64,
    "raw_den": pl.Int64,
    "ref_volume": pl.Int64,
    "product_pid": pl.Int32,
    "minutes_min": pl.Int64,
    "quarters_min": pl.Int64,
    "apart_min": pl.Int64,
    "operating_minutes": pl.Boolean,
    "interval": pl.Int64,
    "decimals": pl.Int64,
    "hours_min": pl.Int64,
    "day_basis": pl.String,
    "share_min": pl.Int64,
    "due_basis": pl.String,
    "replaced": pl.Int64,
    "no_flow": pl.Boolean,
    "ph": pl.Boolean,
    "air_o2": pl.Int64,
    "above_only": pl.Boolean,
    "fold_means": pl.Boolean,
    "litre": pl.Boolean,
    "analyser_pid": pl.Int32,
    "chain_max": pl.Int64,
    "sparse": pl.Boolean,
    "identity": pl.UInt64,
    "rules": pl.UInt64,
}
_LIMIT_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "pid": pl.Int32,
    "stat": pl.String,
    "averaging": pl.String,
    "limit": pl.Int64,
    "limit_id": pl.String,
    "limit_from": pl.Int64,
    "limit_to": pl.Int64,
    "limit_rules": pl.UInt64,
    "lower": pl.Boolean,
    "when_pid": pl.Int32,
    "when_op": pl.String,
    "when_value": pl.Int64,
}


class Points:
    """The registry as frames, with ids that are dense, in the order of the names."""

    def __init__(self, registry: Registry, rules: Rules) -> None:
        self.registry = registry
        self.rules = rules
        self.packs = packs_of(registry.packs)
        self._digest = text_hash(rules.digest_text())
        names = sorted({(p.source, p.factor) for p in registry.points} | {(m.source, m.factor) for m in registry.meters})
        self.keys = [Key(*n) for n in names]
        self.pid = {n: i for i, n in enumerate(names)}
        self.source_names = sorted({s.source for s in registry.sources})
        self.sid = {name: i for i, name in enumerate(self.source_names)}
        self.sid_of_pid = [self.sid.get(k.source, -1) for k in self.keys]
        self.meters: dict[int, list[Meter]] = {}
        for meter in registry.meters:
            self.meters.setdefault(self.pid[meter.source, meter.factor], []).append(meter)
        self.changes: dict[int, list[MeterChange]] = {}
        for change in registry.meter_changes:
            self.changes.setdefault(self.pid[change.source, change.factor], []).append(change)
        self.points_of: dict[int, list[Point]] = {}
        for point in registry.points:
            self.points_of.setdefault(self.pid[point.source, point.factor], []).append(point)
        self.sources = {s.source: s for s in registry.sources}
        self.renewable_base = {e.enterprise: e.renewable_base_tce for e in registry.enterprises}
        """Renewable electricity of the plan's base year by enterprise [tce], None where nobody registered it."""
        self.made = made_of(registry, self.packs, self.pid)
        """Which points are made of others, None where none is."""
        self.states = states_of(registry, self.packs, self.pid)
        """Points whose values come wet or not at the standard state, None where none does."""
        self.frame = self._frame()
        self.single = (
            self.frame["pid"].to_list() == list(range(len(names)))
            and not (self.frame["from_ms"] > 0).any()
            and not (self.frame["to_ms"] < FOREVER_MS).any()
        )
        least = self.frame["minutes_min"].unique()
        quartered = bool((self.frame["quarters_min"] > 0).any() or self.frame["operating_minutes"].any())
        shares = self.frame.filter((pl.col("raw_num") > 0) & (pl.col("meter") == NO_METER) & ~pl.col("sparse"))
        self.raw_shares = shares.select("pid", "from_ms", "to_ms", "raw_num", "raw_den") if shares.height else None
        """Points of whose readings in a minute a share is valid, None where one reading is enough everywhere."""
        self.by_operation = self.frame.select("pid", "from_ms", "to_ms", quarters=pl.col("apart_min") > 0).filter(
            self.frame["operating_minutes"] | pl.col("quarters")
        )
        """Points of whose hours less is asked where the plant stood: by whole ``quarters``, else by minutes."""
        self.minutes_min = int(least[0]) if least.len() == 1 and not quartered else None
        """Valid minutes of a valid hour where all points need the same and may lie anywhere in it, else None."""
        self.intervals = self.frame.select("pid", "interval", "from_ms", "to_ms").filter(pl.col("interval").is_not_null())
        """Points from which a share of the limit [%, at SCALE] is taken off before they are judged."""
        self.decimals = self.frame.select("pid", "decimals", "from_ms", "to_ms").filter(pl.col("decimals").is_not_null())
        """Points whose values are rounded before they are judged."""
        self.operating_days = bool((self.frame["day_basis"] != "fixed").any())
        """Whether a day is asked for the hours that were not stopped somewhere."""
        held = self.frame.filter(pl.col("ref_volume").is_not_null())
        self.volumes = held.select("pid", "from_ms", "to_ms", "ref_volume", "flow_pid", "product_pid") if held.height else None
        """Points whose hours are brought to the gas volume of a tonne of product (``ref_volume``, m3/t at SCALE), None where none are."""
        self.plain_days = self.frame["hours_min"].null_count() == 0
        """Whether no day is weighted by flow."""
        self.corrected = bool(self.frame["no_flow"].any() or self.frame["replaced"].count())
        """Whether hours without flow, or at or below zero, are anything special somewhere."""
        self.chained = self.frame["analyser_pid"].count() > 0
        """Whether an hour is held against what the analyser itself says of it."""
        self.ph = bool(self.frame["ph"].any())
        """Whether a point is pH."""
        self.attributes = self.frame.select("identity", "num", "den", "low", "high")
        """One row a point, in the order of ``pid``, where no row of the registry is dated (``single``)."""
        self.ranged = bool(self.frame["low"].count() or self.frame["high"].count())
        spans_zero = self.frame.filter((pl.col("low") < 0) & (pl.col("high") > 0))
        self.near_zero = spans_zero.select("pid", "from_ms", "to_ms", near=pl.min_horizontal(-pl.col("low"), "high"))
        """Points whose measuring range spans zero, and its end that is nearer to it (``near``, at SCALE)."""
        self.scaled = bool((self.frame["num"] != self.frame["den"]).any())
        self.source_rows = self._source_rows()
        self.sources_dated = self.source_rows.filter((pl.col("row_from") > 0) | (pl.col("row_to") < FOREVER_MS)).height > 0
        self.reach_ms = self._reach_ms()
        """How long a reading covers at most after its time, by ``sid``."""
        self.held = multiplied(registry.limits, registry.sources, self.packs)
        """The registry's limits, and those on shorter averages that follow from a year's."""
        self.programmes = self._programmes()
        """Limits on hours that a programme set (``pid``, ``stat``, ``limit_id``), where the rule pack assesses months by them."""
        self.limits = self._limits()
        self.interval_bases = interval_bases(self.limits)
        """The daily limits of which a confidence interval is a share; see ``programmes.interval_bases``."""
        self.validated = validated_points(self)
        """Points whose averages are validated; see ``programmes.validated_points``."""
        self.peaks = self._peaks()
        """Points whose greatest minute is held against a limit, though they are no pH."""
        self.readers = self._readers()
        """Points (``reader``) whose figures are weighed or judged by those of another point (``pid``)."""
        self.enterprise_of = {s.source: s.enterprise for s in registry.sources}
        self.members = self._members()
        self.warnings = Warnings(registry)

    def _source_rows(self) -> pl.DataFrame:
        rows = [
            {
                "source": s.source,
                "sid": self.sid[s.source],
                "row_from": start_ms(s),
                "row_to": end_ms(s),
                "cadence_ms": s.cadence_s * 1000,
                "minute_ms": s.minute_s * 1000,
                "end_label": s.label == "end",
                "clock_ms": s.clock_offset_s * 1000,
            }
            for s in self.registry.sources
        ]
        names = ("row_from", "row_to", "cadence_ms", "minute_ms", "clock_ms")
        schema: dict[str, type[pl.DataType]] = {"source": pl.String, "sid": pl.Int32, **dict.fromkeys(names, pl.Int64)}
        return pl.DataFrame(rows, schema={**schema, "end_label": pl.Boolean})

    def _reach_ms(self) -> list[int]:
        reach = self.source_rows.group_by("sid").agg(pl.max_horizontal(pl.col("cadence_ms").max(), pl.col("minute_ms").max()))
        of = dict(reach.rows())
        return [of[sid] for sid in range(len(self.source_names))]

    def _members(self) -> dict[tuple[str, str, str], list[int]]:
        """Return the points whose day figures an enterprise's account adds up, by (enterprise, factor, stat)."""
        out: dict[tuple[str, str, str], list[int]] = {}
        for pid, key in enumerate(self.keys):
            enterprise = self.enterprise_of.get(key.source, "")
            if any(r.flow_factor for r in self.points_of.get(pid, [])):
                out.setdefault((enterprise, key.factor, "mass"), []).append(pid)
            coded = [m for m in self.meters.get(pid, []) if m.energy_code]
            whole = ("kgce", "tco2") if any(not m.part_of for m in coded) else ()
            for stat in (*whole, *sorted({PLAN_STATS[m.plan] for m in coded if m.plan})):
                out.setdefault((enterprise, ENERGY, stat), []).append(pid)
        return out

    def _unit_of(self, source: str, factor: str) -> str:
        return self.unit(self.pid.get((source, factor), NOWHERE))

    def unit(self, pid: int) -> str:
        """Return the unit of a point's or meter's values, as its newest row says."""
        rows = self.points_of.get(pid) or self.meters.get(pid) or []
        return rows[-1].unit if rows else ""

    def limits_of(self, pid: int) -> list[Limit]:
        """Return the limits that were ever set at a point."""
        key = self.keys[pid]
        return [x for x in self.registry.limits if (x.source, x.factor) == (key.source, key.factor)]

    def _frame(self) -> pl.DataFrame:
        rows: list[dict[str, object]] = []
        sources: dict[str, list[Source]] = {}
        for source in self.registry.sources:
            sources.setdefault(source.source, []).append(source)
        listed: list[Point | Meter] = [*self.registry.points, *self.registry.meters]
        packs = {(source.rules, source.kind): chosen(source, self.packs) for source in self.registry.sources}
        digests = {pack.id: pack.digest_text() for pack in packs.values()}
        for row in listed:
            for source in sources.get(row.source, []):
                start, end = max(start_ms(row), start_ms(source)), min(end_ms(row), end_ms(source))
                if start < end:
                    pack = packs[source.rules, source.kind]
                    rows.append(self._row(source, row, start, end, pack, digests[pack.id]))
        frame = pl.DataFrame(rows, schema=_POINT_SCHEMA)
        return frame.sort("pid", "from_ms")

    def _row(self, source: Source, row: Point | Meter, start: int, end: int, pack: Pack, digest_text: str) -> dict[str, object]:
        num, den = (1, 1) if isinstance(row, Meter) else row.multiplier.as_integer_ratio()
        key = (row.source, row.factor)
        out: dict[str, object] = {
            "pid": self.pid[key],
            "sid": self.sid[row.source],
            "source": row.source,
            "factor": row.factor,
            "from_ms": start,
            "to_ms": end,
            "num": num,
            "den": den,
            "low": None,
            "high": None,
            "meter": NO_METER,
            "ref_o2": None,
            "guard": None,
            "oxygen_pid": None,
            "inlet_o2_pid": None,
            "flow_pid": None,
            "raw_num": pack.raw_share.numerator,
            "raw_den": pack.raw_share.denominator,
            "ref_volume": None,
            "product_pid": None,
            "minutes_min": pack.minutes_min,
            "quarters_min": pack.quarters_min,
            "apart_min": pack.apart_min,
            "operating_minutes": "valid_minutes_basis" in pack.settings,
            "interval": pack.interval.get(row.factor),
            "decimals": pack.decimals.get(row.factor),
            "hours_min": pack.hours_min,
            "day_basis": pack.day_basis,
            "share_min": None if pack.share_min_pct is None else scaled(pack.share_min_pct),
            "due_basis": "clock" if "due_basis" in pack.settings else "flow",
            "replaced": pack.low.get(row.factor),
            "no_flow": pack.no_flow,
            "ph": row.factor in pack.ph,
            "air_o2": pack.air_oxygen,
            "above_only": pack.above_only,
            "fold_means": "fold_order" in pack.settings,
            "litre": row.unit.endswith("/L"),
            "analyser_pid": None,
            "chain_max": None,
            "sparse": False,
            "identity": text_hash(*key),
        }
        used: tuple[object, ...] = (source.cadence_s, source.minute_s, source.label, source.clock_offset_s)
        if isinstance(row, Meter):
            out["meter"] = CUMULATIVE if row.kind == "cumulative" else INTERVAL_METER
            if row.plan or row.part_of:
                base = self.renewable_base.get(source.enterprise) if row.plan == "renewable" else None
                used += ("plan", row.plan, row.part_of, base)
        else:
            out["low"], out["high"] = _scaled(row.range_low), _scaled(row.range_high)
            out["ref_o2"], out["guard"] = _scaled(row.reference_o2_pct), scaled(row.oxygen_guard_pct)
            if row.reference_o2_pct is not None:
                out["oxygen_pid"] = self.pid.get((row.source, row.oxygen_factor))
            if row.inlet_oxygen_factor:
                out["inlet_o2_pid"] = self.pid.get((row.source, row.inlet_oxygen_factor))
                used += ("inlet_oxygen", row.inlet_oxygen_factor)
            if row.analyser_factor and (chain := pack.rule(HourChain)) is not None:
                out["analyser_pid"] = self.pid.get((row.source, row.analyser_factor))
                out["chain_max"] = scaled(chain.difference_pct_max)
                used += ("analyser", row.analyser_factor, chain.difference_pct_max)
            if row.flow_factor:
                out["flow_pid"] = self.pid.get((row.source, row.flow_factor))
            if row.reference_volume_m3_t is not None:
                out["ref_volume"] = scaled(row.reference_volume_m3_t)
                out["product_pid"] = self.pid.get((row.source, row.product_factor))
                used += ("volume", row.reference_volume_m3_t, row.product_factor)
            if row.role.partition("/")[0] in SPARSE_ROLES:  # an hour with one value has a mean, one without has none to miss
                out |= {"sparse": True, "minutes_min": 1, "quarters_min": 0, "apart_min": 0, "hours_min": 1, "share_min": None}
            used += (row.role,) if row.role else ()
            used += state_words(row, pack, self._unit_of) if row.gas_state else ()
        out["rules"] = text_hash(
            self._digest,
            digest_text,
            *used,
            row.model_dump_json(
                exclude={
                    "name",
                    "name_zh",
                    "role",
                    "checks",
                    "s_ams",
                    "plan",
                    "part_of",
                    "inlet_factor",
                    "inlet_oxygen_factor",
                    "analyser_factor",
                    "calibrated_high",
                    "rata_difference",
                    "rata_mean",
                    "rata_confidence",
                    "fuel_dscf_mmbtu",
                    "fuel_co2_scf_mmbtu",
                    "detection_limit",
                    *STATE_COLUMNS,
                    "reference_volume_m3_t",
                    "product_factor",
                    "valid_from",
                    "valid_to",
                }
            ),
        )
        return out

    def _limits(self) -> pl.DataFrame:
        rows = [
            {
                "pid": self.pid[limit.source, limit.factor],
                "stat": limit.stat,
                "averaging": limit.averaging,
                "limit": scaled(limit.limit),
                "limit_id": limit.limit_id,
                "limit_from": start_ms(limit),
                "limit_to": end_ms(limit),
                "limit_rules": text_hash(
                    limit.limit_id, limit.limit, limit.unit, limit.stat, limit.averaging, *_special(limit)
                ),
                "lower": limit.bound == "lower",
                **self._condition(limit),
            }
            for limit in self.held
            if (limit.source, limit.factor) in self.pid
        ]
        return pl.concat([pl.DataFrame(rows, schema=_LIMIT_SCHEMA), self._shares(), self._years()])

    def _programmes(self) -> pl.DataFrame:
        asked = {s.source: chosen(s, self.packs).share_within for s in self.registry.sources}
        rows = [
            (self.pid[limit.source, limit.factor], limit.stat, limit.limit_id, asked[limit.source])
            for limit in self.registry.limits
            if limit.rank == "programme" and limit.averaging == "hour" and asked.get(limit.source) is not None
            if (limit.source, limit.factor) in self.pid
        ]
        schema = {"pid": pl.Int32, "stat": pl.String, "limit_id": pl.String, "share": pl.Int64}
        return pl.DataFrame(sorted(set(rows)), schema=schema, orient="row")

    def _peaks(self) -> list[int]:
        held = self.limits.filter(pl.col("stat") == "max")["pid"].unique().sort().to_list()
        keys = [(pid, self.keys[pid]) for pid in held]
        rows = {s.source: s for s in self.registry.sources}
        return [pid for pid, key in keys if key.source in rows if key.factor in chosen(rows[key.source], self.packs).peaks]

    def _shares(self) -> pl.DataFrame:
        """Return what a programme asks of months as limits, one a point, from below."""
        each = self.programmes.unique("pid", keep="first", maintain_order=True)
        return each.select(
            "pid",
            "limit_id",
            stat=pl.lit(WITHIN),
            averaging=pl.lit("month"),
            limit="share",
            limit_from=0,
            limit_to=FOREVER_MS,
            limit_rules=pl.lit(0, dtype=pl.UInt64),
            lower=True,
            when_pid=None,
            when_op=None,
            when_value=None,
        ).select(*(pl.col(name).cast(kind) for name, kind in _LIMIT_SCHEMA.items()))

    def _years(self) -> pl.DataFrame:
        """Return what is asked of years as limits."""
        rows = [
            {
                "pid": self.pid[limit.source, limit.factor],
                "stat": stat,
                "averaging": "year",
                "limit": bound,
                "limit_id": limit.limit_id,
                "limit_from": 0,
                "limit_to": FOREVER_MS,
                "limit_rules": 0,
                "lower": lower,
            }
            for limit, stat, bound, lower in assessed(self.held, self.registry.sources, self.packs)
            if (limit.source, limit.factor) in self.pid
        ]
        return pl.DataFrame(rows, schema=_LIMIT_SCHEMA)

    def _condition(self, limit: Limit) -> dict[str, object]:
        """Return what a limit's condition is: on which point's mean, how it compares, with what."""
        if not limit.when:
            return {"when_pid": None, "when_op": None, "when_value": None}
        factor, op, value = limit.when.split(" ")
        pid = self.pid.get((limit.source, factor), NOWHERE)
        return {"when_pid": pid, "when_op": op, "when_value": scaled(value)}

    def _readers(self) -> pl.DataFrame:
        flows = self.frame.filter("ph", pl.col("flow_pid").is_not_null()).select(pid="flow_pid", reader="pid")
        asked = self.limits.filter(pl.col("when_pid").is_not_null()).select(pid="when_pid", reader="pid")
        return pl.concat([flows, asked]).unique().sort("pid", "reader")


def _special(limit: Limit) -> tuple[str, ...]:
    """Return what a limit asks beyond not being above it."""
    return tuple(word for word in (limit.bound if limit.bound == "lower" else "", limit.when) if word)


def start_ms(row: Dated) -> int:
    """Return the first millisecond in which a dated row holds (local midnight of ``valid_from``)."""
    return 0 if row.valid_from is None else _midnight_ms(row.valid_from)


def end_ms(row: Dated) -> int:
    """Return the first millisecond in which a dated row no longer holds."""
    return FOREVER_MS if row.valid_to is None else _midnight_ms(row.valid_to)


def _midnight_ms(day: date) -> int:
    days = (datetime(day.year, day.month, day.day, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days
    return days * DAY_MS - OFFSET_MS


def _scaled(value: Decimal | None) -> int | None:
    return None if value is None else scaled(value)
