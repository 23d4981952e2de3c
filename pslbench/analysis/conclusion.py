"""The conclusion of a board in a few sentences, and the command that comes next."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from statistics import median
from typing import Any

from pslbench.analysis.comparison import Verdict, describe_power, judge
from pslbench.analysis.fairness import list_names
from pslbench.analysis.leaderboard import COMBINATION_COLUMNS, LeaderboardEntry
from pslbench.analysis.statistics import MIN_SEEDS
from pslbench.errors import pluralize
from pslbench.results.records import UNUSED

REFERENCE = "random"  # the strategy that every other one must beat
FIRST_SEEDS = 5  # to run if there are too few for a test
REPLACED_OPTION = re.compile(r"(?:--seeds|--output|-s|-o)(=.*|(?<=^-[so]).+)?")


@dataclass(frozen=True)
class Conclusion:
    """What a board shows.

    Attributes:
        sentence: one or more sentences.
        seeds: the number of seeds that would show more; 0 if more seeds are not the next step.
    """

    sentence: str
    seeds: int = 0


def conclude(board: Sequence[LeaderboardEntry]) -> Conclusion | None:
    """Return the conclusion of a board: the strategy to use, or how many seeds would show more.

    The strategies are compared with `random` if it competes, else with the runner-up. There is no conclusion if nothing
    competes.
    """
    competing = [entry for entry in board if entry.ranked]
    if not competing:
        return None
    names = _names(competing)
    if len(competing) == 1:
        other = "centroid" if competing[0].part("strategy") == REFERENCE else REFERENCE
        return Conclusion(f"Only {names[0]} competes; run another strategy, such as `{other}`, with it.")
    place = _reference(competing)
    reference, tests = competing[place], competing[place].tests
    verdicts = [
        judge(
            entry, reference, tests.p_value(entry.combination, reference.combination), tests.pairs, (name, names[place])
        )
        for entry, name in zip(competing, names, strict=True)
    ]
    others = [verdict for i, verdict in enumerate(verdicts) if i != place]
    winners = [i for i, verdict in enumerate(verdicts) if i != place and _is_better(verdict)]
    is_random = competing[place].part("strategy") == REFERENCE
    if winners:
        sentence, seeds = _recommend(verdicts, winners, competing)
    else:
        sentence, seeds = _ask_for_seeds(others, others[0].b if is_random else "")
    return Conclusion(" ".join([sentence, *_describe_baselines(board, competing)]), seeds)


def _names(entries: Sequence[LeaderboardEntry]) -> list[str]:
    """Return the strategy of each entry, with the other parts in which the entries differ."""
    kinds = [k for k in COMBINATION_COLUMNS[3:] if len({entry.part(k) for entry in entries} - {UNUSED}) > 1]
    parts = [[part for part in map(entry.part, kinds) if part != UNUSED] for entry in entries]
    strategies = [f"`{entry.part('strategy')}`" for entry in entries]
    return [f"{name} ({', '.join(own)})" if own else name for name, own in zip(strategies, parts, strict=True)]


def _reference(competing: Sequence[LeaderboardEntry]) -> int:
    """Return the place of `random`, with the trainer of the best row if possible; else that of the runner-up."""
    places = [i for i, entry in enumerate(competing) if entry.part("strategy") == REFERENCE]
    trainer = competing[0].part("trainer")
    return next((i for i in places if competing[i].part("trainer") == trainer), places[0] if places else 1)


def _is_better(verdict: Verdict) -> bool:
    return verdict.is_different and verdict.difference.mean > 0


def _recommend(
    verdicts: Sequence[Verdict], winners: Sequence[int], competing: Sequence[LeaderboardEntry]
) -> tuple[str, int]:
    """Return which combination to use; or, if the best one has fewer seeds, how many seeds all of them need, else 0."""
    first, best = verdicts[winners[0]], verdicts[0]
    interval = f"95%: {first.interval.low:.3f} to {first.interval.high:.3f}"
    sentence = f"Use {first.a}: +{first.difference.mean:.3f} over {first.b} ({interval})."
    if winners[0] > 0 and best.a != best.b:
        verb = "compared with" if isnan(best.p) else "told apart from"
        if best.difference.n < (seeds := first.difference.n):
            better = f"{first.a} beats {first.b} by {first.difference.mean:.3f} ({interval})"
            ahead = f"{best.a} scores higher on its {pluralize(best.difference.n, 'seed')}"
            return f"{better}, but {ahead}; run all of them with {seeds} seeds.", seeds
        return f"{sentence} {best.a} scores higher, but cannot be {verb} {first.b}.", 0
    if tied := [verdicts[i].a for i in winners if competing[i].gap.is_tied]:
        return f"{sentence} {list_names(tied)} cannot be told apart from it.", 0
    return sentence, 0


def _ask_for_seeds(verdicts: Sequence[Verdict], reference: str) -> tuple[str, int]:
    """Return that nothing beats the reference, or that the best two are alike if there is none; and how many seeds
    would show more, or 0.

    Args:
        verdicts: the other combinations against the reference, the best first.
        reference: its name; empty if it is the runner-up.
    """
    first = verdicts[0]
    seeds = max(verdict.difference.n for verdict in verdicts)
    outcome = (
        f"nothing beats {reference} beyond chance" if reference else f"{first.a} and {first.b} can be equally good"
    )
    if seeds < MIN_SEEDS:
        return f"With {pluralize(seeds, 'seed')} nothing can be compared; {FIRST_SEEDS} seeds are a start.", FIRST_SEEDS
    deviations = [verdict.deviation for verdict in verdicts if not isnan(verdict.deviation)]
    if not deviations and any(verdict.images is None for verdict in verdicts):
        return "The differences are the same on every seed, so they cannot be tested.", 0
    if not deviations:
        return f"On these test samples {outcome}; no score depends on the seed, so more seeds change nothing.", 0
    lead = first.difference.mean
    deviation = median(deviations) if lead <= 0 or isnan(first.deviation) else first.deviation
    hint, more = describe_power(deviation, first.pairs, seeds, lead)
    ahead = f" ({first.a} is ahead by {lead:.3f})" if lead > 0 else ""
    return f"With {seeds} seeds {outcome}{ahead}; {hint}.", more


def _describe_baselines(board: Sequence[LeaderboardEntry], competing: Sequence[LeaderboardEntry]) -> Iterator[str]:
    """Yield for each trivial baseline how many of the competing combinations score below it, if any do."""
    for entry in board:
        if entry.rows and all(row.baseline for row in entry.rows):
            limit = entry.score("test_accuracy").mean
            below = sum(other.score("test_accuracy").mean <= limit for other in competing)
            if below:
                share = f"{below} of {pluralize(len(competing), 'combination')} {'does' if below == 1 else 'do'}"
                yield f"{share} not beat `{entry.part('strategy')}`, which predicts the same class for every sample."


def next_command(board: Sequence[LeaderboardEntry], runs: Sequence[Mapping[str, Any]], seeds: int, folder: Path) -> str:
    """Return the last command that ran all competing combinations of a board, with another number of seeds.

    It is empty if there is no such command.

    Args:
        board: the combinations.
        runs: the entries of the manifest, the oldest first.
        seeds: the number of seeds.
        folder: where its results go.
    """
    wanted = {entry.combination for entry in board if entry.ranked}
    for run in reversed(runs):
        words = shlex.split(str(run.get("command", "")))
        ran = {tuple(combination[:-1]) for combination in run.get("fingerprints", [])}
        if words[:2] == ["pslbench", "run"] and wanted <= ran:
            return shlex.join([*_without_replaced(words), "-o", str(folder), "-s", str(seeds)])
    return ""


def _without_replaced(words: Sequence[str]) -> Iterator[str]:
    """Yield the words of a command without its seeds, its folder, and what does not suit a run that continues."""
    is_value = False
    for word in words:
        option = REPLACED_OPTION.fullmatch(word)
        if not (is_value or option or word in ("--fresh", "-q", "--quiet")):
            yield word
        is_value = bool(option and not option[1])
