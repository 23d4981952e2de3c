"""Labeling sessions from Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pslbench.contracts.samples import Table
from pslbench.labeling.outcome import complete_session, describe_audit
from pslbench.labeling.session import Session, locked
from pslbench.labeling.start import SessionRequest, open_session
from pslbench.plugins.discovery import discover

if TYPE_CHECKING:
    from pandas import DataFrame


def label(
    data: str | PathLike[str],
    annotator: Callable[[Any, str], str | None],
    *,
    classes: Iterable[str] = (),
    budget: int = 120,
    audit: int | None = None,
    output: str | PathLike[str] = "labels",
    leave_doubtful: float = 0,
    strategy: str | None = None,
    embedder: str | None = None,
    clusterer: str | None = None,
    trainer: str | None = None,
    seed: int = 0,
    skip_bad: bool = False,
    features: str | PathLike[str] | None = None,
    plugin: Iterable[str] = (),
    no_plugin: Iterable[str] = (),
) -> DataFrame:
    """Label a heap of samples with a function as the annotator, as the command `pslbench label` does with a person.

    Every answer is saved in the folder `output` at once. If the function raises an exception, the same call goes on
    with the session later. The result of the audit is printed, and is in `summary.json` in the folder.

    Args:
        data: a folder of images or texts, a table, or the name of a dataset.
        annotator: called with a sample and its name; returns the name of its class, or None if it cannot tell. The
            sample is an array (height, width, channels) or (features,), a text, or a dict with the columns of a row.
        classes: the names of the classes. If there are none, every answer is a class.
        budget: the number of labels to pay for, including the audit.
        audit: the number of labels that check the result. The default is a fifth of the budget, at least 20.
        output: the folder of the session.
        leave_doubtful: labels with less confidence are left empty.
        strategy, embedder, clusterer, trainer: parts, as on the command line.
        seed: of all random numbers.
        skip_bad: whether files that cannot be read are left out.
        features: an .npy file with features of each sample.
        plugin, no_plugin: files with plugins, and plugins to leave out.

    Returns:
        A data frame with the columns sample, label, confidence and source.

    Raises:
        InputError: the data or the parts cannot be used, or the folder contains another session.

    Example:
        pslbench.label("notes", lambda text, name: "long" if len(text) > 100 else "short", budget=60)
    """
    catalog, folder = discover(tuple(plugin), tuple(no_plugin)), Path(output)
    request = SessionRequest(
        str(data),
        tuple(classes) or None,
        budget,
        audit,
        seed,
        strategy,
        embedder,
        clusterer,
        trainer,
        skip_bad=skip_bad,
        features=None if features is None else str(features),
        plugin=tuple(plugin),
        no_plugin=tuple(no_plugin),
    )
    with locked(folder):
        session = open_session(folder, catalog, request, print)
        labels, checked = complete_session(session, catalog, ask_function(session, annotator), leave_doubtful)
    print(describe_audit(checked))
    return labels.to_frame(session.heap.names)


def ask_function(session: Session, annotator: Callable[[Any, str], str | None]) -> Callable[[Sequence[int]], None]:
    """Return a function that asks `annotator` for the labels of samples, and records its answers."""

    def ask(samples: Sequence[int]) -> None:
        for sample in samples:
            answer = annotator(_content(session, sample), session.heap.names[sample])
            if answer is None:
                session.book.skip(sample)
            else:
                session.book.answer(sample, str(answer))

    return ask


def _content(session: Session, sample: int) -> Any:
    x = session.heap.x
    return x[[sample]].to_frame().iloc[0].to_dict() if isinstance(x, Table) else x[sample]
