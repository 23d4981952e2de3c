from __future__ import annotations

from typing import TYPE_CHECKING

from pslbench.contracts import Embedding
from pslbench.parts import embedder

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats


@embedder("pixels")
def pixels(x: Floats) -> Embedding:
    """Use the flattened samples as features."""
    return Embedding(flatten(x), flatten)


def flatten(x: Floats) -> Floats:
    return x.reshape(len(x), -1)
