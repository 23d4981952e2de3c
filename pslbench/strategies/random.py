from __future__ import annotations

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy


@strategy("random", uses="x")
def random(pool: Pool) -> PseudoLabels:
    """Label samples drawn at random and train on those alone: the control that every method must beat."""
    chosen = pool.rng.choice(len(pool), pool.budget, replace=False)
    return PseudoLabels(chosen, pool.label(chosen))
