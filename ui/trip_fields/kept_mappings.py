"""Field mappings that the person keeps under a name, in QGIS's settings."""

from __future__ import annotations

import json
import logging
from typing import Any

from qgis.core import QgsSettings

from ...aggregation.contract.errors import SpecError
from ...aggregation.contract.json_text import Entries, JsonFault, decode
from ...aggregation.contract.spec import FieldMapping

_KEY, _DAMAGED_KEY = "roadpulse/mappings", "roadpulse/mappings_damaged"
_LARGEST = 1 << 20
log = logging.getLogger(__name__)


def kept_mappings() -> dict[str, FieldMapping]:
    """Return the kept mappings by name, sorted; those that this version cannot read are left out."""
    found = {}
    for name, value in sorted(_stored().items()):
        try:
            found[name] = FieldMapping.from_json(value)
        except SpecError as error:
            log.warning("The kept field mapping %r cannot be read: %s", name, error)
    return found


def keep_mapping(name: str, mapping: FieldMapping) -> None:
    """Keep a mapping under a name, in the place of one that has it; all others stay as they are."""
    _store({**_stored(), name: mapping.to_json()})


def forget_mapping(name: str) -> None:
    """Forget the mapping of a name; all others stay as they are."""
    _store({kept: value for kept, value in _stored().items() if kept != name})


def _stored() -> dict[str, Any]:
    """Return all entries by name, also those that only another version can read."""
    text = QgsSettings().value(_KEY, "")
    if not isinstance(text, str) or not text:
        return {}
    try:
        return dict(Entries.of(decode(text, "the kept mappings", _LARGEST), "the kept mappings").values)
    except JsonFault as fault:
        log.warning("Kept field mappings cannot be read: %s", fault)
        QgsSettings().setValue(_DAMAGED_KEY, text)  # before it is replaced
        return {}


def _store(values: dict[str, Any]) -> None:
    QgsSettings().setValue(_KEY, json.dumps(values, sort_keys=True))
