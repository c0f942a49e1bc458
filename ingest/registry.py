"""The registry: who may send, what a code means at an outlet, which limits hold; dated rows in a folder of CSV files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\s/,;\"]+$")]
"""An identity: no blanks, slashes, commas or quotes, because it stands in links, topics and CSV files."""


ROLE_UNITS = {
    "fuel": "L",
    "vapour": "L",
    "ratio": "L/L",
    "fuel_speed": "L/min",
    "vapour_speed": "L/min",
    "tank": "Pa",
    "line": "Pa",
    "positive": "Pa",
    "negative": "Pa",
    "processed": "g/m3",
}
"""What a point may be to the rules of petrol stations, and its unit: of one refuelling the fuel and vapour dispensed and recovered, their
ratio and speeds; pressure of tank and vapour line; opening pressures of the pressure/vacuum valve (the negative one below zero); concentration
behind the processing unit."""
SPARSE_ROLES = frozenset({"fuel", "vapour", "ratio", "fuel_speed", "vapour_speed", "positive", "negative"})
"""Roles whose values come one at a time, one a refuelling or one a day, and cover no time."""

Role = Annotated[str, Field(max_length=64, pattern="^((" + "|".join(ROLE_UNITS) + r")(/[^\s/,;\"]+)?)?$")]


class Row(BaseModel):
    """A row of a registry file; a column that is not one of the fields is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Dated(Row):
    """A row that holds from the start of one local day to the start of another; empty means without end."""

    valid_from: date | None = None
    valid_to: date | None = None


class Enterprise(Row):
    """enterprises.csv: who answers for the outlets and meters."""

    enterprise: Name
    name: str
    name_zh: str = ""
    city: str = ""
    county: str = ""
    sector: str = ""


class Source(Dated):
    """sources.csv: one device at one outlet or one meter cabinet, known by the identity it sends (HJ 212: MN).

    ``cadence_s`` is the time a reading covers and the pace at which silence is judged, ``minute_s`` the period of the
    device's own minute records (HJ 212: MinInterval). ``label`` says whether the time of a
    period's value is its start or its end. ``clock_offset_s`` is added to the device's time. ``crc_dialect`` accepts a known
    wrong CRC. ``silent_after_s`` overrides when someone is called (default: see processors.silence). ``rules`` names a rule pack; empty
    is the pack for sources of this kind.
    """

    source: Name
    enterprise: Name
    outlet: str
    name: str
    kind: Literal["flue_gas", "voc", "vapour", "water", "energy"]
    name_zh: str = ""
    permit: str = ""
    cadence_s: Annotated[int, Field(ge=1, le=86_400)] = 30
    minute_s: Annotated[int, Field(ge=60, le=3_600)] = 60
    label: Literal["start", "end"] = "start"
    clock_offset_s: Annotated[int, Field(ge=-31_536_000, le=31_536_000)] = 0
    crc_dialect: Literal["", "modbus", "modbus-swapped"] = ""
    silent_after_s: Annotated[int, Field(ge=1)] | None = None
    token_group: str = ""
    rules: str = ""


class Point(Dated):
    """points.csv: what a factor code means at one source.

    ``multiplier`` turns the sent number into ``unit``. Readings outside [range_low, range_high] are invalid. With
    ``reference_o2_pct`` the mean at reference oxygen is formed from ``oxygen_factor``'s readings, withheld where oxygen is at or
    above ``oxygen_guard_pct``. With ``flow_factor`` (a point in m3/h, dry, standard state) the hourly mass is formed. ``role`` says what a
    point is to the rules of petrol stations, one of ROLE_UNITS, and behind a slash of what: "fuel/03" is the fuel of nozzle 03.
    """

    source: Name
    factor: Name
    unit: str
    name: str = ""
    name_zh: str = ""
    multiplier: Decimal = Decimal(1)
    range_low: Decimal | None = None
    range_high: Decimal | None = None
    reference_o2_pct: Decimal | None = None
    oxygen_factor: str = "a19001"
    oxygen_guard_pct: Decimal = Decimal("20.0")
    flow_factor: str = ""
    role: Role = ""


class Meter(Dated):
    """meters.csv: an energy meter behind one factor of a source.

    ``kind`` is "cumulative" (a counter that wraps at ``modulus``) or "interval" (energy of the elapsed period).
    ``multiplier`` is CT x PT, secondary to primary. ``max_rate_h`` and ``lsd`` are on the secondary side, in ``unit`` per hour and
    ``unit``. ``energy_code`` names a row of the energy factors; ``direction`` "out" is energy sold or transferred out.
    """

    source: Name
    factor: Name
    kind: Literal["cumulative", "interval"]
    unit: str
    name: str = ""
    name_zh: str = ""
    multiplier: Decimal = Decimal(1)
    modulus: Decimal | None = None
    max_rate_h: Decimal | None = None
    lsd: Decimal = Decimal("0.01")
    energy_code: str = ""
    direction: Literal["in", "out"] = "in"
    factor_year: int | None = None


class MeterChange(Row):
    """meter_changes.csv: a register was replaced; readings before and after belong to two registers."""

    source: Name
    factor: Name
    time: AwareDatetime
    final_old: Decimal
    initial_new: Decimal
    multiplier_new: Decimal | None = None


class Limit(Dated):
    """limits.csv: a limit that holds at an outlet.

    ``stat`` is "avg" (measured) or "avg_ref" (at reference oxygen). ``limit_id`` names the row of the shipped limit profiles it
    comes from, or a permit's own; ``basis`` is standard and clause as a person reads it, ``basis_zh`` the same for readers of Chinese.
    """

    source: Name
    factor: Name
    limit_id: Name
    limit: Decimal
    unit: str
    stat: Literal["avg", "avg_ref"] = "avg"
    averaging: Literal["hour", "day"] = "hour"
    basis: str = ""
    basis_zh: str = ""


class Contact(Row):
    """contacts.csv: who is told, through which webhook; the secret's text stands in the environment variable ``secret_env``.

    ``counties`` and ``enterprises`` narrow what is sent (blank-separated; empty means all); ``receives`` is "all" or "red".
    """

    contact: Name
    url: str
    secret_env: str
    counties: str = ""
    enterprises: str = ""
    receives: Literal["all", "red"] = "all"
    language: Literal["en", "zh"] = "en"


class RulePack(Row):
    """rules/*.toml: a rule pack of the office's own, as written; ``processors.packs`` reads it."""

    id: Name
    kinds: tuple[str, ...] = ()
    file: str
    text: str


class Registry(BaseModel):
    """All tables of the registry, validated as a whole; the snapshot on the ``registry`` topic."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enterprises: tuple[Enterprise, ...] = ()
    sources: tuple[Source, ...] = ()
    points: tuple[Point, ...] = ()
    meters: tuple[Meter, ...] = ()
    meter_changes: tuple[MeterChange, ...] = ()
    limits: tuple[Limit, ...] = ()
    contacts: tuple[Contact, ...] = ()
    packs: tuple[RulePack, ...] = ()


def part_of(registry: Registry, wanted: Callable[[str], bool]) -> Registry:
    """Return the rows of the sources that are wanted; enterprises, contacts and rule packs stay whole."""
    rows = {
        name: tuple(row for row in getattr(registry, name) if wanted(row.source))
        for name in ("sources", "points", "meters", "meter_changes", "limits")
    }
    return registry.model_copy(update=rows)
