"""Folders of runs, points and jobs, as the computers that run see them."""

from __future__ import annotations

from ...algorithms import locations
from ...cluster_client.profile import LOCAL
from ...cluster_client.ssh.folders import DEFAULT_RUNS
from ..words import tr
from .fields import CLUSTERS, PathField, TextField
from .section import ProfileSection

_LOCAL = ("local",)


class FoldersSection(ProfileSection):
    """Folders, or prefixes of a bucket."""

    def __init__(self) -> None:
        super().__init__(tr("Folders"), folded=False)
        self._runs_tip = tr("Specification, log and results of each run; or s3://bucket/folder.")
        store_tip = tr("What was read from trip files, so that no file is read twice; or s3://bucket/folder.")
        here = str(locations.runs_folder())
        self.add(
            tr("Runs"),
            PathField("folders.runs", here, _LOCAL, self._runs_tip, folder=True),
            TextField("folders.runs", DEFAULT_RUNS, CLUSTERS, self._runs_tip),
        )
        points = locations.point_store(LOCAL)
        self.add(
            tr("Points"),
            PathField("folders.store", points, _LOCAL, store_tip, folder=True),
            TextField("folders.store", tr("points, in the folder of the runs"), CLUSTERS, store_tip),
        )
        self.add(
            tr("Jobs"),
            TextField(
                "folders.jobs", tr("jobs, in the folder of the runs"), CLUSTERS,
                tr("The program that is sent. Livy takes it only from a folder that its whitelist names."),
            ),
        )  # fmt: skip

    def show_kind(self, kind: str) -> None:
        """On a cluster folders have to be shared."""
        super().show_kind(kind)
        self.intro.say(
            tr("As the cluster's computers see them, on storage that all share; or s3://bucket/folder.")
            if kind in CLUSTERS
            else ""
        )
