"""Reading parts of an uploaded file, and joining parts into the file that Pillow reads."""

import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

# Offset and length of a part of the uploaded file, or bytes to put between such parts.
Part = tuple[int, int] | bytes
_BUFFER_BYTES = 65_536
_BLOCK_BYTES = 2**20
_MAX_OFFSET = 2**40
_MAX_FOUND = 10_000


def join_parts(file: BinaryIO, parts: Sequence[Part]) -> BinaryIO:
    """Return a file that reads the parts one after another, without copying them."""
    return io.BufferedReader(_JoinedParts(file, parts), _BUFFER_BYTES)


def measure_file(file: BinaryIO) -> int:
    """Return the number of bytes of a file. The file is left at its end."""
    size = file.seek(0, io.SEEK_END)
    return file.tell() if size is None else size


def read_at(file: BinaryIO, offset: int, size: int) -> bytes:
    """Return the bytes at an offset; fewer at the end of the file, none if no file can have this offset."""
    if not 0 <= offset < _MAX_OFFSET or size <= 0:
        return b""
    file.seek(offset)
    return file.read(size)


def read_exactly(file: BinaryIO, size: int) -> bytes:
    """Raises EOFError if fewer bytes are left."""
    data = file.read(size)
    if len(data) < size:
        raise EOFError("the file is truncated")
    return data


def find_all(file: BinaryIO, word: bytes) -> Iterator[int]:
    """Yield the offsets of a word in the file, reading it block by block. Raises ValueError after 10,000 of them."""
    count = 0
    for offset in range(0, measure_file(file), _BLOCK_BYTES):
        block = read_at(file, offset, _BLOCK_BYTES + len(word) - 1)
        found = block.find(word)
        while found >= 0:
            if count == _MAX_FOUND:
                raise ValueError("the file repeats a name or marker too often")
            count += 1
            yield offset + found
            found = block.find(word, found + 1)


class _JoinedParts(io.RawIOBase):
    def __init__(self, file: BinaryIO, parts: Sequence[Part]) -> None:
        self._file = file
        self._parts: list[tuple[int, int, Part]] = []
        self._size = self._position = 0
        for part in parts:
            length = len(part) if isinstance(part, bytes) else part[1]
            if length > 0:
                self._parts.append((self._size, self._size + length, part))
                self._size += length
        self._current = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("an offset before the file")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        found = self._find_part()
        if found is None:
            return 0
        start, end, part = found
        size = min(len(buffer), end - self._position)
        skip = self._position - start
        data = part[skip : skip + size] if isinstance(part, bytes) else read_at(self._file, part[0] + skip, size)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _find_part(self) -> tuple[int, int, Part] | None:
        """Return the part at the position. Most reads are sequential, so the search starts at the part read last."""
        if self._current >= len(self._parts) or self._position < self._parts[self._current][0]:
            self._current = 0
        while self._current < len(self._parts) and self._position >= self._parts[self._current][1]:
            self._current += 1
        return self._parts[self._current] if self._current < len(self._parts) else None
