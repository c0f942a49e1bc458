"""All engines over one input: topics, load, reference, then engine after engine."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from rich.console import Console

from tests.bench.peers import environment
from tests.bench.peers.broker import fill, topics
from tests.bench.peers.catalogue import OURS, PEERS, PEERS_PYTHON, PROJECT_PYTHON, Peer
from tests.bench.peers.job import Settings
from tests.bench.peers.load import Size, bundles, lines, singles
from tests.bench.peers.measure import Run, measure
from tests.bench.peers.reference import expected


@dataclass(frozen=True)
class Result:
    """What an engine took: the median over the runs whose figures were all right, and what was wrong with the others.

    ``missing`` says that it could not be installed; its reason is the fault.
    """

    name: str
    good: tuple[Run, ...] = ()
    faults: tuple[str, ...] = ()
    missing: bool = False

    @property
    def checked(self) -> str:
        """Say how many of its runs equal the reference."""
        if self.missing:
            return "missing"
        return "equal" if not self.faults else f"{len(self.good)} of {len(self.good) + len(self.faults)} runs equal"

    def figures(self, readings: int) -> dict[str, float]:
        """Return readings per second, CPU-seconds per million of them and peak MB, or nothing if no run was right."""
        if not self.good:
            return {}
        return {
            "readings_s": round(readings / median(run.seconds for run in self.good)),
            "cpu_s_per_million": round(median(run.usage.cpu_s for run in self.good) / readings * 1e6, 2),
            "rss_mb": round(median(run.usage.rss_mb for run in self.good)),
        }

    def row(self, readings: int) -> dict[str, object]:
        """Return the result for JSON, each run's CPU-seconds with it."""
        runs = [run.usage.cpu_s for run in self.good]
        return {"name": self.name, **self.figures(readings), "cpu_s": runs, "checked": self.checked, "faults": self.faults}


@dataclass(frozen=True)
class Ratio:
    """How many times Plumeline's CPU-seconds an engine took in the same run, and the aim."""

    times: float
    aim: float | None

    @property
    def told(self) -> str:
        """The aim, met or missed; "—" where there is none."""
        return "—" if self.aim is None else f"≥ {self.aim:g}x: {'met' if self.times >= self.aim else 'missed'}"


def ratios(results: Sequence[Result], readings: int) -> dict[str, Ratio]:
    """Return the ratio of each engine that has a figure, by name; none without one of Plumeline in this run."""
    cpu_s = {r.name: r.figures(readings)["cpu_s_per_million"] for r in results if r.good}
    aims = {peer.name: peer.aim for peer in PEERS}
    ours = cpu_s.get(OURS)
    return {name: Ratio(took / ours, aims.get(name)) for name, took in cpu_s.items() if ours and name != OURS}


def compare(bootstrap: str, peers: Sequence[Peer], size: Size, runs: int, project_python: str, out: Console) -> list[Result]:
    """Return each engine's result, in the order given."""
    return asyncio.run(_compare(bootstrap, peers, size, runs, project_python, out))


async def _compare(
    bootstrap: str, peers: Sequence[Peer], size: Size, runs: int, project_python: str, out: Console
) -> list[Result]:
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it warns of each retry while new topics settle
    run = f"peers-{secrets.token_hex(4)}"
    records = {"reports": singles, "bundles": bundles}
    inputs = {kind: f"{run}-{kind}" for kind in sorted({peer.input for peer in peers})}
    pythons = {PEERS_PYTHON: str(environment.PYTHON), PROJECT_PYTHON: project_python}
    absent = environment.missing()
    results = []
    async with topics(bootstrap, run, inputs.values()):
        for kind, topic in inputs.items():
            await fill(bootstrap, topic, records[kind](lines(size)))
        wanted = expected(lines(size), size.end_s)
        out.print(f"{size.readings:,} readings loaded, {len(wanted):,} figures wanted", style="dim", highlight=False)
        for n, peer in enumerate(peers):
            lacking = [f"{name} could not be installed: {absent[name]}" for name in peer.requirements if name in absent]
            command = [pythons.get(word, word) for word in peer.command]
            done: list[Run] = []
            for attempt in range(0 if lacking else runs):
                group = f"{run}-{n}-{attempt}"
                settings = Settings(bootstrap, inputs[peer.input], f"{group}-figures", group)
                own = [settings.figures, *(topic.format(group=group) for topic in peer.topics)]
                async with topics(bootstrap, group, own):
                    done.append(await measure(command, settings, size, wanted))
                took = f"{done[-1].seconds:.1f} s, {done[-1].usage.cpu_s:.1f} CPU-s"
                out.print(f"{peer.name}: {done[-1].fault or took}", style="dim", highlight=False, markup=False)
            faults = (*lacking, *(one.fault for one in done if one.fault))
            results.append(Result(peer.name, tuple(one for one in done if not one.fault), faults, bool(lacking)))
    return results
