"""The decorators that turn a function into a part. The arguments of each are attributes of `Part`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pslbench.parts.part import POOL_INPUTS, Part, PoolInput

Decorator = Callable[[Callable[..., Any]], Part]


def dataset(name: str, *, reference: str = "", version: str = "1", enabled: bool = True) -> Decorator:
    """Register `function(*, ...) -> Dataset`."""
    return lambda function: Part("dataset", name, function, reference, version, enabled)


def embedder(
    name: str, *, reference: str = "", version: str = "1", enabled: bool = True, images_only: bool = False
) -> Decorator:
    """Register `function(x, seed, *, ...) -> Embedding`; `x` is the pool alone, float32 (n, ...).

    Omit `seed` if nothing is random. The embedding is then computed once for all seeds.
    """
    return lambda function: Part("embedder", name, function, reference, version, enabled, images_only=images_only)


def clusterer(
    name: str, *, reference: str = "", version: str = "1", enabled: bool = True, max_pool: int | None = None
) -> Decorator:
    """Register `function(k, seed, *, ...)`. It returns an object with scikit-learn's `fit`, and `predict` if it can.

    Omit `seed` if nothing is random. A run on a pool of more than `max_pool` samples skips the clusterer with a
    warning.
    """
    return lambda function: Part("clusterer", name, function, reference, version, enabled, max_pool=max_pool)


def strategy(
    name: str,
    *,
    reference: str = "",
    version: str = "1",
    enabled: bool = True,
    disabled_reason: str = "",
    uses: PoolInput | tuple[PoolInput, ...] = "clusters",
    needs_all_labels: bool = False,
    trains: bool = False,
    baseline: bool = False,
) -> Decorator:
    """Register `function(pool, *, ...) -> PseudoLabels`.

    A strategy without clusters runs once even if others run with several clusterers. The pseudo-labels of one that
    `trains` are computed and cached per trainer. A `baseline` runs without a trainer: it predicts the class frequencies
    of its pseudo-labels for every sample.
    """
    used: tuple[PoolInput, ...] = (uses,) if isinstance(uses, str) else tuple(uses)
    if not used or not set(used) <= set(POOL_INPUTS):
        raise ValueError(f"strategy '{name}': uses must be some of {', '.join(POOL_INPUTS)}, not {uses!r}")
    if baseline and trains:
        raise ValueError(f"strategy '{name}': a baseline has no trainer, so it must not be registered with trains=True")
    return lambda function: Part(
        "strategy",
        name,
        function,
        reference,
        version,
        enabled,
        used,
        needs_all_labels,
        trains=trains,
        baseline=baseline,
        disabled_reason=disabled_reason,
    )


def trainer(
    name: str,
    *,
    reference: str = "",
    version: str = "1",
    enabled: bool = True,
    images_only: bool = False,
    soft_labels: bool = True,
) -> Decorator:
    """Register `function(data, seed, *, ...) -> Predictor`; `data` is a `TrainingData`.

    Omit `seed` if nothing is random. A predictor may have an attribute `compute_dtype`, such as 'float32', which names
    the arithmetic that it used. With `soft_labels=False` a cell whose strategy returns soft labels fails.
    """
    return lambda function: Part(
        "trainer", name, function, reference, version, enabled, images_only=images_only, soft_labels=soft_labels
    )


def reporter(
    name: str, *, reference: str = "", version: str = "1", enabled: bool = True, writes: bool = False
) -> Decorator:
    """Register `function(results, reader)`, which returns something that rich can print, or None.

    With `writes=True` the reporter writes files into `reader.folder` and receives all results of the folder. Otherwise
    it receives the results that the command asked for.
    """
    return lambda function: Part("reporter", name, function, reference, version, enabled, writes=writes)
