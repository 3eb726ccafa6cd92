"""Folders of runs, points and jobs, as the computers that run see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import pyqtSignal

from ....cluster_client.backends.base.backend_type import FormSection
from ....cluster_client.profiles.profile import LOCAL
from ....cluster_client.runs.paths import DEFAULT_RUNS
from ....mapping.language import tr
from ....workflow import locations
from .bucket_folder import BucketFolderField
from .fields import PathField
from .section import ProfileSection

if TYPE_CHECKING:
    from ....cluster_client.backends.base.backend_type import BackendType


class FoldersSection(ProfileSection):
    """Folders, also of buckets. `browse` carries the field for which the S3 browser is to be opened."""

    browse = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__(FormSection.FOLDERS, tr("Folders"))
        runs_tip = tr("Specification, log and results of each run.")
        store_tip = tr("What was read from trip files, so that no file is read twice; or s3://bucket/folder.")
        here = str(locations.runs_folder())
        self.add(
            tr("Runs"),
            PathField("folders.runs", here, runs_tip, here=True, folder=True),
            BucketFolderField("folders.runs", DEFAULT_RUNS, runs_tip, here=False, of_runs=True),
        )
        points = locations.point_store(LOCAL)
        self.add(
            tr("Points"),
            BucketFolderField("folders.store", points, store_tip, here=True),
            BucketFolderField(
                "folders.store", tr("points, in the folder of the runs"), store_tip, here=False
            ),
        )
        self.add(
            tr("Jobs"),
            BucketFolderField(
                "folders.jobs", tr("jobs, in the folder of the runs"),
                tr("The program that is sent. Livy takes it only from a folder that its whitelist names, or "
                   "from a bucket."),
                of_runs=True,
            ),
        )  # fmt: skip
        for field in self.fields:
            if isinstance(field, BucketFolderField):
                field.browse.connect(lambda field=field: self.browse.emit(field))

    def suit(self, kind: BackendType) -> None:
        """Explain that the folders of a cluster have to be shared."""
        super().suit(kind)
        shared = tr("As the cluster's computers see them, on storage that all share.")
        bucket = tr("As the cluster's computers see them, on storage that all share; or s3://bucket/folder.")
        there = bucket if kind.runs_in_buckets else shared
        self.intro.show_text("" if kind.runs_here else there)
