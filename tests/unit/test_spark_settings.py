"""A cluster is recognised before Spark has started, by what names its master."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from roadpulse.aggregation.runners.spark.java import submitted_words
from roadpulse.aggregation.runners.spark.settings import configured_master


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Spark's folder, with defaults that others override."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "spark-defaults.conf").write_text(
        "# spark.master spark://comment:7077\nspark.master\tspark://default:7077\nspark.cores.max=16\n"
    )
    return tmp_path


def test_master_and_cores_come_from_the_properties_of_the_run(home: Path, tmp_path: Path) -> None:
    properties = tmp_path / "spark.conf"
    properties.write_text("spark.app.name x\nspark.master spark://pi0:7077\nspark.cores.max 8\n")
    words = ["--properties-file", str(properties), "--py-files", "job.zip", "pyspark-shell"]
    assert configured_master(words, str(home)) == "spark://pi0:7077 8"


def test_options_come_first_and_the_defaults_of_spark_last(home: Path) -> None:
    words = ["--conf", "spark.master=spark://a:7077", "--conf", "spark.executor.cores=2", "pyspark-shell"]
    assert configured_master(words, str(home)) == "spark://a:7077 16 2"
    assert configured_master(["--master", "spark://b:7077", "x"], str(home)) == "spark://b:7077 16"
    assert configured_master([], str(home)) == "spark://default:7077 16"


@pytest.mark.parametrize("words", [[], ["--properties-file"], ["--properties-file", "/nowhere"], [""]])
def test_cluster_without_a_name_has_none(tmp_path: Path, words: list[str]) -> None:
    assert configured_master(words, str(tmp_path)) == ""


def test_words_are_those_of_pyspark_or_of_the_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", "--conf 'spark.app.name=a b' pyspark-shell")
    assert submitted_words() == ["--conf", "spark.app.name=a b", "pyspark-shell"]
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", "an 'open quote")
    assert submitted_words() == []
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")
    parent = Path(f"/proc/{os.getppid()}/cmdline").read_bytes().split(b"\0")
    assert submitted_words() == [os.fsdecode(word) for word in parent]
