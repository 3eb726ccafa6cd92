"""Spark: where it is, and how much of it a run may take."""

from __future__ import annotations

from ....aggregation.runners.head_capacity import MOST_HEAD_WORKERS
from ....workflow.translation import tr
from .automatic import AutomaticField
from .fields import CLUSTERS, NumberField, TextField
from .section import ProfileSection

_SSH = ("ssh",)


class SparkSection(ProfileSection):
    """Master, folder of Spark, Python."""

    def __init__(self) -> None:
        super().__init__(tr("Spark"), CLUSTERS)
        self.master = TextField(
            "spark_master", "spark://pi0:7077", _SSH,
            tr("The master's address as its page at port 8080 shows it; or local[*], or yarn."),
        )  # fmt: skip
        self.home = TextField(
            "spark_home", "/opt/spark", _SSH, tr("The folder of Spark on the head, with bin/spark-submit.")
        )
        self.add(tr("Master"), self.master)
        self.add(tr("Folder"), self.home)
        self.add(
            tr("Python"),
            TextField(
                "python", "python3", CLUSTERS, tr("The Python of the cluster's computers, 3.9 or later.")
            ),
        )

    def look(self) -> None:
        """Without Spark it works too."""
        without = self.master.wanted and not self.master.value() and not self.home.value()
        self.intro.say(
            tr("With neither a master nor a folder, runs take place in processes of the host itself.")
            if without
            else ""
        )


class ResourcesSection(ProfileSection):
    """Cores and memory."""

    def __init__(self) -> None:
        super().__init__(tr("Cores and memory"), CLUSTERS, folded=True)
        usual = tr("as Spark is set up")
        self.add(
            tr("Cores"),
            NumberField(
                "resources.cores", 0, 100_000, usual, CLUSTERS, tr("In all; Spark's spark.cores.max."),
            ),
            tr("of which an executor has"),
            NumberField("resources.executor_cores", 0, 1024, usual, CLUSTERS),
            None,
        )  # fmt: skip
        self.add(
            tr("Memory"),
            TextField(
                "resources.executor_memory", tr("as Spark is set up"), CLUSTERS,
                tr("Of an executor, such as 470m or 2g. Its Python processes need some 150 MB each besides."),
            ),
            tr("for an executor,"),
            TextField(
                "resources.driver_memory", tr("as Spark is set up"), CLUSTERS, tr("Such as 512m or 1g.")
            ),
            tr("for the driver"),
        )  # fmt: skip
        self.add(
            tr("Head first"),
            AutomaticField(
                "resources.head_workers", MOST_HEAD_WORKERS, CLUSTERS,
                tr("Processes of the cluster's head that begin at once; Spark is started only when there is "
                   "more work than they do in the time that Spark needs to start. “None”: Spark at once."),
            ),
            tr("processes on the head; Spark when there is more to do"),
            None,
        )  # fmt: skip
        self.add(
            tr("Processes"),
            NumberField(
                "workers", 0, 1024, tr("one for each core"), _SSH,
                tr("For runs without Spark, in processes of the host itself."),
            ),
            None,
        )  # fmt: skip
