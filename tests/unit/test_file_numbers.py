"""Tables by numbers of trips that are spread over int32."""

from __future__ import annotations

import numpy as np

from roadpulse.aggregation.store.file_numbers import PAGE, NumberTable


def test_a_table_of_spread_numbers_is_a_plain_dictionary() -> None:
    random = np.random.default_rng(3)
    for spread in (300, 50 * PAGE, 2**31 - 1):
        numbers = np.unique(random.integers(0, spread, 200)).astype(np.int32)
        values = random.permutation(len(numbers)).astype(np.int32)
        table, plain = NumberTable.of(numbers, values), dict(zip(numbers.tolist(), values.tolist()))
        asked = np.append(numbers, random.integers(0, 2**31 - 1, 200)).astype(np.int32)
        assert table[asked].tolist() == [plain.get(number, -1) for number in asked.tolist()]
        assert table.values.nbytes <= 4 * PAGE * (len(numbers) + 1)


def test_a_table_without_numbers_has_no_values() -> None:
    nothing = np.empty(0, dtype=np.int32)
    assert NumberTable.of(nothing, nothing)[np.arange(5, dtype=np.int32)].tolist() == [-1] * 5
