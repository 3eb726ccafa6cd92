"""Holidays as a text of dates, and as a file with a date in each line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from roadpulse.aggregation.contract.errors import SpecError
from roadpulse.workflow.holidays import read_holidays

CHRISTMAS = (date(2025, 12, 25), date(2025, 12, 26))


def test_dates_are_separated_by_commas_and_sorted() -> None:
    assert read_holidays("2025-12-26, 2025-12-25,2025-12-26,") == CHRISTMAS
    assert read_holidays("  ") == ()


@pytest.mark.parametrize(
    "content",
    [
        "2025-12-25\n2025-12-26\n",
        "\ufeffdate;name\r\n2025-12-25;Christmas Day\r\n\r\n2025-12-26;Boxing Day",
        '# England\n"2025-12-25","Christmas Day"\n2025-12-26\tBoxing Day\n',
        "# England\n\ndate,name\n2025-12-25,Christmas Day\n2025-12-26,Boxing Day\n",
    ],
    ids=["text", "csv of Windows", "quotes, tabs and a remark", "names after a remark"],
)
def test_a_file_has_a_date_at_the_beginning_of_each_line(tmp_path: Path, content: str) -> None:
    file = tmp_path / "holidays.csv"
    file.write_bytes(content.encode())
    assert read_holidays(str(file)) == CHRISTMAS


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"2025-12-25\n26/12/2025\n", "whose line 2 begins with '26/12/2025', which is no date"),
        (b"date\n2025-12-25\nBoxing Day\n", "whose line 3 begins with 'Boxing Day'"),
        (b"", "which holds no date such as 2025-12-25"),
        (b"date,name\n# none yet\n", "which holds no date such as 2025-12-25"),
        (b"2025-12-25\xff", "which is not text in UTF-8"),
        (b"#" * (1 << 20) + b"\n#", "which has more than 1 MiB"),
    ],
)
def test_a_fault_in_the_file_is_named_with_its_line(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "holidays.txt"
    file.write_bytes(content)
    with pytest.raises(SpecError) as refused:
        read_holidays(str(file), "HOLIDAYS")
    assert refused.value.message.startswith(f"HOLIDAYS: is the file {file}, {words}")


def test_a_file_that_is_not_there_and_a_wrong_date_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"days\.txt, which cannot be read: No such file"):
        read_holidays(str(tmp_path / "days.txt"))
    with pytest.raises(SpecError, match="holds '2025-02-30', which is no date such as 2025-12-25"):
        read_holidays("2025-12-25, 2025-02-30")
    with pytest.raises(SpecError, match="names 1,001 dates; at most 1,000"):
        read_holidays(",".join(date.fromordinal(739000 + n).isoformat() for n in range(1001)))
