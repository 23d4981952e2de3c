"""The audit: a random sample of the heap that estimates how many labels are right."""

from __future__ import annotations

from dataclasses import dataclass

from pslbench.contracts.arrays import Bools, Ints

AUDIT_STREAM = 0x0A0D17  # keeps these random numbers apart from those of the parts
LEVEL = 0.95
USUAL_SHARE, MIN_AUDIT = 0.2, 20  # of the budget; labels


@dataclass(frozen=True)
class AuditResult:
    """How many labels of a heap are right, according to a person who checked some of them blindly.

    Attributes:
        n: the samples that were checked and that the strategy did not ask for.
        right: how many of these have the label that the person gave.
        n_person: the samples whose label the person gave, which count as right.
        n_samples: the samples of the heap.
        low, high: the exact 95% interval (Clopper & Pearson 1934) of the share of right labels in the whole heap.
        at_least: the exact lower bound of that share that is true with 95% confidence.
    """

    n: int
    right: int
    n_person: int
    n_samples: int
    low: float
    high: float
    at_least: float

    @property
    def share(self) -> float:
        """The estimated share of right labels in the whole heap."""
        return self._of_heap(self.right / self.n)

    def _of_heap(self, share_of_others: float) -> float:
        return whole_share(share_of_others, self.n_person, self.n_samples)


def usual_size(budget: int) -> int:
    """Return the usual size of the audit for a budget."""
    return max(MIN_AUDIT, round(USUAL_SHARE * budget))


def draw_audit(n: int, size: int, seed: int) -> Ints:
    """Draw samples, int64 (size,), of a heap of n samples, in the order in which they are asked."""
    import numpy as np

    rng = np.random.default_rng([seed, AUDIT_STREAM])
    drawn: Ints = rng.choice(n, size, replace=False).astype(np.int64)
    return drawn


def whole_share(share: float, n_person: int, n_samples: int) -> float:
    """Return the share of right labels in a heap, if `share` is that among the labels that no person gave."""
    return (n_person + share * (n_samples - n_person)) / n_samples


def estimate(is_right: Bools, n_person: int, n_samples: int) -> AuditResult | None:
    """Estimate the share of right labels from the samples of the audit that the strategy did not ask for.

    They are a simple random sample of the part of the heap whose labels no person gave, because the audit is drawn
    before the strategy begins and the strategy never learns its answers.

    Args:
        is_right: whether the label of each such sample is that of the person, bool (n,).
        n_person: the samples whose label the person gave, besides those of the audit.
        n_samples: the samples of the heap.

    Returns:
        None if there is no such sample.
    """
    from scipy.stats import binomtest

    n, right = len(is_right), int(is_right.sum())
    if not n:
        return None
    both = binomtest(right, n).proportion_ci(LEVEL, method="exact")
    lower = binomtest(right, n, alternative="greater").proportion_ci(LEVEL, method="exact")
    bounds = (whole_share(float(share), n_person, n_samples) for share in (both.low, both.high, lower.low))
    return AuditResult(n, right, n_person, n_samples, *bounds)
