"""All files that Grafana reads, as texts by path: boards in each language, and what provisions them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from dashboards.boards.alerts import alerts
from dashboards.boards.energy import energy
from dashboards.boards.enterprise import enterprise
from dashboards.boards.outlet import outlet
from dashboards.boards.pipeline import pipeline
from dashboards.boards.province import province
from dashboards.boards.quality import quality
from dashboards.boards.voc import voc
from dashboards.boards.water import water
from dashboards.grafana import Json
from dashboards.texts import LANGUAGES, t
from dashboards.variables import CONSOLE
from processors.influx import BUCKET

BUILDERS: dict[str, Callable[[str, str], Json]] = {
    "province": province,
    "enterprise": enterprise,
    "outlet": outlet,
    "energy": energy,
    "voc": voc,
    "water": water,
    "quality": quality,
    "alerts": alerts,
    "pipeline": pipeline,
}
FOLDER = Path(__file__).resolve().parent / "grafana"
"""Where the files are committed."""
MOUNTED = "/grafana/boards"
"""Where Grafana finds the folder ``boards``."""
SECRET = "/run/tokens/reader"
"""The file that holds InfluxDB's token, readable by Grafana alone."""


def files(console: str = CONSOLE) -> dict[str, str]:
    """Return every file's text by its path below FOLDER; ``console`` is the console's address without a last slash."""
    made = {
        f"boards/{language}/{name}.json": json.dumps(build(language, console), ensure_ascii=False, indent=1) + "\n"
        for language in LANGUAGES
        for name, build in BUILDERS.items()
    }
    return made | {
        "provisioning/datasources/plumeline.yaml": _data_source(),
        "provisioning/dashboards/plumeline.yaml": _providers(),
    }


def write(folder: Path = FOLDER, console: str = CONSOLE) -> list[Path]:
    """Write all files below a folder and return their paths."""
    paths = []
    for name, text in files(console).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def _data_source() -> str:
    return f"""# Made by "make boards". PLUMELINE_INFLUX_URL and _ORG come from Grafana's environment, the token from a secret's file.
apiVersion: 1
prune: true
datasources:
  - name: Plumeline
    uid: plumeline
    type: influxdb
    access: proxy
    url: $PLUMELINE_INFLUX_URL
    isDefault: true
    editable: false
    jsonData:
      version: Flux
      organization: $PLUMELINE_INFLUX_ORG
      defaultBucket: {BUCKET}
      timeInterval: 30s
    secureJsonData:
      token: $__file{{{SECRET}}}
"""


def _providers() -> str:
    head = '# Made by "make boards". One folder a language; boards are read-only in Grafana and change with their files.\napiVersion: 1\nproviders:\n'
    return head + "".join(
        f"""  - name: plumeline-{language}
    type: file
    folder: {t("folder", language)}
    folderUid: plumeline-{language}
    allowUiUpdates: false
    disableDeletion: true
    updateIntervalSeconds: 60
    options:
      path: {MOUNTED}/{language}
"""
        for language in LANGUAGES
    )
