"""Diagnoses of real computers: what is found where something is wrong, and what to do about it."""

import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from development.ports import free_port
from roadpulse.cluster_client.backends.local.diagnosis import LocalChecks
from roadpulse.cluster_client.backends.ssh.diagnosis import ClusterChecks
from roadpulse.cluster_client.diagnosis.checks import Outcome, diagnose, worst
from roadpulse.cluster_client.diagnosis.postgis import postgis_check
from roadpulse.cluster_client.profiles.profile import LOCAL, Folders, Profile
from roadpulse.cluster_client.profiles.ssh_credentials import Credentials
from roadpulse.cluster_client.ssh.errors import HostKeyUnknown
from roadpulse.cluster_client.ssh.known_hosts import KnownHosts
from roadpulse.cluster_client.ssh.network import Timeouts
from tests.integration.ssh_server import make_key
from tests.waiting import until

QUICK = Timeouts(resolve=20, connect=10, banner=20, login=30, channel=20, answer=30)


@pytest.fixture
def place(tmp_path, ssh_server):
    """A single computer behind SSH, and a way to diagnose it."""

    class Place:
        server = ssh_server
        trips = tmp_path / "trips"
        known = KnownHosts(tmp_path / "known_hosts", ())
        profile = Profile(
            kind="ssh", name="one Pi", host="127.0.0.1", port=ssh_server.port, user="root",
            python=sys.executable, folders=Folders(str(tmp_path / "runs")),
        )  # fmt: skip
        credentials = Credentials(key_path=str(ssh_server.user_key))

        def diagnose(self, trips="", accept="", **changes):
            group = ClusterChecks(
                replace(self.profile, **changes), self.credentials, self.known, trips, timeouts=QUICK
            )
            self.group = group
            if accept:
                group.accept(accept)
            found = diagnose(group.checks())
            group.close()
            return {finding.name: finding for finding in found}

    place = Place()
    place.known.own.write_text(ssh_server.known_hosts())
    place.trips.mkdir()
    (place.trips / "t.json").write_text("{}")
    return place


def failed_first(found):
    """The check that failed; everything after it that needs it is skipped."""
    (failure,) = [finding for finding in found.values() if finding.outcome is Outcome.FAILED]
    assert failure.todo, failure
    return failure


def test_a_good_computer_has_nothing_wrong(place):
    found = place.diagnose(str(place.trips))
    assert worst(found.values()) is Outcome.OK, found
    assert list(found)[:5] == ["address", "port", "host_key", "login", "sftp"]
    assert "1 trip files" in found["trips"].found
    assert sys.executable in found["python"].found
    assert "spark" not in found  # the profile has none


def test_a_name_that_is_not_known_is_the_first_thing_wrong(place):
    found = place.diagnose(host="no-such-pi.invalid")
    assert failed_first(found).name == "address"
    assert found["clock"].outcome is Outcome.SKIPPED


def test_a_closed_port_is_told_from_a_wrong_name(place):
    found = place.diagnose(port=free_port())
    assert found["address"].outcome is Outcome.OK
    assert failed_first(found).name == "port"


def test_an_unknown_host_key_is_shown_and_accepted_by_its_fingerprint_only(place):
    place.known.own.unlink()
    found = place.diagnose()
    assert failed_first(found).name == "host_key"
    assert found["port"].outcome is Outcome.OK
    assert isinstance(place.group.error, HostKeyUnknown)
    assert failed_first(place.diagnose(accept="SHA256:" + "A" * 43)).name == "host_key"
    assert worst(place.diagnose(accept=place.server.fingerprint).values()) is Outcome.OK
    assert worst(place.diagnose().values()) is Outcome.OK


def test_a_refused_key_is_told_from_the_rest(place, tmp_path):
    place.credentials = Credentials(key_path=str(make_key(tmp_path / "other")))
    found = place.diagnose()
    assert found["host_key"].outcome is Outcome.OK
    assert failed_first(found).name == "login"


