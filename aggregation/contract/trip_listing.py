"""Listed trip files in little memory: ten million of them take some hundreds of megabytes, not gigabytes."""

from __future__ import annotations

import heapq
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import NamedTuple, Union, overload

from .trip_files import CopiesInOrder, unpacked_name

TOGETHER = 2000
"""Number of files that are packed together; a look at one of them unpacks all."""

_FAST = 1  # zlib's level: others take several times as long for a few bytes
_BETWEEN = "\0"  # in no name of a file, and in no text of a listing in XML


class TripFile(NamedTuple):
    """A listed trip file: absolute path, size in bytes, and an identifier of its version."""

    path: str
    size: int
    version: str


class TripFiles(Sequence[TripFile]):
    """Trip files, packed to about 35 bytes each, as in pickles; `bytes` is the sum of their sizes."""

    def __init__(self, files: Iterable[TripFile] = ()) -> None:
        waiting = iter(files)
        self._take(map(_Pack.of, iter(lambda: list(islice(waiting, TOGETHER)), [])))

    @classmethod
    def _joined(cls, packs: Iterable[_Pack]) -> TripFiles:
        files = cls()
        files._take(packs)
        return files

    def _take(self, packs: Iterable[_Pack]) -> None:
        self._packs = list(packs)
        self._ends = list(accumulate(pack.n for pack in self._packs))
        self.bytes = sum(pack.size for pack in self._packs)

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[TripFile]:
        for pack in self._packs:
            yield from pack.files()

    @overload
    def __getitem__(self, index: int) -> TripFile: ...

    @overload
    def __getitem__(self, index: slice) -> list[TripFile]: ...

    def __getitem__(self, index: Union[int, slice]) -> Union[TripFile, list[TripFile]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        at = range(len(self))[index]
        number = bisect_right(self._ends, at)
        return self._packs[number].files()[at - self._ends[number]]


class _Pack(NamedTuple):
    """Some files: their number, the sum of their sizes, the first and last path, and all of it packed."""

    n: int
    size: int
    first: str
    last: str
    packed: bytes

    @classmethod
    def of(cls, files: Sequence[TripFile]) -> _Pack:
        paths, sizes, versions = zip(*files)
        text = _BETWEEN.join((*paths, *versions, *map(str, sizes)))
        if text.count(_BETWEEN) != 3 * len(files) - 1:
            raise ValueError(f"a name or version has a zero byte: {text!r}")
        packed = zlib.compress(text.encode("utf-8", "surrogatepass"), _FAST)
        return cls(len(files), sum(sizes), paths[0], paths[-1], packed)

    def files(self) -> list[TripFile]:
        texts = zlib.decompress(self.packed).decode("utf-8", "surrogatepass").split(_BETWEEN)
        n = self.n
        return list(map(TripFile, texts[:n], map(int, texts[2 * n :]), texts[n : 2 * n]))


class Listing(NamedTuple):
    """Trip files, sorted by path; `copies` are packed copies of some of them and do not count."""

    files: TripFiles
    copies: TripFiles


class Collector:
    """Collects trip files, added in any order; of those with one path one counts.

    Of two paths that differ only by `.gz` (in any case) the plain one counts, and the packed one is its copy.
    Files that are added about in order, such as folder by folder, take the least memory and time.
    """

    def __init__(self) -> None:
        self._packs: list[_Pack] = []
        self._last: list[TripFile] = []
        self._any_packed = False
        self._n = 0

    def __len__(self) -> int:
        """Return the number of files so far, with copies, and with those that were added twice."""
        return self._n

    def add(self, file: TripFile) -> None:
        """Add a file."""
        self._n += 1
        self._last.append(file)
        if len(self._last) == TOGETHER:
            self._pack(self._last)
            self._last = []

    def add_together(self, files: list[TripFile]) -> None:
        """Add files of one stretch of the order, such as a page of a listing."""
        if len(files) < TOGETHER // 4:
            for file in files:
                self.add(file)
        else:  # packed alone: files of other stretches that come in between would mix them up
            self._n += len(files)
            self._pack(files)

    def _pack(self, found: list[TripFile]) -> None:
        files = list(_each_once(sorted(found, key=_path)))
        self._any_packed = self._any_packed or any(map(unpacked_name, map(_path, files)))
        self._packs.append(_Pack.of(files))

    def listing(self) -> Listing:
        """Return all files and copies."""
        if self._last:
            self._pack(self._last)
            self._last = []
        packs = sorted(self._packs, key=lambda pack: pack.first)
        in_order = all(pack.last < after.first for pack, after in zip(packs, packs[1:]))
        if in_order and not self._any_packed:
            return Listing(TripFiles._joined(packs), TripFiles())
        copies = TripFiles(file for file, is_copy in _with_copies(packs) if is_copy)
        return Listing(TripFiles(file for file, is_copy in _with_copies(packs) if not is_copy), copies)


def _path(file: TripFile) -> str:
    return file.path


def _with_copies(packs: list[_Pack]) -> Iterator[tuple[TripFile, bool]]:
    """Yield the files of packs, each once and sorted, and whether each is a copy."""
    copies = CopiesInOrder()
    for file in _each_once(_merged(packs)):
        yield file, copies.is_copy(file.path)


def _each_once(files: Iterable[TripFile]) -> Iterator[TripFile]:
    """Yield the first file of each path; `files` are sorted."""
    before = None
    for file in files:
        if file.path != before:
            yield file
        before = file.path


def _merged(packs: list[_Pack]) -> Iterator[TripFile]:
    """Yield the files of packs in order; `packs` are sorted by their first path, and few are open at once."""
    merging: list[tuple[str, int, TripFile, Iterator[TripFile]]] = []
    begun = 0
    while merging or begun < len(packs):
        while begun < len(packs) and (not merging or packs[begun].first <= merging[0][0]):
            rest = iter(packs[begun].files())
            file = next(rest)
            heapq.heappush(merging, (file.path, begun, file, rest))
            begun += 1
        _, number, file, rest = merging[0]
        yield file
        following = next(rest, None)
        if following is None:
            heapq.heappop(merging)
        else:
            heapq.heapreplace(merging, (following.path, number, following, rest))
