"""Tables that are damaged, or written as programs write them, and what is said of them."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadpulse.aggregation.contract.errors import BadTripFile
from roadpulse.aggregation.contract.spec import FieldMapping
from roadpulse.aggregation.trips.decoder import Points, TripDecoder
from roadpulse.aggregation.trips.readers import TripReader, parquet, tables
from roadpulse.aggregation.trips.readers.elements import of_rows

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


# -- by bytes and by rows ---------------------------------------------------------------------------

SPEEDS = ["22.5", "0", "", "7", "120.125", "3.14159265358979", "00.5", "null", "12345678", "1e2"]
WRONG_SPEEDS = [".5", "5.", "-3", "12 km/h", "nan", "1.2.3", "1e999", " 1", "9:", "٣"]
LINKS = [
    "101",
    "-101",
    "0101",
    "101.0",
    "",
    "null",
    "110+04099",
    "AB7",
    "9223372036854775807",
    "Straße",
    " 101 ",
]
TIMES = [
    TIME,
    "2025-06-10T08:00:01Z",
    "2025-06-10 08:00:00.5+02:00",
    "",
    "1750000000",
    "1750000000123",
    "noon",
]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_bytes_and_rows_of_a_csv_are_read_alike(data: st.DataObject) -> None:
    """With values of each kind, mostly good ones, some rows with one value for long, some in quotes."""
    kinds = [["a", "a", "b", "", "trip c"], LINKS, SPEEDS, TIMES]
    if data.draw(st.booleans()):
        kinds[2] = [*SPEEDS, *WRONG_SPEEDS]
    if data.draw(st.booleans()):
        kinds[1:] = [["101", "102"], ["22.5", "7", "120.125"], TIMES[: data.draw(st.integers(1, 3))]]
    row = st.tuples(*map(st.sampled_from, kinds))
    drawn = data.draw(st.lists(st.tuples(row, st.integers(1, 9)), min_size=1, max_size=12))
    quote = '"' if data.draw(st.booleans()) else ""
    lines = [
        ",".join(f"{quote}{value}{quote}" for value in row) for row, times in drawn for _ in range(times)
    ]
    delimiter = data.draw(st.sampled_from([",", ";"]))
    content = csv(*lines).replace(b",", delimiter.encode())
    by_bytes = read(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables.PlainText, "of", lambda *_: None)
        by_rows = read(content)
    for name in ("read", "faults", "examples", "lines", "trips", "texts", "link_id", "speed"):
        assert getattr(by_bytes, name) == getattr(by_rows, name), name


@given(st.lists(st.floats(0, 1e6).map(lambda speed: f"{speed:.4f}"[:8].rstrip(".")), min_size=1))
@settings(max_examples=100, deadline=None)
def test_short_decimals_are_the_nearest_floats(speeds: list[str]) -> None:
    text = "".join(f"a,{speed}\n" for speed in speeds).encode()
    found = tables.PlainText.of(text, ",", 2)
    assert found is not None
    numbers = found.decimals(1, -1.0)
    assert numbers is not None
    assert numbers.tolist() == list(map(float, speeds))


@pytest.mark.parametrize(
    "row", ['"a,b",1,2', '"a""b",1,2', 'a"b,1,2', "a,1", "a,1,2,3", "", '"a\nb",1,2', 'a,"1",2"', "a\0,1,2"]
)
def test_bytes_do_not_tell_rows_with_quotes_inside_or_other_numbers_of_fields(row: str) -> None:
    assert tables.PlainText.of(f"x,1,2\n{row}\nx,1,2\n".encode(), ",", 3) is None


@pytest.mark.parametrize("kind", ["TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMPTZ", "VARCHAR", "BIGINT"])
@pytest.mark.parametrize("naive", ["refuse", "utc", "local"])
def test_columns_and_values_of_parquet_are_read_alike(
    tmp_path: Path, kind: str, naive: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With values missing in every column, an hour that exists twice, and dates out of range."""
    path = tmp_path / "a.parquet"
    time = {
        "BIGINT": "epoch_ms(t)",
        "VARCHAR": "strftime(t, '%Y-%m-%d %H:%M:%S')",
        "TIMESTAMPTZ": "make_timestamptz(epoch_us(t))",
    }.get(kind, f"t::{kind}")
    days = "['2025-06-10 08:00:00', '2024-10-27 01:30:00', '1850-01-01', '2025-03-30 01:30:00', 'infinity']"
    when = f"{days}[1 + n // 7 % {5 if kind in ('TIMESTAMP', 'TIMESTAMPTZ') else 4}]"
    if kind == "TIMESTAMPTZ":
        time = f"CASE WHEN isfinite(t) THEN {time} ELSE 'infinity'::TIMESTAMPTZ END"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT nullif('trip ' || n // 30, 'trip 2') AS trip, nullif(100 + n // 8, 103) AS link, "
            f"nullif(n / 4, 5) AS v, CASE WHEN n % 11 > 0 THEN {time} END AS t FROM "
            f"(SELECT n, ({when})::TIMESTAMP AS t FROM range(100) AS numbers(n))) "
            f"TO '{path}' (FORMAT parquet)"
        )
    mapping = replace(FIELDS, naive_times=naive)
    found = []
    for way in range(2):
        if way:
            monkeypatch.setattr(TripDecoder, "decode_plain", lambda *_: None)
        with TripReader(mapping, time_zone="Europe/London").opened(path, "a.parquet") as reading:
            (points,) = reading.pieces
        values = (
            points.link_id.tolist(),
            points.time.tolist(),
            points.speed.tolist(),
            list(points.trips or []),
        )
        found.append((*values, points.read, points.faults, points.examples, points.lines, points.texts))
    assert found[0] == found[1]
    assert found[0][4] == 100
    assert None in found[0][3]


@pytest.mark.parametrize("group", [2048, 4096])
@pytest.mark.parametrize("rows", [700, 2048, 5000, 50_000])
def test_rows_of_parquet_come_in_their_order_whatever_the_row_groups(
    tmp_path: Path, group: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each once, and not more than asked for at once; those of a stretch, too."""
    path = tmp_path / "a.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT 'a' AS trip, n AS link, 1.0 AS v, '{TIME}' AS t FROM range(10000) AS numbers(n)) "
            f"TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE {group})"
        )
    monkeypatch.setattr(parquet, "ROWS", rows)
    decoder = TripDecoder(of_rows(FIELDS))
    for first, end in ((0, None), (100, 9000), (2048, 4096), (9999, 10000), (5, 5)):
        pieces = [
            piece.link_id.tolist() for piece in parquet.decode_parquet(decoder, FIELDS, path, first, end)
        ]
        assert [link for piece in pieces for link in piece] == list(
            range(first, 10000 if end is None else end)
        )
        assert max(map(len, pieces), default=0) <= rows
