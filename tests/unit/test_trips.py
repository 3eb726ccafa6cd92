"""The trip decoder: its fast way against the point-by-point one, and files that are no trips."""

import gzip
import json
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from roadpulse.aggregation.contract.errors import BadTripFile
from roadpulse.aggregation.contract.spec import FieldMapping
from roadpulse.aggregation.trips.decoder import TripDecoder
from roadpulse.aggregation.trips.times import NO_TIME

TEN = 1_749_542_400_000_000  # 2025-06-10T08:00:00Z
GOOD = '{"timestamp": "2025-06-10T08:00:00Z", "absVelocity": 24.5, "dbResponse": {"linkID": "4575425001"}}'


def outcome(decode, raw):
    """What came of a file, in values that compare."""
    try:
        trip = decode(raw)
    except BadTripFile as error:
        return error.reason
    return (
        trip.link_id.tolist(),
        trip.time.tolist(),
        trip.speed.tolist(),
        [math.copysign(1, speed) for speed in trip.speed],
        trip.read,
        {reason: n for reason, n in trip.faults.items() if n},
        trip.trip_id,
        trip.vehicle,
        None if trip.position is None else str(trip.position.tolist()),
        trip.fields,
        trip.examples,
        trip.trips,
        trip.vehicles,
    )


def assert_both_ways_agree(text, mapping=None):
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    decoder = TripDecoder(mapping or FieldMapping())
    first = outcome(decoder.decode, raw)
    assert first == outcome(decoder._decode_each, raw)
    decoder.decode(b'{"data": [{"timestamp": 1, "absVelocity": 1, "dbResponse": {"linkID": 1}}]}') if (
        mapping is None
    ) else None  # the decoder now expects numbers first
    assert outcome(decoder.decode, raw) == first


# -- generated trips --------------------------------------------------------------------------------

whitespace = st.sampled_from(["", "", "", " ", "\n  ", "\t", "\r\n"])
plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
)
unknown = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
).map(json.dumps)
around_the_limits = st.sampled_from(
    [0, 1, 2**31, 2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64, 10**30]
)
good_links = st.one_of(st.integers(0, 50), around_the_limits).flatmap(
    lambda n: st.sampled_from([f"{n}", f'"{n}"'])
)
odd_links = st.one_of(
    around_the_limits.map(lambda n: f"{n}.0"),
    around_the_limits.map(lambda n: f'"{n}.0"'),
    st.sampled_from(
        ["-1", '"-1"', "-0", "-0.0", "0.5", "1e3", '"1e3"', "1E400", "null", '""', '"null"', '"NULL"']
    ),
    st.sampled_from(["true", "[]", "{}", '"A1"', '" 1"', '"1_0"', '"+1"', '"007"', "NaN", '"٣"']),
    unknown,
)
good_speeds = st.one_of(
    st.floats(0, 200).map(repr), st.integers(0, 200).map(str), st.floats(0, 200).map(lambda v: f'"{v}"')
)
odd_speeds = st.one_of(
    st.sampled_from(
        ["null", '""', '"null"', "-1", '"-1"', "-0.0", "-1e-300", "NaN", "Infinity", "-Infinity", '"nan"']
    ),
    st.sampled_from(
        ['"inf"', '"-inf"', "1e9", "1000000000.1", "1e400", "true", '"fast"', '"1,5"', '"1."', '".5"']
    ),
    st.sampled_from(["[]", "{}", "123456789012345678901234567890", '"0x10"']),
    unknown,
)
good_times = st.sampled_from(
    [
        '"2025-06-10T08:00:00Z"',
        '"2025-06-10T08:00:01Z"',
        '"2025-06-10T09:00:00+01:00"',
        '"2025-06-10T08:00:00.123Z"',
        '"1969-12-31T23:59:59Z"',
    ]
)
odd_times = st.one_of(
    st.sampled_from(
        ["null", '""', '"null"', '"2025-06-10T08:00:00"', '"yesterday"', '"nan"', '"inf"', "true", "[]"]
    ),
    st.sampled_from(
        ["1749542400", "1749542400123", "1749542400.5", '"1749542400"', "-1", "1e300", "1e400", "NaN"]
    ),
    st.sampled_from(['"1e9"', "12345678901234567890123"]),
    unknown,
)


