"""The throw-away PostGIS: it starts anywhere, and its end is its own alone. And what TLS asks of it."""

import contextlib
import subprocess
from pathlib import Path

import numpy as np
import psycopg
import pytest

from development.postgis import PostGIS
from roadpulse.cluster_client.errors import LoginRefused
from roadpulse.cluster_client.postgis.link_table import LinkTable
from roadpulse.cluster_client.postgis.links import fetch_links
from tests.waiting import until

BUILD = Path(__file__).resolve().parents[2] / "build"
STREETS = """link_id,name,highway,length_m,wkt
7,"Straße ""x"", 1",primary,10.5,"LINESTRING(0 0,1 1)"
1300000000001,,residential,3,"LINESTRING(2 2,3 3,4 4)"
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A server of this module's own, with a certificate for 'localhost'."""
    keys = tmp_path_factory.mktemp("keys")
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            keys / "key.pem",
            "-out",
            keys / "crt.pem",
        ],
        check=True,
        capture_output=True,
    )
    with PostGIS(BUILD / "postgis test of 'its' own") as server:
        for name in ("key.pem", "crt.pem"):
            content = (keys / name).read_text(encoding="ascii").replace("'", "''")
            with server.connect() as connection:
                path = f"{server.data}/{name}".replace("'", "''")
                connection.execute(
                    f"COPY (SELECT regexp_split_to_table('{content}', '\\n')) TO '{path}'".encode()
                )
        for name in ("key.pem", "crt.pem"):
            (server.data / name).chmod(0o600)
        with server.connect() as connection:
            connection.execute("ALTER SYSTEM SET ssl_key_file = 'key.pem'")
            connection.execute("ALTER SYSTEM SET ssl_cert_file = 'crt.pem'")
            connection.execute("ALTER SYSTEM SET ssl = on")
            connection.execute("SELECT pg_reload_conf()")
        until(lambda: speaks_ssl(server))
        server.certificate = keys / "crt.pem"
        (keys / "streets.csv").write_text(STREETS, encoding="utf-8")
        server.links = server.load_streets(keys / "streets.csv")
        yield server


def speaks_ssl(server):
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(**server.conninfo(sslmode="require")):
        return True


def fetch(server, **changes):
    return fetch_links(
        server.conninfo(**changes), LinkTable("public", "streets"), np.array([7, 1300000000001])
    )


def test_streets_are_loaded_with_all_their_columns(own):
    with own.connect() as connection:
        rows = connection.execute(
            "SELECT link_id, name, length_m, ST_AsText(geom) FROM streets ORDER BY 1"
        ).fetchall()
    assert own.links == 2
    assert rows[0] == (7, 'Straße "x", 1', 10.5, "LINESTRING(0 0,1 1)")
    assert rows[1][1] is None


def test_a_server_that_runs_is_taken_up(own):
    again = PostGIS(own.folder)
    again.start()
    assert again.port == own.port


def test_stopping_one_server_leaves_the_others(own):
    with PostGIS(BUILD / "postgis-test-another") as other:
        assert other.port != own.port
        other.connect().close()
    with pytest.raises(psycopg.OperationalError):
        other.connect()
    assert not other.folder.exists()
    assert len(fetch(own)) == 2


def test_it_is_reached_with_its_password_alone(own):
    with pytest.raises(LoginRefused):
        fetch(own, password="another")


@pytest.mark.parametrize("mode", ["disable", "prefer", "require"])
def test_ssl_modes_are_passed_on(own, mode):
    assert len(fetch(own, sslmode=mode)) == 2


def test_a_known_certificate_is_verified(own):
    assert len(fetch(own, sslmode="verify-full", sslrootcert=str(own.certificate), host="localhost")) == 2


def test_a_certificate_for_another_host_is_told(own):
    with pytest.raises(LoginRefused, match="certificate"):
        fetch(own, sslmode="verify-full", sslrootcert=str(own.certificate))


def test_an_unknown_certificate_is_told(own, tmp_path):
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=x",
            "-keyout",
            tmp_path / "k",
            "-out",
            tmp_path / "c",
        ],
        check=True,
        capture_output=True,
    )
    with pytest.raises(LoginRefused, match="certificate"):
        fetch(own, sslmode="verify-ca", sslrootcert=str(tmp_path / "c"))
