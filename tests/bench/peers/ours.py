"""Plumeline's worker on the same job: Faust, one engine and one state file a partition, everything it does for a regulator included.

Only what goes out differs from the worker of a cluster: figures in the form of the job, and nothing else.
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # as docker-compose.yml says of a worker, before Polars is imported

import gc
import logging
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import faust
import polars as pl

from ingest.log import Entry
from ingest.registry import Enterprise, Limit, Point, Registry, Source
from plumeline.worker import GC_THRESHOLDS, Partition, Worker, WorkerOptions, faust_app
from processors.figures import MINUTE_SCALE, SCALE
from processors.output import Output
from simulators.load import factor_codes
from tests.bench.peers.job import LIMIT, PARTITIONS, Settings
from tests.bench.peers.load import CADENCE_S, Size


def registry(size: Size) -> Registry:
    """Return the registry of the load: each source with its factors, each factor with the limit."""
    names = [f"BENCH{n:06d}" for n in range(size.sources)]
    codes = factor_codes(size.factors)
    return Registry(
        enterprises=(Enterprise(enterprise="E", name="E"),),
        sources=tuple(
            Source(source=s, enterprise="E", outlet="1", name=s, kind="flue_gas", cadence_s=CADENCE_S) for s in names
        ),
        points=tuple(Point(source=s, factor=c, unit="mg/m3") for s in names for c in codes),
        limits=tuple(
            Limit(source=s, factor=c, limit_id="JOB", limit=Decimal(str(LIMIT)), unit="mg/m3") for s in names for c in codes
        ),
    )


@dataclass
class Given:
    """A registry that never changes."""

    registry: Registry
    changes: int = 0

    def close(self) -> None:
        """Nothing to close."""


class JobPartition(Partition):
    """A partition that says what the job asks for."""

    def catch_up(self) -> int:
        """Its state is new."""
        return 0

    def entries(self, out: Output) -> list[Entry]:
        """Return minutes and hours as records of the job."""
        hours = [f.filter((pl.col("level") == "hour") & (pl.col("stat") == "avg")) for f in out.figures]
        frames = [_minutes(f) for f in out.minutes if f.height] + [_hours(f) for f in hours if f.height]
        points = self.engine.points
        names = pl.DataFrame(
            {
                "pid": range(len(points.keys)),
                "source": [k.source for k in points.keys],
                "factor": [k.factor for k in points.keys],
            },
            schema={"pid": pl.Int32, "source": pl.String, "factor": pl.String},
        )
        named = (frame.join(names, on="pid") for frame in frames)
        parts = [part for frame in named for part in frame.iter_slices(BUNDLE_LINES)]
        return [Entry(self.options.prefix + FIGURES, self.number, _bundle(part)) for part in parts]


BUNDLE_LINES = 2_000
"""Figures of one record; one takes some 120 bytes."""
FIGURES = os.environ.get("PEERS_FIGURES", "figures")


def _minutes(frame: pl.DataFrame) -> pl.DataFrame:
    mean = pl.col("value") / 10**MINUTE_SCALE
    return frame.select("pid", "n", period=pl.lit("minute"), start=pl.col("minute") // 1000, mean=mean, over=pl.lit(""))


def _hours(frame: pl.DataFrame) -> pl.DataFrame:
    over = pl.when(pl.col("verdict") == "exceeds").then(pl.lit(',"over":true')).otherwise(pl.lit(',"over":false'))
    return frame.select(
        "pid", "n", period=pl.lit("hour"), start=pl.col("hour") // 1000, mean=pl.col("value") / 10**SCALE, over=over
    )


def _bundle(frame: pl.DataFrame) -> bytes:
    """Return the figures of a frame as the value of one record."""
    parts: list[pl.Expr] = []
    for name, before in (
        ("period", '{"period":"'),
        ("source", '","source":"'),
        ("factor", '","factor":"'),
        ("start", '","start":'),
        ("mean", ',"mean":'),
        ("n", ',"n":'),
    ):
        parts += [pl.lit(before), pl.col(name).cast(pl.String)]
    text = pl.concat_str(*parts, "over", pl.lit("}"))
    return str(frame.select(text.str.join("\n")).item()).encode()


def main() -> None:
    """Work until told to stop."""
    gc.set_threshold(*GC_THRESHOLDS)
    job = Settings.from_environment()
    size = Size(int(os.environ["PEERS_SOURCES"]), int(os.environ["PEERS_FACTORS"]))
    with tempfile.TemporaryDirectory() as folder:
        options = WorkerOptions(
            job.bootstrap,
            Path(folder),
            instance=job.group,
            group=job.group,
            topics={job.reports: "reports"},
            partitions=PARTITIONS,
        )
        worker = Worker(options, Given(registry(size)), JobPartition)
        app = faust_app(options, worker)
        runner = faust.Worker(app, loglevel=logging.WARNING, redirect_stdouts=False)
        try:
            runner.execute_from_commandline()
        finally:
            worker.close()


if __name__ == "__main__":
    main()
