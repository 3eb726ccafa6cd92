"""The layer, its look and the texts that page and film have in common."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from qgis.core import (
    Qgis,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterExtent,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorLayer,
    QgsProject,
)

from ..aggregation.contract.days import minute_of
from ..aggregation.contract.errors import SpecError
from ..aggregation.contract.statistic import drawn_keys
from ..mapping.errors import MapError
from ..mapping.foreign_style import bare_layer
from ..mapping.language import tr
from ..workflow.run_names import name_of_trips
from . import parameters as p
from .reader import Reader

if TYPE_CHECKING:
    from ..mapping.layout.page import SpeedPage
    from ..mapping.timeline import Timeline

INPUT, TITLE, SUBTITLE, SOURCES = "INPUT", "TITLE", "SUBTITLE", "SOURCES"
STATISTIC, THEME, LIMITS, EXTENT, FILL = "STATISTIC", "THEME", "LIMITS", "EXTENT", "FILL"
DRIVING_SIDE, DAYS = "DRIVING_SIDE", "DAYS"
THEMES = ("light", "dark")
AS_IN_ZONE = "by the time zone"
MOST_NAMED = 10  # sets of days that an error names
SIDES = (AS_IN_ZONE, "left", "right")


def map_input() -> QgsProcessingParameterDefinition:
    """Return the layer of speeds."""
    layer = QgsProcessingParameterVectorLayer(
        INPUT, tr("Link speeds"), [Qgis.ProcessingSourceType.VectorLine]
    )
    return p.with_help(layer, tr("The table “links” of a GeoPackage that Roadpulse wrote."))


def statistic(text: str) -> QgsProcessingParameterDefinition:
    """Return the key of the statistic that a map shows; empty for the one that its file shows at first."""
    key = QgsProcessingParameterString(STATISTIC, tr("Statistic"), "", False, True)
    key.setMetadata({"widget_wrapper": {"value_hints": ["", *drawn_keys()]}})
    known = tr("A key: {keys}, or another percentile. Empty: the one that the map shows at first.").format(
        keys=", ".join(drawn_keys())
    )
    return p.with_help(key, f"{known} {text}")


def theme() -> QgsProcessingParameterDefinition:
    """Light or dark."""
    return p.choice(
        THEME, tr("Theme"), THEMES, "light", tr("Slow is dark on the light ground and glows on the dark one.")
    )


def limits() -> QgsProcessingParameterDefinition:
    """Class limits as text."""
    return p.with_help(
        QgsProcessingParameterString(LIMITS, tr("Class limits"), "", False, True),
        tr(
            "Ascending numbers in the unit shown, with a point for decimals, such as “0 2.5 5 10 20 30”. "
            "Empty: round numbers that fit, the same at every hour."
        ),
    )


def set_of_days(empty: str) -> QgsProcessingParameterDefinition:
    """The name of a set of days; `empty` says what an empty one means."""
    return p.with_help(
        QgsProcessingParameterString(DAYS, tr("Days"), "", False, True),
        tr("Of a map with several: one of them, such as Mon or 2025-06-10.") + " " + empty,
    )


def driving_side() -> QgsProcessingParameterDefinition:
    """Left, right, or that of the country of the run's time zone."""
    return p.choice(
        DRIVING_SIDE, tr("Traffic drives on the"), SIDES, AS_IN_ZONE,
        tr("Side of its road on which a direction is drawn; to be set for runs in UTC."),
    )  # fmt: skip


def driving_side_change(reader: Reader) -> dict[str, Any]:
    """Return the option of the style that a call's DRIVING_SIDE sets; empty for that of the time zone."""
    side = reader.choice(DRIVING_SIDE)
    return {} if side == AS_IN_ZONE else {"driving_side": side}


def text_and_extent() -> Iterable[QgsProcessingParameterDefinition]:
    """Title, subtitle, sources, extent, and whether that fills the map."""
    for name, label, default, text in (
        (TITLE, tr("Title"), "", tr("Empty: the name of the run.")),
        (
            SUBTITLE,
            tr("Subtitle"),
            "",
            tr("Empty: what the statistic shows, as “How fast traffic moves”."),
        ),
        (SOURCES, tr("Sources"), "", tr("Where trips and roads come from; in small type.")),
    ):
        yield p.with_help(QgsProcessingParameterString(name, label, default, False, True), text)
    yield p.with_help(
        QgsProcessingParameterExtent(EXTENT, tr("Extent"), None, True),
        tr("The map shows all of it. Empty: the area with most of the links with data."),
    )
    yield p.with_help(
        QgsProcessingParameterBoolean(FILL, tr("Fill the map to its edges"), False),
        tr("Cuts what of the extent does not fit the shape of the map."),
    )


