"""The Python that runs the aggregation is found inside QGIS on every system."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from roadpulse.cluster_client.backends.local.diagnosis import LocalChecks
from roadpulse.cluster_client.backends.local.python_path import Surroundings, child_environment, find_python
from roadpulse.cluster_client.errors import StartError
from roadpulse.cluster_client.profiles.profile import LOCAL
from tests.pythons import each_python


def program(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def around(platform, executable, prefix, search=""):
    return Surroundings(
        platform=platform,
        executable=str(executable),
        prefix=str(prefix),
        base_prefix=str(prefix),
        version=(3, 12),
        search=str(search),
    )


def test_outside_qgis_it_is_this_python():
    assert find_python() == sys.executable


def test_on_windows_it_is_beside_the_standard_library(tmp_path):
    qgis = program(tmp_path / "OSGeo4W/bin/qgis-bin.exe")
    python = program(tmp_path / "OSGeo4W/apps/Python312/python.exe")
    assert find_python("", around("win32", qgis, tmp_path / "OSGeo4W/apps/Python312")) == str(python)


def test_on_windows_osgeo4ws_own_python_will_do(tmp_path):
    qgis = program(tmp_path / "OSGeo4W/bin/qgis-bin.exe")
    python = program(tmp_path / "OSGeo4W/bin/python3.exe")
    assert find_python("", around("win32", qgis, tmp_path / "OSGeo4W/apps/Python312")) == str(python)


@pytest.mark.parametrize("place", ["bin/python3", "python3.12", "bin/python3.12"])
def test_on_macos_it_is_in_the_bundle(tmp_path, place):
    contents = tmp_path / "QGIS.app/Contents"
    qgis = program(contents / "MacOS/QGIS")
    python = program(contents / "MacOS" / place)
    assert find_python("", around("darwin", qgis, contents / "Frameworks")) == str(python)


def test_on_linux_the_same_version_is_preferred(tmp_path):
    program(tmp_path / "usr/bin/python3")
    python = program(tmp_path / "usr/bin/python3.12")
    assert find_python("", around("linux", tmp_path / "usr/bin/qgis", tmp_path / "usr")) == str(python)


def test_a_python_that_only_comes_first_on_the_path_is_not_preferred(tmp_path):
    shim = program(tmp_path / "shims/python3")
    python = program(tmp_path / "usr/bin/python3.12")
    assert find_python("", around("linux", shim, tmp_path / "usr")) == str(python)


def test_the_python_of_a_virtual_environment_is_kept(tmp_path):
    program(tmp_path / "venv/bin/python3.12")
    python = program(tmp_path / "venv/bin/python")
    assert find_python("", around("linux", python, tmp_path / "venv")) == str(python)


def test_the_profiles_wish_comes_first(tmp_path):
    python = program(tmp_path / "my python")
    assert find_python(str(python)) == str(python)
    with pytest.raises(StartError, match="no such"):
        find_python("no such")


def test_a_system_without_python_is_told(tmp_path):
    with pytest.raises(StartError, match="No Python"):
        find_python("", around("linux", tmp_path / "qgis", tmp_path, tmp_path))


def test_the_child_sees_the_same_packages(tmp_path, monkeypatch):
    (tmp_path / "only here").mkdir()
    (tmp_path / "only here/rare_package.py").write_text("WHERE = __file__", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "only here"))
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    code = (
        "import rare_package, numpy, msgspec, roadpulse; "
        "print(rare_package.WHERE, roadpulse.__file__, sep='\\n')"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=child_environment(Path(__file__).parents[2] / "build/plugins"),
        capture_output=True,
        text=True,
        check=True,
    )
    rare, package = answer.stdout.splitlines()
    assert rare == str(tmp_path / "only here/rare_package.py")
    assert Path(package).parent.name == "roadpulse"


def test_the_standard_library_is_not_handed_down():
    paths = child_environment(Path("/somewhere"), {})["PYTHONPATH"].split(os.pathsep)
    assert paths[0] == "/somewhere"
    assert str(Path(os.__file__).parent) not in paths


@each_python
def test_the_diagnosis_imports_no_module_from_where_qgis_was_started(tmp_path, monkeypatch, python):
    (tmp_path / "json.py").write_text("raise SystemExit('planted')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    group = LocalChecks(replace(LOCAL, python=python), str(tmp_path), str(tmp_path))
    (check,) = (check for check in group.checks() if check.name == "python")
    found = check.work()
    assert python in found.found and "planted" not in found.found
