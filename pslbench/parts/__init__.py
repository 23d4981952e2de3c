"""Parts: datasets, embedders, clusterers, strategies, trainers and reporters."""

from pslbench.parts.config import PartConfig, configure, parse_configs
from pslbench.parts.decorators import Decorator, clusterer, dataset, embedder, reporter, strategy, trainer
from pslbench.parts.parameters import Parameter, Value, allowed_values, format_value
from pslbench.parts.part import KINDS, SEEDED_KINDS, Kind, Part, PoolInput, name_problem

__all__ = [
    "KINDS",
    "SEEDED_KINDS",
    "Decorator",
    "Kind",
    "Parameter",
    "Part",
    "PartConfig",
    "PoolInput",
    "Value",
    "allowed_values",
    "clusterer",
    "configure",
    "dataset",
    "embedder",
    "format_value",
    "name_problem",
    "parse_configs",
    "reporter",
    "strategy",
    "trainer",
]
