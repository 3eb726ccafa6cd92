"""Checks of a cluster's nodes by a one-second Spark job, started over SSH or by Livy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Optional

from ...aggregation.contract.s3_access import S3Access, is_s3
from ..ssh.job_zip import job_zip
from ..ssh.run_paths import RemoteFolders
from . import verdicts
from .checks import Check, Found, failed, ok, skipped, warning
from .remote_answers import NoAnswer, answer

HERE = Path(__file__).absolute().parent
JOB_SECONDS = 90
_CORE_WAIT_SECONDS = 30


class NodeChecks:
    """Checks of the nodes.

    `start` runs nodes_job.py with its argument and returns its output; `expected` is the expected number of
    executors (0: unknown), `write` a folder in which the driver tests writing (empty: none), `s3` the nodes'
    access to buckets (None: not needed).
    """

    def __init__(
        self,
        start: Callable[[str], str],
        folders: Callable[[], RemoteFolders],
        trips: str,
        give_up: Callable[[], None],
        expected: Callable[[], int] = lambda: 0,
        write: Callable[[], str] = lambda: "",
        s3: Optional[S3Access] = None,
    ) -> None:
        self._start, self._folders, self._trips, self._give_up = start, folders, trips, give_up
        self._expected, self._write, self._s3 = expected, write, s3
        self.answer: dict[str, Any] = {}

    def checks(self, *needs: str) -> list[Check]:
        """Return the checks in order; they need the checks `needs`."""

        def check(name: str, title: str, work: Callable[[], Found]) -> Check:
            return Check(name, title, work, ("job",), 30.0, self._give_up)

        return [
            Check("job", "Job on every node", self._job, needs, JOB_SECONDS + 15, self._give_up),
            check("node_packages", "Packages on the nodes", self._node_packages),
            check("shared", "Folders on the nodes", self._shared),
            check("node_trips", "Trips, seen from the nodes", self._node_trips),
            *([check("node_keys", "Keys of S3 on the nodes", self._node_keys)] if self._s3 else []),
        ]

    def _job(self) -> Found:
        folders = self._folders()
        request = {
            "wait_seconds": _CORE_WAIT_SECONDS,
            "executors": self._expected(),
            "trips": folders.absolute(self._trips) if self._trips else "",
            "shared": folders.job_zip(job_zip()),
            "write": self._write(),
            "s3": self._s3.to_json() if self._s3 is not None else None,
        }
        printed = self._start(json.dumps(request))
        try:
            self.answer = answer(printed)
        except NoAnswer:
            last = [line for line in printed.splitlines() if "Error" in line or "Exception" in line]
            return failed(
                f"The job did not end well: {(last or ['no answer'])[-1].strip()[:300]}.",
                "Look at the application on the master's page; often memory or the nodes' Python is it.",
            )
        if self.answer.get("waiting"):
            return failed(
                f"The job got no core within {_CORE_WAIT_SECONDS} s.",
                "Wait for other applications, or ask for less memory and fewer cores in the profile.",
            )
        seen = {(node["host"], node["executor"]) for node in self.answer["nodes"]}
        text = (
            f"{len(seen)} executor{'s' * (len(seen) != 1)} with {self.answer['cores']} cores worked for "
            f"{self.answer['seconds']:.1f} s; Python {', '.join(sorted(self._of_nodes('python')))}."
        )
        if len(seen) < self._expected():
            return warning(
                f"{text} {self._expected()} were expected.",
                "A worker without free cores or memory takes no part; look at the master's page.",
            )
        if len(self._of_nodes("python")) > 1:
            return warning(text, "Have the same Python on all nodes.")
        return ok(text)

    def _of_nodes(self, entry: str) -> set[str]:
        return {str(node.get(entry)) for node in self.answer["nodes"]}

    def _node_packages(self) -> Found:
        faults = {node["error"] for node in self.answer["nodes"] if node.get("error")}
        if faults:
            return failed(f"The job does not load on a node: {sorted(faults)[0]}.", "See 'Python'.")
        missing = sorted({name for node in self.answer["nodes"] for name in node.get("missing", ())})
        cached = sorted({name for node in self.answer["nodes"] for name in node.get("packages", ())})
        if missing and cached:
            return ok(f"In the nodes' caches: {', '.join(cached)}.")
        return verdicts.packages(missing, "on the nodes", fetched=True)

    def _shared(self) -> Found:
        if is_s3(self._folders().jobs):
            return skipped("The job comes from a bucket.")
        blind = sorted({node["host"] for node in self.answer["nodes"] if not node["shared"]})
        if blind:
            return failed(
                f"{self._folders().jobs} is not seen by {', '.join(blind)}.",
                "Choose a folder in the profile that all nodes share (NFS, SMB) under the same path.",
            )
        return ok(f"All nodes see {self._folders().jobs}.")

    def _node_trips(self) -> Found:
        if not self._trips:
            return skipped("No trips were named.")
        path = self._folders().absolute(self._trips)
        counts = {str(node["trips"]): node for node in self.answer["nodes"] if node.get("trips")}
        if len(counts) > 1 and not all(node["trips"].get("more") for node in counts.values()):
            differences = "; ".join(f"{node['host']}: {node['trips']}" for node in counts.values())
            return failed(
                f"The nodes see different files in {path} ({differences}).", "Mount the same folder on all."
            )
        return verdicts.trips(next(iter(counts.values()))["trips"], path, "from every node")

    def _node_keys(self) -> Found:
        answers = [*self.answer["nodes"], self.answer.get("driver", {})]
        faults = sorted({node["s3"]["error"] for node in answers if node.get("s3", {}).get("error")})
        if faults:
            what, _, todo = faults[0].partition(". ")
            return failed(f"{what.rstrip('.')}.", todo or "Put them where the profile's entry 's3' says.")
        if not all(node.get("s3", {}).get("found") for node in answers):
            return ok("None are written down there: the role of the instances counts.")
        return ok("The driver and every node have what the profile's entry 's3' names.")
