from typing import Annotated

from annotated_types import Ge

from pslbench.contracts import TrainingData
from pslbench.parts import trainer
from pslbench.trainers.classifiers import FittedClassifier, fit_classifier


@trainer("extra-trees", takes="features", reference="Geurts, Ernst & Wehenkel 2006, Extremely randomized trees")
def extra_trees(
    data: TrainingData, seed: int, *, trees: Annotated[int, Ge(1)] = 300, min_leaf: Annotated[int, Ge(1)] = 1
) -> FittedClassifier:
    """Fit extremely randomized trees to the features. Their mean prediction is the probability.

    Args:
        data: features. A sample with soft labels counts once per class, weighted by its probability.
        seed: determines the trees.
        trees: the number of trees.
        min_leaf: the least number of samples in a leaf. Larger values help if many pseudo-labels are wrong.
    """
    from sklearn.ensemble import ExtraTreesClassifier

    return fit_classifier(data, ExtraTreesClassifier(trees, min_samples_leaf=min_leaf, random_state=seed))
