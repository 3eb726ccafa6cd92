"""The stand-in cluster: real sshd, Spark, Livy, S3 and PostGIS on loopback addresses of this computer.

    python development/cluster.py start [--spark 3.5|4] [--livy 0.7.1|0.9.0] [--tls] [--ldap]
    python development/cluster.py status
    python development/cluster.py stop                     ends exactly what `start` started

`start` prints the paths of ready profile files, one a line; a second call changes only what differs.

The head is 127.0.0.11 (Spark's master at 7077, its page at 8080), the workers are 127.0.0.12, .13 and
.14, each with the 500 MB and the executors of a Raspberry Pi 3; Livy answers at 127.0.0.15:8998, the S3
server at 127.0.0.21:9000 (buckets `trips` and `roadpulse`), sshd at 127.0.0.1:22022. With --tls Livy and S3
speak https with certificates of the authority in tls/ca.pem; with --ldap Livy asks for the user and
password in livy_user.json.

Everything lies in build/cluster: profiles, ssh/user_key, ssh/known_hosts, s3/keys (in the format of
~/.aws/credentials), postgis.json with the connection to PostGIS, and `shared`, which stands for the folder
that all nodes share; Livy takes jobs from shared/jobs. ROADPULSE_SPARK and ROADPULSE_LIVY name the versions
where no option does.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from development import livy as livies  # noqa: E402
from development.certificates import Authority, Certificate  # noqa: E402
from development.cluster_daemons import Daemon, at_once  # noqa: E402
from development.cluster_profiles import BUCKETS, write_profiles  # noqa: E402
from development.cluster_spark import VERSIONS, Standalone, java_folder, java_home, spark_home, spark_python  # noqa: E402
from development.cluster_sshd import Sshd  # noqa: E402
from development.installed import Unavailable  # noqa: E402
from development.ldap import LdapServer  # noqa: E402
from development.livy import Livy, livy_jars  # noqa: E402
from development.postgis import PostGIS  # noqa: E402
from development.s3 import S3Server, versitygw  # noqa: E402

SSH_PORT = 22022
S3_PORT = 9000
DEFAULT_SPARK = "4"
DEFAULT_LIVY = "0.7.1"
LIVY_USER = "analyst"


@dataclass
class Cluster:
    """One stand-in cluster; several may run at once in folders and subnets of their own.

    `livy_version` empty: no Livy. `tls` and `ldap` are about Livy and S3.
    """

    folder: Path = ROOT / "build" / "cluster"
    version: str = DEFAULT_SPARK
    subnet: str = "127.0.0"
    ssh_port: int = SSH_PORT
    with_postgis: bool = True
    livy_version: str = ""
    with_s3: bool = False
    tls: bool = False
    ldap: bool = False

    def __post_init__(self) -> None:
        self.folder = self.folder.absolute()
        self.spark = Standalone(self.folder / "spark", self.version, self.subnet)
        self.sshd = Sshd(
            self.folder / "ssh", self.ssh_port, f"{self.subnet}.1",
            {"JAVA_HOME": str(java_folder(self.version))},
        )  # fmt: skip
        self.postgis = PostGIS(self.folder / "postgis")

    @property
    def shared(self) -> Path:
        """The folder that every node sees under this path."""
        return self.folder / "shared"

    @property
    def profile_file(self) -> Path:
        """The profile over SSH; the others lie beside it."""
        return self.folder / "profiles" / "standin.ssh.json"

    @property
    def s3(self) -> S3Server:
        host = f"{self.subnet}.21"
        return S3Server(self.folder / "s3", host, S3_PORT, self._certificate("s3", host))

    @property
    def livy(self) -> Livy:
        """The cluster's own Livy; see `livy_server` for others."""
        host = f"{self.subnet}.15"
        return self.livy_server(
            self.livy_version or DEFAULT_LIVY, host, self.folder / "livy",
            certificate=self._certificate("livy", host), ldap=self._ldap if self.ldap else None,
        )  # fmt: skip

    def livy_server(
        self,
        version: str,
        host: str,
        folder: Path,
        *,
        certificate: Optional[Certificate] = None,
        ldap: Optional[LdapServer] = None,
        settings: Optional[Mapping[str, str]] = None,
        environment: Optional[Mapping[str, str]] = None,
    ) -> Livy:
        """A Livy server for this cluster's Spark; `stop` ends those whose folder begins with `livy` here."""
        return Livy(
            folder, version, host, spark_home(self.version), spark_python(self.version), self.spark.url,
            [self.shared / "jobs"], certificate=certificate, ldap=ldap, settings=settings or {},
            environment={"JAVA_HOME": str(java_home(self.version)), **(environment or {})},
        )  # fmt: skip

    def start(self) -> list[Path]:
        """Start what does not run, and anew what runs otherwise; returns the profile files."""
        with self._locked():
            missing = self._install()
            self._make_room()
            for name in ("runs", "store", "jobs"):
                (self.shared / name).mkdir(parents=True, exist_ok=True)
            parts = [self.spark.start, self.sshd.start]
            if self.with_postgis:
                parts.append(self._start_postgis)
            if self.with_s3 and versitygw not in missing:
                parts.append(self._start_s3)
            if self.livy_version and livy_jars not in missing:
                parts.append(self._start_livy)
            at_once(parts)
            return write_profiles(self)

    def stop(self) -> None:
        """End everything that was started in this folder, and nothing else; the files stay."""
        if not self.folder.exists():
            return
        with self._locked():
            self._stop_livy()
            self.s3.daemon.stop()
            self.sshd.stop()
            self.spark.stop()
            self.postgis.stop(remove=True)
            for name in ("profiles", "postgis.json", "running.json"):
                _remove(self.folder / name)
            for leftover in (self.folder / "spark").glob("[wl]o*-*"):  # work-N, local-N
                if leftover.is_dir():
                    shutil.rmtree(leftover, ignore_errors=True)

    def status(self) -> dict[str, Any]:
        """Return the running services, as JSON-ready values."""
        state, running = self.spark.state(), self._running()
        return {
            "folder": str(self.folder),
            "spark": running.get("spark"),
            "master": state.get("url"),
            "page": self.spark.page,
            "workers": self.spark.alive_workers(),
            "cores": state.get("cores", 0),
            "cores_used": state.get("coresused", 0),
            "sshd": f"{self.sshd.host}:{self.ssh_port}" if self.sshd.daemon.process() else None,
            "livy": running.get("livy_url") if Daemon(self.folder / "livy", "livy").process() else None,
            "s3": running.get("s3_url") if Daemon(self.folder / "s3", "versitygw").process() else None,
            "postgis": json.loads(self._postgis_note.read_text()) if self._postgis_note.exists() else None,
        }

    @property
    def _postgis_note(self) -> Path:
        return self.folder / "postgis.json"

    @property
    def _ldap(self) -> LdapServer:
        note = self.folder / "livy_user.json"
        if not note.exists():
            note.touch(mode=0o600)
            user = {"user": LIVY_USER, "password": secrets.token_hex(8)}
            note.write_text(json.dumps(user) + "\n", encoding="ascii")
        user = json.loads(note.read_text(encoding="ascii"))
        return LdapServer(self.folder / "ldap", f"{self.subnet}.16", {user["user"]: user["password"]})

    def _certificate(self, name: str, host: str) -> Optional[Certificate]:
        return Authority(self.folder / "tls").certificate(name, [host]) if self.tls else None

    def _install(self) -> set[Callable[..., Any]]:
        """Fetch what is missing on this computer, all at once; returns what of S3 and Livy cannot be had."""
        missing: set[Callable[..., Any]] = set()

        def attempt(part: Callable[..., Any], *arguments: str) -> None:
            try:
                part(*arguments)
            except Unavailable as error:
                missing.add(part)
                print(f"The cluster starts without a part. {error}", file=sys.stderr)

        parts: list[Callable[[], Any]] = [lambda: java_home(self.version)]
        if self.with_s3:
            parts.append(lambda: attempt(versitygw))
        if self.livy_version:
            parts.append(lambda: attempt(livy_jars, self.livy_version))
        at_once(parts)
        return missing

    def _make_room(self) -> None:
        """End what runs otherwise than wanted now, and note what is wanted."""
        before = self._running()
        wanted = {
            "spark": self.version, "livy": self.livy_version, "tls": self.tls, "ldap": self.ldap,
            "livy_url": self.livy.url, "s3_url": self.s3.endpoint,
        }  # fmt: skip
        if before and {**before, **wanted} != before:
            self._stop_livy()
            if before["tls"] != self.tls:
                Daemon(self.folder / "s3", "versitygw").stop()
            if before["spark"] != self.version:
                print(f"Spark {before['spark']} makes room for {self.version}.", file=sys.stderr)
                self.spark.stop()
        (self.folder / "running.json").write_text(json.dumps(wanted), encoding="utf-8")

    def _start_postgis(self) -> None:
        self.postgis.start()
        note = json.dumps(self.postgis.conninfo(), indent=2) + "\n"
        self._postgis_note.write_text(note, encoding="utf-8")

    def _start_s3(self) -> None:
        server = self.s3
        server.start()
        for bucket in BUCKETS:
            server.make_bucket(bucket)

    def _start_livy(self) -> None:
        livy = self.livy
        if livy.ldap:
            livy.ldap.start()
        livy.start()

    def _stop_livy(self) -> None:
        for folder in self.folder.glob("livy*/"):
            Daemon(folder, "livy").stop()
        Daemon(self.folder / "ldap", "ldap").stop()

    def _running(self) -> dict[str, Any]:
        """Return the running services of this folder, as its last start noted them."""
        with contextlib.suppress(OSError, ValueError):
            found: dict[str, Any] = json.loads((self.folder / "running.json").read_text(encoding="utf-8"))
            return found
        return {}

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def main() -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    chosen = os.environ.get
    parser.add_argument("action", choices=["start", "stop", "status"])
    parser.add_argument("--spark", choices=VERSIONS, default=chosen("ROADPULSE_SPARK", DEFAULT_SPARK))
    parser.add_argument("--livy", choices=livies.VERSIONS, default=chosen("ROADPULSE_LIVY", DEFAULT_LIVY))
    parser.add_argument("--tls", action="store_true", help="Livy and S3 speak https")
    parser.add_argument("--ldap", action="store_true", help="Livy asks for a user and a password")
    parser.add_argument("--folder", type=Path, default=Cluster.folder)
    parser.add_argument("--subnet", default=Cluster.subnet, help="first three numbers of the addresses")
    parser.add_argument("--ssh-port", type=int, default=SSH_PORT)
    options = parser.parse_args()
    cluster = Cluster(
        options.folder, options.spark, options.subnet, options.ssh_port,
        livy_version=options.livy, with_s3=True, tls=options.tls, ldap=options.ldap,
    )  # fmt: skip
    if options.action == "stop":
        cluster.stop()
    elif options.action == "status":
        print(json.dumps(cluster.status(), indent=2))
    else:
        for path in cluster.start():
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