def escaped(text):
    """A JSON text with every character escaped."""
    return '"' + "".join(f"\\u{ord(c):04x}" for c in text) + '"'


def an_object(members):
    """JSON objects of members (key, value text), in any order, with any white space."""

    @st.composite
    def build(draw):
        gap = lambda: draw(whitespace)  # noqa: E731
        chosen = draw(st.permutations([pair for member in members for pair in draw(member)]))
        return "{" + ",".join(f"{gap()}{key}{gap()}:{gap()}{value}{gap()}" for key, value in chosen) + "}"

    return build()


def member(name, value, missing=True):
    """No, one or (rarely) two members of a name, whose key may be escaped."""
    keys = st.sampled_from([f'"{name}"'] * 6 + [escaped(name)])
    pair = st.tuples(keys, value)
    choices = [st.lists(pair, min_size=1, max_size=1)] * 8 + [st.lists(pair, min_size=2, max_size=2)]
    return st.one_of(*choices, *([st.just([])] if missing else []))


extra = st.lists(
    st.tuples(st.sampled_from(['"lat"', '"lon"', '"note"', '""', '"linkID"', '"é"']), unknown), max_size=2
)


def points(links, speeds, times):
    response = st.one_of(an_object([member("linkID", links), extra]), an_object([member("linkID", links)]))
    return an_object(
        [member("dbResponse", response), member("absVelocity", speeds), member("timestamp", times), extra]
    )


faulty_points = points(
    st.one_of(good_links, good_links, odd_links),
    st.one_of(good_speeds, good_speeds, odd_speeds),
    st.one_of(good_times, odd_times),
)
odd_points = st.one_of(
    faulty_points,
    unknown,
    an_object([member("dbResponse", unknown), member("absVelocity", good_speeds)]),
)
regular = st.lists(points(good_links, good_speeds, good_times), max_size=6)
long_ids = st.integers(2**53 - 2, 2**63 - 1).flatmap(lambda n: st.sampled_from([f"{n}", f'"{n}"']))
exact = st.lists(points(st.one_of(long_ids, good_links), good_speeds, good_times), max_size=4)
numbered = st.lists(points(good_links, good_speeds, st.integers(0, 2 * 10**9).map(str)), max_size=6)
one_fault = st.tuples(regular, odd_points).map(lambda pair: [*pair[0], pair[1]])
lists = st.one_of(
    regular, numbered, one_fault, st.lists(faulty_points, max_size=6), st.lists(odd_points, max_size=4)
)
trips = lists.flatmap(
    lambda found: an_object([member("data", st.just("[" + ",".join(found) + "]"), missing=False), extra])
)


@settings(max_examples=80, deadline=None)
@given(st.one_of(trips, trips, an_object([member("data", unknown), extra]), unknown))
@example('{"data": [{"absVelocity": 1}]}')
@example('{"data": [{"absVelocity": 1, "dbResponse": null}, {"absVelocity": 2}]}')
@example('{"data": [{"timestamp": "nan", "absVelocity": 1, "dbResponse": {"linkID": 1}},'
         '{"timestamp": 1749542400, "absVelocity": 1, "dbResponse": {"linkID": 1}}]}')  # fmt: skip
def test_the_fast_way_agrees_with_the_definition(text):
    assert_both_ways_agree(text)


@settings(max_examples=70, deadline=None)
@given(trips, st.data())
def test_both_ways_agree_on_damaged_files(text, data):
    raw = text.encode("utf-8", "surrogatepass")
    at = data.draw(st.integers(0, len(raw)))
    damage = data.draw(
        st.one_of(
            st.just(b""), st.binary(min_size=1, max_size=2), st.sampled_from([b"\0", b"\xff", b"\t", b","])
        )
    )
    rest = data.draw(st.sampled_from([raw[at:], raw[at + 1 :], b""]))
    if (raw[:at] + damage + rest).strip(b" \t\r\n\0"):
        assert_both_ways_agree(raw[:at] + damage + rest)


