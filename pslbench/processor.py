"""The processors of this machine."""

import os
from functools import cache
from pathlib import Path

BFLOAT16_FLAGS = ("amx_bf16", "avx512_bf16")  # flags in /proc/cpuinfo


@cache
def multiplies_bfloat16() -> bool:
    """Return whether the CPU has instructions that multiply bfloat16 numbers."""
    info = Path("/proc/cpuinfo")
    return info.exists() and any(f" {flag}" in info.read_text() for flag in BFLOAT16_FLAGS)


@cache
def has_gpu() -> bool:
    """Return whether there is an NVIDIA device, without importing a library."""
    return Path("/dev/nvidiactl").exists()


def cores() -> int:
    """Return the number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1
