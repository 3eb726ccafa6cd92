"""Presets: looks of maps under a name, a JSON file each, shipped or kept by the person, to be shared.

A file is written only under the name of its preset, so that those of a later version stay as they are.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...aggregation.contract import statistic as statistics
from ...aggregation.contract.errors import RunError
from ...aggregation.contract.json_text import LARGEST_NOTE, Entries, JsonFault, decode, shown
from ..errors import MapError
from ..file_kinds import FileKind
from ..output_file import written_whole
from .methods import BY_HAND, METHODS
from .options import APPEARANCE, StyleOptions, known_options


def _stranger(path: Path) -> str:
    with path.open("rb") as file:
        return "" if MARK.encode() in file.read(4096) else "it is not a preset of Roadpulse"


def _is_json(path: Path) -> bool:
    try:
        decode(path.read_bytes(), path.name)
    except JsonFault:
        return False
    return True


SHIPPED = Path(__file__).absolute().parents[2] / "resources" / "presets"
MARK, VERSION = "roadpulse_style", 1
"""Entry that marks a file as a preset, with the version of its form."""

LONGEST_NAME = 80
PRESET_FILE = FileKind(
    "a preset of Roadpulse",
    ".json",
    _stranger,
    _is_json,
)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Preset:
    """A look under a name: `style` has options of `StyleOptions` that are of no map in particular.

    It may also hold a `statistic`, and with the method by hand `limits` of that statistic in a `unit`.
    """

    name: str
    style: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""
    is_shipped: bool = False

    @classmethod
    def of(cls, name: str, options: StyleOptions) -> Preset:
        """Create a preset of the look of a map. Raises `MapError`."""
        _check_name(name)
        style = {key: getattr(options, key) for key in APPEARANCE}
        if options.method == BY_HAND:
            style |= {"limits": list(options.limits), "unit": options.unit}
        if not METHODS[options.method].counts:  # its limits are those of the statistic
            style["statistic"] = options.statistic
        return cls(name, style)

    def changes(self, statistic: str, unit: str) -> dict[str, Any]:
        """Return its options for a map that shows a statistic, speeds in `unit`, as `StyleOptions` has them.

        Limits that were typed for another statistic or unit are left out.
        """
        found = known_options(self.style, APPEARANCE)
        is_speed = statistics.statistic(statistic).unit == statistics.SPEED
        if self.style.get("statistic") != statistic or (is_speed and self.style.get("unit") != unit):
            found.pop("limits", None)
        return found

    @property
    def statistic(self) -> str:
        """Key of the statistic that it is for; empty for any."""
        return str(self.style.get("statistic", ""))

    def to_json(self) -> dict[str, Any]:
        """Return what its file holds."""
        return {MARK: VERSION, "name": self.name, "about": self.about, "style": dict(self.style)}


def read_preset(path: Path, is_shipped: bool = False) -> Preset:
    """Return the preset of a file. Raises `MapError`, also for one of a later version."""
    try:
        values = Entries.read(path, LARGEST_NOTE)
        if MARK not in values:
            raise JsonFault(str(path), "it is not a preset of Roadpulse")
        if values.whole(MARK) > VERSION:
            raise values.fault(MARK, "of a later version of Roadpulse")
        name, style = values.text("name"), values.part("style")
        _check_name(name)
        about = values.text("about") if "about" in values else ""
        known = known_options(style.values, APPEARANCE)
        for entry in style:
            if entry in APPEARANCE and entry not in known:
                raise style.fault(entry, "which this version does not know")
        if "statistic" in style and not statistics.is_statistic(style.text("statistic")):
            raise style.fault("statistic", "which this version does not know")
        return Preset(name, dict(style.values), about, is_shipped)
    except (JsonFault, OSError) as error:
        fault = error.fault if isinstance(error, JsonFault) else error.strerror or str(error)
        raise MapError(f"The preset {path} cannot be used: {fault}. Choose another file.") from error


def presets(folder: Path) -> list[Preset]:
    """Return the shipped presets, then those that the person keeps in a folder, by name.

    Those that this version cannot read are left out, and stay in the folder.
    """
    found = []
    for place, is_shipped in ((SHIPPED, True), (folder, False)):
        here = []
        for path in sorted(place.glob("*.json")):
            try:
                here.append(read_preset(path, is_shipped))
            except MapError as error:
                log.warning("%s", error.message)
        found += sorted(here, key=lambda preset: preset.name.casefold())
    return found


def find_preset(text: str, folder: Path) -> Preset:
    """Return the preset of a name, the person's own before a shipped one, or of a file. Raises `MapError`."""
    known = presets(folder)
    for preset in reversed(known):
        if preset.name == text:
            return preset
    path = Path(text).expanduser()
    if path.suffix.lower() == ".json":
        return read_preset(path)
    names = ", ".join(dict.fromkeys(preset.name for preset in known))
    raise MapError(f"There is no preset {shown(text)}. Choose one of {names}, or give a JSON file.")


def keep_preset(preset: Preset, folder: Path) -> None:
    """Keep a preset in the person's folder, in the place of one of its name.

    Raises `MapError` where the file cannot be written, or has that name in a later version.
    """
    path = _path(preset.name, folder)
    if path.exists():
        read_preset(path)  # what cannot be read is not replaced
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_preset(preset, path)
    except (OSError, RunError) as error:
        reason = error.message if isinstance(error, RunError) else error.strerror or str(error)
        raise MapError(f"The preset {preset.name} cannot be kept in {folder}: {reason}") from error


def forget_preset(name: str, folder: Path) -> None:
    """Delete the person's preset of a name. Raises `MapError`."""
    try:
        _path(name, folder).unlink()
    except OSError as error:
        raise MapError(f"The preset {name} cannot be deleted: {error.strerror}.") from error


def write_preset(preset: Preset, path: Path) -> None:
    """Write a preset as a JSON file, whole or not at all; raises `RunError`."""
    with written_whole(path, PRESET_FILE) as aside:
        aside.write_text(json.dumps(preset.to_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _path(name: str, folder: Path) -> Path:
    """Return the file of a preset: its words, and a digest for what no file's name may have."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    return folder / f"{words}-{hashlib.sha256(name.encode()).hexdigest()[:8]}.json"


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise MapError(
            f"A preset cannot have the name {shown(name)}. Give it 1 to {LONGEST_NAME} letters or digits."
        )