NESTED = FieldMapping(
    points="trip.track", link_id="road.match.id", speed="v", time="road.t", trip_id="trip.id"
)
road = st.one_of(
    an_object(
        [
            member("match", an_object([member("id", st.one_of(good_links, odd_links))])),
            member("t", st.one_of(good_times, odd_times)),
        ]
    ),
    unknown,
)
nested_points = an_object([member("road", road), member("v", st.one_of(good_speeds, odd_speeds)), extra])
trip_ids = st.one_of(
    unknown,
    st.sampled_from(['"a"', '""', "12", "1.0", "1e2", "-0", "123456789012345678901234567890", r'"\u0000"']),
)
nested_trips = st.lists(nested_points, max_size=4).flatmap(
    lambda found: an_object(
        [
            member(
                "trip",
                st.one_of(
                    an_object(
                        [member("track", st.just(f"[{','.join(found)}]")), member("id", trip_ids), extra]
                    ),
                    unknown,
                ),
            ),
            extra,
        ]
    )
)


@settings(max_examples=80, deadline=None)
@given(nested_trips)
@example("{}")
@example('{"trip": null}')
def test_nested_fields_and_trip_ids_are_read_alike_both_ways(text):
    assert_both_ways_agree(text, NESTED)


@pytest.mark.parametrize(
    "member_text",
    [
        '"n": ' + "9" * 5000,
        '"n": 1e999',
        '"n": NaN',
        '"n": ' + "[" * 900 + "]" * 900,
        r'"n": "\ud800"',
        r'"\ud800": 1',
    ],
)
@pytest.mark.parametrize("fault", ["", ', {"absVelocity": -1}'])
def test_odd_values_in_fields_of_no_interest_do_no_harm(member_text, fault):
    trip = TripDecoder(FieldMapping()).decode(f'{{{member_text}, "data": [{GOOD}{fault}]}}'.encode())
    assert trip.link_id.tolist() == [4575425001]
    assert trip.time.tolist() == [TEN]


def test_a_float_that_may_stand_for_two_links_is_none_of_them():
    raw = GOOD.replace('"4575425001"', "9007199254740993.0")
    trip = TripDecoder(FieldMapping()).decode(f'{{"data": [{raw}]}}'.encode())
    assert (trip.link_id.tolist(), trip.faults["bad_link"]) == ([], 1)


def test_link_ids_of_63_bits_are_exact_whatever_stands_beside_them():
    ids = ["9223372036854775807", '"9223372036854775806"', "9007199254740993", "12.0", '"5"']
    body = ", ".join(GOOD.replace('"4575425001"', link_id) for link_id in ids)
    trip = TripDecoder(FieldMapping()).decode(f'{{"data": [{body}]}}'.encode())
    assert trip.link_id.tolist() == [2**63 - 1, 2**63 - 2, 2**53 + 1, 12, 5]


def test_columns_have_the_types_of_the_store():
    for text in (f'{{"data": [{GOOD}]}}', '{"data": []}', f'{{"data": [{GOOD}, null]}}'):
        trip = TripDecoder(FieldMapping()).decode(text.encode())
        assert [c.dtype for c in (trip.link_id, trip.time, trip.speed)] == [np.int64, np.int64, np.float64]


def test_a_point_with_two_faults_is_counted_under_both():
    trip = TripDecoder(FieldMapping()).decode(
        b'{"data": [{"absVelocity": -1, "dbResponse": {"linkID": true}}]}'
    )
    assert {k: n for k, n in trip.faults.items() if n} == {"bad_link": 1, "negative_speed": 1}


def test_faults_of_time_are_counted_only_where_the_point_counts():
    naive = GOOD.replace("00Z", "00")
    dropped = naive.replace("24.5", "null")
    trip = TripDecoder(FieldMapping()).decode(f'{{"data": [{naive}, {dropped}]}}'.encode())
    assert trip.time.tolist() == [NO_TIME]
    assert {k: n for k, n in trip.faults.items() if n} == {"no_speed": 1, "time_without_zone": 1}


