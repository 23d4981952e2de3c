"""What may not matter: the order of samples, what else was trained; and how time grows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pslbench.contracts import PseudoLabels
from pslbench.parts import Kind
from pslbench.testing import pools
from pslbench.testing.subject import Skip, Subject, require

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Ints

SIZES, MORE = (250, 500, 1000, 2000), 2
QUICK, LONG = 0.25, 1.5  # seconds: below, growth is not judged; above, no larger pool is needed
STEEP = 2.7  # exponent of growth: clearly above the square

__tracebackhide__ = True


def check_sample_order(subject: Subject) -> str | None:
    """The order of the samples makes no difference, as far as can be promised.

    - An embedder, clusterer or trainer without a seed gives each sample what it had: features up to rounding, the
      same clusters by whatever number, probabilities up to 0.01. One with a seed draws by place, and is skipped.
    - A strategy that draws nothing from `pool.rng` asks for the same samples and gives them the same labels. One that
      draws asks for as many.
    """
    import numpy as np

    if subject.kind != "strategy" and subject.part.takes_seed:
        raise Skip("it takes a seed: what it draws falls on other samples in another order")
    first, order = subject.steady(), np.random.default_rng(3).permutation(pools.SAMPLES)
    plain, moved = first.entry.arrays, subject.copes(pools.ordinary().permuted(order)).entry.arrays
    if first.seen.drew:
        require(
            len(plain["asked"]) == len(moved["asked"]),
            f"it asks for {len(plain['asked'])} labels, in another order of the samples for {len(moved['asked'])}",
        )
        return "it draws: as many labels are asked for"
    wrong = ORDERED[subject.kind](plain, moved, order)
    require(not wrong, f"{wrong} when the samples come in another order: let nothing depend on their places")
    return None


def _features_moved(plain: Any, moved: Any, order: Ints) -> str:
    import numpy as np

    scale = float(abs(plain["features"]).max()) or 1
    return "" if np.allclose(plain["features"][order], moved["features"], atol=1e-4 * scale) else "features change"


def _clusters_moved(plain: Any, moved: Any, order: Ints) -> str:
    import numpy as np

    before, after = plain["assignment"][order], moved["assignment"]
    pairs = len(np.unique(np.stack([before, after]), axis=1).T)
    return "" if pairs == len(np.unique(before)) == len(np.unique(after)) else "samples change clusters"


def _probabilities_moved(plain: Any, moved: Any, order: Ints) -> str:
    import numpy as np

    return "" if np.allclose(plain["probabilities"], moved["probabilities"], atol=0.01) else "probabilities change"


def _labels_moved(plain: Any, moved: Any, order: Ints) -> str:
    if set(plain["asked"]) != set(order[moved["asked"]]):
        return "it asks for other samples"
    before = dict(zip(plain["indices"], plain["labels"], strict=True))
    after = dict(zip(order[moved["indices"]], moved["labels"], strict=True))
    return "" if before == after else "samples get other labels"


ORDERED: dict[Kind, Callable[[Any, Any, Any], str]] = {
    "embedder": _features_moved,
    "clusterer": _clusters_moved,
    "trainer": _probabilities_moved,
    "strategy": _labels_moved,
}


def check_predictions_last(subject: Subject) -> None:
    """A predictor says the same after another has been trained, and of a sample alone as of it among others."""
    import numpy as np

    subject.steady()
    scene = pools.ordinary()
    x, predictor = scene.data.x_test, subject.run(scene).seen.returned
    before = np.array(predictor.predict_proba(x))
    others = PseudoLabels(scene.taught.indices, (scene.taught.labels + 1) % pools.CLASSES)
    subject.run(replace(scene, taught=others))
    require(
        np.allclose(before, predictor.predict_proba(x), atol=1e-6),
        "a predictor changes when another is trained: give each what it learned, not what they share",
    )
    require(
        np.allclose(before[:1], predictor.predict_proba(x[:1]), atol=0.05),
        "what it predicts of a sample depends on the samples beside it: predict each by itself",
    )


def check_time(subject: Subject) -> str:
    """Its time grows no faster than about the square of the pool: 250 samples to 2,000, the same budget.

    Time is the processor's, which others on the machine do not lengthen. What takes less than a quarter of a second is
    not judged. An exponent of 2.7 fails, where two more measurements do not bring it down.
    """
    subject.sound()
    taken = dict[int, float]()
    most = subject.part.max_pool or max(SIZES)
    for n in sorted({min(size, most) for size in SIZES}):
        taken[n] = subject.copes(pools.ordinary(n)).seconds
        if taken[n] > LONG and len(taken) > 1:
            break
    for _ in range(MORE):
        if taken[n] >= QUICK and _exponent(taken) > STEEP:
            taken = {n: min(before, subject.copes(pools.ordinary(n)).seconds) for n, before in taken.items()}
    grows = _exponent(taken)
    told = f"{taken[n]:.1f} s for {n:,} samples"
    if taken[n] < QUICK:
        return told
    require(grows <= STEEP, f"its time grows with the power {grows:.1f} of the pool, {told}: look for a shorter way")
    return f"{told}, power {grows:.1f}"


def _exponent(taken: dict[int, float]) -> float:
    """Slope of log seconds against log samples, over the larger pools: small ones tell of overheads."""
    import numpy as np

    sizes = sorted(taken)[-3:]
    seconds = [max(taken[size], 1e-4) for size in sizes]
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0]) if len(sizes) > 1 else 0.0
