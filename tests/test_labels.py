"""The process of a strategy holds no labels; queries are counted; pseudo-labels are checked."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from helpers import TINY, command, rows

from pslbench import BudgetExceeded, Clusters, ContractError, PseudoLabels
from pslbench.clustering import fit_clusters
from pslbench.execution.messages import Message, MessageError, decode, encode
from pslbench.execution.oracle import CellOracle, TrueLabels
from pslbench.execution.worker_process import answer
from pslbench.plugins.discovery import discover
from pslbench.testing import pool as tiny_pool

PEEKER = '''
def arrays_in_memory():
    """Every array of this process that could hold the labels."""
    import gc
    gc.collect()
    return [each for each in gc.get_objects() + gc.get_referents(*gc.get_objects()) if type(each) is np.ndarray]


@strategy("peeker", uses="x")
def peeker(pool: Pool) -> PseudoLabels:
    """Looks for the labels in all objects of the process, and cheats if it finds them."""
    n = len(pool)
    for found in arrays_in_memory():
        if found.shape == (n,) and found.dtype.kind in "iu" and len(np.unique(found)) == pool.n_classes:
            return PseudoLabels(np.arange(n), found)
    chosen = np.arange(pool.budget)
    return PseudoLabels(chosen, pool.label(chosen))


@strategy("spender", uses="x")
def spender(pool: Pool) -> PseudoLabels:
    """Asks for one label too many."""
    chosen = np.arange(pool.budget + 1)
    return PseudoLabels(chosen, pool.label(chosen))


@strategy("scribbler", uses="x")
def scribbler(pool: Pool) -> PseudoLabels:
    """Writes into the shared samples."""
    pool.x[:] = 0


class Trap:
    """Runs code where it is unpickled."""

    def __reduce__(self):
        return eval, ("__import__('pathlib').Path('trapped').touch()",)


@strategy("trapper", uses="x")
def trapper(pool: Pool) -> PseudoLabels:
    """Sends objects to whatever answers its queries."""
    import gc
    import pickle
    from multiprocessing.connection import Connection
    for argument in (np.array([Trap()], dtype=object), np.array([0.5]), Trap()):
        try:
            pool._ask(argument)
        except Exception:
            pass
    chosen = np.arange(pool.budget)
    labels = pool.label(chosen)
    for pipe in [each for each in gc.get_objects() if isinstance(each, Connection)]:
        pipe.send_bytes(pickle.dumps(Trap()))
    return PseudoLabels(chosen, labels)


@strategy("trains-undeclared", uses="x")
def trains_undeclared(pool: Pool) -> PseudoLabels:
    """Trains without saying so."""
    chosen = np.arange(pool.budget)
    labels = PseudoLabels(chosen, pool.label(chosen))
    pool.train(labels)
    return labels


@strategy("soft", uses="x")
def soft(pool: Pool) -> PseudoLabels:
    """Soft labels."""
    chosen = np.arange(pool.budget)
    sure = 0.9 * np.eye(pool.n_classes)[pool.label(chosen)] + 0.1 / pool.n_classes
    return PseudoLabels(chosen, sure)


@strategy("meddler")
def meddler(pool: Pool) -> PseudoLabels:
    """Writes into the shared clusters."""
    pool.clusters.assignment[:] = 0


@hookimpl
def pslbench_register():
    yield from (peeker, spender, scribbler, meddler, trapper, trains_undeclared, soft)
'''


def test_a_strategy_that_searches_its_process_finds_no_labels(plugin, tmp_path):
    outcome = command("run", "peeker", *TINY, "-o", tmp_path / "r", "--plugin", plugin(PEEKER))
    assert outcome.status == 0, outcome.err
    results = rows(tmp_path / "r")
    assert (results.labels_spent == 40).all()
    assert (results.coverage < 0.05).all(), "it found the true labels"


def test_the_peeker_finds_labels_that_are_in_its_process(plugin):
    """The test above can fail: in a process that holds the labels, the peeker finds them."""
    catalog = discover([str(plugin(PEEKER))])
    pool = tiny_pool()
    (config,) = catalog.parse("strategy", "peeker")
    assert len(catalog.call(config, pool).indices) == len(pool)


def test_nothing_that_a_strategy_sends_is_unpickled(plugin, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = command("run", "trapper", *TINY, "-o", tmp_path / "r", "--plugin", plugin(PEEKER))
    assert outcome.status == 1
    assert rows(tmp_path / "r").error.str.startswith("WorkerDied").all()
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize(
    "content", [b"", b"abc", pickle.dumps([1]), encode(Message("ready"))[:-2], b"\0" * 7 + b"\7" + b"[[],[]]"]
)
def test_messages_that_no_worker_sends_are_refused(content):
    with pytest.raises(MessageError):
        decode(content)


def test_messages_arrive_as_they_were_sent():
    sent = Message("done", {"status": "ok"}, {"a": np.arange(3), "b": np.zeros((2, 2), np.float16)})
    received = decode(encode(sent))
    assert (received.kind, received.facts) == ("done", {"status": "ok"})
    assert received.arrays["a"].tolist() == [0, 1, 2]
    assert received.arrays["b"].dtype == np.float16
    with pytest.raises(ContractError, match="plain arrays"):
        encode(Message("label", arrays={"indices": np.array([object()])}))


@pytest.mark.parametrize(
    "query",
    [
        Message("label", arrays={"indices": np.array([0.5])}),
        Message("label", arrays={"indices": np.array([[0]])}),
        Message("label", arrays={"indices": np.array([99])}),
        Message("test_accuracy", arrays={"probabilities": np.ones(3)}),
    ],
)
def test_a_query_that_makes_no_sense_is_answered_with_an_error(query):
    truth = TrueLabels(np.arange(10) % 3, np.arange(6) % 3, 3)
    reply = answer(CellOracle(truth, 4, lambda: None), query)
    assert reply.error
    assert reply.error[0] == "ContractError"


@pytest.mark.parametrize(
    ("strategy", "error"),
    [
        ("spender", "BudgetExceeded: 41 labels"),
        ("scribbler", "read-only"),
        ("meddler", "read-only"),
        ("trains-undeclared", "trains=True"),
    ],
)
def test_a_strategy_that_breaks_its_contract_fails_its_cell(strategy, error, plugin, tmp_path):
    outcome = command("run", strategy, *TINY, "-o", tmp_path / "r", "--plugin", plugin(PEEKER))
    assert outcome.status == 1
    assert error in outcome.err


def test_labels_that_were_not_queried_make_no_difference():
    """With every label changed that it did not query, a strategy does the same."""
    catalog = discover()
    pool = tiny_pool()

    def run(strategy, oracle):
        altered = replace(pool, _ask=oracle.label, rng=np.random.default_rng(0))
        return catalog.call(catalog.parse("strategy", strategy)[0], altered)

    labels = np.arange(len(pool)) % 3
    for strategy in ("centroid", "centroid-only", "random"):
        oracle = CellOracle(TrueLabels(labels, labels, 3), pool.budget, lambda: None)
        before = run(strategy, oracle)
        others = np.where(np.isin(np.arange(len(pool)), oracle.account.asked), labels, 2 - labels)
        after = run(strategy, CellOracle(TrueLabels(others, others, 3), pool.budget, lambda: None))
        assert np.array_equal(before.indices, after.indices)
        assert np.array_equal(before.labels, after.labels)


def test_soft_labels_reach_the_trainer(plugin, tmp_path):
    outcome = command("run", "soft", "random", *TINY, "-o", tmp_path / "r", "--plugin", plugin(PEEKER))
    assert outcome.status == 0, outcome.err
    found = rows(tmp_path / "r").set_index("strategy")
    assert (found.loc["soft"].pseudo_accuracy == 1).all()
    assert (found.loc["soft"].test_accuracy > 0.5).all()


def test_the_account_counts_distinct_samples_and_charges_nothing_it_refuses():
    oracle = CellOracle(TrueLabels(np.arange(10) % 3, np.arange(6) % 3, 3), 4, lambda: None)
    assert oracle.label(np.zeros(0, int)).tolist() == []
    assert oracle.label(np.array([1, 2, 1])).tolist() == [1, 2, 1]
    assert len(oracle.account.asked) == 2
    oracle.label(np.array([1, 2]))
    assert len(oracle.account.asked) == 2
    with pytest.raises(BudgetExceeded):
        oracle.label(np.array([3, 4, 5]))
    assert len(oracle.account.asked) == 2
    for wrong in ([10], [-1]):
        with pytest.raises(ContractError):
            oracle.label(np.array(wrong))


def test_an_empty_query_is_free():
    pool = tiny_pool(budget=2)
    assert pool.label([]).tolist() == []
    pool.label([0, 1])
    assert len(pool.label([])) == 0


def test_pseudo_labels_copy_and_freeze_their_arrays():
    indices, labels = np.arange(3), np.array([0, 1, 1])
    made = PseudoLabels(indices, labels)
    labels[0] = 1
    assert made.labels.tolist() == [0, 1, 1]
    with pytest.raises(ValueError, match="read-only"):
        made.labels[0] = 1


def test_soft_labels_are_probabilities():
    made = PseudoLabels([0, 1], [[0.2, 0.8], [1, 0]])
    assert made.are_soft
    assert made.hard_labels.tolist() == [1, 0]
    with pytest.raises(ContractError, match="probabilities"):
        PseudoLabels([0], [[0.2, 0.2]])


@pytest.mark.parametrize(("keep", "kept"), [(0.07, 7), (0.55, 55), (0.071, 8), (0.001, 1), (1, 100)])
def test_a_share_of_a_cluster_is_rounded_up_but_not_by_binary_arithmetic(keep, kept):
    n = 100
    clusters = Clusters(np.zeros(n, int), np.zeros((1, 1)), np.zeros(1, int), np.arange(n, dtype=np.float32))
    assert len(clusters.nearest(keep)) == kept


def test_a_strategy_that_declares_it_may_train_in_rounds(plugin, tmp_path):
    rounds = plugin("""
