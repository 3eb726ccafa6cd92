"""The stand-in cluster: real sshd, Spark and PostGIS on loopback addresses of this computer.

    python development/cluster.py start [--spark 3.5|4]    prints the paths of ready profile files
    python development/cluster.py status
    python development/cluster.py stop                     ends exactly what `start` started

The head is 127.0.0.11 (Spark's master at 7077, its page at 8080), the workers are 127.0.0.12, .13 and
.14, each with the 500 MB and the executors of a Raspberry Pi 3; sshd listens on 127.0.0.1:22022.
Everything lies in build/cluster: profiles/*.ssh.json, ssh/user_key, ssh/known_hosts, postgis.json with
the connection to PostGIS, and `shared`, which stands for the folder that all nodes share.
ROADPULSE_SPARK names the Spark version where no option does.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from development.cluster_spark import VERSIONS, Standalone, spark_home, spark_python  # noqa: E402
from development.cluster_sshd import Sshd  # noqa: E402
from development.postgis import PostGIS  # noqa: E402

SSH_PORT = 22022
DEFAULT_SPARK = "4"


@dataclass
class Cluster:
    """One stand-in cluster; several may run at once in folders and subnets of their own."""

    folder: Path = ROOT / "build" / "cluster"
    version: str = DEFAULT_SPARK
    subnet: str = "127.0.0"
    ssh_port: int = SSH_PORT
    with_postgis: bool = True

    def __post_init__(self) -> None:
        self.folder = self.folder.absolute()
        self.spark = Standalone(self.folder / "spark", self.version, self.subnet)
        self.sshd = Sshd(self.folder / "ssh", self.ssh_port, f"{self.subnet}.1")
        self.postgis = PostGIS(self.folder / "postgis")

    @property
    def shared(self) -> Path:
        """The folder that every node sees under this path."""
        return self.folder / "shared"

    @property
    def profile_file(self) -> Path:
        return self.folder / "profiles" / "standin.ssh.json"

    def start(self) -> list[Path]:
        """Start what does not run; returns the profile files."""
        with self._locked():
            home = spark_home(self.version)
            before = self._running_version()
            if before and before != self.version:
                print(f"Spark {before} runs here and makes room for {self.version}.", file=sys.stderr)
                Standalone(self.folder / "spark", before, self.subnet).stop()
            (self.folder / "version").write_text(self.version, encoding="ascii")
            for name in ("runs", "store"):
                (self.shared / name).mkdir(parents=True, exist_ok=True)
            parts = [self.spark.start, self.sshd.start]
            if self.with_postgis:
                parts.append(self._start_postgis)
            _at_once(parts)
            self.profile_file.parent.mkdir(exist_ok=True)
            text = json.dumps(self.profile(home), indent=2) + "\n"
            self.profile_file.write_text(text, encoding="utf-8")
        return [self.profile_file]

    def stop(self) -> None:
        """End everything that was started in this folder, and nothing else; the files stay."""
        if not self.folder.exists():
            return
        with self._locked():
            version = self._running_version() or self.version
            self.sshd.stop()
            Standalone(self.folder / "spark", version, self.subnet).stop()
            self.postgis.stop(remove=True)
            for name in ("profiles", "postgis.json", "version"):
                _remove(self.folder / name)
            for leftover in (self.folder / "spark").glob("[wl]o*-*"):  # work-N, local-N
                if leftover.is_dir():
                    shutil.rmtree(leftover, ignore_errors=True)

    def status(self) -> dict[str, Any]:
        """What runs, as JSON-ready values."""
        state = self.spark.state()
        return {
            "folder": str(self.folder),
            "spark": self._running_version(),
            "master": state.get("url"),
            "page": self.spark.page,
            "workers": self.spark.alive_workers(),
            "cores": state.get("cores", 0),
            "cores_used": state.get("coresused", 0),
            "sshd": f"{self.sshd.host}:{self.ssh_port}" if self.sshd.daemon.process() else None,
            "postgis": json.loads(self._postgis_note.read_text()) if self._postgis_note.exists() else None,
        }

    def profile(self, home: Path) -> dict[str, Any]:
        """The profile of this cluster over SSH."""
        return {
            "schema": 1,
            "kind": "ssh",
            "name": f"Stand-in cluster, Spark {self.version}",
            "host": self.sshd.host,
            "port": self.ssh_port,
            "user": self.sshd.user,
            "key_path": str(self.sshd.user_key),
            "host_key": self.sshd.fingerprint,
            "spark_master": self.spark.url,
            "spark_home": str(home),
            "python": str(spark_python(self.version)),
            "resources": {
                "cores": 6,
                "executor_cores": 2,
                "executor_memory": "470m",
                "driver_memory": "512m",
            },
            "folders": {"runs": str(self.shared / "runs"), "store": str(self.shared / "store")},
        }

    @property
    def _postgis_note(self) -> Path:
        return self.folder / "postgis.json"

    def _start_postgis(self) -> None:
        self.postgis.start()
        note = json.dumps(self.postgis.conninfo(), indent=2) + "\n"
        self._postgis_note.write_text(note, encoding="utf-8")

    def _running_version(self) -> str:
        with contextlib.suppress(OSError):
            return (self.folder / "version").read_text(encoding="ascii").strip()
        return ""

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _at_once(parts: list[Any]) -> None:
    """Call functions at the same time; raises the first error when all have ended."""
    errors: list[BaseException] = []

    def call(part: Any) -> None:
        try:
            part()
        except BaseException as error:  # noqa: BLE001  (raised below)
            errors.append(error)

    threads = [threading.Thread(target=call, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


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
    parser.add_argument("action", choices=["start", "stop", "status"])
    parser.add_argument("--spark", choices=VERSIONS, default=os.environ.get("ROADPULSE_SPARK", DEFAULT_SPARK))
    parser.add_argument("--folder", type=Path, default=Cluster.folder)
    parser.add_argument("--subnet", default=Cluster.subnet, help="first three numbers of the addresses")
    parser.add_argument("--ssh-port", type=int, default=SSH_PORT)
    options = parser.parse_args()
    cluster = Cluster(options.folder, options.spark, options.subnet, options.ssh_port)
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
