"""The public API for authors of plugins.

Example:
    from pslbench import Pool, PseudoLabels, hookimpl, strategy

    @strategy("first")
    def first(pool: Pool) -> PseudoLabels:
        '''Label the first samples of the pool and train on those alone.'''
        selected = range(pool.budget)
        return PseudoLabels(selected, pool.label(selected))

    @hookimpl
    def pslbench_register():
        yield first
"""

from pslbench.contracts import Clusters, Dataset, Embedding, Graph, Pool, Predictor, PseudoLabels, TrainingData
from pslbench.errors import BudgetExceeded, ContractError, InputError, deprecated
from pslbench.parts import Part, clusterer, dataset, embedder, reporter, strategy, trainer
from pslbench.plugins.spec import API_VERSION, hookimpl
from pslbench.results.records import CellInfo, LabelingRecord, Result, ResultsReader, RunInfo

__all__ = [
    "API_VERSION",
    "BudgetExceeded",
    "CellInfo",
    "Clusters",
    "ContractError",
    "Dataset",
    "Embedding",
    "Graph",
    "InputError",
    "LabelingRecord",
    "Part",
    "Pool",
    "Predictor",
    "PseudoLabels",
    "Result",
    "ResultsReader",
    "RunInfo",
    "TrainingData",
    "clusterer",
    "dataset",
    "embedder",
    "hookimpl",
    "reporter",
    "strategy",
    "trainer",
]


def __getattr__(name: str) -> object:
    renamed = {"Labelling": "LabelingRecord", "Records": "ResultsReader"}
    if name in renamed:
        deprecated(f"pslbench.{name}", f"pslbench.{renamed[name]}")
        return globals()[renamed[name]]
    raise AttributeError(f"module 'pslbench' has no attribute '{name}'")
