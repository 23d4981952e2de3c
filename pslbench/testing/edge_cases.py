"""Pools that parts stumble over: a part copes with each, or refuses it with an InputError."""

from __future__ import annotations

from pslbench.testing import pools
from pslbench.testing.subject import Skip, Subject

__tracebackhide__ = True


def check_few_distinct_samples(subject: Subject) -> None:
    """It copes with fewer distinct samples than there are clusters, and labels."""
    subject.copes(pools.few_distinct())


def check_duplicates(subject: Subject) -> None:
    """It copes with a pool that has every sample twice."""
    subject.copes(pools.duplicates())


def check_constant_features(subject: Subject) -> None:
    """It copes with features that are the same in all samples."""
    subject.copes(pools.constant())


def check_one_class(subject: Subject) -> None:
    """It copes with a pool whose labels, save one, are all of one class; a trainer with one class alone."""
    subject.copes(pools.one_class())


def check_everything_labelled(subject: Subject) -> None:
    """It copes with as many labels, and clusters, as there are samples, so that nothing is left over."""
    subject.copes(pools.all_bought())


def check_vectors(subject: Subject) -> None:
    """It copes with feature vectors instead of images, unless it says images_only."""
    if subject.part.images_only:
        raise Skip("it says that it takes images only, and runs refuse it others")
    subject.copes(pools.vectors())


def check_weights(subject: Subject) -> None:
    """It copes with pseudo-labels that have weights, some of them 0."""
    subject.copes(pools.weighted())


def check_only_failures(subject: Subject) -> None:
    """It copes with rows of cells that all failed: they have no scores, and nothing is kept beside them."""
    subject.copes(pools.only_failures())
