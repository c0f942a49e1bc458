"""docker-compose.yml keeps its promises: exact images, nobody is root, nothing is open, no secret is in it, all is bounded."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingest.log import PARTITIONS
from plumeline import __version__
from plumeline.programs import INFLUX_VERSION, KAFKA_VERSION
from simulators.receiver import PORT
from tests.conftest import REPO, require

FILE = REPO / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOTS = {"topics", "influx-init", "influx-reader"}
"""Services that do one thing and end."""
DEMO = {"devices", "receiver"}
"""Services of the demonstration."""
OWN = sorted(name for name, service in SERVICES.items() if service["image"].startswith("plumeline:"))
LONG_RUNNING = sorted(set(SERVICES) - ONE_SHOTS)
ROOT_WRITABLE = {"kafka"}
"""Its start script writes its settings into its own folder."""
SECRET_WORDS = re.compile(r"TOKEN|PASSWORD|SECRET")
LOOPBACK = "127.0.0.1"
DOCKERFILE = (REPO / "deploy" / "Dockerfile").read_text(encoding="utf-8")
CONFIG_S = 60


def every(names: Any = SERVICES) -> Any:
    return pytest.mark.parametrize("name", sorted(names))


def usual(text: str) -> str:
    """Return a text as Compose reads it where nothing is set: ``${NAME:-default}`` is the default."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def test_the_street_is_whole() -> None:
    """Each service of the cluster is there, simulated devices and receiver only on demand, and the form is that of today."""
    street = {"gateway", "worker", "writer", "backfill", "alerts"}
    assert set(SERVICES) == {"kafka", "influxdb", "grafana"} | street | DEMO | ONE_SHOTS
    assert {name for name, service in SERVICES.items() if "profiles" in service} == DEMO
    assert "version" not in COMPOSE


@every()
def test_an_image_is_exact(name: str) -> None:
    """A tag names one release, so that the same file starts the same programs next year."""
    assert re.fullmatch(r"[\w/-]+:\d+\.\d+\.\d+", SERVICES[name]["image"])


def test_images_are_the_tested_versions() -> None:
    """What the tests run on without Docker is what Compose starts, and our own image bears our version."""
    assert SERVICES["kafka"]["image"].endswith(f":{KAFKA_VERSION}")
    assert SERVICES["influxdb"]["image"].endswith(f":{INFLUX_VERSION}")
    assert {SERVICES[name]["image"] for name in OWN} == {f"plumeline:{__version__}"}
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.M) == ["python:3.11.14-slim-bookworm"] * 2


@every()
def test_nobody_is_root(name: str) -> None:
    """Each service runs under a user without rights and gains none; its root is read-only where that is possible."""
    service = SERVICES[name]
    assert service["user"].split(":")[0] not in ("", "0", "root")
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("read_only", False) == (name not in ROOT_WRITABLE)
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc"} & set(service)


def test_the_image_has_a_user_of_its_own() -> None:
    """Also without Compose the image's processes are not root, and the user is the one that Compose names."""
    (user,) = re.findall(r"^USER (\S+)", DOCKERFILE, re.M)
    assert {SERVICES[name]["user"] for name in OWN} == {user}


@every()
def test_what_a_service_takes_is_bounded(name: str) -> None:
    """Memory, processors, logs and temporary files have a limit."""
    service = SERVICES[name]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}
    assert all("size=" in mount for mount in service.get("tmpfs", []))


@every(LONG_RUNNING)
def test_a_service_is_watched_and_comes_back(name: str) -> None:
    """It has a health check, starts again when it ends, and may finish what it holds when it is stopped."""
    service = SERVICES[name]
    assert service["healthcheck"].keys() >= {"test", "interval", "timeout", "retries", "start_period"}
    assert service["restart"] == "unless-stopped"
    assert int(service["stop_grace_period"].removesuffix("s")) >= 30


@every(ONE_SHOTS)
def test_a_one_shot_ends(name: str) -> None:
    """It is not started again, and others wait until it has succeeded."""
    assert SERVICES[name]["restart"] == "no"
    waiting = [s["depends_on"][name]["condition"] for s in SERVICES.values() if name in s.get("depends_on", {})]
    assert set(waiting) == {"service_completed_successfully"}


@every()
def test_dependencies_are_conditions(name: str) -> None:
    """Nobody starts merely after another: it waits for health or for success; alarms never wait for the store."""
    needs = SERVICES[name].get("depends_on", {})
    for other, how in needs.items():
        assert how["condition"] == ("service_completed_successfully" if other in ONE_SHOTS else "service_healthy")
    if name in ("gateway", "worker", "alerts"):
        assert not {n for n in needs if "influx" in n}


@every()
def test_ports_are_on_loopback(name: str) -> None:
    """Nothing is reachable from another machine unless the operator says so."""
    for port in SERVICES[name].get("ports", []):
        assert usual(port).startswith(f"{LOOPBACK}:"), port


@every()
def test_no_secret_is_in_the_file(name: str) -> None:
    """A variable that holds a secret names a file, and the service is given just the files it names."""
    environment = SERVICES[name].get("environment", {})
    for variable, value in environment.items():
        assert not SECRET_WORDS.search(variable) or variable.endswith("_FILE"), variable
        assert "://" not in str(value) or "@" not in str(value), variable
    assert all(COMPOSE["secrets"][s]["file"] == f"deploy/secrets/{s}" for s in SERVICES[name].get("secrets", []))
    named = {Path(v).name for v in environment.values() if str(v).startswith("/run/secrets/")}
    assert set(SERVICES[name].get("secrets", [])) == named


