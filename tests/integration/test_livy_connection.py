"""Connections to Livy: tunnel, certificates, authentication."""

from __future__ import annotations

import contextlib
import threading

import pytest

from development.certificates import Authority
from development.ldap import LdapServer
from development.livy import versions
from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.cluster_client.backends.base.backend import follow
from roadpulse.cluster_client.backends.livy import errors
from roadpulse.cluster_client.backends.livy.client import LivyClient
from roadpulse.cluster_client.certificates import CertificateUntrusted
from roadpulse.cluster_client.errors import Unreachable
from roadpulse.cluster_client.profiles.credentials import UserSecret
from tests.integration.livy_fixtures import FAST, QUICK, anywhere, newest
from tests.integration.ssh_server import Relay
from tests.waiting import until


@pytest.fixture
def relay(cluster):
    """A way to the cluster's sshd, which can be cut."""
    found = Relay(cluster.ssh_port, cluster.sshd.host)
    yield found
    found.close()


@pytest.fixture
def tunnelled(make_way, livy, relay, cluster):
    """A way to Livy through an SSH connection that goes through the relay."""
    return make_way(
        livy, livy_tunnel=True, host="127.0.0.1", port=relay.port, host_key=cluster.sshd.fingerprint
    )


def tunnels():
    return [thread for thread in threading.enumerate() if thread.name == "roadpulse-tunnel"]


@anywhere
@pytest.mark.belfast
def test_a_run_goes_through_a_tunnel_that_is_cut(tunnelled, relay, few_trips):
    backend = tunnelled.backend()
    run = backend.submit(tunnelled.run(few_trips))
    assert tunnels()
    relay.cut()
    assert follow(backend, run, polling=FAST).state is RunState.FINISHED
    assert backend.way.client.version()
    assert tunnelled.applications(run) == 1
    backend.close()
    assert tunnels() == []


@anywhere
def test_a_tunnel_opens_again_after_a_cut_and_says_why_it_cannot(tunnelled, relay):
    backend = tunnelled.backend()
    assert backend.way.client.version()
    relay.cut(reopen=False)
    with pytest.raises(Unreachable):
        backend.way.client.version()
    relay.open = True

    def answers():
        with contextlib.suppress(Unreachable):
            return backend.way.client.version()

    until(answers)
    backend.close()
    assert tunnels() == []
    assert backend.way.client.version()  # and opened again when it is needed
    backend.close()
    assert tunnels() == []


@anywhere
def test_a_tunnel_to_nowhere_is_said_in_words(make_way, livy, relay, cluster):
    url = f"http://{livy.host}:1"
    way = make_way(livy, livy_tunnel=True, livy_url=url)
    backend = way.backend()
    with pytest.raises(errors.LivyAway, match="does not reach"):
        backend.way.client.version()


@newest
def test_https_is_checked_directly_and_through_a_tunnel(start_livy, make_way, tmp_path):
    authority = Authority(tmp_path / "ca")
    server = start_livy(certify=lambda host: authority.certificate("livy", [host]))
    for tunnel in (False, True):
        way = make_way(server, livy_tunnel=tunnel) if tunnel else make_way(server)
        backend = way.backend()
        assert backend.way.client.version().startswith("0.7.1")
        assert backend.way.client.delete("nobody") is False
        distrusting = LivyClient(way.profile.livy_url, via=backend.way.tunnel, timeouts=QUICK)
        with pytest.raises(CertificateUntrusted):
            distrusting.version()


@newest
@pytest.mark.skipif(len(versions()) < 2, reason="Livy 0.9.0 is not there")
def test_livy_asks_who_comes(start_livy, make_way, cluster, tmp_path):
    users = {"analyst": "right: pässword"}
    ldap = LdapServer(tmp_path / "ldap", f"{cluster.subnet}.41", users)
    ldap.start()
    try:
        server = start_livy("0.9.0", ldap=ldap)

        def version(login):
            return make_way(server, login).client().version()

        assert version(UserSecret("analyst", users["analyst"])).startswith("0.9")
        for login in (UserSecret("analyst", "wrong"), UserSecret("analyst", ""), UserSecret("nobody", "x")):
            with pytest.raises(errors.LivyLoginRefused, match="user and password"):
                version(login)
        with pytest.raises(errors.LivyLoginRefused, match="without a log-in"):
            version(None)
    finally:
        ldap.stop()
