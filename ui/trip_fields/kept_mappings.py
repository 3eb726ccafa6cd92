"""Field mappings that the person keeps under a name, in QGIS's settings."""

from __future__ import annotations

import json
import logging

from qgis.core import QgsSettings

from ...aggregation.contract.errors import SpecError
from ...aggregation.contract.json_text import Entries, JsonFault, decode
from ...aggregation.contract.spec import FieldMapping

_KEY = "roadpulse/mappings"
_LARGEST = 1 << 20
log = logging.getLogger(__name__)


def kept_mappings() -> dict[str, FieldMapping]:
    """Return the kept mappings by name, sorted; those that this version cannot read are left out."""
    text = QgsSettings().value(_KEY, "")
    if not isinstance(text, str) or not text:
        return {}
    try:
        values = Entries.of(decode(text, "the kept mappings", _LARGEST), "the kept mappings").values
    except JsonFault as fault:
        log.warning("Kept field mappings cannot be read: %s", fault)
        return {}
    found = {}
    for name, value in sorted(values.items()):
        try:
            found[name] = FieldMapping.from_json(value)
        except SpecError as error:
            log.warning("The kept field mapping %r cannot be read: %s", name, error)
    return found


def keep_mapping(name: str, mapping: FieldMapping) -> None:
    """Keep a mapping under a name, in the place of one that has it."""
    _save({**kept_mappings(), name: mapping})


def forget_mapping(name: str) -> None:
    """Forget the mapping of a name."""
    _save({kept: mapping for kept, mapping in kept_mappings().items() if kept != name})


def _save(mappings: dict[str, FieldMapping]) -> None:
    QgsSettings().setValue(
        _KEY, json.dumps({name: mapping.to_json() for name, mapping in mappings.items()}, sort_keys=True)
    )