def class_limits(text: str) -> tuple[float, ...]:
    """Limits from text with blanks, semicolons or commas between; raises `MapError`.

    A comma between two digits separates only where all separators are such commas: in “0 2,5 5” it would be
    a decimal comma to some and a separator to others.
    """
    words = re.split(r"[\s;]+|,(?!\d)|(?<!\d),", text.strip(" \t\n;,"))
    words = text.strip().split(",") if len(words) == 1 else [word for word in words if word]
    numbers = []
    for word in words if text.strip(" \t\n;,") else ():
        if "," in word:
            raise MapError(
                tr(
                    "The class limits {text!r} hold “{word}”, which is one number to some and several to "
                    "others. Write {point} for one, or “{blank}” for several."
                ).format(text=text, word=word, point=word.replace(",", "."), blank=word.replace(",", " "))
            )
        try:
            numbers.append(float(word.replace("−", "-")))
        except ValueError:
            numbers.append(math.nan)
        if not math.isfinite(numbers[-1]):
            raise MapError(
                tr(
                    "“{word}” in the class limits {text!r} is not a number. Write ascending numbers such as "
                    "“0 2.5 5 10 20”."
                ).format(text=text, word=word)
            )
    if numbers and (len(numbers) < 2 or any(b <= a for a, b in zip(numbers, numbers[1:]))):
        raise MapError(
            tr(
                "The class limits {text!r} are not two or more ascending numbers such as “0 5 10 15 20 30”."
            ).format(text=text)
        )
    return tuple(numbers)


class PageRequest:
    """A page of its own project, so that neither the person's layer nor their project changes.

    Keep it as long as the page: QGIS's layout does not keep its project alive.
    """

    def __init__(
        self, algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> None:
        self._reader = Reader(algorithm, parameters, context)
        layer = algorithm.parameterAsVectorLayer(parameters, INPUT, context)
        if layer is None:
            raise MapError(tr("The layer {name!r} cannot be opened.").format(name=self._reader.text(INPUT)))
        self._extent = algorithm.parameterAsExtent(parameters, EXTENT, context, layer.crs())
        self.project = QgsProject()
        self.layer = bare_layer(layer.source(), layer.name(), layer.providerType())
        self.project.addMapLayer(self.layer)

    def page(self, **options: Any) -> SpeedPage:
        """Return the page, with the words and the place that the parameters name; raises `MapError`."""
        from ..mapping.layout.page import PageOptions, speed_page  # noqa: PLC0415
        from .post_processing import show  # noqa: PLC0415

        reader = self._reader
        changes: dict[str, Any] = {"theme": reader.choice(THEME)}
        statistic = reader.drawn_statistic(STATISTIC)
        if statistic:
            changes["statistic"] = statistic
        changes |= driving_side_change(reader)
        limits = class_limits(reader.text(LIMITS))
        if limits:
            changes["limits"] = limits
        style = show(self.layer, self.project, changes)
        return speed_page(
            self.project, self.layer, style,
            PageOptions(
                title=reader.text(TITLE) or self.run_name(),
                subtitle=reader.text(SUBTITLE),
                sources=reader.text(SOURCES),
                extent=None if self._extent.isNull() else self._extent,
                cut=reader.flag(FILL),
                **options,
            ),
        )  # fmt: skip

    def run_name(self) -> str:
        """Return the name of the layer's run."""
        from ..mapping.map_file import MapFile  # noqa: PLC0415

        return name_of_trips(MapFile.of(self.layer).spec.trips)

    def timeline(self) -> Timeline:
        """Return the layer's frames."""
        from ..mapping.map_file import MapFile  # noqa: PLC0415

        return MapFile.of(self.layer).timeline

    def not_playing(self) -> str:
        """Return why no film can be made of the layer, whatever the statistic, and what to do."""
        from ..mapping.map_file import MapFile  # noqa: PLC0415

        why = MapFile.of(self.layer).not_playing or "The map file holds no values by bin. Export a page."
        return f"No film can be made of this map. {why}"


def frame_of(timeline: Timeline, days: str, time: str) -> int:
    """Return the frame of a set of days (empty: the first) and a time; raises `MapError`."""
    first = sets_of(timeline, days)[0] if days else 0
    bin_number = bin_of(time, timeline.bin_minutes)
    return first * timeline.n_bins + min(bin_number, timeline.n_bins - 1)


def sets_of(timeline: Timeline, name: str) -> range:
    """Return the numbers of the sets of days with that name, all for an empty one; raises `MapError`."""
    if not name:
        return range(len(timeline.names))
    if name in timeline.names and timeline.is_divided:
        number = timeline.names.index(name)
        return range(number, number + 1)
    raise MapError(f"The map has no days {name!r}; it has {_known_sets(timeline)}.")


def _known_sets(timeline: Timeline) -> str:
    if timeline.is_divided and not timeline.names:
        return "values of the whole period alone, so leave it empty"
    if not timeline.is_divided:
        return "all days alone, so leave it empty"
    more = ", …" if len(timeline.names) > MOST_NAMED else ""
    return ", ".join(timeline.names[:MOST_NAMED]) + more


def bin_of(text: str, bin_minutes: int) -> int:
    """Return the bin that holds a time such as `08:00` (`24:00`: one after the last); raises `MapError`.

    A number alone is an hour.
    """
    try:
        return minute_of(text if ":" in text else f"{text}:00", "") // bin_minutes
    except SpecError as error:
        raise MapError(f"{text!r} is not a time of the day such as 08:00.") from error
