from typing import Annotated

from annotated_types import Ge, Gt, Interval

from pslbench.contracts import TrainingData
from pslbench.parts import trainer
from pslbench.trainers.cnn import Network


@trainer("fixmatch", images_only=True, soft_labels=False, reference="Sohn et al. 2020, FixMatch")
def fixmatch(
    data: TrainingData,
    seed: int,
    *,
    threshold: Annotated[float, Interval(gt=0, le=1)] = 0.95,
    mu: Annotated[int, Ge(1)] = 7,
    steps: Annotated[int, Ge(1)] = 1500,
    weight: Annotated[float, Gt(0)] = 1.0,
) -> Network:
    """Train the network of cnn to predict for changed images what it confidently predicts for the unchanged ones.

    Loss and threshold are those of the paper. The optimizer is Adam (the paper: SGD), with a learning rate that falls
    from 0.004 to 0 along half a cosine. The paper's 2^20 steps and averaged weights take too long on a CPU.

    Args:
        data: images. The whole pool is used, with the labels of the labeled samples.
        seed: determines the initial weights, the order of the samples, dropout and augmentation.
        threshold: the least probability of a prediction that is trained on.
        mu: the number of unlabeled images per labeled image; each step takes 32 labeled images.
        steps: the number of training steps; 1,500 show as many images as cnn sees of a pool of 60,000.
        weight: the weight of the loss on unlabeled images.
    """
    from pslbench.trainers.consistency import train_consistently

    return train_consistently(data, seed, lambda p: p.max(axis=1) >= threshold, mu, steps, weight)
