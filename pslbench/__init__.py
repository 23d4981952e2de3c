"""The public API: `run` and `load` for work in Python, everything else for authors of plugins.

Example:
    import pslbench

    results = pslbench.run(["centroid", "random"], dataset="digits", trainer="logreg", budget=40)
    results.leaderboard()

Example of a plugin:
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

from importlib import import_module
from typing import TYPE_CHECKING

from pslbench.contracts import (
    Clusters,
    Column,
    Dataset,
    Embedding,
    Graph,
    ImageFiles,
    Pool,
    Predictor,
    PseudoLabels,
    StoredImages,
    Table,
    Texts,
    TrainingData,
)
from pslbench.errors import BudgetExceeded, ContractError, InputError, deprecated
from pslbench.parts import Part, clusterer, dataset, embedder, reporter, strategy, trainer
from pslbench.plugins.spec import API_VERSION, hookimpl
from pslbench.progress import ProgressLines
from pslbench.results.records import CellInfo, LabelingRecord, Result, ResultsReader, RunInfo

if TYPE_CHECKING:
    from pslbench.analysis.statistics import Interval
    from pslbench.api import Results, StrategyComparison, label, load, run
    from pslbench.datasets.decoding import read_images

LAZY_NAMES = dict.fromkeys(("Results", "StrategyComparison", "label", "load", "run"), "pslbench.api")
LAZY_NAMES |= {"Interval": "pslbench.analysis.statistics", "read_images": "pslbench.datasets.decoding"}
__all__ = [
    "API_VERSION",
    "BudgetExceeded",
    "CellInfo",
    "Clusters",
    "Column",
    "ContractError",
    "Dataset",
    "Embedding",
    "Graph",
    "ImageFiles",
    "InputError",
    "Interval",
    "LabelingRecord",
    "Part",
    "Pool",
    "Predictor",
    "ProgressLines",
    "PseudoLabels",
    "Result",
    "Results",
    "ResultsReader",
    "RunInfo",
    "StoredImages",
    "StrategyComparison",
    "Table",
    "Texts",
    "TrainingData",
    "clusterer",
    "dataset",
    "embedder",
    "hookimpl",
    "label",
    "load",
    "read_images",
    "reporter",
    "run",
    "strategy",
    "trainer",
]


def __getattr__(name: str) -> object:
    if name in LAZY_NAMES:
        return getattr(import_module(LAZY_NAMES[name]), name)
    renamed = {"Labelling": "LabelingRecord", "Records": "ResultsReader"}
    if name in renamed:
        deprecated(f"pslbench.{name}", f"pslbench.{renamed[name]}")
        return globals()[renamed[name]]
    raise AttributeError(f"module 'pslbench' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
