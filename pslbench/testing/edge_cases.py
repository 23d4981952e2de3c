"""Checks on unusual pools. A part must run on each of them, or refuse it with an InputError."""

from __future__ import annotations

from pslbench.testing import pools
from pslbench.testing.subject import Skip, Subject

__tracebackhide__ = True


def check_few_distinct_samples(subject: Subject) -> None:
    """It runs on a pool with fewer distinct samples than clusters and labels."""
    subject.run_or_skip(pools.few_distinct())


def check_duplicates(subject: Subject) -> None:
    """It runs on a pool in which every sample occurs twice."""
    subject.run_or_skip(pools.duplicates())


def check_constant_features(subject: Subject) -> None:
    """It runs on a pool in which some features have the same value in all samples."""
    subject.run_or_skip(pools.constant_features())


def check_one_class(subject: Subject) -> None:
    """It runs on a pool in which all samples but one have the same class; a trainer sees that class only."""
    subject.run_or_skip(pools.one_class())


def check_everything_labeled(subject: Subject) -> None:
    """It runs with as many labels and clusters as samples, so that no sample is unlabeled."""
    subject.run_or_skip(pools.all_labeled())


def check_vectors(subject: Subject) -> None:
    """It runs on feature vectors instead of images, unless it is registered with images_only=True."""
    if subject.part.images_only:
        raise Skip("it is registered with images_only=True, so runs never give it feature vectors")
    subject.run_or_skip(pools.vectors())


def check_weights(subject: Subject) -> None:
    """It trains on pseudo-labels with weights, some of which are 0."""
    subject.run_or_skip(pools.weighted())


def check_soft_labels(subject: Subject) -> None:
    """It trains on soft labels, unless it is registered with soft_labels=False."""
    if not subject.part.soft_labels:
        raise Skip("it is registered with soft_labels=False, so runs never give it soft labels")
    try:
        subject.run_or_skip(pools.soft_labels())
    except AssertionError as error:
        advice = "use data.probabilities, (m, classes), or register the trainer with soft_labels=False"
        raise AssertionError(f"with soft labels {error}; {advice}") from error


def check_only_failures(subject: Subject) -> None:
    """It runs on rows of cells that all failed, which have no scores and no artifacts."""
    subject.run_or_skip(pools.only_failures())