def test_times_without_a_zone_are_utc_where_that_is_asked_for():
    raw = f'{{"data": [{GOOD.replace("00Z", "00")}]}}'.encode()
    assert TripDecoder(FieldMapping(naive_times="utc")).decode(raw).time.tolist() == [TEN]


def test_a_trip_where_no_point_can_be_used_tells_what_its_points_have():
    trip = TripDecoder(FieldMapping()).decode(
        b'{"data": [{"when": 1, "match": {"id": 2, "name": "A1"}, "dbResponse": {}}]}'
    )
    assert trip.fields == "when, match.id, match.name, dbResponse"


# -- files that are no trips ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "reason", "words"),
    [
        (b"", "empty", "empty"),
        (b" \n\0", "empty", "empty"),
        (b'{"data": [', "bad_json", "line 1"),
        (b'{"data": []} x', "bad_json", "Extra data"),
        (bytes(range(256)), "bad_json", "not valid JSON"),
        (b"[" * 100_000, "too_deep", "deep"),
        (b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep", "deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "too_deep", "deep"),
        (b"[]", "not_an_object", "an array"),
        (b"3", "not_an_object", "a number"),
        (b'"x"', "not_an_object", "a text"),
        (b"null", "not_an_object", "null"),
        (b"true", "not_an_object", "true or false"),
        (b'{"points": []}', "no_points", "'data': nothing is there; it has: points"),
        (b'{"data": null}', "no_points", "'data'"),
        (b'{"data": {"a": 1}}', "no_points", "an object is there"),
        (gzip.compress(b'{"data": []}')[:-9], "bad_gzip", "gzip"),
        (gzip.compress(b'{"data": []}') + b"x", "bad_gzip", "gzip"),
        (b"\x1f\x8b", "bad_gzip", "gzip"),
        (gzip.compress(b""), "empty", "empty"),
        (gzip.compress(gzip.compress(b'{"data": []}')), "bad_json", "not valid JSON"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_file_that_is_no_trip_is_refused_with_its_reason(raw, reason, words):
    with pytest.raises(BadTripFile) as caught:
        TripDecoder(FieldMapping()).decode(raw)
    assert caught.value.reason == reason
    assert words in caught.value.message
    assert not caught.value.passing


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_trips_in_other_encodings_are_read(encoding):
    trip = TripDecoder(FieldMapping()).decode(f'{{"driver": "Zoë", "data": [{GOOD}]}}'.encode(encoding))
    assert (trip.link_id.tolist(), trip.time.tolist(), trip.speed.tolist()) == ([4575425001], [TEN], [24.5])


def test_gzip_in_several_members_is_one_file():
    raw = f'{{"data": [{GOOD}]}}'.encode()
    trip = TripDecoder(FieldMapping()).decode(gzip.compress(raw[:20]) + gzip.compress(raw[20:]))
    assert trip.link_id.tolist() == [4575425001]


def test_the_limit_holds_for_what_is_unpacked_and_to_the_byte():
    raw = f'{{"data": [{GOOD}]}}'.encode().ljust(1000)
    for content in (raw, gzip.compress(raw)):
        assert TripDecoder(FieldMapping(), 1000).decode(content).read == 1
        with pytest.raises(BadTripFile) as caught:
            TripDecoder(FieldMapping(), 999).decode(content)
        assert caught.value.reason == "too_large"


def test_a_gzip_bomb_is_not_unpacked():
    bomb = gzip.compress(bytes(50_000_000))
    with pytest.raises(BadTripFile) as caught:
        TripDecoder(FieldMapping(), 1 << 20).decode(bomb)
    assert caught.value.reason == "too_large"
    assert "1 MiB" in caught.value.message


# -- vehicles and positions -------------------------------------------------------------------------

PLACED = FieldMapping(vehicle_id="car.id", longitude="pos.lon", latitude="pos.lat")


def placed(*positions, vehicle="null"):
    points = [GOOD[:-1] + f', "pos": {position}}}' for position in positions]
    return f'{{"car": {{"id": {vehicle}}}, "data": [{", ".join(points)}]}}'


def test_vehicle_and_positions_are_read_where_they_are_named():
    raw = placed(
        '{"lon": -5.93, "lat": 54}', '{"lon": "-5.9", "lat": " "}', "null", vehicle='"BEL 1"'
    ).encode()
    trip = TripDecoder(PLACED).decode(raw)
    assert trip.vehicle == "BEL 1"
    assert trip.position[0].tolist() == [-5.93, 54.0]
    assert np.isnan(trip.position[1:]).all()
    plain = TripDecoder(FieldMapping()).decode(raw)
    assert (plain.vehicle, plain.position) == (None, None)


texts = ["-5.9", "54", '"54.5"', '"x"', '""', "null", "true", "181", "-90.5", "1e400", "NaN", "[]", "{}"]
degrees = st.sampled_from([*texts, "9" * 500])
positions = st.one_of(
    st.builds('{{"lon": {}, "lat": {}}}'.format, degrees, degrees),
    st.sampled_from(["null", "{}", "[1]", "3"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(positions, max_size=4), st.sampled_from(texts))
def test_both_ways_agree_on_vehicles_and_positions(found, vehicle):
    assert_both_ways_agree(placed(*found, vehicle=vehicle), PLACED)


# -- several files together -------------------------------------------------------------------------

ENDED = FieldMapping(
    longitude="at.lon", latitude="at.lat", vehicle_id="data.v", link_id="link.id", trip_id="trip"
)
missing_some = st.builds(
    '{{"timestamp": "2025-06-10T{:02d}:00:00{}", "absVelocity": {}, {}, "v": {}, "at": {{"lon": {}, "lat":'
    " 1}}}}".format,
    st.integers(7, 9),
    st.sampled_from(["Z", "Z", "Z", "+01:00", ""]),
    st.sampled_from(["1", "2.5", '"3"', "null", "null", "-1"]),
    st.sampled_from(
        [
            '"link": {"id": 1}',
            '"link": {"id": "2"}',
            '"link": {}',
            '"link.id": 3',
            '"x": 0',
            f'"link.id": {2**60}',
        ]
    ),
    st.sampled_from(["7", '"a"', "null"]),
    degrees,
)
files = st.one_of(
    st.lists(missing_some, max_size=5).map(
        lambda found: f'{{"trip": {len(found)}, "data": [{", ".join(found)}]}}'
    ),
    st.sampled_from(["", "{", "[]", '{"data": 1}', '{"data": []}', '{"data": [{"timestamp": 1749542400}]}']),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(files, max_size=5))
def test_files_decoded_together_are_as_each_alone(texts):
    raws = [text.encode() for text in texts]
    together = TripDecoder(ENDED)
    together.prepare(raws)
    for raw in raws:
        found, alone = (outcome(decoder.decode_text, raw) for decoder in (together, TripDecoder(ENDED)))
        assert found == alone


def test_each_of_several_files_has_its_own_points_and_faults():
    point = '{"timestamp": "2025-06-10T08:00:00Z", "absVelocity": %s, "dbResponse": {"linkID": %s}}'
    given_ones = [[(1, 5), (2, "null"), ("null", 7), (3, 8)], [], [("null", "null"), (4, 9)], [(5, "null")]]
    raws = [f'{{"data": [{", ".join(point % pair for pair in pairs)}]}}'.encode() for pairs in given_ones]
    decoder = TripDecoder(FieldMapping())
    decoder.prepare(raws)
    trips = [decoder.decode_text(raw) for raw in raws]
    assert [trip.speed.tolist() for trip in trips] == [[1, 3], [], [4], []]
    assert [trip.link_id.tolist() for trip in trips] == [[5, 8], [], [9], []]
    assert [trip.read for trip in trips] == [4, 0, 2, 1]
    assert [trip.faults["no_link"] for trip in trips] == [1, 0, 1, 1]
    assert [trip.faults["no_speed"] for trip in trips] == [1, 0, 1, 0]
    assert [trip.rows for trip in trips] == [
        {"no_link": 1, "no_speed": 2}, {}, {"no_link": 0, "no_speed": 0}, {"no_link": 0},
    ]  # fmt: skip
    assert trips[3].fields
    assert not trips[1].fields
