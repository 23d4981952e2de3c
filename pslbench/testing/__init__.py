"""Checks for authors of plugins that a part keeps its contract. They need neither TensorFlow nor pytest.

With pytest:

    from pslbench.testing import parametrize

    @parametrize(my_idea)
    def test_conformance(check):
        check()

Without pytest: `print(check(my_idea))`, or `pslbench check my-idea`. `pool()` returns a pool for tests of your own.
"""

from pslbench.testing.report import Check, Outcome, Report, check, checks, parametrize
from pslbench.testing.runs import pool
from pslbench.testing.subject import Skip

__all__ = ["Check", "Outcome", "Report", "Skip", "check", "checks", "parametrize", "pool"]
