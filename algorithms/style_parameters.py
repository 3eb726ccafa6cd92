"""The look of a map as parameters, one set for styling, pages and films."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any, Callable, Optional

from qgis.core import (
    Qgis,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
    QgsVectorLayer,
)

from ..aggregation.contract.statistic import drawn_keys
from ..mapping.errors import MapError
from ..mapping.language import tr
from ..mapping.style.palette import PALETTES
from ..mapping.style.ramps import RAMPS
from ..workflow import locations
from . import parameters as p
from .reader import Reader

STATISTIC, PRESET, THEME, RAMP, METHOD = "STATISTIC", "PRESET", "THEME", "RAMP", "METHOD"
CLASSES, LIMITS, WIDTH, DRIVING_SIDE = "CLASSES", "LIMITS", "WIDTH", "DRIVING_SIDE"
FAST_GLOWS, LABELS, FEW, BESIDE = "FAST_GLOWS", "LABELS", "FEW", "BESIDE"
THEMES = tuple(PALETTES)
RAMP_KEYS = tuple(RAMPS)
METHOD_KEYS = ("round", "natural", "quantiles", "equal", "bands")
WIDTH_RULES = ("class", "traffic")
AS_LAYER = "layer"  # in the place of a preset
AS_IN_ZONE = "by the time zone"
SIDES = (AS_IN_ZONE, "left", "right")
_USUAL_CLASSES, _FEWEST_CLASSES, _MOST_CLASSES = 7, 2, 12

_OPTIONS: tuple[tuple[str, str, Any, Callable[[Reader, str], Any]], ...] = (
    (THEME, "theme", "light", Reader.choice),
    (RAMP, "ramp", "viridis", Reader.choice),
    (METHOD, "method", "round", Reader.choice),
    (CLASSES, "classes", _USUAL_CLASSES, Reader.number),
    (WIDTH, "width", "class", Reader.choice),
    (FAST_GLOWS, "fast_glows", False, Reader.flag),
    (LABELS, "labels", True, Reader.flag),
    (FEW, "few", True, Reader.flag),
    (BESIDE, "beside", True, Reader.flag),
)
"""Parameter, option of the style, default, and how it is read."""


def style_parameters(of_statistic: str) -> Iterable[QgsProcessingParameterDefinition]:
    """Return all parameters of the look; `of_statistic` says what becomes of the statistic."""
    key = QgsProcessingParameterString(STATISTIC, tr("Statistic"), "", False, True)
    key.setMetadata({"widget_wrapper": {"value_hints": ["", *drawn_keys()]}})
    known = tr("A key: {keys}, or another percentile. Empty: the one that the map shows at first.").format(
        keys=", ".join(drawn_keys())
    )
    yield p.with_help(key, f"{known} {of_statistic}")
    yield p.with_help(
        QgsProcessingParameterString(PRESET, tr("Preset"), "", False, True),
        tr(
            "A look by its name, such as Night, or a JSON file with one; “layer” is the look of the layer. "
            "Parameters that are set to something else than their defaults go before it."
        ),
    )
    yield p.choice(
        THEME, tr("Theme"), THEMES, "light", tr("Slow is dark on the light ground and glows on the dark one.")
    )
    yield p.choice(
        RAMP, tr("Colours"), RAMP_KEYS, "viridis",
        tr(
            "“diverging” (orange to blue) is for differences; “redgreen” fails for readers who cannot "
            "tell red from green."
        ),
    )  # fmt: skip
    yield p.choice(
        METHOD, tr("Classes by"), METHOD_KEYS, "round",
        tr(
            "Round numbers, natural breaks (Jenks), as many values in each class, equal intervals, or bands "
            "of free flow (0, 60, 70, 80, 90, 100 %; with free_flow_share or tti). One set for all bins."
        ),
    )  # fmt: skip
    number = QgsProcessingParameterNumber(
        CLASSES, tr("Number of classes"), Qgis.ProcessingNumberParameterType.Integer, _USUAL_CLASSES, False,
        _FEWEST_CLASSES, _MOST_CLASSES,
    )  # fmt: skip
    yield p.with_help(number, tr("Round limits come near it. Six to eight are easy to distinguish."))
    yield p.with_help(
        QgsProcessingParameterString(LIMITS, tr("Class limits"), "", False, True),
        tr(
            "Ascending numbers in the unit shown, with a point for decimals, such as “0 2.5 5 10 20 30”. "
            "Empty: by METHOD, the same at every hour."
        ),
    )
    yield p.choice(WIDTH, tr("Width by"), WIDTH_RULES, "class", tr("The class of the road, or its trips."))
    yield p.choice(
        DRIVING_SIDE, tr("Traffic drives on the"), SIDES, AS_IN_ZONE,
        tr("Side of its road on which a direction is drawn; to be set for runs in UTC."),
    )  # fmt: skip
    for name, label, default, text in (
        (FAST_GLOWS, tr("Fast roads contrast most"), False, tr("Reverses the colours.")),
        (LABELS, tr("Street names"), True, tr("If the roads have names.")),
        (FEW, tr("Draw links with too few trips"), True, tr("Thin and grey, under the rest.")),
        (
            BESIDE,
            tr("Draw directions beside each other"),
            True,
            tr("From 1:20,000 on. Else the two directions of a road lie on each other."),
        ),
    ):
        yield p.with_help(QgsProcessingParameterBoolean(name, label, default), text)


def style_changes(reader: Reader, layer: Optional[QgsVectorLayer] = None) -> dict[str, Any]:
    """Return the options of the style that a call sets, as changes to those of the layer's map file.

    Without a layer what is called is only checked. Raises `RunError`.
    """
    statistic = reader.drawn_statistic(STATISTIC)
    changes: dict[str, Any] = {}
    if reader.text(PRESET) == AS_LAYER:
        if layer is not None:
            from ..mapping.style.symbology import (  # noqa: PLC0415
                drawn_statistic,
                kept_options,
                recall_style,
            )

            recall_style(layer)
            statistic = statistic or drawn_statistic(layer)
            changes = kept_options(layer, statistic) if statistic else {}
    elif reader.text(PRESET):
        from ..mapping.style.presets import find_preset  # noqa: PLC0415  (needs numpy)

        preset = find_preset(reader.text(PRESET), locations.presets_folder())
        statistic = statistic or preset.statistic
        if layer is not None:
            from ..mapping.map_file import MapFile  # noqa: PLC0415  (needs numpy)

            file = MapFile.of(layer)
            changes = preset.changes(statistic or file.statistic, file.spec.unit)
    for parameter, option, default, read in _OPTIONS:
        value = read(reader, parameter)
        if value != default:
            changes[option] = value
    if statistic:
        changes["statistic"] = statistic
    side = reader.choice(DRIVING_SIDE)
    if side != AS_IN_ZONE:
        changes["driving_side"] = side
    limits = class_limits(reader.text(LIMITS))
    if limits:
        changes.pop("method", None)
        changes["limits"] = limits
    return changes


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
