"""Checks that a part keeps its contract, for the authors of plugins.

It needs neither TensorFlow nor pytest. With pytest:

    from pslbench.testing import parametrize

    @parametrize(my_idea)
    def test_conformance(check):
        check()

Without: `print(check(my_idea))`, or `pslbench check my-idea`. `pool()` is one to call a
strategy with, in tests of its own.
"""

from pslbench.testing.report import Check, Outcome, Report, check, checks, parametrize
from pslbench.testing.runs import pool
from pslbench.testing.subject import Skip

__all__ = ["Check", "Outcome", "Report", "Skip", "check", "checks", "parametrize", "pool"]
