"""Spark: where it is, and how much of it a run may take."""

from __future__ import annotations

from typing import Optional

from qgis.PyQt.QtGui import QValidator

from ....aggregation.runners.head_capacity import MOST_HEAD_WORKERS
from ....cluster_client.backends.base.backend_type import FormSection
from ....mapping.language import tr
from .fields import CalmSpinBox, Field, NumberField, TextField
from .section import ProfileSection


class SparkSection(ProfileSection):
    """Master, folder of Spark, Python."""

    def __init__(self) -> None:
        super().__init__(FormSection.SPARK, tr("Spark"))
        self.master = TextField(
            "spark_master", "spark://pi0:7077",
            tr("The master's address as its page at port 8080 shows it; or local[*], or yarn."),
        )  # fmt: skip
        self.home = TextField(
            "spark_home", "/opt/spark", tr("The folder of Spark on the head, with bin/spark-submit.")
        )
        self.add(tr("Master"), self.master)
        self.add(tr("Folder"), self.home)
        self.add(
            tr("Python"),
            TextField("python", "python3", tr("The Python of the cluster's computers, 3.9 or later.")),
        )

    def refresh(self) -> None:
        """Note that runs also work without Spark."""
        without = self.master.wanted and not self.master.value() and not self.home.value()
        self.intro.show_text(
            tr("With neither a master nor a folder, runs take place in processes of the host itself.")
            if without
            else ""
        )


class ResourcesSection(ProfileSection):
    """Cores and memory."""

    def __init__(self) -> None:
        super().__init__(FormSection.RESOURCES, tr("Cores and memory"), folded=True)
        usual = tr("as Spark is set up")
        self.add(
            tr("Cores"),
            NumberField(
                "resources.cores", 0, 100_000, usual, tr("In all; Spark's spark.cores.max."),
            ),
            tr("of which an executor has"),
            NumberField("resources.executor_cores", 0, 1024, usual),
            None,
        )  # fmt: skip
        self.add(
            tr("Memory"),
            TextField(
                "resources.executor_memory", tr("as Spark is set up"),
                tr("Of an executor, such as 470m or 2g. Its Python processes take memory besides."),
            ),
            tr("for an executor,"),
            TextField(
                "resources.driver_memory", tr("as Spark is set up"), tr("Such as 512m or 1g.")
            ),
            tr("for the driver"),
        )  # fmt: skip
        self.add(
            tr("Each process"),
            TextField(
                "resources.worker_memory", tr("what its computer has for it"),
                tr("The most that a Python process of a run may take, such as 500m or 2g, at least 150m. The "
                   "more, the faster; if empty, those of a computer share half of what is free."),
            ),
            tr("of memory at most"),
            None,
        )  # fmt: skip
        self.add(
            tr("Head first"),
            AutomaticField(
                "resources.head_workers", MOST_HEAD_WORKERS,
                tr("Processes of the cluster's head that begin at once; Spark is started only when there is "
                   "more work than they do in the time that Spark needs to start. “None”: Spark at once."),
            ),
            tr("processes on the head; Spark when there is more to do"),
            None,
        )  # fmt: skip
        self.add(
            tr("Processes"),
            NumberField(
                "workers", 0, 1024, tr("one for each core"),
                tr("For runs without Spark, in processes of the host itself."),
            ),
            None,
        )  # fmt: skip


_AUTOMATIC = -1


class AutomaticField(Field):
    """A number from 0 on, which is "none", or None, which is "automatic"."""

    stretch = 0

    def __init__(self, entry: str, high: int, tip: str = "") -> None:
        self.spin = _SpinBox()
        super().__init__(entry, self.spin, tip)
        self.spin.setRange(_AUTOMATIC, high)
        self.spin.setValue(_AUTOMATIC)
        self.spin.valueChanged.connect(self._edited)

    def value(self) -> Optional[int]:
        """Return the number; None: automatic."""
        number = int(self.spin.value())
        return None if number == _AUTOMATIC else number

    def _show(self, value: Optional[int]) -> None:
        self.spin.setValue(_AUTOMATIC if value is None else value)


class _SpinBox(CalmSpinBox):
    """Writes two of its numbers as words, which may be typed too."""

    def __init__(self) -> None:
        super().__init__()
        self._words = {_AUTOMATIC: tr("automatic"), 0: tr("none")}

    def textFromValue(self, value: int) -> str:
        """Return the word of a number, or its digits."""
        return self._words.get(value) or super().textFromValue(value)

    def valueFromText(self, text: str) -> int:
        """Return the number of a word, or of digits."""
        typed = text.strip().lower()
        found = next((value for value, word in self._words.items() if word.lower() == typed), None)
        return super().valueFromText(text) if found is None else found

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """A word may be typed letter by letter."""
        typed = text.strip().lower()
        words = [word.lower() for word in self._words.values()]
        if typed in words:
            return QValidator.State.Acceptable, text, position
        if typed and any(word.startswith(typed) for word in words):
            return QValidator.State.Intermediate, text, position
        if typed.startswith("-"):
            return QValidator.State.Invalid, text, position
        state, text, position = super().validate(text, position)
        return state, text, position
