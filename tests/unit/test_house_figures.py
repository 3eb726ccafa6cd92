"""The figures of the house (development/house.py), on a small package of known structure."""

from __future__ import annotations

from pathlib import Path

import pytest

from development import house


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """`ui/window` uses `ui/form`, which uses `aggregation`; two modules of `mapping` import each other."""
    files = {
        "aggregation/__init__.py": "",
        "aggregation/spec.py": "import json\n",
        "mapping/__init__.py": "",
        "mapping/page.py": "from . import film\n",
        "mapping/film.py": "def frames():\n    from .page import page\n    return page\n",
        "ui/__init__.py": "",
        "ui/window.py": "from .forms.form import Form\nfrom ..mapping import page\n",
        "ui/forms/__init__.py": "",
        "ui/forms/form.py": "from roadpulse.aggregation.spec import Spec\nremote = profile.kind\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_imports_are_found_at_the_top_inside_of_functions_and_by_the_whole_name(package: Path) -> None:
    arrows = house.graph(package)
    assert arrows["ui.window"] == {"ui.forms.form", "mapping.page"}
    assert arrows["ui.forms.form"] == {"aggregation.spec"}
    assert arrows["mapping.film"] == {"mapping.page"}
    assert arrows["aggregation.spec"] == set()


def test_a_circle_is_named_and_counts_once_in_the_floors(package: Path) -> None:
    arrows = house.graph(package)
    assert house.circles(arrows) == [["mapping.film", "mapping.page"]]
    assert house.floors({name: arrows[name] for name in arrows if name.startswith("ui")}) == 2


def test_a_module_with_one_importer_is_listed_with_it(package: Path) -> None:
    assert house.single_importer(house.graph(package), package) == [
        ("aggregation.spec", 1, "ui.forms.form"),
        ("mapping.film", 3, "mapping.page"),
        ("ui.forms.form", 2, "ui.window"),
    ]


def test_the_figures_of_a_folder_count_its_own_modules_and_arrows(package: Path) -> None:
    found = house.figures("ui", house.graph(package), package)
    assert (found.modules, found.subfolders, found.arrows, found.single, found.names_kind) == (2, 1, 1, 1, 1)
    assert (found.between, found.room_floors) == (1, 2)
    assert house.rooms(house.graph(package), package)["ui"] == {"ui.forms", "mapping"}


def test_the_tools_of_development_import_each_other_one_way() -> None:
    arrows = house.graph(folders=("development",))
    assert "development.cluster_profiles" in arrows["development.cluster"]
    assert "development.installed" in arrows["development.cluster"]
    assert house.circles(arrows) == []
