"""Check a call's parameters before anything reads them: unknown names and values of another type are refused.

QGIS's own check skips names that do not exist, reads an object as an empty text and "no" as true, and
refuses the number of an option that its help offers. Values that can be understood in one way only are
brought into the form that `reader` reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from difflib import get_close_matches
from math import isfinite
from numbers import Integral, Real
from os import PathLike, fspath
from typing import Any

from qgis.core import (
    Qgis,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsVariantUtils,
)
from qgis.PyQt.QtCore import QDate, QDateTime

from ..aggregation.contract.errors import RunError, SpecError
from ..aggregation.contract.spec import unit_key
from ..mapping.language import tr
from . import parameters as p

OF_QGIS = frozenset({"ellipsoid", "distance_units", "area_units", "project_path"})
"""Options of `qgis_process` itself, in lower case; some callers put them among the inputs."""

_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_SHOWN = 60  # characters of a value in a message


def validated(
    definitions: Iterable[QgsProcessingParameterDefinition], parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the parameters in the form that `reader` reads; raises `RunError` that names what is refused.

    Nulls, expressions and objects of QGIS (layers, outputs, extents) pass as they are.
    """
    known = {definition.name(): definition for definition in definitions}
    unknown = [name for name in parameters if name not in known and name.lower() not in OF_QGIS]
    if unknown:
        raise _unknown(unknown, list(known))
    return {
        name: value if QgsVariantUtils.isNull(value) else _read(known[name], value)
        for name, value in parameters.items()
        if name in known
    }


def _unknown(names: list[str], known: list[str]) -> RunError:
    upper = [get_close_matches(name.upper(), known, 1, 0.5) for name in names]
    close = list(dict.fromkeys(match[0] for match in upper if match))
    text = tr("There is no parameter {names}.").format(names=", ".join(names))
    if close:
        text += " " + tr("Did you mean {names}?").format(names=", ".join(close))
    return RunError(text + " " + tr("The parameters are {names}.").format(names=", ".join(known)))


def _read(definition: QgsProcessingParameterDefinition, value: Any) -> Any:
    name = definition.name()
    if name in p.JSON_TEXTS and isinstance(value, (Mapping, list)):
        try:
            return json.dumps(value)
        except (TypeError, ValueError, RecursionError) as error:
            raise SpecError(name, tr("is not JSON: {why}").format(why=error)) from error
    if name in p.LISTS and isinstance(value, (list, tuple)):
        return ",".join(_word(name, each) for each in value)
    for kind, read in _READERS:
        if isinstance(definition, kind):
            return read(definition, value)
    if isinstance(value, PathLike):
        return fspath(value)
    if isinstance(value, (Real, Mapping, list, tuple)):  # a bool is a number, too
        raise SpecError(name, tr("is {value}, not a text").format(value=_shown(value)))
    return value


def _number(definition: QgsProcessingParameterNumber, value: Any) -> Any:
    name, shown = definition.name(), _shown(value)
    whole = definition.dataType() == Qgis.ProcessingNumberParameterType.Integer
    if isinstance(value, bool) or not isinstance(value, (str, Real)):
        if _is_of_json(value):
            raise SpecError(name, tr("is {value}, not a number").format(value=shown))
        return value  # an expression
    try:
        number = float(value)
        if not isfinite(number):
            raise ValueError(value)
    except (ValueError, OverflowError) as error:
        raise SpecError(name, tr("is {value}, not a number").format(value=shown)) from error
    if whole and number != int(number):
        raise SpecError(name, tr("is {value}, not a whole number").format(value=shown))
    low, high = definition.minimum(), definition.maximum()
    if not low <= number <= high:
        raise SpecError(
            name,
            tr("is {value}; it lies between {low} and {high}").format(
                value=shown, low=f"{low:g}", high=f"{int(high):,}" if high == int(high) else f"{high:g}"
            ),
        )
    return int(number) if whole else number


def _flag(definition: QgsProcessingParameterDefinition, value: Any) -> Any:
    if isinstance(value, bool) or not (isinstance(value, str) or _is_of_json(value)):
        return value
    read = _FLAGS.get(str(value).strip().lower()) if isinstance(value, (str, Integral)) else None
    if read is None:
        raise SpecError(definition.name(), tr("is {value}, not true or false").format(value=_shown(value)))
    return read


def _moment(definition: QgsProcessingParameterDefinition, value: Any) -> Any:
    if isinstance(value, (QDate, QDateTime)):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if _is_of_json(value):
        raise SpecError(
            definition.name(), tr("is {value}, not a date such as 2025-06-10").format(value=_shown(value))
        )
    return value


def _layers(definition: QgsProcessingParameterMultipleLayers, value: Any) -> Any:
    """A list of layers, each as a layer or a text; one alone is taken for a list of it."""
    given = list(value) if isinstance(value, (list, tuple)) else [value]
    for each in given:
        if isinstance(each, (Real, Mapping, list, tuple)):
            raise SpecError(definition.name(), tr("holds {value}, not a layer").format(value=_shown(each)))
    return [fspath(each) if isinstance(each, PathLike) else each for each in given]


def _options(definition: QgsProcessingParameterEnum, value: Any) -> Any:
    """The text of an option where scripts name options by text, else its number; a list where several count.

    An option is given by its text or its number from 0 on.
    """
    if not (isinstance(value, (str, tuple)) or _is_of_json(value)):
        return value  # an expression
    by_text = definition.usesStaticStrings()
    if not definition.allowMultiple():
        number = _option(definition, value)
        return definition.options()[number] if by_text else number
    if isinstance(value, str):
        value = [part for part in value.split(",") if part.strip()]
    given = list(value) if isinstance(value, (list, tuple)) else [value]
    numbers = [_option(definition, one) for one in given]
    return [definition.options()[number] for number in numbers] if by_text else numbers


def _option(definition: QgsProcessingParameterEnum, value: Any) -> int:
    options = definition.options()
    text = value.strip() if isinstance(value, str) else ""
    if definition.name() in (p.SPEED_UNIT, p.SHOWN_UNIT):
        text = unit_key(text)
    if text in options:
        return int(options.index(text))
    folded = [option.casefold() for option in options]
    if text and folded.count(text.casefold()) == 1:
        return folded.index(text.casefold())
    number = -1
    if text.isascii() and text.isdigit() and len(text) < 10:
        number = int(text)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and value in range(len(options)):
        number = int(value)
    if not 0 <= number < len(options):
        choices = ", ".join(f"{option} ({i})" for i, option in enumerate(options))
        raise SpecError(
            definition.name(),
            tr("is {value}; choose one of {choices}, by its text or its number").format(
                value=_shown(value), choices=choices
            ),
        )
    return number


def _word(name: str, value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str):
        raise SpecError(name, tr("holds {value}, not a text").format(value=_shown(value)))
    return value


def _is_of_json(value: Any) -> bool:
    return isinstance(value, (Real, Mapping, list, tuple))


def _shown(value: Any) -> str:
    """Return a value as a message shows it: as JSON, one short line."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    text = text if text.isprintable() else ascii(text)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


_Read = Callable[[Any, Any], Any]
_READERS: tuple[tuple[type, _Read], ...] = (
    (QgsProcessingParameterNumber, _number),
    (QgsProcessingParameterBoolean, _flag),
    (QgsProcessingParameterDateTime, _moment),
    (QgsProcessingParameterEnum, _options),
    (QgsProcessingParameterMultipleLayers, _layers),
)
