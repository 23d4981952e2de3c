from typing import Annotated

from annotated_types import Ge, Gt

from pslbench.contracts import TrainingData
from pslbench.parts import trainer
from pslbench.trainers.classifiers import FittedClassifier, fit_classifier

SAMPLES_PER_LEAF = 20  # as LightGBM and scikit-learn use for many samples


@trainer("boosting", takes="features", reference="Ke et al. 2017, LightGBM, as scikit-learn implements it")
def boosting(
    data: TrainingData,
    seed: int,
    *,
    iterations: Annotated[int, Ge(1)] = 50,
    learning_rate: Annotated[float, Gt(0)] = 0.1,
) -> FittedClassifier:
    """Fit gradient-boosted trees on histograms of the features.

    Leaves contain at least 20 samples, or a twentieth of the pseudo-labels and at least 2 if there are fewer than 400.

    Args:
        data: features. A sample with soft labels counts once per class, weighted by its probability.
        seed: determines the samples that set the bins, if there are more than 200,000.
        iterations: the number of trees per class.
        learning_rate: the factor of each tree.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    least = min(SAMPLES_PER_LEAF, max(2, len(data.indices) // SAMPLES_PER_LEAF))
    model = HistGradientBoostingClassifier(
        max_iter=iterations,
        learning_rate=learning_rate,
        min_samples_leaf=least,
        early_stopping=False,
        random_state=seed,
    )
    return fit_classifier(data, model)
