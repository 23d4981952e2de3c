"""What this machine computes with."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

BFLOAT16 = ("amx_bf16", "avx512_bf16")  # as /proc/cpuinfo names them


@cache
def multiplies_bfloat16() -> bool:
    """Whether the CPU has instructions for products of bfloat16."""
    info = Path("/proc/cpuinfo")
    return info.exists() and any(f" {flag}" in info.read_text() for flag in BFLOAT16)


@cache
def has_gpu() -> bool:
    """Whether there is an NVIDIA device; nothing is imported to find out."""
    return Path("/dev/nvidiactl").exists()


def cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1
