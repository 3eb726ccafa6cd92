"""Questions of the profile editor: unsaved changes, deletion, and files."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QFileDialog, QMessageBox, QWidget

from ...aggregation.contract.errors import RunError
from ...cluster_client.errors import ProfileError
from ...cluster_client.profiles.profile import Profile
from ...cluster_client.profiles.trust import named_programs, where_they_run
from ...mapping.language import tr
from ..widgets.number_format import slug
from ..widgets.plain_text import message_box

_FILTER = "Roadpulse (*.json)"
Do = Callable[[], object]


def ask_unsaved(parent: QWidget, name: str, problem: str, save: Do, drop: Do) -> None:
    """Ask what to do with changes; `problem` says why they cannot be saved."""
    more = tr("They cannot be saved yet: {why}").format(why=problem) if problem else ""
    box = _question(parent, tr("Save the changes of “{name}”?").format(name=name), more)
    button = box.addButton(QMessageBox.StandardButton.Save)
    button.setEnabled(not problem)
    button.clicked.connect(lambda _=False: save())
    box.addButton(QMessageBox.StandardButton.Discard).clicked.connect(lambda _=False: drop())
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.open()


def ask_delete(parent: QWidget, name: str, delete: Do) -> None:
    """Ask whether a profile is to go."""
    text = tr("Delete the profile “{name}”?").format(name=name)
    box = _question(parent, text, tr("Its runs and their results stay, here and on the cluster."))
    button = box.addButton(tr("Delete"), QMessageBox.ButtonRole.DestructiveRole)
    button.setObjectName("yes")
    button.clicked.connect(lambda _=False: delete())
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.open()


def ask_programs(parent: QWidget, profile: Profile, add: Do) -> None:
    """Ask whether the programs that a profile of a file names may be run; at once where it names none."""
    programs = named_programs(profile)
    if not programs:
        add()
        return
    listed = "\n".join(f"{entry}: {value}" for entry, value in programs.items())
    more = tr("They would run on {where}, as you. Add it only if you know who wrote the file.")
    box = _question(
        parent,
        tr("The profile “{name}” names programs. Add it?").format(name=profile.name),
        f"{listed}\n\n{more.format(where=where_they_run(profile))}",
    )
    button = box.addButton(tr("Add"), QMessageBox.ButtonRole.AcceptRole)
    button.setObjectName("yes")
    button.clicked.connect(lambda _=False: add())
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(QMessageBox.StandardButton.Cancel)
    box.setEscapeButton(cancel)
    box.open()


def choose_import(parent: QWidget, then: Callable[[str], object]) -> None:
    """Ask for a profile file to read."""
    dialog = QFileDialog(parent, tr("Add a profile from a file"), "", tr(_FILTER))
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(then)
    dialog.open()


def choose_export(parent: QWidget, name: str, then: Callable[[str], object]) -> None:
    """Ask for a profile file to write."""
    dialog = QFileDialog(parent, tr("Write the profile to a file"), "", tr(_FILTER))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("json")
    dialog.selectFile(f"{slug(name)}.json")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(then)
    dialog.open()


def _question(parent: QWidget, text: str, more: str) -> QMessageBox:
    box = message_box(QMessageBox.Icon.Question, tr("Roadpulse"), text, more, parent)
    box.setObjectName("question")
    return box


def refuse_other_file(file: Path) -> None:
    """Raise `RunError` where a profile would take the place of a file that is none."""
    try:
        if file.exists() and file.stat().st_size:
            Profile.read(file)
    except ProfileError as error:
        raise RunError(
            tr("{path} is not a profile, so it was not replaced. Choose another name.").format(path=file),
            error.message,
        ) from error
    except OSError as error:
        raise RunError(
            tr("The profile cannot be written to {path}: {why}.").format(path=file, why=error.strerror)
        ) from error
