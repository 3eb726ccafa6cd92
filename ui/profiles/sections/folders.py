"""Folders of runs, points and jobs, as the computers that run see them."""

from __future__ import annotations

from qgis.PyQt.QtCore import pyqtSignal

from ....cluster_client.profiles.profile import LOCAL
from ....cluster_client.runs.paths import DEFAULT_RUNS
from ....workflow import locations
from ....workflow.translation import tr
from .bucket_folder import BucketFolderField
from .fields import CLUSTERS, PathField
from .section import ProfileSection

_LOCAL, _LIVY = ("local",), ("livy",)


class FoldersSection(ProfileSection):
    """Folders, also of buckets. `browse` carries the field for which buckets are to be looked into."""

    browse = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__(tr("Folders"), folded=False)
        runs_tip = tr("Specification, log and results of each run.")
        store_tip = tr("What was read from trip files, so that no file is read twice; or s3://bucket/folder.")
        here = str(locations.runs_folder())
        self.add(
            tr("Runs"),
            PathField("folders.runs", here, _LOCAL, runs_tip, folder=True),
            BucketFolderField("folders.runs", DEFAULT_RUNS, CLUSTERS, runs_tip, in_buckets=_LIVY),
        )
        points = locations.point_store(LOCAL)
        self.add(
            tr("Points"),
            BucketFolderField("folders.store", points, _LOCAL, store_tip, here=True),
            BucketFolderField("folders.store", tr("points, in the folder of the runs"), CLUSTERS, store_tip),
        )
        self.add(
            tr("Jobs"),
            BucketFolderField(
                "folders.jobs", tr("jobs, in the folder of the runs"), CLUSTERS,
                tr("The program that is sent. Livy takes it only from a folder that its whitelist names, or "
                   "from a bucket."),
                in_buckets=_LIVY,
            ),
        )  # fmt: skip
        for field in self.fields:
            if isinstance(field, BucketFolderField):
                field.browse.connect(lambda field=field: self.browse.emit(field))

    def show_kind(self, kind: str) -> None:
        """On a cluster folders have to be shared."""
        super().show_kind(kind)
        shared = tr("As the cluster's computers see them, on storage that all share.")
        bucket = tr("As the cluster's computers see them, on storage that all share; or s3://bucket/folder.")
        self.intro.say({"ssh": shared, "livy": bucket}.get(kind, ""))
