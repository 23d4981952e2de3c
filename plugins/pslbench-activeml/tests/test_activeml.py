import csv
import inspect
import os
import subprocess
import sys

import numpy as np
import pslbench_activeml
import pytest
import skactiveml.pool
from pslbench_activeml import pslbench_register

from pslbench import InputError, Pool
from pslbench.testing import check

PARTS = {part.name: part for part in pslbench_register()}
OMITTED = {
    *("RandomSampling", "GreedySamplingX", "GreedyBALD", "EpistemicUncertaintySampling"),
    *("ExpectedErrorReduction", "MonteCarloEER", "ValueOfInformationEER", "Quire"),
    *("ExpectedModelChangeMaximization", "ExpectedModelOutputChange", "ExpectedModelVarianceReduction"),
    *("KLDivergenceMaximization", "GreedySamplingTarget", "RegressionTreeBasedAL"),
    *("SubSamplingWrapper", "ParallelUtilityEstimationWrapper"),
}
NO_UNLABELED_CLUSTER = "scikit-activeml 1.0 fails if every cluster with samples has a label"


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_conformance(part):
    known_failures = {"few_distinct_samples": NO_UNLABELED_CLUSTER} if part.name == "al-typiclust" else {}
    skips = {} if part.name == "al-core-set" else {"time": "the README lists the seconds of each"}
    report = check(part, known_failures, skips)
    assert report.ok, str(report)


def test_every_query_strategy_is_a_part_or_listed_as_omitted():
    all_names = {name for name in skactiveml.pool.__all__ if inspect.isclass(getattr(skactiveml.pool, name))}
    source = inspect.getsource(pslbench_activeml)
    wrapped = {name for name in all_names if f"from skactiveml.pool import {name}\n" in source}
    assert wrapped | OMITTED == all_names
    assert not wrapped & OMITTED
    assert len(wrapped) == len(PARTS) == 16


def test_greedy_bald_selects_the_same_samples_as_the_committee():
    """GreedyBALD is omitted because its mutual information is the mean divergence from the consensus."""
    x = np.random.default_rng(0).random((80, 6), np.float32)
    y = np.where(np.arange(80) < 12, np.arange(80) % 3, -1)
    inputs = pslbench_activeml.QueryInputs(x, 3, seed=1)
    bald, committee = (
        query.query(x, y, ensemble=inputs.committee(4), batch_size=10)
        for query in (
            skactiveml.pool.GreedyBALD(**inputs.query_arguments),
            skactiveml.pool.QueryByCommittee(**inputs.query_arguments),
        )
    )
    assert np.array_equal(bald, committee)


@pytest.mark.parametrize("name", ["al-max-herding", "al-probcover"])
def test_a_pairwise_strategy_refuses_a_large_pool_at_once(name):
    def ask(indices):
        raise AssertionError("the pool must be refused before a query")

    x = np.zeros((10_001, 1), np.float32)
    pool = Pool(x, 2, 10, np.random.default_rng(0), ask, ask)
    with pytest.raises(InputError, match="at most 10,000"):
        PARTS[name](pool, batch=5)


def test_later_rounds_use_the_labels_of_earlier_rounds(tmp_path):
    """Uncertainty sampling in eight rounds is better than in one round, which is random."""
    options = ["-d", "digits", "-t", "logreg", "-b", "160", "-s", "3", "-j", "1", "-o", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "pslbench", "run", "al-uncertainty:batch=20|160", *options],
        capture_output=True,
        text=True,
        env={**os.environ, "PSLBENCH_CACHE_DIR": str(tmp_path / "cache")},
    )
    assert done.returncode == 0, done.stderr
    with (tmp_path / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["labels_spent"] for row in rows} == {"160"}
    means = {
        name: np.mean([float(row["test_accuracy"]) for row in rows if row["strategy"] == name])
        for name in ("al-uncertainty", "al-uncertainty:batch=160")
    }
    assert means["al-uncertainty"] > means["al-uncertainty:batch=160"]
