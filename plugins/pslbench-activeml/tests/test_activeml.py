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
LEFT_OUT = {
    *("RandomSampling", "GreedySamplingX", "GreedyBALD", "EpistemicUncertaintySampling"),
    *("ExpectedErrorReduction", "MonteCarloEER", "ValueOfInformationEER", "Quire"),
    *("ExpectedModelChangeMaximization", "ExpectedModelOutputChange", "ExpectedModelVarianceReduction"),
    *("KLDivergenceMaximization", "GreedySamplingTarget", "RegressionTreeBasedAL"),
    *("SubSamplingWrapper", "ParallelUtilityEstimationWrapper"),
}
NO_CLUSTER_LEFT = "scikit-activeml 1.0 fails where every cluster that has samples has a label"


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_conformance(part):
    known = {"few_distinct_samples": NO_CLUSTER_LEFT} if part.name == "al-typiclust" else {}
    skips = {} if part.name == "al-core-set" else {"time": "the README says what each takes"}
    report = check(part, known, skips)
    assert report.ok, str(report)


def test_every_query_strategy_is_a_part_or_left_out_for_a_reason():
    every = {name for name in skactiveml.pool.__all__ if inspect.isclass(getattr(skactiveml.pool, name))}
    source = inspect.getsource(pslbench_activeml)
    brought = {name for name in every if f"from skactiveml.pool import {name}\n" in source}
    assert brought | LEFT_OUT == every
    assert not brought & LEFT_OUT
    assert len(brought) == len(PARTS) == 16


def test_greedy_bald_is_the_committee_that_is_asked_for_its_divergence():
    """Why it is left out: the mutual information is the mean divergence from the consensus."""
    x = np.random.default_rng(0).random((80, 6), np.float32)
    y = np.where(np.arange(80) < 12, np.arange(80) % 3, -1)
    kit = pslbench_activeml.Kit(x, 3, seed=1)
    one, two = (
        query.query(x, y, ensemble=kit.committee(4), batch_size=10)
        for query in (skactiveml.pool.GreedyBALD(**kit.common), skactiveml.pool.QueryByCommittee(**kit.common))
    )
    assert np.array_equal(one, two)


@pytest.mark.parametrize("name", ["al-max-herding", "al-probcover"])
def test_what_compares_each_two_samples_refuses_a_large_pool_at_once(name):
    def ask(indices):
        raise AssertionError("it is too late to refuse")

    x = np.zeros((10_001, 1), np.float32)
    pool = Pool(x, 2, 10, np.random.default_rng(0), ask, ask)
    with pytest.raises(InputError, match="at most 10,000, not of 10,001; try"):
        PARTS[name](pool, batch=5)


def test_later_rounds_know_what_the_earlier_ones_were_told(tmp_path):
    """Uncertainty sampling asks otherwise in one round than in eight, and better than its random first round."""
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
