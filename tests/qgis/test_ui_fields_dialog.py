"""The editor of the field mapping: what a file is recognised as, guesses that are used, and kept mappings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from qgis.core import QgsSettings
from qgis.PyQt.QtWidgets import QComboBox, QWidget

from roadpulse.aggregation.contract.spec import FieldMapping
from roadpulse.cluster_client.backends.local.probe import LocalTrips
from roadpulse.ui.trip_fields.dialog import FieldsDialog
from roadpulse.ui.trip_fields.kept_mappings import forget_mapping, keep_mapping, kept_mappings
from roadpulse.ui.trip_fields.sample import preview


@pytest.fixture
def window(qgis_app: object) -> Iterator[QWidget]:
    QgsSettings().remove("roadpulse/mappings")
    QgsSettings().remove("roadpulse/mappings_damaged")
    window = QWidget()
    yield window
    window.deleteLater()
    QgsSettings().remove("roadpulse/mappings")


def dialog_of(folder: Path, window: QWidget, mapping: FieldMapping = FieldMapping()) -> FieldsDialog:  # noqa: B008
    found = preview(LocalTrips(), str(folder), mapping, lambda: None)
    return FieldsDialog(found, mapping, "UTC", "km/h", window)


def write_lines(folder: Path) -> None:
    rows = [
        {"edge_id": "110+04099", "v_mph": 20 + i, "zeit": "2025-06-10 08:00:00", "trip": i // 3}
        for i in range(9)
    ]
    (folder / "day.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_what_is_recognised_is_taken_with_a_click(tmp_path: Path, window: QWidget) -> None:
    write_lines(tmp_path)
    dialog = dialog_of(tmp_path, window)
    assert dialog.form_name.text() == "JSON lines, a point a line"
    dialog.note.clicked.emit("propose")
    assert dialog.findChild(QComboBox, "field_link_id").currentText() == "edge_id"
    assert any("Link ids are texts, such as 110+04099." in text for text in dialog.guesses.texts)
    chosen: list[FieldMapping] = []
    dialog.chosen.connect(chosen.append)
    dialog._accept()
    (mapping,) = chosen
    assert (mapping.link_id, mapping.speed, mapping.time, mapping.trip_id) == (
        "edge_id",
        "v_mph",
        "zeit",
        "trip",
    )
    assert mapping.naive_times == "local"


def test_a_guess_that_is_used_is_told_when_the_dialog_is_accepted(tmp_path: Path, window: QWidget) -> None:
    write_lines(tmp_path)
    dialog = dialog_of(tmp_path, window)
    used: list[tuple[str, str]] = []
    dialog.used.connect(lambda entry, value: used.append((entry, value)))
    dialog.note.clicked.emit("propose")
    dialog.guesses.used.emit("unit", "mph")
    assert dialog.table.horizontalHeaderItem(1).text() == "Speed, mph"
    assert used == []
    dialog._accept()
    assert used == [("unit", "mph")]


def test_a_mapping_is_kept_under_a_name_and_forgotten(tmp_path: Path, window: QWidget) -> None:
    write_lines(tmp_path)
    dialog = dialog_of(tmp_path, window)
    dialog.note.clicked.emit("propose")
    dialog._keep("County <b>2025</b>")
    mapping = dialog._mapping()
    assert kept_mappings() == {"County <b>2025</b>": mapping}
    again = dialog_of(tmp_path, window)
    at = again.preset.findText("County <b>2025</b>")
    again.preset.setCurrentIndex(at)
    again.preset.activated.emit(at)
    assert again._mapping() == mapping
    assert again.forget.isEnabled()
    again.preset.setCurrentIndex(again.preset.count() - 1)
    again._forget()
    assert kept_mappings() == {}


def test_kept_mappings_that_cannot_be_read_are_left_out(window: QWidget) -> None:
    QgsSettings().setValue("roadpulse/mappings", json.dumps({"good": {"speed": "v"}, "bad": {"sped": "v"}}))
    assert kept_mappings() == {"good": FieldMapping(speed="v")}
    QgsSettings().setValue("roadpulse/mappings", "[")
    assert kept_mappings() == {}


def test_what_cannot_be_read_of_kept_mappings_stays_when_another_is_kept(window: QWidget) -> None:
    newer = {"speed": "v", "of_a_later_version": 1}
    QgsSettings().setValue("roadpulse/mappings", json.dumps({"newer": newer, "old": {"speed": "w"}}))
    keep_mapping("mine", FieldMapping(speed="u"))
    forget_mapping("old")
    assert json.loads(QgsSettings().value("roadpulse/mappings"))["newer"] == newer
    assert kept_mappings() == {"mine": FieldMapping(speed="u")}
    QgsSettings().setValue("roadpulse/mappings", "[")
    keep_mapping("mine", FieldMapping(speed="u"))
    assert QgsSettings().value("roadpulse/mappings_damaged") == "["


def test_another_mapping_of_the_same_name_is_not_replaced(tmp_path: Path, window: QWidget) -> None:
    write_lines(tmp_path)
    keep_mapping("County", FieldMapping(speed="u"))
    dialog = dialog_of(tmp_path, window)
    dialog._keep("County")
    assert kept_mappings() == {"County": FieldMapping(speed="u")}
    assert dialog.note.plain.startswith("“County” is the name of other fields already")


def test_a_form_that_cannot_serve_says_what_to_do(tmp_path: Path, window: QWidget) -> None:
    root = {"matchings": [{"legs": [{"annotation": {"speed": [9.1]}}]}], "tracepoints": []}
    (tmp_path / "a.json").write_text(json.dumps(root), encoding="utf-8")
    dialog = dialog_of(tmp_path, window)
    assert dialog.form_name.text() == "OSRM, match"
    assert dialog.guesses.texts[0].startswith("It has no ids of links")
