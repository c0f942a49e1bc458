"""The broker's settings in Compose, and those of the tests' container, are whole: the image's own set-up makes a broker of them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from plumeline.parts import STOP_S, free_port, kafka_answers
from plumeline.programs import PartError, kafka_jars, require_java, run_tool
from tests.conftest import REPO, require
from tests.parts import kafka_environment, wait_until

READY_S = 60
SET_UP = "kafka.docker.KafkaDockerWrapper"
"""The class in the broker's jars that the image's start script calls to turn KAFKA_* variables into a formatted folder."""
DEFAULTS = ("server.properties", "log4j2.yaml", "tools-log4j2.yaml")


def compose_environment(_port: int) -> dict[str, str]:
    compose = yaml.safe_load((REPO / "docker-compose.yml").read_text(encoding="utf-8"))
    return dict(compose["services"]["kafka"]["environment"])


def moved(environment: dict[str, str], data: Path) -> tuple[dict[str, str], list[int]]:
    """Return the settings with free ports in place of a container's own, and the ports that clients use."""
    ports = sorted(set(re.findall(r"://:(\d+)", environment["KAFKA_LISTENERS"])))
    own = {port: str(free_port()) for port in ports}
    text = {k: re.sub(r":(\d+)", lambda m: ":" + own.get(m[1], m[1]), v) for k, v in environment.items()}
    return text | {"KAFKA_LOG_DIRS": str(data)}, [int(own[p]) for p in ports if p != "9093"]


@pytest.mark.parametrize("environment", [compose_environment, kafka_environment])
def test_the_images_settings_make_a_broker(
    environment: Callable[[int], dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as one KAFKA_* variable is set the image's defaults are gone: these are enough to format, start and answer."""
    try:
        command = [require_java(), "-Xmx512m", "-cp", f"{kafka_jars()}/*"]
    except PartError as error:
        require("kafka", False, str(error))
        raise
    settings, ports = moved(environment(free_port()), tmp_path / "data")
    for name in [n for n in os.environ if n.startswith("KAFKA_")]:
        monkeypatch.delenv(name)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    for folder in ("default", "mounted", "final"):
        (tmp_path / folder).mkdir()
    for name in DEFAULTS:
        (tmp_path / "default" / name).touch()
    folders = [f"--{kind}-configs-dir={tmp_path / kind}" for kind in ("default", "mounted", "final")]
    run_tool([*command, SET_UP, "setup", *folders], tmp_path, "setting up")
    properties = (tmp_path / "final" / "server.properties").read_text()
    assert "controller.quorum.voters" in properties
    with (tmp_path / "log").open("wb") as log:
        broker = subprocess.Popen(
            [*command, "kafka.Kafka", str(tmp_path / "final" / "server.properties")], stdout=log, stderr=log, cwd=tmp_path
        )
    try:
        wait_until(lambda: broker.poll() is not None or all(map(kafka_answers, ports)), READY_S, "the broker")
        assert broker.poll() is None, (tmp_path / "log").read_text()[-2000:]
    finally:
        broker.kill()
        broker.wait(STOP_S)
