"""The reporters that print. The modules that build their tables are imported when a reporter is called."""

from collections.abc import Sequence

from rich.console import RenderableType

from pslbench.parts import reporter
from pslbench.results.records import Result, ResultsReader


@reporter("table")
def table(
    results: Sequence[Result], reader: ResultsReader, *, sort: str = "test_accuracy", group: str = "", top: int = 0
) -> RenderableType:
    """Show a leaderboard for each dataset and budget on the screen.

    Args:
        sort: the column of leaderboard.csv that orders the rows.
        group: a part, for example trainer; each of its values gets its own board.
        top: the number of competing rows to show; 0 for all.
    """
    from pslbench.reporters.leaderboard_table import build_leaderboard_tables

    return build_leaderboard_tables(results, reader, sort, group, top)


@reporter("curves")
def curves(results: Sequence[Result], reader: ResultsReader) -> RenderableType | None:
    """Print test accuracy by budget and the area under each curve, if several budgets were run."""
    from pslbench.reporters.curves import build_curves

    return build_curves(results, reader)


@reporter("overall")
def overall(results: Sequence[Result], reader: ResultsReader) -> RenderableType | None:
    """Print a comparison of strategies over datasets, if there are several."""
    from pslbench.reporters.overall import build_overall_tables

    return build_overall_tables(results)
