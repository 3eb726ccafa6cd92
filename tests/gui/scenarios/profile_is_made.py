"""A profile of a cluster is made: typed, its key compared, looked at, saved, and found under Where."""

from driver import Robot, drive, pause
from qgis.PyQt import sip
from qgis.PyQt.QtTest import QTest

from roadpulse.ui.diagnosis.dialog import DiagnosisDialog
from roadpulse.ui.diagnosis.host_key_dialog import HostKeyDialog
from roadpulse.workflow import locations


def write(dialog, entry, text):
    field = next(f for s in dialog.form.sections for f in s.fields if f.entry == entry and f.wanted)
    edit = field.spin.lineEdit() if hasattr(field, "spin") else field.edit
    edit.selectAll()
    QTest.keyClicks(edit, str(text))


def scenario(robot: Robot):
    options = robot.options
    yield from robot.open_run_dialog()
    robot.ui.profiles.show()
    yield robot.ui.profiles.dialog.isVisible
    profiles = robot.ui.profiles.dialog
    profiles.side.add.emit("ssh")
    robot.report["grey_because"] = profiles.status_note.plain
    for entry in ("name", "host", "port", "user", "key_path", "python", "folders.runs"):
        write(profiles, entry, options[entry])
    yield from pause(0.3)
    robot.screenshot("profile-typed", profiles)
    robot.report["stored_before"] = [p.name for p in locations.profile_store().profiles().profiles]
    since = robot.now()
    profiles.check_button.click()
    yield (
        lambda: (
            profiles.findChild(HostKeyDialog) is not None and profiles.findChild(HostKeyDialog).isVisible()
        )
    )
    key = profiles.findChild(HostKeyDialog)
    robot.report["fingerprint"] = key.error.fingerprint
    yield from pause(0.2)
    robot.screenshot("host-key", key)
    key.accept_button.click()
    looked = profiles.findChild(DiagnosisDialog)
    yield lambda: looked.findings and not looked.running and looked.findings[2].outcome.value == "ok"
    yield from pause(0.2)
    robot.screenshot("diagnosis", looked)
    robot.report["outcomes"] = {finding.name: finding.outcome.value for finding in looked.findings}
    robot.measure("all", since)
    looked.close()
    profiles.save_button.click()
    profiles.close()
    yield lambda: sip.isdeleted(profiles)
    where = robot.dialog.form.where
    robot.report["chosen"] = where.profile.name
    robot.report["profile"] = where.profile.to_json()


drive(scenario)