@strategy("rounds", trains=True)
def rounds(pool: Pool) -> PseudoLabels:
    '''Labels half the budget, trains, and labels where the model is least sure.'''
    first = np.unique(pool.clusters.medoids)[: pool.budget // 2]
    model = pool.train(PseudoLabels(first, pool.label(first)))
    unsure = model.predict_proba(pool.x).max(axis=1)
    unsure[first] = 2
    both = np.concatenate([first, np.argsort(unsure)[: pool.budget - len(first)]])
    return PseudoLabels(both, pool.label(both), weights=np.ones(len(both)))

@hookimpl
def pslbench_register():
    yield rounds
""")
    outcome = command("run", "rounds", *TINY, "-o", tmp_path / "r", "--plugin", rounds)
    assert outcome.status == 0, outcome.err
    assert (rows(tmp_path / "r").labels_spent == 40).all()


@pytest.mark.parametrize(
    ("indices", "labels", "more", "says"),
    [
        ([], [], {}, "empty"),
        ([0, 0], [1, 1], {}, "twice"),
        ([0, 1], [1], {}, "2 indices but 1 labels"),
        ([0.5], [1], {}, "must be integers"),
        ([0], [1], {"weights": [-1]}, "not negative"),
    ],
)
def test_pseudo_labels_that_do_not_fit_together_are_refused(indices, labels, more, says):
    with pytest.raises(ContractError, match=says):
        PseudoLabels(np.array(indices), np.array(labels, int), **more)


def test_clusters_without_members_are_left_out_where_the_clusterer_has_no_centres():
    class Two:
        def fit(self, x):
            self.labels_ = np.where(x[:, 0] > 5, 3, 1)

    x = np.array([[9, 9], [9, 8], [1, 2], [2, 1]], np.float32)
    clusters, falls = fit_clusters(Two(), x, 4, np.array([[1, 1], [8, 8]], np.float32))
    assert clusters.assignment.tolist() == [1, 1, 0, 0]
    assert clusters.centers.tolist() == [[1.5, 1.5], [9, 8.5]]
    assert falls.tolist() == [0, 1]
