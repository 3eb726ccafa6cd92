"""This computer: the Python that carries out runs, and how many processes."""

from __future__ import annotations

from ....cluster_client.backends.base.backend_type import FormSection
from ....mapping.language import tr
from .fields import NumberField, PathField
from .section import ProfileSection


class ComputerSection(ProfileSection):
    """Fields of a profile of this computer."""

    def __init__(self) -> None:
        super().__init__(FormSection.COMPUTER, tr("This computer"))
        self.add(
            tr("Processes"),
            NumberField(
                "workers", 0, 1024, tr("one for each core"),
                tr("How many processes share the work. Together they take up to half of the "
                   "memory that is free, and 150 MB each at least."),
            ),
            None,
        )  # fmt: skip
        self.add(
            tr("Python"),
            PathField(
                "python", tr("QGIS's own"),
                tr("The Python that carries out runs. It needs msgspec, numpy and duckdb."),
            ),
        )  # fmt: skip
