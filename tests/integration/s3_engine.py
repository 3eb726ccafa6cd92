"""Runs of the engine with trips, store and run folder in a bucket of a real S3 server, for tests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from development.s3 import REGION, S3Server
from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.aggregation.run import run
from roadpulse.aggregation.run_folder import RunFolder
from roadpulse.aggregation.storage import S3Path
from roadpulse.tests.engine import PLUGINS, Engine, LocalRunner, Outcome, trip


class BucketEngine:
    """A bucket with trips, a store and run folders; the counterpart of `tests.engine.Engine`."""

    def __init__(self, server: S3Server, bucket: str, within: Sequence[str] = (), **access: Any) -> None:
        """`within` are words before the command of a run, such as `host_names` returns."""
        self.server, self.bucket, self._within = server, bucket, within
        values = {"endpoint": server.endpoint, "region": REGION, "keys_file": str(server.keys_file)}
        self.access = S3Access(**{**values, **access})
        self.folder = server.data / bucket
        self.trips, self.store = f"s3://{bucket}/trips", f"s3://{bucket}/store"
        self.client = server.client()
        self._runs = 0

    def place(self, key: str = "") -> S3Path:
        return S3Path(self.bucket, key, self.access)

    def write(self, name: str, content: bytes | None = None) -> None:
        """Put a trip."""
        self.client.put_object(
            Bucket=self.bucket, Key=f"trips/{name}", Body=trip() if content is None else content
        )

    def with_few_trips(self) -> BucketEngine:
        """This, with four small trips."""
        for n in range(4):
            self.write(f"{n}.json", trip(20, n))
        return self

    def copy_in(self, folder: Path) -> None:
        """Make files objects the fast way, without ETags, and old enough to be told apart by their times."""
        for path in folder.rglob("*.json*"):
            target = self.folder / "trips" / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            os.utime(target, (1_750_000_000, 1_750_000_000))

    def prepare(self, **spec: Any) -> str:
        """A new run folder with its specification; returns its path."""
        self._runs += 1
        key = f"runs/{self._runs}"
        values = {
            "trips": self.trips,
            "store": self.store,
            "speed_unit": "mph",
            "s3": self.access.to_json(),
            **spec,
        }
        self.client.put_object(Bucket=self.bucket, Key=f"{key}/spec.json", Body=json.dumps(values).encode())
        return f"s3://{self.bucket}/{key}"

    def start(self, folder: str, workers: int = 1, **environment: str) -> subprocess.Popen[str]:
        """Start a run in a process group of its own."""
        return subprocess.Popen(
            [
                *self._within, sys.executable, "-m", "roadpulse.aggregation", folder,
                "--workers", str(workers), "--s3", json.dumps(self.access.to_json()),
            ],
            env={**os.environ, "PYTHONPATH": str(PLUGINS), **environment},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            start_new_session=True,
        )  # fmt: skip

    def run(self, workers: int = 1, folder: str = "", **spec: Any) -> Outcome:
        """Carry out a run in a process of its own."""
        folder = folder or self.prepare(**spec)
        process = self.start(folder, workers)
        output, _ = process.communicate(timeout=240)
        return self.outcome(folder, process.returncode, output)

    def finish(self, workers: int = 1, **spec: Any) -> Outcome:
        """Carry out a run that is to end well."""
        outcome = self.run(workers, **spec)
        assert outcome.code == 0, outcome.output
        return outcome

    def run_here(self, before_decode: Callable[[], None] = lambda: None, **spec: Any) -> Outcome:
        """Carry out a run in this process; raises its errors."""
        folder = self.prepare(**spec)
        run(RunFolder.begun(S3Path.of(folder, self.access)), LocalRunner(before_decode))
        return self.outcome(folder)

    def outcome(self, folder: str, code: int = 0, output: str = "") -> Outcome:
        """What is in a run folder, as the folder that the server keeps it in."""
        return Outcome(code, self.folder / folder.split("/", 3)[3], output)

    def requests(self, since: Counter[str] | None = None) -> Counter[str]:
        """Requests by operation, since an earlier answer of this."""
        found = self.server.operations()
        found.subtract(since or {})
        return +found

    def keys(self, prefix: str = "") -> list[str]:
        """All keys of the bucket."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def leftovers(self) -> list[str]:
        """Objects that no ended run may leave: work, and points without their `files`."""
        keys = self.keys()
        committed = {key.split("/")[-2] for key in keys if key.endswith("/files.parquet")}
        return [
            key
            for key in keys
            if "/work/" in key or ("/points/" in key and key.split("/")[-2] not in committed)
        ]

    def twin(self, folder: Path) -> Engine:
        """The same trips, with store and runs, in folders of this computer."""
        local = Engine(folder)
        shutil.copytree(self.folder / "trips", local.trips, dirs_exist_ok=True)
        return local


def result_bytes(outcome: Outcome) -> dict[str, bytes]:
    """The files of a run's result by name."""
    parts = [part for table in outcome.manifest["results"].values() for part in table["parts"]]
    return {Path(part["path"]).name: (outcome.folder / part["path"]).read_bytes() for part in parts}
