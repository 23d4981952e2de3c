"""Keeps the stages that cells share, with the seconds they took."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any


class StageCache:
    """The last `size` stages computed by this process, in memory."""

    def __init__(self, size: int = 4) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, tuple[Any, float]] = OrderedDict()

    def get(self, key: Hashable, compute: Callable[[], Any]) -> tuple[Any, float]:
        """The stage's value and the seconds its computing took, now or when it was computed."""
        if key not in self._kept:
            start = time.perf_counter()
            value = compute()
            self._kept[key] = value, time.perf_counter() - start
        self._kept.move_to_end(key)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return self._kept[key]
