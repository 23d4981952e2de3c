from __future__ import annotations

from typing import TYPE_CHECKING

from pslbench.contracts import Embedding
from pslbench.parts import embedder

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats


@embedder("pixels")
def pixels(x: Floats) -> Embedding:
    """The samples as they are, flattened."""
    return Embedding(flat(x), flat)


def flat(x: Floats) -> Floats:
    return x.reshape(len(x), -1)
