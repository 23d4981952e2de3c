"""What comes back from a session: a label for every sample, and how many of them are right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pslbench.contracts.arrays import Bools, Floats, Ints
from pslbench.errors import InputError
from pslbench.labeling.audit import AuditResult, estimate
from pslbench.labeling.engine import Labeling, run_session
from pslbench.labeling.oracle import Ask
from pslbench.labeling.session import Session
from pslbench.plugins.catalog import Catalog

if TYPE_CHECKING:
    from pandas import DataFrame

Source = Literal["person", "propagated", "model", ""]
TABLE, SUMMARY = "labels.csv", "summary.json"


@dataclass(frozen=True, eq=False)
class Labels:
    """A label for every sample of a heap.

    Attributes:
        codes: int64 (n,), the class of each sample; -1 for none.
        confidence: float32 (n,), the probability that the trained classifier gives that class; 1 for a person's label.
        sources: where each label comes from: a person, the pseudo-labels of the strategy, or the trained classifier.
        classes: the names of the classes.
    """

    codes: Ints
    confidence: Floats
    sources: tuple[Source, ...]
    classes: tuple[str, ...]

    @property
    def covered(self) -> float:
        """The share of the samples that have a label."""
        return float((self.codes >= 0).mean())

    def to_frame(self, names: Sequence[str]) -> DataFrame:
        """Return a data frame with the columns sample, label, confidence and source; `names` are those of samples."""
        import pandas as pd

        labels = ["" if code < 0 else self.classes[code] for code in self.codes.tolist()]
        columns = {"sample": names, "label": labels, "confidence": self.confidence.round(4), "source": self.sources}
        return pd.DataFrame(columns)

    def counts(self) -> dict[Source, int]:
        """Return the number of labels of each source."""
        return {source: self.sources.count(source) for source in ("person", "propagated", "model") if source}


def complete_session(
    session: Session, catalog: Catalog, ask: Ask | None, min_confidence: float
) -> tuple[Labels, AuditResult | None]:
    """Ask what is still open, the audit last, and write `labels.csv` and `summary.json`.

    Args:
        session: its answers.
        catalog: the parts.
        ask: asks a person; None to go without the missing answers.
        min_confidence: labels with less confidence are left empty.

    Raises:
        QuestionsOpenError: more answers are needed.
        InputError: a part failed, or the folder cannot be written.
    """
    labeling = run_session(session, catalog, ask)
    if ask and session.open_audit:
        ask(session.open_audit)
    labels, audit = assign_labels(session, labeling, min_confidence), audit_labels(session, labeling)
    write_labels(session.folder, session, labels)
    write_summary(session.folder, session, labels, audit)
    return labels, audit


def assign_labels(session: Session, labeling: Labeling, min_confidence: float = 0) -> Labels:
    """Return a label for every sample: a person's, else that of the strategy, else that of the classifier.

    Samples that no person labeled have none if the confidence is below `min_confidence`.
    """
    import numpy as np

    codes, is_propagated = machine_labels(labeling)
    confidence = labeling.probabilities[np.arange(len(codes)), codes]
    sources = np.where(is_propagated, "propagated", "model").astype(object)
    doubtful = confidence < min_confidence
    codes, sources[doubtful] = np.where(doubtful, -1, codes), ""
    by_name = {label: code for code, label in enumerate(labeling.classes)}
    for sample in session.book.labeled:
        codes[sample] = by_name[str(session.book.label_of(sample))]
        confidence[sample], sources[sample] = 1, "person"
    return Labels(codes, confidence, tuple(sources.tolist()), labeling.classes)


def machine_labels(labeling: Labeling) -> tuple[Ints, Bools]:
    """Return the class of each sample without the answers of people to the audit, and whether it is propagated."""
    import numpy as np

    codes = labeling.probabilities.argmax(axis=1).astype(np.int64)
    is_propagated = np.zeros(len(codes), bool)
    codes[labeling.indices], is_propagated[labeling.indices] = labeling.labels, True
    return codes, is_propagated


def audit_labels(session: Session, labeling: Labeling) -> AuditResult | None:
    """Estimate the share of right labels. A sample of the audit that a person skipped counts as wrong.

    None if no sample of the audit was seen, or the strategy asked for all of them.
    """
    import numpy as np

    book, codes = session.book, machine_labels(labeling)[0]
    asked = set(labeling.asked.tolist())
    checked = [sample for sample in session.audit if book.is_seen(sample) and sample not in asked]
    is_right = [labeling.classes[codes[sample]] == book.label_of(sample) for sample in checked]
    n_person = len(set(book.labeled) - set(session.audit)) + len(set(session.audit) & asked & set(book.labeled))
    return estimate(np.array(is_right, bool), n_person, len(session.heap))


def write_labels(folder: Path, session: Session, labels: Labels) -> None:
    """Write `labels.csv`, and `labels.parquet` if pyarrow is installed. Raises InputError if that fails."""
    frame = labels.to_frame(session.heap.names)
    try:
        partial = folder / f".{TABLE}"
        frame.to_csv(partial, index=False, encoding="utf-8", errors="surrogateescape")
        partial.replace(folder / TABLE)
        with suppress(ImportError):  # pyarrow belongs to an extra
            frame.to_parquet((folder / TABLE).with_suffix(".parquet"), index=False)
    except OSError as error:
        raise InputError(f"cannot write to '{folder}' ({error.strerror}); repair that, and run again") from None


def true_share(session: Session, labels: Labels) -> float | None:
    """Return the share of the labels that are right, if the label of every sample was known before the session."""
    known = session.heap.known
    if not session.settings.has_classes or any(label is None for label in known):
        return None
    pairs = [
        (labels.classes[code], label) for code, label in zip(labels.codes.tolist(), known, strict=True) if code >= 0
    ]
    return sum(given == label for given, label in pairs) / len(pairs) if pairs else None


def write_summary(folder: Path, session: Session, labels: Labels, audit: AuditResult | None) -> None:
    """Write `summary.json`: what was spent, where the labels come from, and what the audit found."""
    book = session.book
    summary = {
        "samples": len(session.heap),
        "classes": list(labels.classes),
        "labels_spent": book.charged,
        "labels_before": len(book.given),
        "skipped": len(book.skipped),
        "sources": labels.counts(),
        "covered": labels.covered,
        "audit": None if audit is None else {**asdict(audit), "share": audit.share},
        "true_share": true_share(session, labels),
    }
    (folder / SUMMARY).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def describe_audit(audit: AuditResult | None) -> str:
    """Say in plain words what the audit found."""
    if audit is None:
        return "There is no audit, so nothing is known about the share of right labels."
    return (
        f"At least {audit.at_least:.1%} of the labels are right (with 95% confidence); the best estimate is "
        f"{audit.share:.1%} (95%: {audit.low:.1%} to {audit.high:.1%}). Of {audit.n} samples that were drawn at random "
        f"and labeled blindly, {audit.right} have the right label. Right means: as the person says."
    )
