"""Checks that irrelevant facts do not matter: the order of samples, other trainings; and that time grows slowly."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pslbench.contracts import PseudoLabels
from pslbench.contracts.arrays import Ints
from pslbench.parts import Kind
from pslbench.testing import pools
from pslbench.testing.subject import Skip, Subject, require

Arrays = Mapping[str, NDArray[Any]]
POOL_SIZES, N_REPEATS = (250, 500, 1000, 2000), 2
MIN_SECONDS, ENOUGH_SECONDS = 0.25, 1.5  # less time is not judged; after more, no larger pool is run
MAX_EXPONENT = 2.7  # of the growth; clearly above quadratic

__tracebackhide__ = True


def check_sample_order(subject: Subject) -> str | None:
    """Its output does not depend on the order of the samples, as far as randomness allows.

    - An embedder, clusterer or trainer without a seed gives every sample the same output: features up to rounding, the
      same clusters under any number, probabilities up to 0.01. One with a seed draws by position and is skipped.
    - A strategy that draws nothing from `pool.rng` queries the same samples and gives them the same labels. One that
      draws queries the same number of samples.
    """
    if subject.kind != "strategy" and subject.part.takes_seed:
        raise Skip("it takes a seed, so its random numbers fall on other samples in another order")
    first, order = subject.deterministic_run(), np.random.default_rng(3).permutation(pools.N_SAMPLES)
    plain = first.entry.arrays
    permuted = subject.run_or_skip(pools.ordinary().permuted(order)).entry.arrays
    if first.calls.used_rng:
        require(
            len(plain["asked"]) == len(permuted["asked"]),
            f"it queries {len(plain['asked'])} labels, but {len(permuted['asked'])} if the samples are in another "
            "order; do not depend on positions",
        )
        return "it draws random numbers: the number of queried labels is the same"
    problem = _order_problem(subject.kind, plain, permuted, order)
    require(not problem, f"{problem} if the samples are in another order; do not depend on positions")
    return None


def _order_problem(kind: Kind, plain: Arrays, permuted: Arrays, order: Ints) -> str:
    """Say what differs between the output on a pool and that on the permuted pool; empty if nothing does."""
    if kind == "embedder":
        before, after = plain["features"][order], permuted["features"]
        scale = float(abs(before).max()) or 1
        return "" if np.allclose(before, after, atol=1e-4 * scale) else "features change"
    if kind == "clusterer":
        before, after = plain["assignment"][order], permuted["assignment"]
        n_pairs = len(np.unique(np.stack([before, after]), axis=1).T)
        return "" if n_pairs == len(np.unique(before)) == len(np.unique(after)) else "samples change clusters"
    if kind == "trainer":
        are_close = np.allclose(plain["probabilities"], permuted["probabilities"], atol=0.01)
        return "" if are_close else "probabilities change"
    if set(plain["asked"]) != set(order[permuted["asked"]]):
        return "it queries other samples"
    before, after = np.argsort(plain["indices"]), np.argsort(order[permuted["indices"]])
    same_samples = np.array_equal(plain["indices"][before], order[permuted["indices"]][after])
    are_same = same_samples and np.allclose(plain["labels"][before], permuted["labels"][after], atol=1e-4)
    return "" if are_same else "samples get other labels"


def check_independent_predictions(subject: Subject) -> None:
    """A prediction does not change when another predictor is trained, nor with the samples predicted beside it."""
    subject.deterministic_run()
    tiny = pools.ordinary().suited(subject.part)
    x = tiny.test_features if subject.part.needs_features else tiny.data.x_test
    predictor = subject.run(tiny).calls.returned
    before = np.array(predictor.predict_proba(x))
    others = PseudoLabels(tiny.pseudo_labels.indices, (tiny.pseudo_labels.labels + 1) % pools.N_CLASSES)
    subject.run(replace(tiny, pseudo_labels=others))
    require(
        np.allclose(before, predictor.predict_proba(x), atol=1e-6),
        "a predictor changes when another is trained; store what each one learned in the predictor itself",
    )
    require(
        np.allclose(before[:1], predictor.predict_proba(x[:1]), atol=0.05),
        "the prediction of a sample depends on the other samples; predict each sample independently",
    )


def check_time(subject: Subject) -> str:
    """Its time grows at most about quadratically with the pool, from 250 to 2,000 samples with the same budget.

    The time is processor time, which other processes do not lengthen. Less than 0.25 seconds is not judged. A growth
    exponent above 2.7 fails if two more measurements confirm it.
    """
    subject.first_run()
    seconds = dict[int, float]()
    largest = subject.part.max_pool or max(POOL_SIZES)
    for n in sorted({min(size, largest) for size in POOL_SIZES}):
        seconds[n] = subject.run_or_skip(pools.ordinary(n)).seconds
        if seconds[n] > ENOUGH_SECONDS and len(seconds) > 1:
            break
    for _ in range(N_REPEATS):
        if seconds[n] >= MIN_SECONDS and _growth_exponent(seconds) > MAX_EXPONENT:
            again = {n: subject.run_or_skip(pools.ordinary(n)).seconds for n in seconds}
            seconds = {n: min(seconds[n], again[n]) for n in seconds}
    exponent = _growth_exponent(seconds)
    remark = f"{seconds[n]:.1f} s for {n:,} samples"
    if seconds[n] < MIN_SECONDS:
        return remark
    require(
        exponent <= MAX_EXPONENT,
        f"its time grows with the power {exponent:.1f} of the pool ({remark}); use an algorithm that scales better",
    )
    return f"{remark}, power {exponent:.1f}"


def _growth_exponent(seconds: dict[int, float]) -> float:
    """Return the slope of log seconds against log samples over the three largest pools; small pools show overheads."""
    sizes = sorted(seconds)[-3:]
    values = [max(seconds[size], 1e-4) for size in sizes]
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0]) if len(sizes) > 1 else 0.0
