"""A connection that stores no password: the person is asked for it when they say so, and goes on."""

from driver import Robot, drive, store_connection
from qgis.core import QgsCredentials, QgsSettings


class Person(QgsCredentials):
    """Answers instead of the window that QGIS would show."""

    def __init__(self, user: str, word: str) -> None:
        super().__init__()
        self.answer = (True, user, word)
        self.setInstance(self)

    def request(self, realm, username, password, message=""):
        return self.answer


def scenario(robot: Robot):
    address = robot.options["postgis"]
    store_connection("Roads", address)
    QgsSettings().remove("PostgreSQL/connections/Roads/password")
    QgsSettings().setValue("PostgreSQL/connections/Roads/savePassword", "false")
    yield from robot.open_run_dialog()
    roads = robot.dialog.form.roads
    yield lambda: not roads.busy
    robot.report["before"] = roads.note.plain
    robot.screenshot("login", robot.dialog)
    robot.person = Person(address["user"], address["password"])
    roads.note.clicked.emit("login")
    yield lambda: roads.table.count() > 0
    robot.report["tables"] = [roads.table.itemText(at) for at in range(roads.table.count())]


drive(scenario)
