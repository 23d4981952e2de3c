from pslbench.contracts import Embedding
from pslbench.contracts.arrays import Floats
from pslbench.parts import embedder


@embedder("pixels", keeps_size=True)
def pixels(x: Floats) -> Embedding:
    """Use the flattened samples as features."""
    return Embedding(flatten(x), flatten)


def flatten(x: Floats) -> Floats:
    return x.reshape(len(x), -1)
