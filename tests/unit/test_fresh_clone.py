"""On a fresh clone: what a make target needs it makes, and no link leads where nothing was made."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from development import installed

ROOT = Path(__file__).resolve().parents[2]
TARGETS = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with the files as they are now, whose set-up has nothing to install."""
    folder = tmp_path_factory.mktemp("fresh") / "roadpulse"
    subprocess.run(["git", "clone", "-q", "--no-checkout", str(ROOT), str(folder)], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / "build").mkdir()
    for part in ("venv", ".ready"):
        (folder / "build" / part).symlink_to(ROOT / "build" / part)
    return folder


def test_the_check_of_imports_does_not_depend_on_the_name_of_the_checkout(clone: Path) -> None:
    command = [str(ROOT / "build" / "venv" / "bin" / "ruff"), "check", "--no-cache", "--select", "I", "."]
    found = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def make(clone: Path, *words: str) -> str:
    """What a make target says; fails with it where the target does."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "MFLAGS", "PYTHONPATH", "QGIS_", "XDG_RUNTIME_DIR"))
    }
    done = subprocess.run(
        ["make", "--no-print-directory", *words], cwd=clone, env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_target_is_listed_and_finds_its_prerequisites(clone: Path) -> None:
    told = make(clone, "help")
    for target in TARGETS:
        assert f"make {target} " in told
        make(clone, "-n", target)
    assert {"setup", "demo", "run", "test", "check", "cluster", "bench", "package", "clean"} <= set(TARGETS)


def test_what_is_quick_runs_and_clean_takes_it_all_away(clone: Path) -> None:
    exports = dict(line.removeprefix("export ").split("=", 1) for line in make(clone, "env").splitlines())
    plugins, packages = exports["PYTHONPATH"].split(":")
    assert exports["QGIS_PLUGINPATH"] == plugins == str(clone / "build" / "plugins")
    assert (Path(plugins) / "roadpulse" / "metadata.txt").samefile(clone / "metadata.txt")
    assert Path(packages, "numpy").is_dir()

    make(clone, "package")
    (archive,) = (clone / "build").glob("roadpulse-*.zip")
    assert "roadpulse/plugin.py" in zipfile.ZipFile(archive).namelist()

    make(clone, "cluster-stop")  # where none was started
    make(clone, "clean")
    assert not (clone / "build").exists()
    assert (ROOT / "build" / "venv" / "bin" / "python").exists()


def test_what_the_set_up_says_is_not_among_the_exports(clone: Path) -> None:
    """They are read by `eval`."""
    script = clone / "development/setup.sh"
    real = script.read_text(encoding="utf-8")
    script.write_text("#!/bin/sh\necho 'Installing Python packages (once)'\n", encoding="utf-8")
    try:
        lines = make(clone, "-s", "env").splitlines()
    finally:
        script.write_text(real, encoding="utf-8")
    assert [line.split("=")[0] for line in lines] == ["export QGIS_PLUGINPATH", "export PYTHONPATH"]


def test_a_store_is_linked_to_packages_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    link = tmp_path / "store" / "packages"
    for build in ("build", "build of a clone that was moved"):
        monkeypatch.setattr(installed, "BUILD", tmp_path / build)
        for _ in range(2):
            installed.link_packages(tmp_path / "store")
            assert link.resolve() == tmp_path / build / "packages"
            assert link.is_dir()
        shutil.rmtree(tmp_path / build)


def test_links_into_the_build_folder_are_made_by_one_function_that_makes_their_target() -> None:
    """Elsewhere a link dangles as long as nothing else has made what it leads to."""
    found = []
    for path in (
        path for room in ("benchmarks", "development", "tests") for path in (ROOT / room).rglob("*.py")
    ):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in ("symlink_to", "symlink"):
                target = ast.unparse(call.args[0])
                if "venv" in target:  # every set-up makes it
                    continue
                if "BUILD" in target or re.search(r"['\"]build\b", target):
                    found.append(f"{path.relative_to(ROOT)}:{call.lineno} {target}")
    assert [place for place in found if not place.startswith("tests/unit/test_fresh_clone.py")] == []
