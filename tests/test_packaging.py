"""What is installed is ours and whole: general package names belong to nobody else here, data files are shipped."""

from __future__ import annotations

import importlib
import importlib.metadata
import tomllib
from pathlib import Path

import pytest

from tests.conftest import REPO

PROJECT = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))
WHEEL = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
PACKAGES = ("ingest", "processors", "alerts", "dashboards", "simulators", "plumeline")
DATA_SUFFIXES = (".csv", ".css", ".js", ".toml")


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_name_is_ours_alone(name: str) -> None:
    """The general names of our packages are provided by no other distribution, and import from this tree."""
    owners = importlib.metadata.packages_distributions().get(name, [])
    assert set(owners) <= {PROJECT["project"]["name"]}
    file = importlib.import_module(name).__file__
    assert file is not None
    assert Path(file).resolve().is_relative_to(REPO)


def test_the_wheel_holds_the_packages_and_no_tests() -> None:
    """Each package of the street is shipped, the tests are not."""
    assert sorted(WHEEL["packages"]) == sorted(PACKAGES)
    assert "tests" not in WHEEL["packages"]
    assert WHEEL.get("force-include", {}).get("tests") is None


def test_every_folder_with_code_is_in_a_package() -> None:
    """A folder whose Python files are imported has its ``__init__``, so that nothing depends on where a command was called."""
    missing = {
        p.parent.relative_to(REPO).as_posix()
        for package in PACKAGES
        for p in (REPO / package).rglob("*.py")
        if not (p.parent / "__init__.py").exists()
    }
    assert missing == set()


def test_data_files_lie_in_packages() -> None:
    """Tables, styles and scripts that code reads lie inside a shipped package, and hatchling is not told to leave them out."""
    data = [p for package in PACKAGES for p in (REPO / package).rglob("*") if p.suffix in DATA_SUFFIXES]
    names = {p.relative_to(REPO).as_posix() for p in data}
    assert {
        "ingest/hj212/factors.csv",
        "ingest/hj212/information_uploads.csv",
        "processors/rules/data/limit_profiles.csv",
        "processors/rules/data/energy_factors.csv",
        "plumeline/console/style.css",
        "plumeline/console/charts.js",
        "plumeline/console/live.js",
    } <= names
    assert not {"exclude", "only-include"} & set(WHEEL)


def test_git_does_not_ignore_data_files() -> None:
    """Hatchling leaves out what .gitignore names; none of its patterns fits a data file of a package."""
    patterns = [x.strip() for x in (REPO / ".gitignore").read_text().splitlines() if x.strip() and not x.startswith("#")]
    loose = [x for x in patterns if x.strip("/") in ("data", "rules", "console") and not x.startswith("/")]
    assert loose == []
    assert not [x for x in patterns if x.startswith("*") and x.removeprefix("*") in DATA_SUFFIXES]


def test_mappings_and_registry_come_with_the_checkout() -> None:
    """Feed mappings and the sample registry lie where README says, and are readable as what they are."""
    mappings = sorted((REPO / "feeds").glob("*.toml"))
    assert len(mappings) >= 5
    for path in mappings:
        assert tomllib.loads(path.read_text(encoding="utf-8")), path.name
    tables = {p.stem for p in (REPO / "registry").glob("*.csv")}
    assert {"enterprises", "sources", "points", "meters", "limits", "contacts", "marks"} <= tables


def test_the_command_is_declared() -> None:
    """``plumeline`` leads to a function that exists."""
    module, _, function = PROJECT["project"]["scripts"]["plumeline"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))
