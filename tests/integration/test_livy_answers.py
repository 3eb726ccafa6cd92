"""What Livy itself answers, with no client in between: what is known of it that only raw answers show."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from development.cluster import Cluster
from development.livy import Livy, versions
from tests.integration.livy_fixtures import newest
from tests.waiting import until

pytestmark = [newest, pytest.mark.usefixtures("forgetful")]
Call = Callable[..., requests.Response]
FAILS = """
import sys
from pyspark import SparkContext
SparkContext(appName=sys.argv[1])
for n in range(300):
    print("line", n)
sys.exit(7)
"""


@pytest.fixture(scope="session")
def forgetful(cluster: Cluster) -> Iterator[tuple[Livy, str]]:
    """A Livy that keeps what is finished for a second, and the name of a batch that it had.

    It looks once a minute: begun with this module's first test, it is over by the last one.
    """
    settings = {"livy.server.session.state-retain.sec": "1s"}
    server = cluster.livy_server(
        "0.7.1", f"{cluster.subnet}.42", cluster.folder / "livy-forgetful", settings=settings
    )
    server.start()
    name = post(server, "print('done')\n").json()["name"]
    yield server, name
    server.stop()


def post(server: Livy, script: str, *arguments: str) -> requests.Response:
    name = f"answer-{uuid.uuid4()}"
    path = Path(server.whitelist[0], f"{name}.py")
    path.write_text(script, encoding="utf-8")
    conf = {"spark.cores.max": "1", "spark.executor.memory": "470m", "spark.driver.memory": "512m"}
    batch = {"name": name, "file": f"file://{path}", "args": list(arguments), "conf": conf}
    with server.session() as session:
        return session.post(f"{server.url}/batches", json=batch, timeout=30)


@pytest.fixture
def ask(livy: Livy) -> Iterator[Call]:
    """Asks for an address below /batches."""
    with livy.session() as session:
        yield lambda path, method="GET", **more: session.request(
            method, f"{livy.url}/batches{path}", timeout=30, **more
        )


def ended(ask: Call, name: str) -> dict[str, Any]:
    found: dict[str, Any] = until(
        lambda: (now := ask(f"/{name}").json())["state"] in ("success", "dead") and now,
        what=lambda: ask(f"/{name}/log?size=-1").text,
    )
    return found


def test_a_batch_is_there_at_once_by_its_name_and_its_number(livy: Livy, ask: Call) -> None:
    answer = post(livy, "import time\ntime.sleep(60)\n")
    batch = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"].endswith(f"/batches/{batch['id']}")
    assert batch["state"] in ("starting", "running")
    for key in (batch["name"], batch["id"]):
        assert ask(f"/{key}").json()["name"] == batch["name"]
        assert ask(f"/{key}/state").json()["state"] in ("starting", "running")
        assert ask(f"/{key}/log").json()["log"]
    until(lambda: ask(f"/{batch['name']}/state").json()["state"] == "running")
    assert ask(f"/{batch['name']}", "DELETE").status_code == 200
    gone = ask(f"/{batch['name']}")
    assert (gone.status_code, gone.json()) == (404, {"msg": f"Session '{batch['name']}' not found."})


def test_a_failing_application_is_dead_for_livy_and_finished_for_the_master(
    cluster: Cluster, livy: Livy, ask: Call
) -> None:
    application = f"fails-{uuid.uuid4()}"
    name = post(livy, FAILS, application).json()["name"]
    found = ended(ask, name)
    assert found["state"] == "dead"
    assert found["appId"] is None and not any(found["appInfo"].values())
    assert "7" not in json.dumps({key: found[key] for key in ("state", "appId", "appInfo")})

    def states() -> list[str]:
        return [app["state"] for app in cluster.spark.state()["completedapps"] if app["name"] == application]

    assert until(states) == ["FINISHED"]
    told, whole = ask(f"/{name}/log").json()["log"], ask(f"/{name}/log?size=-1").json()["log"]
    assert told == whole[-100:] and len(told) == 100  # unless one asks for more
    ask(f"/{name}", "DELETE")


@pytest.mark.parametrize("field", ["conf", "args"])
def test_null_is_a_fault_of_livys_own(ask: Call, field: str) -> None:
    assert ask("", "POST", json={"name": "null", "file": "file:///x.py", field: None}).status_code == 500


@pytest.mark.parametrize("body", ['{"file": "x", "fnord": 1}', '{"file": "x", "args": 3}', "{"])
def test_what_is_not_understood_is_refused_with_a_bare_text(ask: Call, body: str) -> None:
    answer = ask("", "POST", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert isinstance(answer.json(), str)


@pytest.mark.parametrize("livy", [versions()[-1]], indirect=True)  # comes last
def test_a_batch_that_ended_is_forgotten_after_a_while(livy: Livy, forgetful: tuple[Livy, str]) -> None:
    server, name = forgetful
    with server.session() as session:
        url = f"{server.url}/batches/{name}"
        until(lambda: session.get(url, timeout=30).status_code == 404)
        assert session.get(url, timeout=30).json() == {"msg": f"Session '{name}' not found."}
