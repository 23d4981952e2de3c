"""Checks on unusual pools. A part must run on each of them, or refuse it with an InputError."""

from dataclasses import replace

import numpy as np

from pslbench.contracts.samples import SAMPLE_KINDS
from pslbench.testing.pools import N_CLASSES, N_SAMPLES, SIDE, draw_samples, make_pool, ordinary
from pslbench.testing.subject import Skip, Subject

__tracebackhide__ = True


def check_few_distinct_samples(subject: Subject) -> None:
    """It runs on a pool with fewer distinct samples than clusters and labels."""
    x, y = draw_samples()
    _, first = np.unique(y, return_index=True)
    subject.run_or_skip(make_pool(x[first[y]], y))


def check_duplicates(subject: Subject) -> None:
    """It runs on a pool in which every sample occurs twice."""
    x, y = draw_samples(N_SAMPLES // 2)
    subject.run_or_skip(make_pool(x.repeat(2, axis=0), y.repeat(2)))


def check_constant_features(subject: Subject) -> None:
    """It runs on a pool in which some features have the same value in all samples."""
    x, y = draw_samples()
    x[:, : SIDE // 4], x[:, SIDE // 4 : SIDE // 2] = 0, 0.5
    subject.run_or_skip(make_pool(x, y))


def check_one_class(subject: Subject) -> None:
    """It runs on a pool in which all samples but one have the same class; a trainer sees that class only."""
    x, y = draw_samples()
    shifts = np.linspace(0, 0.01, N_SAMPLES, dtype=np.float32)[:, None, None, None]
    labels = np.zeros(N_SAMPLES, np.int64)
    labels[-1] = 1
    subject.run_or_skip(make_pool(np.clip(x[y == 0].repeat(N_CLASSES, axis=0) + shifts, 0, 1), labels))


def check_everything_labeled(subject: Subject) -> None:
    """It runs with as many labels and clusters as samples, so that no sample is unlabeled."""
    x, y = draw_samples(20)
    subject.run_or_skip(make_pool(x, y, budget=20, n_labeled=20))


def check_kinds(subject: Subject) -> str:
    """It runs on samples of every kind that it takes. A strategy takes every kind."""
    tiny = ordinary()
    kinds = SAMPLE_KINDS if subject.kind == "strategy" or subject.part.needs_features else subject.part.takes
    taken = [kind for kind in kinds if kind != "files"]
    for kind in taken:
        try:
            subject.run_or_skip(tiny.with_kind(kind))
        except AssertionError as error:
            raise AssertionError(f"with {kind} {error}") from error
    return ", ".join(taken)


def check_weights(subject: Subject) -> None:
    """It trains on pseudo-labels with weights, some of which are 0."""
    tiny = ordinary()
    weights = (tiny.pseudo_labels.indices % 4 / 2).astype(np.float32)
    subject.run_or_skip(replace(tiny, pseudo_labels=replace(tiny.pseudo_labels, weights=weights)))


def check_soft_labels(subject: Subject) -> None:
    """It trains on soft labels, unless it is registered with soft_labels=False."""
    if not subject.part.soft_labels:
        raise Skip("it is registered with soft_labels=False, so runs never give it soft labels")
    tiny = ordinary()
    probabilities = np.eye(N_CLASSES, dtype=np.float32)[tiny.pseudo_labels.labels] * np.float32(0.7) + np.float32(0.1)
    try:
        subject.run_or_skip(replace(tiny, pseudo_labels=replace(tiny.pseudo_labels, labels=probabilities)))
    except AssertionError as error:
        advice = "use data.probabilities, (m, classes), or register the trainer with soft_labels=False"
        raise AssertionError(f"with soft labels {error}; {advice}") from error


def check_only_failures(subject: Subject) -> None:
    """It runs on rows of cells that all failed, which have no scores and no artifacts."""
    subject.run_or_skip(replace(ordinary(), has_scores=False))
