"""Tables that are damaged, or written as programs write them, and what is said of them."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import duckdb
import pytest

from roadpulse.aggregation.contract.errors import BadTripFile
from roadpulse.aggregation.contract.spec import FieldMapping
from roadpulse.aggregation.trips.decoder import Points
from roadpulse.aggregation.trips.readers import TripReader, tables

FIELDS = FieldMapping(link_id="link", speed="v", time="t", trip_id="trip")
TIME = "2025-06-10T08:00:00Z"
HEADER = "trip,link,v,t"


def read(content: bytes | Path, name: str = "a.csv", mapping: FieldMapping = FIELDS) -> Points:
    """All points of a file, with its counts and the trips of the points."""
    with TripReader(mapping).opened(content, name) as reading:
        pieces = list(reading.pieces)
    whole = pieces[0]
    found = {name: [one for piece in pieces for one in getattr(piece, name)] for name in ("link_id", "speed")}
    trips = [trip for piece in pieces for trip in piece.trips or []]
    for piece in pieces[1:]:
        whole.add_counts(piece)
    whole.trips = trips
    return Points(**{**vars(whole), **found})


def csv(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines, ""]).encode()


def good(link: int = 101) -> str:
    return f"a,{link},22.5,{TIME}"


def counted(points: Points) -> dict[str, int]:
    return {reason: n for reason, n in points.faults.items() if n}


@pytest.mark.parametrize(
    ("row", "reason", "example"),
    [
        (f"a,101,22.5,{TIME},more", "bad_row", "5 fields where the header has 4: a,101,22.5"),
        ("a,101", "bad_row", "2 fields where the header has 4: a,101"),
        (f"a,101,12 km/h,{TIME}", "bad_speed", "12 km/h"),
        (f'a,101,"12,5",{TIME}', "bad_speed", "12,5"),
        (f"a,101,-3,{TIME}", "negative_speed", "-3"),
        (f"a,101,NaN,{TIME}", "speed_not_finite", "NaN"),
        ("a,101,22.5,noon", "bad_time", "noon"),
        (f"a,,22.5,{TIME}", "no_link", ""),
        (f"a,101,,{TIME}", "no_speed", ""),
        (HEADER, "header_again", ""),
    ],
)
def test_a_bad_row_is_counted_with_its_line_and_value(row: str, reason: str, example: str) -> None:
    """In a large table, in one with a field of two lines, and in a small one."""
    for before in ([good()] * 3, [good()] * 2000, [f'"a\nb",101,22.5,{TIME}', good()]):
        found = read(csv(*before, row, good(102), row))
        assert counted(found) == {reason: 2}
        assert found.lines[reason] == len(before) + 2 + ("\n" in before[0])
        assert example in found.examples.get(reason, "")
        assert len(found.link_id) == len(before) + 1 + 2 * (reason == "bad_time")
        assert found.read == len(before) + 3


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_encoding_and_line_end_is_read_in_small_pieces(
    ending: str, encoding: str, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "PIECE", 64)
    content = ending.join([HEADER, *(good(link) for link in range(50))]).encode(encoding)
    found = read(gzip.compress(content) if packed else content)
    assert (found.link_id, counted(found)) == (list(range(50)), {})


def test_mixed_line_ends_and_blank_lines_do_not_matter() -> None:
    found = read(f"\n{HEADER}\r\n{good(1)}\n\n{good(2)}\r{good(3)}\r\n{good(4)},x".encode())
    assert (found.link_id, counted(found), found.lines) == ([1, 2, 3], {"bad_row": 1}, {"bad_row": 7})


def test_ids_are_read_as_they_are_written() -> None:
    """No table guesses that 007 is a number, and the rule of link ids is that of JSON."""
    rows = [f"{trip},{link},1,{TIME}" for trip, link in (("007", "0101"), ("7", "101.0"), ("1e3", "101"))]
    found = read(csv(*rows))
    assert (found.link_id, found.trips) == ([101, 101, 101], ["007", "7", "1e3"])


def test_a_column_is_found_among_two_thousand() -> None:
    names = [f"column {n}" for n in range(2000)]
    rows = [",".join([*names[:1000], HEADER, *names[1000:]])]
    rows += [",".join(["x"] * 1000 + [good(link)] + ["y"] * 1000) for link in range(9)]
    assert read("\n".join(rows).encode()).link_id == list(range(9))


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        (b"", "empty", "empty"),
        (b"\n\n", "empty", "empty"),
        (
            csv().replace(b"link", b"edge"),
            "no_column",
            "no column 'link' for link_id; .* 'trip', 'edge', 'v'",
        ),
        (f"trip^link^v^t\na^1^2^{TIME}\n".encode(), "no_column", r"columns 'trip\^link\^v\^t'"),
        (b",,,\n1,2,3,4\n", "no_column", "header of the table is empty"),
        (b"link,link,v,t\n1,2,3,4\n", "bad_table", "2 columns are called 'link'"),
        (csv(good())[:-1].decode().encode("utf-16")[:-1], "bad_text", "UTF-16"),
        (gzip.compress(csv(good()) * 9)[:-9], "bad_gzip", "gzip"),
        (b"PAR1 and no more", "bad_table", "not a whole Parquet file"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_with_the_reason(
    content: bytes, reason: str, words: str
) -> None:
    with pytest.raises(BadTripFile, match=words) as refused:
        read(content)
    assert refused.value.reason == reason


def test_a_quote_that_does_not_end_is_refused_with_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_LONGEST", 200)
    monkeypatch.setattr(tables, "PIECE", 100)
    with pytest.raises(BadTripFile, match=r"the row from line 2 on, perhaps with an open quote"):
        read(csv(f'a,"101,22.5,{TIME}', *[good()] * 20))


def written(folder: Path, columns: str) -> Path:
    path = folder / "a.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT {columns} FROM range(5) AS numbers(n)) TO ? (FORMAT parquet)", [str(path)]
        )
    return path


@pytest.mark.parametrize(
    ("columns", "links", "faults"),
    [
        ("n AS link, n / 2 AS v", [0, 1, 2, 3, 4], {"no_time": 5}),
        ("n::DOUBLE AS link, n::FLOAT AS v", [0, 1, 2, 3, 4], {"no_time": 5}),
        ("nullif(n, 2)::UBIGINT AS link, n AS v", [0, 1, 3, 4], {"no_link": 1, "no_time": 4}),
        ("n AS link, if(n = 3, 'nan'::DOUBLE, n) AS v", [0, 1, 2, 4], {"speed_not_finite": 1, "no_time": 4}),
        ("n AS link, n - 1 AS v, n + 1750000000 AS t", [1, 2, 3, 4], {"negative_speed": 1}),
        ("n AS link, n AS v, DATE '2025-06-10' AS t", [0, 1, 2, 3, 4], {"bad_time": 5}),
        (
            "n AS link, n AS v, TIMESTAMP '2025-06-10 08:00:00' AS t",
            [0, 1, 2, 3, 4],
            {"time_without_zone": 5},
        ),
    ],
)
def test_columns_of_parquet_are_read_by_their_types(
    tmp_path: Path, columns: str, links: list[int], faults: dict[str, Any]
) -> None:
    found = read(written(tmp_path, columns), "a.parquet")
    assert (found.link_id, counted(found)) == (links, faults)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ("[n] AS link, n AS v", r"\"link\" for link_id is of type BIGINT\[\]"),
        ("n AS edge, n AS v", "no column 'link' for link_id; the table has the columns 'edge', 'v'"),
    ],
)
def test_columns_of_parquet_that_hold_no_values_are_refused(tmp_path: Path, columns: str, words: str) -> None:
    with pytest.raises(BadTripFile, match=words):
        read(written(tmp_path, columns), "a.parquet")