def test_secrets_are_ignored_by_git_and_left_out_of_the_image() -> None:
    """What deploy/make-secrets writes can be neither committed nor built in."""
    assert {"/deploy/secrets/", "/.env"} <= set((REPO / ".gitignore").read_text().splitlines())
    ignored = (REPO / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    assert not [line for line in ignored if line in ("!deploy", "!deploy/secrets", "!.env")]


def test_the_image_gets_what_it_copies() -> None:
    """Each package that the wheel holds, and each file the Dockerfile names, passes .dockerignore."""
    import tomllib

    passed = {x.removeprefix("!") for x in (REPO / ".dockerignore").read_text().splitlines() if x.startswith("!")}
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= passed
    copied = re.findall(r"(?:deploy/[\w-]+|constraints\.txt|pyproject\.toml)", DOCKERFILE)
    assert set(copied) <= passed
    assert [name for name in set(copied) if not (REPO / name).is_file()] == []


def test_the_workers_can_be_many() -> None:
    """Nothing that a worker has is shared by two of them: no name, no port; of the one volume each takes a folder of its own."""
    worker = SERVICES["worker"]
    assert not {"container_name", "hostname", "ports"} & set(worker)
    assert "PLUMELINE_INSTANCE" not in worker["environment"], "its place among the others names it"
    assert int(worker["environment"]["PLUMELINE_SLOTS"]) == PARTITIONS
    assert [v for v in worker["volumes"] if not v.endswith(":ro")] == [f"worker:{worker['environment']['PLUMELINE_STATE']}"]


def test_who_is_alone_has_a_name_for_ever() -> None:
    """A consumer that is made anew takes its old place in its group at once; under another name it would wait for the old one."""
    for name in ("writer", "backfill", "alerts"):
        assert SERVICES[name]["environment"]["PLUMELINE_INSTANCE"] == name


def test_what_is_published_is_listened_to() -> None:
    """Each port of our own services that is published is one that the service's settings, or its command's defaults, open."""
    defaults = {"gateway": {"9212", SERVICES["gateway"]["environment"]["PLUMELINE_METRICS_PORT"]}, "receiver": {str(PORT)}}
    for name in OWN:
        inside = {usual(port).rsplit(":", 1)[1] for port in SERVICES[name].get("ports", [])}
        opened = defaults.get(name, set()) | {v for k, v in SERVICES[name]["environment"].items() if k.endswith("_PORT")}
        assert inside <= opened, name
    assert SERVICES["gateway"]["environment"]["PLUMELINE_LOCAL_HOOKS"] == f"http://receiver:{PORT}"


def test_volumes_and_settings_are_declared() -> None:
    """Each named volume is declared and used, and each setting of the file stands in the example with its default."""
    used = {v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", []) if re.match(r"[a-z]", v)}
    assert used == set(COMPOSE["volumes"])
    settings = set(re.findall(r"\$\{(\w+):-([^}]*)\}", FILE.read_text(encoding="utf-8")))
    example = dict(re.findall(r"^(\w+)=(.*)$", (REPO / "deploy" / "env.example").read_text(encoding="utf-8"), re.M))
    assert settings == set(example.items())


def test_compose_itself_accepts_the_file() -> None:
    """The tool reads the file with and without the demo's devices; no daemon is needed for that."""
    tool = shutil.which("docker-compose")
    require("compose", tool is not None, "no docker-compose on PATH (Debian: apt-get install docker-compose)")
    for profile in ([], ["--profile", "demo"]):
        done = subprocess.run(
            [str(tool), "--file", str(FILE), *profile, "config", "--quiet"],
            capture_output=True,
            text=True,
            timeout=CONFIG_S,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_every_command_exists() -> None:
    """What a service is told to run is a command of ``plumeline cluster``."""
    from plumeline.cluster import app

    known = {c.name or str(getattr(c.callback, "__name__", "")) for c in app.registered_commands}
    asked = {s["command"][2] for s in SERVICES.values() if (s.get("command") or [])[:2] == ["plumeline", "cluster"]}
    assert asked and asked <= known


def test_grafana_finds_boards_and_token() -> None:
    """What the provisioning files name is mounted there, and what they take from the environment is set."""
    import re

    grafana = SERVICES["grafana"]
    mounts = {m.split(":")[1] for m in grafana["volumes"]}
    provisioning = REPO / "dashboards" / "grafana" / "provisioning"
    text = "\n".join(path.read_text() for path in sorted(provisioning.rglob("*.yaml")))
    paths = set(re.findall(r"path: (\S+)", text)) | set(re.findall(r"__file\{([^}]+)\}", text))
    assert paths and all(any(p.startswith(m + "/") for m in mounts) for p in paths), (paths, mounts)
    for path in re.findall(r"path: /grafana/(\S+)", text):
        assert list((REPO / "dashboards" / "grafana" / path).glob("*.json")), path
    assert set(re.findall(r"\$(PLUMELINE_\w+)", text)) <= grafana["environment"].keys()
