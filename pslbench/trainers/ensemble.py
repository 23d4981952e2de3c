from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from pslbench.contracts import Predictor, TrainingData
from pslbench.contracts.arrays import Floats
from pslbench.parts import trainer


@dataclass(frozen=True)
class SoftVote:
    """Classifiers whose probabilities are averaged."""

    members: tuple[Predictor, ...]

    def predict_proba(self, x: Floats) -> Floats:
        """Return class probabilities, float32 (m, classes), of features, float32 (m, d)."""
        import numpy as np

        mean: Floats = np.mean([member.predict_proba(x) for member in self.members], axis=0, dtype=np.float32)
        return mean


@trainer("ensemble", takes="features")
def ensemble(
    data: TrainingData, seed: int, *, folds: Annotated[int, Ge(2)] = 5, trees: Annotated[int, Ge(1)] = 300
) -> SoftVote:
    """Average the probabilities of `probe` and `extra-trees`.

    A linear classifier is the better one on features of pretrained encoders, and trees are the better one on most
    tables. The average is nearly as good as the better one on both.

    Args:
        data: features. A sample with soft labels counts once per class, weighted by its probability.
        seed: determines the trees.
        folds: the number of parts of the cross-validation that chooses the penalty of `probe`.
        trees: the number of trees.
    """
    from pslbench.trainers.extra_trees import extra_trees
    from pslbench.trainers.probe import probe

    return SoftVote((probe(data, folds=folds), extra_trees(data, seed, trees=trees)))
