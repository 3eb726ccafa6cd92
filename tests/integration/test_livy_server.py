"""What real Livy servers answer, row by row of what is known of them, as the client understands it."""

from __future__ import annotations

import json
import time
import uuid
from urllib.parse import quote

import pytest

from roadpulse.cluster_client.backends.livy import errors
from roadpulse.cluster_client.backends.livy.client import LivyClient
from roadpulse.cluster_client.errors import BackendError
from tests.integration.livy_fixtures import QUICK, newest
from tests.waiting import until

pytestmark = newest


@pytest.fixture
def client(livy):
    found = LivyClient(livy.url, timeouts=QUICK)
    yield found
    found.close()


@pytest.fixture
def batch(livy, client):
    """Posts a script under a name of its own; what is left of it is deleted in the end."""
    names = []

    def post(script="import time\ntime.sleep(60)\n", **more):
        folder = livy.whitelist[0] / "a folder"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"test-{uuid.uuid4()}"
        path = folder / f"{name}.py"
        path.write_text(script)
        names.append(name)
        return client.submit({"name": name, "file": f"file://{quote(str(path))}", **more})

    yield post
    for name in names:
        client.delete(name)


def wait_for_end(client, name):
    return until(
        lambda: (found := client.batch(name)).ended and found,
        what=lambda: (client.batch(name), client.log(name)),
    )


def test_the_version_is_told(client, livy):
    assert client.version().startswith(livy.version)


def test_a_batch_is_found_by_its_name_while_it_runs_and_gone_after_delete(client, batch):
    posted = batch()
    assert posted.state in ("starting", "running")
    assert not posted.ended and not posted.may_be_ghost  # real ones have their log's headings at once
    found = client.batch(posted.name)
    assert (found.name, found.number) == (posted.name, posted.number)
    assert not found.ended
    assert client.log(posted.name)
    assert client.delete(posted.name) is True
    assert client.batch(posted.name) is None
    assert client.log(posted.name) == []
    assert client.delete(posted.name) is False


def test_a_name_is_taken_while_its_batch_runs_and_while_it_is_kept(client, batch):
    posted = batch("print('done')\n")
    body = {"name": posted.name, "file": "file:///elsewhere.py"}
    with pytest.raises(errors.DuplicateName):
        client.submit(body)
    assert wait_for_end(client, posted.name).state == "success"
    with pytest.raises(errors.DuplicateName):
        client.submit(body)


@pytest.mark.parametrize("name", ["", "12345"])
def test_a_name_that_is_none_is_refused(client, livy, name):
    with livy.session() as session:  # the client's own way leaves empty fields out
        answer = session.post(f"{livy.url}/batches", json={"name": name, "file": "file:///x.py"}, timeout=60)
    assert answer.status_code == 400
    if name:
        with pytest.raises(errors.LivyRefused):
            client.submit({"name": name, "file": "file:///x.py"})


@pytest.mark.parametrize("entry", ["file", "pyFiles"])
def test_a_forbidden_path_leaves_a_ghost_that_delete_clears(client, livy, entry):
    inside = livy.whitelist[0] / "ghost.py"
    inside.write_text("")
    name = f"ghost-{uuid.uuid4()}"
    body = {"name": name, "file": f"file://{inside}", "pyFiles": []}
    body[entry] = "file:///etc/passwd" if entry == "file" else ["file:///etc/passwd"]
    with pytest.raises(errors.PathForbidden, match="local-dir-whitelist"):
        client.submit(body)
    assert client.batch(name).may_be_ghost
    time.sleep(1)
    assert client.batch(name).may_be_ghost
    with pytest.raises(errors.DuplicateName):
        client.submit({"name": name, "file": f"file://{inside}"})
    assert client.delete(name) is True
    assert client.batch(name) is None


def test_no_file_is_refused_and_leaves_a_ghost(client):
    name = f"ghost-{uuid.uuid4()}"
    with pytest.raises(errors.LivyRefused):
        client.submit({"name": name})
    assert client.delete(name) is True


def test_a_missing_file_ends_the_batch_and_the_log_says_why(client, livy):
    name = f"missing-{uuid.uuid4()}"
    client.submit({"name": name, "file": f"file://{livy.whitelist[0]}/none.py"})
    assert wait_for_end(client, name).state == "dead"
    until(lambda: "none.py" in "\n".join(client.log(name)))  # read by and by
    client.delete(name)


def test_an_exit_code_is_nowhere_but_the_batch_is_dead(client, batch):
    posted = batch("import sys\nprint('so it ends')\nsys.exit(7)\n")
    assert wait_for_end(client, posted.name).state == "dead"
    until(lambda: "so it ends" in client.log(posted.name))  # read by and by


def test_of_a_long_log_the_last_lines_are_there(client, batch):
    posted = batch("for i in range(1000):\n    print('line', i)\n")
    wait_for_end(client, posted.name)
    until(lambda: "line 999" in client.log(posted.name))  # read by and by
    lines = [line for line in client.log(posted.name) if line.startswith("line")]
    assert len(lines) == 200
    assert lines[-1] == "line 999"


def test_null_breaks_livy_and_is_never_sent(client, batch, livy):
    with livy.session() as session:
        answer = session.post(
            f"{livy.url}/batches", json={"name": "x", "file": "y", "conf": None}, timeout=60
        )
    assert answer.status_code == 500
    assert isinstance(errors.refusal("there", 500, answer.text, False), errors.LivyFault)
    assert batch(conf=None, args=None, driverMemory=None).name


@pytest.mark.parametrize("body", [{"file": "x", "fnord": 1}, {"file": "x", "args": 3}])
def test_what_livy_does_not_understand_is_a_refusal_in_words(client, body):
    with pytest.raises(errors.LivyRefused) as raised:
        client.submit({"name": f"x-{uuid.uuid4()}", **body})
    assert raised.value.said


def test_bad_json_and_a_call_without_the_header_are_refusals(livy):
    with livy.session() as session:
        bad = session.post(f"{livy.url}/batches", data="{", headers={"Content-Type": "application/json"})
        assert (bad.status_code, type(json.loads(bad.text))) == (400, str)
        del session.headers["X-Requested-By"]
        without = session.post(f"{livy.url}/batches", json={"file": "x"})
        assert without.status_code == 400
        assert not without.headers.get("Content-Type", "").startswith("application/json")


def test_an_address_that_is_none_of_livys_is_no_missing_batch(client, livy):
    elsewhere = LivyClient(f"{livy.url}/elsewhere", timeouts=QUICK)
    with pytest.raises(BackendError):
        elsewhere.batch("x")
    elsewhere.close()
