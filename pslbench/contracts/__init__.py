"""What flows through a cell: small frozen dataclasses, which are all that a part ever sees."""

from pslbench.contracts.dataset import Dataset
from pslbench.contracts.features import Clusters, Embedding, Graph
from pslbench.contracts.pool import Pool
from pslbench.contracts.pseudo_labels import PseudoLabels
from pslbench.contracts.samples import Column, ImageFiles, StoredImages, Table, Texts
from pslbench.contracts.training import Predictor, TrainingData

__all__ = [
    "Clusters",
    "Column",
    "Dataset",
    "Embedding",
    "Graph",
    "ImageFiles",
    "Pool",
    "Predictor",
    "PseudoLabels",
    "StoredImages",
    "Table",
    "Texts",
    "TrainingData",
]