def test_a_folder_that_cannot_be_made_is_found(place, tmp_path):
    (tmp_path / "file").write_text("")
    assert failed_first(place.diagnose(folders=Folders(str(tmp_path / "file/runs")))).name == "sftp"


def test_a_python_that_is_missing_or_old_is_found(place, tmp_path):
    assert failed_first(place.diagnose(python="/no/such/python")).name == "python"
    old = tmp_path / "old"
    old.write_text(
        """#!/bin/sh\necho 'roadpulse-answer {"version": "3.7.3", "path": "/usr/bin/python3"}'\n"""
    )
    old.chmod(0o755)
    failure = failed_first(place.diagnose(python=str(old)))
    assert failure.name == "python" and "3.7.3" in failure.found


def test_trips_that_are_not_there_are_found(place, tmp_path):
    assert failed_first(place.diagnose(str(tmp_path / "none"))).name == "trips"


def test_a_spark_that_is_not_there_is_found(place):
    port = free_port()
    found = place.diagnose(spark_home="/no/spark", spark_master=f"spark://127.0.0.1:{port}")
    assert found["master"].outcome is Outcome.FAILED
    assert "start-master" in found["master"].todo
    assert found["workers"].outcome is found["job"].outcome is Outcome.SKIPPED
    if found["java"].outcome is Outcome.OK:
        assert found["spark"].outcome is Outcome.FAILED and "spark_home" in found["spark"].todo
        assert found["spark"].found == "The head has no /no/spark/bin/spark-submit."


def test_hostile_names_run_nothing(place, tmp_path):
    flag = f"flag-{os.getpid()}"
    name = f"$(touch {flag})`touch {flag}`'; touch {flag}; '\""
    (tmp_path / name).mkdir()
    (tmp_path / name / "t.json").write_text("{}")
    found = place.diagnose(str(tmp_path / name), folders=Folders(str(tmp_path / f"runs {name}")))
    assert worst(found.values()) is Outcome.OK, found
    place.diagnose(python=name, spark_home=name, spark_master=f"spark://{flag}:1")
    assert not list(tmp_path.rglob(flag))
    assert not (Path.home() / flag).exists() and not Path(flag).exists()


def test_this_computer_has_what_it_needs(tmp_path):
    (tmp_path / "t.json").write_text("{}")
    group = LocalChecks(LOCAL, str(tmp_path / "runs"), str(tmp_path / "points"), str(tmp_path))
    found = {finding.name: finding for finding in diagnose(group.checks())}
    assert worst(found.values()) in (Outcome.OK, Outcome.WARNING), found
    assert found["packages"].outcome is Outcome.OK
    odd = LocalChecks(
        replace(LOCAL, python="/no/python"), str(tmp_path), str(tmp_path), str(tmp_path / "none")
    )
    outcomes = [finding.outcome.value for finding in diagnose(odd.checks())]
    assert outcomes[:2] == ["failed", "skipped"] and outcomes[-1] == "failed"


def test_postgis_is_looked_at_when_a_connection_is_given(postgis):
    (found,) = diagnose([postgis_check(postgis.conninfo())])
    assert found.outcome is Outcome.OK and "PostGIS 3" in found.found
    (found,) = diagnose([postgis_check({**postgis.conninfo(), "password": "wrong-9"})])
    assert found.outcome is Outcome.FAILED and "wrong-9" not in found.found + found.todo


def test_a_connection_that_is_made_while_one_gives_up_is_not_kept(place):
    before = set(threading.enumerate())

    class GivesUp(KnownHosts):
        def check(self, *arguments):
            group.close()  # as when the time of the check is over, in the middle of shaking hands
            super().check(*arguments)

    group = ClusterChecks(place.profile, place.credentials, GivesUp(place.known.own, ()), timeouts=QUICK)
    diagnose(group.checks()[:4])
    until(lambda: not set(threading.enumerate()) - before)
