"""What a user asks for: lists of parts, budgets and seeds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pslbench.errors import InputError, require_distinct
from pslbench.parts import PartConfig

MAX_SEEDS = 100_000


@dataclass(frozen=True)
class Grid:
    """The axes of a run, parsed but not combined yet."""

    datasets: Sequence[PartConfig]
    embedders: Sequence[PartConfig]
    clusterers: Sequence[PartConfig]
    strategies: Sequence[PartConfig]
    trainers: Sequence[PartConfig]
    budgets: Sequence[int]
    seeds: Sequence[int]


def parse_seeds(text: str) -> list[int]:
    """Parse seeds: `5` stands for 0 to 4; `3,7` or `3,` for those alone. Raises InputError."""
    try:
        seeds = [int(item) for item in text.split(",") if item.strip()]
    except ValueError:
        raise InputError(f"seeds '{text}' are not numbers; write 5 for seeds 0 to 4, or 3,7 for these two") from None
    if "," not in text and seeds and 0 < seeds[0] <= MAX_SEEDS:
        return list(range(seeds[0]))
    if "," not in text or not seeds or min(seeds) < 0 or max(seeds) >= 2**32:
        raise InputError(f"seeds '{text}': write their number, 1 to {MAX_SEEDS}, or a list of seeds, as in 3,7")
    require_distinct("the seed", seeds)
    return seeds


def parse_budgets(texts: Iterable[str]) -> list[int]:
    """Parse budgets, each at least 1; `60,120` stands for two. Raises InputError."""
    try:
        budgets = [int(item) for text in texts for item in text.split(",")]
    except ValueError:
        raise InputError(f"budget '{','.join(texts)}' is not a number of labels; write for example 120") from None
    if min(budgets) < 1:
        raise InputError(f"budget {min(budgets)} is not allowed; it must be at least 1")
    require_distinct("the budget", budgets)
    return budgets
