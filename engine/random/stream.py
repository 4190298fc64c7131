"""The MT19937 words of one generator: seeding, drawing, and the state as PyTorch lays it out."""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The seed of a generator that nobody has seeded.
FRESH_SEED = 67280421310721
#: Bytes of a saved state: seed, left, seeded, next, 624 words of 8 bytes, four doubles for normals
#: of old versions, a float32 sample, its flag.
STATE_BYTES = 5056
_WORDS = 624
_HEAD = struct.Struct("<QiiQ")
_TAIL = struct.Struct("<ddd i4x f?3x")


class Stream:
    """One sequence of 32-bit words and the spare normal that belongs to it."""

    __slots__ = ("_bits", "_fresh", "seed", "spare")

    def __init__(self, seed: int = FRESH_SEED) -> None:
        self.spare: float | None = None
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        """Start anew; only the low 32 bits of `seed` choose the words."""
        self.seed = seed & 0xFFFFFFFFFFFFFFFF
        self._fresh = True
        self.spare = None
        with suppress(AttributeError):
            del self._bits

    def __getattr__(self, name: str) -> Any:
        """Make the generator of the words when the first one is drawn; numpy.random loads slowly."""
        if name != "_bits":
            raise AttributeError(f"'Stream' object has no attribute '{name}'")
        legacy: Any = np.random.RandomState(self.seed & 0xFFFFFFFF)
        self._bits: Any = np.random.MT19937()
        self._bits.state = legacy.get_state(legacy=False)
        return self._bits

    def started(self) -> bool:
        """Whether anything was drawn, or a state was looked at, since the last seed."""
        try:
            object.__getattribute__(self, "_bits")
        except AttributeError:
            return False
        return True

    def reseed_from_system(self) -> int:
        """Start anew from the operating system's entropy and return the seed."""
        self.reseed(int.from_bytes(os.urandom(8), "little") >> 1)
        return self.seed

    def words(self, n: int) -> NDArray[np.uint64]:
        """Return the next n words, each below 2**32."""
        self._fresh = self._fresh and n == 0
        words: NDArray[np.uint64] = self._bits.random_raw(n)
        return words

    def pairs(self, n: int) -> NDArray[np.uint64]:
        """Return n 64-bit numbers; the first word of each is its high half."""
        words = self.words(2 * n)
        return (words[0::2] << np.uint64(32)) | words[1::2]

    def word(self) -> int:
        """Return the next word."""
        self._fresh = False
        return int(self._bits.random_raw())

    def pair(self) -> int:
        """Return the next 64-bit number."""
        return (self.word() << 32) | self.word()

    def doubles(self, n: int) -> NDArray[np.float64]:
        """Return n numbers of 53 random bits in [0, 1)."""
        return (self.pairs(n) & np.uint64(2**53 - 1)).astype(np.float64) * 2.0**-53

    def double(self) -> float:
        """Return one number of 53 random bits in [0, 1)."""
        return (self.pair() & (2**53 - 1)) * 2.0**-53

    def floats(self, n: int) -> NDArray[np.float32]:
        """Return n numbers of 24 random bits in [0, 1)."""
        return (self.words(n) & np.uint64(2**24 - 1)).astype(np.float32) * np.float32(2.0**-24)

    def dump(self) -> NDArray[np.uint8]:
        """Return the state as PyTorch's 5056 bytes."""
        inner = self._bits.state["state"]
        position = 0 if self._fresh else int(inner["pos"])
        left = 1 if self._fresh else _WORDS + 1 - position
        head = _HEAD.pack(self.seed, left, 1, position)
        spare = 0.0 if self.spare is None else self.spare
        tail = _TAIL.pack(0.0, spare, 0.0, self.spare is not None, 0.0, False)
        raw = head + np.asarray(inner["key"], dtype="<u8").tobytes() + tail
        return np.frombuffer(raw, dtype=np.uint8).copy()

    def load(self, raw: NDArray[np.uint8]) -> None:
        """Take a state that `dump` or PyTorch wrote; RuntimeError if it is not one."""
        data = np.ascontiguousarray(raw, dtype=np.uint8).tobytes()
        if len(data) != STATE_BYTES:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {STATE_BYTES} but found the input RNG "
                f"state size to be {len(data)}"
            )
        seed, left, _, position = _HEAD.unpack_from(data)
        key = np.frombuffer(data, dtype="<u8", count=_WORDS, offset=_HEAD.size)
        _, spare, _, valid, _, _ = _TAIL.unpack_from(data, _HEAD.size + 8 * _WORDS)
        if not 0 <= position <= _WORDS:
            raise RuntimeError("Invalid mt19937 state")
        self._fresh = left == 1 and position == 0
        self._bits.state = {
            "bit_generator": "MT19937",
            "state": {
                "key": key.astype(np.uint32),
                "pos": _WORDS if left == 1 else int(position),
            },
        }
        self.seed = seed
        self.spare = spare if valid else None
