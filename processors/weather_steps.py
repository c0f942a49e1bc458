"""Steps of rule packs that hold while a pollution-weather warning does."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ingest.registry import WarningLevel
from processors.rules.weather import level_rows
from processors.steps import Step

LOOKBACK_DAYS_MAX = 92
"""Days before a warning that may be searched for normal ones; the store is read for that far."""

Pct = Annotated[int, Field(ge=1, le=100)]


class WeatherReduction(Step):
    """By how much a point came down under a warning, as its source's plan asks; see ``rules.weather.reductions``.

    The baseline is sought among the ``lookback_days`` days before the warning.
    """

    step: Literal["weather.reduction"]
    grace_h: Annotated[Decimal, Field(ge=0, le=24)]
    baseline_days: Annotated[int, Field(ge=1, le=31)]
    lookback_days: Annotated[int, Field(ge=1, le=LOOKBACK_DAYS_MAX)]
    coverage_min_pct: Annotated[Decimal, Field(gt=0, le=100)]


class EarlyUnderWarning(Step):
    """Percentages of the limit that take the place of those of ``early.hour`` under a warning: from level ``tight_from`` on the tight ones."""

    step: Literal["early.under_warning"]
    warned_opens_pct: Pct
    warned_closes_pct: Pct
    tight_from: WarningLevel
    tight_opens_pct: Pct
    tight_closes_pct: Pct

    @model_validator(mode="after")
    def _closes_below(self) -> EarlyUnderWarning:
        if not (self.warned_closes_pct <= self.warned_opens_pct and self.tight_closes_pct <= self.tight_opens_pct):
            raise ValueError("a warning closes at or below where it opens: mend warned_closes_pct or tight_closes_pct")
        return self


class WeatherLevel(Step):
    """Which level a forecast calls for: by which edition of the table of levels, and what separates two episodes; see ``rules.weather``."""

    step: Literal["weather.level"]
    edition: str
    clean_aqi_max: Annotated[int, Field(ge=0, le=500)]
    clean_hours: Annotated[int, Field(ge=1, le=168)]

    @model_validator(mode="after")
    def _known(self) -> WeatherLevel:
        known = sorted({row.edition for row in level_rows()})
        if self.edition not in known:
            raise ValueError(f"no edition {self.edition}; write one of {', '.join(known)}")
        return self
