"""The profile files of the stand-in cluster, as `make cluster` prints them.

`standin.ssh.json` runs over SSH, `standin.livy.json` through Livy with run folders that SFTP reaches,
`standin-s3.livy.json` through Livy with run folders and point store in a bucket, and `standin-s3.local.json`
on this computer with its point store in a bucket. Where the cluster has S3, all of them reach it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

from .cluster_spark import Standalone, spark_home, spark_python
from .cluster_sshd import Sshd
from .livy import Livy
from .s3 import REGION, S3Server

BUCKETS = ("trips", "roadpulse")
_RESOURCES = {"cores": 6, "executor_cores": 2, "executor_memory": "470m", "driver_memory": "512m",
              "worker_memory": "150m"}  # fmt: skip
_IN_BUCKET = {"runs": "s3://roadpulse/runs", "store": "s3://roadpulse/store"}


class Services(Protocol):
    """The parts of a cluster that its profiles name (`development.cluster.Cluster` has them)."""

    version: str
    ssh_port: int
    spark: Standalone
    sshd: Sshd

    @property
    def shared(self) -> Path:
        """Folder that all nodes see under this path."""

    @property
    def livy(self) -> Livy:
        """The cluster's own Livy server."""

    @property
    def s3(self) -> S3Server:
        """The cluster's S3 server."""

    @property
    def profile_file(self) -> Path:
        """Path of the profile over SSH; the others go beside it."""


def ssh_profile(cluster: Services) -> dict[str, Any]:
    """Return the cluster over SSH."""
    return {
        "schema": 1,
        "kind": "ssh",
        "name": f"Stand-in cluster, Spark {cluster.version}",
        **_shell(cluster),
        "spark_master": cluster.spark.url,
        "spark_home": str(spark_home(cluster.version)),
        "python": str(spark_python(cluster.version)),
        "resources": _RESOURCES,
        "folders": _folders(cluster),
    }


def livy_profile(cluster: Services, livy: Livy) -> dict[str, Any]:
    """Return the cluster through one of its Livy servers; files go by SFTP to where Livy takes jobs from."""
    found = {
        "schema": 1,
        "kind": "livy",
        "name": f"Stand-in cluster, Livy {livy.version}, Spark {cluster.version}",
        "livy_url": livy.url,
        **_shell(cluster),
        "python": str(livy.python),
        "resources": _RESOURCES,
        "folders": {**_folders(cluster), "jobs": str(livy.whitelist[0])},
    }
    if livy.certificate:
        found["ca_file"] = str(livy.certificate.ca_file)
    return found


def s3_access(server: S3Server) -> dict[str, Any]:
    """Return the section `s3` of a profile."""
    found = {"endpoint": server.endpoint, "region": REGION, "keys_file": str(server.keys_file)}
    if server.certificate:
        found["ca_file"] = str(server.certificate.ca_file)
    return found


def write_profiles(cluster: Services) -> list[Path]:
    """Write what fits the running cluster; returns the files."""
    found = {"standin.ssh.json": ssh_profile(cluster)}
    if cluster.livy.daemon.process():
        found["standin.livy.json"] = livy_profile(cluster, cluster.livy)
    if cluster.s3.daemon.process():
        if "standin.livy.json" in found:
            by_livy = found["standin.livy.json"]
            name, folders = f"{by_livy['name']}, runs in S3", {**by_livy["folders"], **_IN_BUCKET}
            found["standin-s3.livy.json"] = {**by_livy, "name": name, "folders": folders}
        here = {"schema": 1, "kind": "local", "name": "This computer, store in S3"}
        found["standin-s3.local.json"] = {**here, "folders": {"store": _IN_BUCKET["store"]}}
        trusted = {"ca_file": str(cluster.s3.certificate.ca_file)} if cluster.s3.certificate else {}
        found = {file: {**profile, "s3": s3_access(cluster.s3), **trusted} for file, profile in found.items()}
    folder = cluster.profile_file.parent
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for file, profile in found.items():
        (folder / file).write_text(json.dumps(profile, indent=2) + "\n", encoding="utf-8")
    return [folder / file for file in found]


def _shell(cluster: Services) -> dict[str, Any]:
    return {
        "host": cluster.sshd.host,
        "port": cluster.ssh_port,
        "user": cluster.sshd.user,
        "key_path": str(cluster.sshd.user_key),
        "host_key": cluster.sshd.fingerprint,
    }


def _folders(cluster: Services) -> dict[str, str]:
    return {name: str(cluster.shared / name) for name in ("runs", "store")}
