"""The person makes a map worth publishing: each part of the session is a module beside `driver.py`."""

import film_steps
import page_steps
import style_dialog_steps
import time_bar_steps
import two_times_steps
from driver import Robot, drive
from qgis.utils import iface

PARTS = (time_bar_steps, two_times_steps, style_dialog_steps, film_steps, page_steps)
"""Modules with a generator `steps(robot)`, which leaves an empty project behind."""


def scenario(robot: Robot):
    iface.mainWindow().resize(1500, 940)
    for part in PARTS:
        yield from part.steps(robot)


drive(scenario)
