"""What authors of plugins import, and nothing else, save built-in parts that they build upon.

Example:
    from pslbench import Pool, PseudoLabels, hookimpl, strategy

    @strategy("first")
    def first(pool: Pool) -> PseudoLabels:
        '''Label the first samples of the pool and train on those alone.'''
        chosen = range(pool.budget)
        return PseudoLabels(chosen, pool.label(chosen))

    @hookimpl
    def pslbench_register():
        yield first
"""

from pslbench.contracts import (
    Clusters,
    Dataset,
    Embedding,
    Graph,
    Labelling,
    Pool,
    Predictor,
    PseudoLabels,
    Records,
    Result,
    TrainingData,
)
from pslbench.errors import BudgetExceeded, ContractError, InputError
from pslbench.parts import Part, clusterer, dataset, embedder, reporter, strategy, trainer
from pslbench.plugins.spec import API_VERSION, hookimpl

__all__ = [
    "API_VERSION",
    "BudgetExceeded",
    "Clusters",
    "ContractError",
    "Dataset",
    "Embedding",
    "Graph",
    "InputError",
    "Labelling",
    "Part",
    "Pool",
    "Predictor",
    "PseudoLabels",
    "Records",
    "Result",
    "TrainingData",
    "clusterer",
    "dataset",
    "embedder",
    "hookimpl",
    "reporter",
    "strategy",
    "trainer",
]
