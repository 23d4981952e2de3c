"""The decorators that turn a function into a part. The arguments of each are attributes of `Part`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pslbench.contracts.samples import SAMPLE_INPUTS, SampleInput
from pslbench.errors import deprecated
from pslbench.parts.part import POOL_INPUTS, Part, PoolInput

Decorator = Callable[[Callable[..., Any]], Part]


def dataset(
    name: str, *, reference: str = "", version: str = "1", enabled: bool = True, positional: str = ""
) -> Decorator:
    """Register `function(*, ...) -> Dataset`.

    As for every kind of part, the value of the parameter `positional` can be written without its name: with
    `@dataset("hf", positional="name")` the text `hf:imdb` stands for `hf:name=imdb`.
    """
    return lambda function: Part("dataset", name, function, reference, version, enabled, positional=positional)


def embedder(
    name: str,
    *,
    reference: str = "",
    version: str = "1",
    enabled: bool = True,
    positional: str = "",
    takes: SampleInput | tuple[SampleInput, ...] = ("images", "vectors"),
    images_only: bool = False,
    keeps_size: bool = False,
) -> Decorator:
    """Register `function(x, seed, *, ...) -> Embedding`; `x` are the samples of the pool alone.

    Omit `seed` if nothing is random. The embedding is then computed once for all seeds. An embedder that takes
    `features` receives those that belong to the data, and one that takes `files` receives `ImageFiles`. If the data has
    neither, it receives samples of the other kinds that it takes. With `keeps_size=True` the features have as many
    numbers as a sample, so a run refuses to compute those of images that take gigabytes. `images_only=True` is
    deprecated: use `takes="images"`.
    """
    kinds = _checked_kinds("embedder", name, takes, images_only)
    return lambda function: Part(
        "embedder",
        name,
        function,
        reference,
        version,
        enabled,
        takes=kinds,
        positional=positional,
        keeps_size=keeps_size,
    )


def clusterer(
    name: str,
    *,
    reference: str = "",
    version: str = "1",
    enabled: bool = True,
    positional: str = "",
    max_pool: int | None = None,
) -> Decorator:
    """Register `function(k, seed, *, ...)`. It returns an object with scikit-learn's `fit`, and `predict` if it can.

    Omit `seed` if nothing is random. A run on a pool of more than `max_pool` samples skips the clusterer with a
    warning.
    """
    return lambda function: Part(
        "clusterer", name, function, reference, version, enabled, max_pool=max_pool, positional=positional
    )


def strategy(
    name: str,
    *,
    reference: str = "",
    version: str = "1",
    enabled: bool = True,
    positional: str = "",
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
        positional=positional,
    )


def trainer(
    name: str,
    *,
    reference: str = "",
    version: str = "1",
    enabled: bool = True,
    positional: str = "",
    takes: SampleInput | tuple[SampleInput, ...] = ("images", "vectors"),
    images_only: bool = False,
    soft_labels: bool = True,
) -> Decorator:
    """Register `function(data, seed, *, ...) -> Predictor`; `data` is a `TrainingData`.

    A trainer that takes `features` receives those of the embedder as its samples, so it works on data of any kind.
    `images_only=True` is deprecated: use `takes="images"`.

    Omit `seed` if nothing is random. A predictor may have an attribute `compute_dtype`, such as 'float32', which names
    the arithmetic that it used. With `soft_labels=False` a cell whose strategy returns soft labels fails.
    """
    kinds = _checked_kinds("trainer", name, takes, images_only)
    return lambda function: Part(
        "trainer",
        name,
        function,
        reference,
        version,
        enabled,
        takes=kinds,
        soft_labels=soft_labels,
        positional=positional,
    )


def _checked_kinds(
    kind: str, name: str, takes: SampleInput | tuple[SampleInput, ...], images_only: bool
) -> tuple[SampleInput, ...]:
    kinds: tuple[SampleInput, ...] = (takes,) if isinstance(takes, str) else tuple(takes)
    if not kinds or not set(kinds) <= set(SAMPLE_INPUTS):
        raise ValueError(f"{kind} '{name}': takes must be some of {', '.join(SAMPLE_INPUTS)}, not {takes!r}")
    if "files" in kinds and not ("images" in kinds and kind == "embedder"):
        raise ValueError(f"{kind} '{name}': only an embedder takes files, and it must take images too")
    if images_only:
        deprecated("images_only=True", 'takes="images"')
        return ("images",)
    return kinds


def reporter(
    name: str,
    *,
    reference: str = "",
    version: str = "1",
    enabled: bool = True,
    positional: str = "",
    writes: bool = False,
) -> Decorator:
    """Register `function(results, reader)`, which returns something that rich can print, or None.

    With `writes=True` the reporter writes files into `reader.folder` and receives all results of the folder. Otherwise
    it receives the results that the command asked for.
    """
    return lambda function: Part(
        "reporter", name, function, reference, version, enabled, writes=writes, positional=positional
    )
