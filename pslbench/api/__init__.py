"""The suite from Python: `pslbench.run`, `pslbench.load`, `pslbench.label`, and the results that they return.

The engine, the folders of results, the cache and the errors are those of the command line. `import pslbench` does not
import this package until one of its names is used.
"""

from pslbench.api.functions import load, run
from pslbench.api.labeling import label
from pslbench.api.results import Results, StrategyComparison

__all__ = ["Results", "StrategyComparison", "label", "load", "run"]
