"""The demo's page Weather has something to show on whatever day it is started, and the same after a restart."""

from __future__ import annotations

from datetime import datetime

from plumeline.demo import warned
from plumeline.weather import shown
from processors.registry_check import load_registry
from simulators.county import demo_start
from tests.conftest import REPO
from tests.processors.given import CST, ms

STARTED = datetime(2027, 2, 3, 15, 20, tzinfo=CST)


def test_a_warning_holds_while_the_demo_runs() -> None:
    """The sample's warning of June, once more from 08:00 of the demo's day on, and the plan of the coater for it."""
    sample = load_registry(REPO / "registry")
    origin = demo_start(STARTED)
    assert shown(sample, lambda *_: None, ms(origin)) == []
    registry = warned(sample, origin)
    (warning,) = shown(registry, lambda *_: None, ms(origin))
    assert (warning.state, warning.row.level, warning.row.area) == ("active", "yellow", "Foshan")
    assert warning.row.start == datetime(2027, 2, 3, 8, tzinfo=CST)
    assert [(m.plan.source[-4:], m.result) for m in warning.members] == [("B001", "waiting"), ("A002", "exempt")]
    assert warned(sample, origin) == registry


def test_a_registry_without_warnings_stays_as_it_is() -> None:
    """Nothing is made up where the office issued nothing."""
    bare = load_registry(REPO / "registry").model_copy(update={"weather": ()})
    assert warned(bare, STARTED) == bare
