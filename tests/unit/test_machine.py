"""What a computer cannot do is left out for a reason that is told once; what other users need lies open."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from development import machine
from development.installed import anyone_may_enter, for_anyone

ROOT = Path(__file__).resolve().parents[2]
RUNNERS = ("Popen", "run", "start", "check_output", "check_call")
BLIND = """
import pytest
from tests.abilities import need, needs

@needs("mounts")
def test_marked(): pass

def test_asked(): need("mounts")

def test_part(): {last}
"""


def session(folder: Path, last: str, **environment: str) -> tuple[int, str]:
    """A session of pytest with tests that need what this computer lacks: its exit code and its words."""
    conftest = (
        "from development import machine\n"
        "machine.own_mounts = list\n"  # as in a container
        "from tests.conftest import pytest_runtest_makereport, pytest_sessionfinish\n"
        "from tests.conftest import pytest_terminal_summary\n"
    )
    (folder / "conftest.py").write_text(conftest, encoding="utf-8")
    (folder / "test_blind.py").write_text(BLIND.format(last=last), encoding="utf-8")
    options = ["-q", "-rs", "-p", "no:pytest_qgis", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(folder)],
        cwd=ROOT, env={**os.environ, "ROADPULSE_STRICT": "", **environment}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def test_what_the_computer_lacks_is_left_out(tmp_path: Path) -> None:
    code, told = session(tmp_path, "pass")
    assert code == 0, told
    assert "1 passed, 2 skipped" in told
    assert "CAP_SYS_ADMIN" in told


def test_strict_mode_fails_with_one_sentence_and_no_traceback(tmp_path: Path) -> None:
    code, told = session(tmp_path, "pass", ROADPULSE_STRICT="1")
    assert code == 1, told
    assert "1 passed, 2 skipped" in told and "FAILED" not in told and "Traceback" not in told
    (sentence,) = re.findall(r"^strict mode: .*$", told, re.MULTILINE)
    assert sentence == f"strict mode: 2 left out. {machine.ABILITIES['mounts'].sentence}"


def test_strict_mode_still_fails_tests_that_lack_a_part(tmp_path: Path) -> None:
    code, told = session(tmp_path, "pytest.skip('there is no sshd')", ROADPULSE_STRICT="1")
    assert code == 1
    assert "1 failed, 2 skipped" in told and "skipped in strict mode: there is no sshd" in told


def test_every_lack_is_said_with_the_way_to_have_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.main()
    here = capsys.readouterr().out.splitlines()
    assert len(here) == sum(not ability.check() for ability in machine.ABILITIES.values())
    nothing = {
        name: machine.Ability(ability.lack, ability.way, bool) for name, ability in machine.ABILITIES.items()
    }
    monkeypatch.setattr(machine, "ABILITIES", nothing)
    machine.lack.cache_clear()
    try:
        machine.main()
    finally:
        machine.lack.cache_clear()
    told = capsys.readouterr().out.splitlines()
    assert len(told) == len(nothing)
    for line, ability in zip(told, nothing.values()):
        assert line == f"== left out here: {ability.lack}. {ability.way}."
        assert "left out" in ability.lack


def test_a_bound_process_meets_file_permissions_and_reads_this_clone(tmp_path: Path) -> None:
    if machine.lack("permissions"):
        pytest.skip(machine.lack("permissions"))
    folder = tmp_path / "read only"
    folder.mkdir(mode=0o555)
    script = "import sys, pathlib, roadpulse; pathlib.Path(sys.argv[1], 'x').touch()"
    done = subprocess.run(
        [*machine.BOUND, sys.executable, "-c", script, str(folder)], cwd="/",
        env={**os.environ, "PYTHONPATH": str(ROOT / "build" / "plugins")}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert "PermissionError" in done.stderr and not list(folder.iterdir())


def test_what_lies_closed_is_copied_for_others(tmp_path: Path) -> None:
    base = Path("/var/tmp") if anyone_may_enter(Path("/var/tmp")) else Path("/")
    assert for_anyone(base, tmp_path / "copy") == base
    source = tmp_path / "closed" / "part"
    (source / "bin").mkdir(parents=True)
    (source / "bin" / "tool").write_text("tool")
    (source / "bin" / "tool").chmod(0o700)
    (source / "open.jar").write_text("jar")
    (source / "open.jar").chmod(0o644)
    (source / "link").symlink_to("bin")
    source.parent.chmod(0o700)
    copy = for_anyone(source, tmp_path / "copy")
    assert copy == tmp_path / "copy"
    assert (copy / "link").readlink() == Path("bin")
    for path in (copy, copy / "bin", copy / "bin" / "tool"):
        assert path.stat().st_mode & 0o777 == 0o755
    assert (copy / "open.jar").samefile(source / "open.jar")
    assert (source / "bin" / "tool").stat().st_mode & 0o777 == 0o700


def test_no_test_makes_a_python_of_this_clone_another_user() -> None:
    """Other users may not enter a clone in root's home; `machine.BOUND` serves there as well."""
    found = []
    for path in (ROOT / "tests").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            another = any(
                word.arg == "user" and isinstance(word.value, ast.Constant) for word in call.keywords
            )
            plain = call.args and ast.unparse(call.args[0]).startswith(
                ("['", '["')
            )  # a program of the system
            if another and isinstance(call.func, ast.Attribute) and call.func.attr in RUNNERS and not plain:
                found.append(f"{path.relative_to(ROOT)}:{call.lineno}")
        if re.search(r"\bos\.set(e|re|res)?uid\(", path.read_text(encoding="utf-8")):
            found.append(str(path.relative_to(ROOT)))
    assert [place for place in found if "test_machine" not in place] == []
