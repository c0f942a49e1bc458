"""Who may close a matter at which stage: by the people that contacts name; refused attempts are on record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from alerts.actions import ActionRefused
from alerts.http import router
from alerts.outbox import Outbox
from alerts.roles import may_close
from tests.alerts.given import SOURCE, contact, registry
from tests.alerts.test_actions import NOW
from tests.alerts.test_ladder import raised

STAFF = registry(
    contact("plant", level="enterprise", people="Li Wei; Chen", enterprises="nanhai"),
    contact("nanhai", level="county", people="Wang  Fang", counties="Nanhai"),
    contact("lake", level="county", people="Zhou", counties="Lake"),
    contact("city", level="city", people="Huang"),
    contact("province", level="province", people="Ma"),
)


@pytest.mark.parametrize(
    ("who", "stages"),
    [
        ("Li Wei", [0, 1]),
        ("Chen", [0, 1]),
        ("Wang Fang", [0, 1, 2]),
        ("Zhou", []),
        ("Huang", [0, 1, 2, 3]),
        ("Ma", [0, 1, 2, 3, 4]),
        ("nobody", []),
    ],
)
def test_people_close_up_to_their_stage(who: str, stages: list[int]) -> None:
    """Enterprise 0 and 1, county 2, city 3, province 4; another county's people none."""
    assert [stage for stage in range(5) if may_close(STAFF, SOURCE, stage, who)] == stages


def test_where_nobody_is_named_everybody_may() -> None:
    """A registry without people asks nothing."""
    assert may_close(registry(contact("duty", level="county")), SOURCE, 4, "anybody")


def test_a_refusal_says_why_and_is_journalled(tmp_path: Path) -> None:
    """The county's person is refused at the city's stage, over HTTP as well, and the matter stays open; the city's closes it."""
    box = Outbox(tmp_path / "alerts.sqlite")
    box.consume([(1, raised(3))], STAFF, NOW)
    alert = box.alerts(1)[0].id
    with pytest.raises(ActionRefused) as refused:
        box.act(alert, "close", "Wang Fang", "done", NOW, registry=STAFF)
    assert refused.value.reason == "role"
    app = FastAPI()
    app.include_router(router(box, lambda: NOW, lambda: STAFF))
    client = TestClient(app)
    answer = client.post(f"/v1/alerts/{alert}/close", json={"who": "Li Wei", "words": "done"})
    assert answer.status_code == 403 and "contacts.csv names who may" in answer.json()["error"]
    assert box.alerts(1)[0].stage == 3
    assert client.post(f"/v1/alerts/{alert}/close", json={"who": "Huang", "words": "fined"}).status_code == 200
    assert box.alerts(1)[0].stage is None
    lines = [json.loads(line.line) for line in box.journal(0, 99)]
    told = [(line["what"], line["who"]) for line in lines if line["what"] in ("refused", "closed")]
    assert told == [("refused", "Wang Fang"), ("refused", "Li Wei"), ("closed", "Huang")]
