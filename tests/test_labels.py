"""Labels are counted, and the true ones cannot be reached from a `Pool`."""

import numpy as np
import pytest
from helpers import TINY, command, rows

from pslbench import BudgetExceeded, ContractError, Pool, PseudoLabels
from pslbench.clustering import fit_clusters
from pslbench.execution.oracle import LabelAccount, behind_doors
from pslbench.plugins.discovery import discover

PEEKER = '''
def walk(thing):
    """Everything it leads to, nearest first: attributes, closures, containers; not through modules and classes."""
    import gc, types
    seen, todo = {}, [thing]
    for each in todo:
        if id(each) in seen or isinstance(each, (types.ModuleType, type)):
            continue
        seen[id(each)] = each
        if isinstance(each, types.FunctionType):
            todo += [cell.cell_contents for cell in each.__closure__ or ()]
        else:
            todo += gc.get_referents(each)
    return list(seen.values())


@strategy("peeker")
def peeker(pool: Pool) -> PseudoLabels:
    """Looks for the labels everywhere a Pool leads to, and cheats where it finds them."""
    n = len(pool)
    for found in walk(pool):
        if isinstance(found, np.ndarray) and found.shape == (n,) and found.dtype.kind in "iu" and found.max() < 10:
            if found.min() == 0 and len(np.unique(found)) == 10:
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
    """Looks, where it is looked at, through the frames that lead there."""

    found = None

    @property
    def indices(self):
        import sys
        frame = sys._getframe(1)
        while frame:
            if "account" in frame.f_locals:
                Trap.found = frame.f_locals["account"]._labels
            frame = frame.f_back
        raise ValueError


@strategy("trapper", uses="x")
def trapper(pool: Pool) -> PseudoLabels:
    """Has something of its own looked at behind the pool."""
    for ask in (pool.train, pool._train, pool._ask):
        try:
            ask(Trap())
        except Exception:
            pass
    chosen = np.arange(len(pool)) if Trap.found is not None else pool.rng.choice(len(pool), pool.budget, replace=False)
    return PseudoLabels(chosen, Trap.found if Trap.found is not None else pool.label(chosen))


@strategy("meddler")
def meddler(pool: Pool) -> PseudoLabels:
    """Writes into the shared clusters."""
    pool.clusters.assignment[:] = 0


@hookimpl
def pslbench_register():
    yield from (peeker, spender, scribbler, meddler, trapper)
'''


@pytest.mark.parametrize("strategy", ["peeker", "trapper"])
def test_a_strategy_that_looks_for_the_labels_finds_none(strategy, plugin, tmp_path):
    outcome = command("run", strategy, *TINY, "-o", tmp_path / "r", "--plugin", plugin(PEEKER))
    assert outcome.status == 0, outcome.err
    results = rows(tmp_path / "r")
    assert (results.labels_spent == 40).all()
    assert (results.coverage < 0.05).all(), "it found the true labels"


def test_the_peeker_does_find_labels_that_can_be_reached(plugin):
    """The test above can fail: a pool whose labels hang on a closure is seen through."""
    scope: dict = {"np": np}
    exec(PEEKER.split("@strategy")[0], scope)
    y = np.arange(1000) % 10
    leaky = Pool(np.zeros((1000, 2)), 10, 40, np.random.default_rng(0), lambda i: y[i], lambda p: None)
    assert any(found is y for found in scope["walk"](leaky))


@pytest.mark.parametrize(
    ("strategy", "error"),
    [("spender", "BudgetExceeded: 41 labels"), ("scribbler", "read-only"), ("meddler", "read-only")],
)
def test_one_label_too_many_and_writing_into_the_pool_fail_the_cell(strategy, error, plugin, tmp_path):
    outcome = command("run", strategy, *TINY, "-o", tmp_path / "r", "--plugin", plugin(PEEKER))
    assert outcome.status == 1
    assert error in outcome.err


def test_what_was_not_asked_for_makes_no_difference():
    """Non-interference: with every label changed that it did not ask for, a strategy does the same."""
    catalog = discover()
    data = catalog.call(catalog.parse("dataset", "digits")[0])
    embedding = catalog.call(catalog.parse("embedder", "pixels")[0], data.x_train)
    clusters, _ = fit_clusters(catalog.call(catalog.parse("clusterer", "kmeans")[0], 40, 0), embedding.features, 40)

    def outcome(strategy, labels):
        account = LabelAccount(labels, 40)
        with behind_doors(account.label) as (ask,):
            pool = Pool(data.x_train, 10, 40, np.random.default_rng(0), ask, ask, embedding, clusters)
            return catalog.call(catalog.parse("strategy", strategy)[0], pool), account._asked

    for strategy in ("centroid", "centroid-only", "random"):
        before, asked = outcome(strategy, data.y_train)
        after, _ = outcome(strategy, np.where(asked, data.y_train, 9 - data.y_train))
        assert np.array_equal(before.indices, after.indices)
        assert np.array_equal(before.labels, after.labels)


def test_the_account_counts_distinct_samples_and_charges_nothing_it_refuses():
    account = LabelAccount(np.arange(10) % 3, 4)
    assert account.label(np.array([1, 2, 1])).tolist() == [1, 2, 1]
    assert len(account.asked) == 2
    account.label(np.array([1, 2]))
    assert len(account.asked) == 2
    with pytest.raises(BudgetExceeded):
        account.label(np.array([3, 4, 5]))
    assert len(account.asked) == 2
    for wrong in ([10], [-1]):
        with pytest.raises(ContractError):
            account.label(np.array(wrong))


def test_an_error_behind_the_door_carries_no_frames():
    secret = np.arange(5)

    def answer(_):
        assert len(secret)
        raise ValueError("broken")

    with behind_doors(answer) as (ask,):
        with pytest.raises(ValueError, match="broken") as caught:
            ask(0)
        frames = []
        traceback = caught.value.__traceback__
        while traceback:
            frames.append(traceback.tb_frame.f_code.co_name)
            traceback = traceback.tb_next
        assert "answer" not in frames
        assert any("broken" in note for note in caught.value.__notes__)


def test_a_strategy_may_train_in_rounds(plugin, tmp_path):
    rounds = plugin("""
@strategy("rounds")
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
