"""The answers of a labeling session: a file to which every answer is appended at once."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pslbench.errors import InputError

EventKind = Literal["class", "given", "answer", "skip", "undo", "stand-in", "questions"]


class AnswerBook:
    """All answers of a session, in memory and in a file of JSON lines.

    The file is the only state of a session. An event is on the disk before the method that records it returns, so a
    process can be killed at any moment. A line that was cut off by that is left out.

    Args:
        path: the file, which is created with the first event.

    Raises:
        InputError: the file cannot be read or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.RLock()
        self._cut_at: int | None = None  # where a line begins that was cut off
        self.classes: list[str] = []
        self.questions: list[list[int]] = []  # the samples that the strategy asked for, call by call
        self.given: set[int] = set()  # samples that had a label before the session
        self.seconds: list[float] = []  # that each answer took, where this is known
        self._votes: dict[int, dict[str, str | None]] = {}  # by sample and annotator; None for a skip
        self._stand_ins: dict[int, list[int]] = {}
        for event in self._read():
            self._apply(event)

    def _read(self) -> Iterator[dict[str, Any]]:
        try:
            raw = self._path.read_bytes() if self._path.exists() else b""
        except OSError as error:
            raise InputError(f"cannot read {self._path} ({error.strerror}); repair that, and run again") from None
        whole = raw[: raw.rfind(b"\n") + 1]
        self._cut_at = len(whole) if len(whole) < len(raw) else None
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                yield json.loads(line)
            except ValueError:
                advice = "remove the line, or restore the file"
                raise InputError(f"line {number} of {self._path} is damaged; {advice}") from None

    def _record(self, kind: EventKind, **facts: object) -> None:
        """Write an event to the disk, and apply it."""
        event = {"event": kind, **facts, "time": round(time.time(), 3)}
        line = json.dumps(event, ensure_ascii=False) + "\n"
        with self._lock:
            try:
                with self._path.open("ab") as file:
                    if self._cut_at is not None:
                        file.truncate(self._cut_at)
                        self._cut_at = None
                    file.write(line.encode("utf-8", "surrogatepass"))
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise InputError(
                    f"cannot write to {self._path} ({error.strerror}); repair that, and run again"
                ) from None
            self._apply(event)

    def _apply(self, event: dict[str, Any]) -> None:
        kind: EventKind = event["event"]
        if kind == "class":
            self._add(event["label"])
        elif kind == "questions":
            self.questions[event["call"] :] = [event["samples"]]
        elif kind == "stand-in":
            self._stand_ins.setdefault(event["sample"], []).append(event["instead"])
        elif kind == "undo":
            self._votes.get(event["sample"], {}).pop(event["by"], None)
        else:
            self._vote(event["sample"], event["by"], event.get("label"), event.get("seconds"))
            if kind == "given":
                self.given.add(event["sample"])

    def _vote(self, sample: int, annotator: str, label: str | None, seconds: float | None) -> None:
        votes = self._votes.setdefault(sample, {})
        votes.pop(annotator, None)
        votes[annotator] = label  # the latest vote is the last
        if label is not None:
            self._add(label)
        if seconds is not None:
            self.seconds.append(seconds)

    def _add(self, label: str) -> None:
        if label not in self.classes:
            self.classes.append(label)

    def add_class(self, label: str) -> None:
        """Add a class that no answer has yet."""
        if label not in self.classes:
            self._record("class", label=label)

    def give(self, sample: int, label: str) -> None:
        """Record a label that the sample had before the session."""
        self._record("given", sample=sample, label=label, by="given")

    def answer(self, sample: int, label: str, by: str = "", seconds: float | None = None) -> None:
        """Record the label of a sample. It replaces an earlier one of the same annotator."""
        self._record("answer", sample=sample, label=label, by=by, seconds=seconds)

    def skip(self, sample: int, by: str = "", seconds: float | None = None) -> None:
        """Record that an annotator cannot tell the label of a sample."""
        self._record("skip", sample=sample, by=by, seconds=seconds)

    def undo(self, sample: int, by: str = "") -> None:
        """Take back what an annotator said about a sample."""
        self._record("undo", sample=sample, by=by)

    def note_stand_in(self, sample: int, instead: int) -> None:
        """Record which sample is asked instead of one that was skipped."""
        self._record("stand-in", sample=sample, instead=instead)

    def note_questions(self, call: int, samples: Sequence[int]) -> None:
        """Record the samples that the strategy asks for in this call, counted from 0."""
        if call >= len(self.questions) or self.questions[call] != list(samples):
            self._record("questions", call=call, samples=list(samples))

    def label_of(self, sample: int) -> str | None:
        """Return the label that most annotators gave; of equally many, the latest. None if there is no label."""
        labels = [label for label in self._votes.get(sample, {}).values() if label is not None]
        counts = Counter(reversed(labels))  # the latest label is the first of equally frequent ones
        return counts.most_common(1)[0][0] if counts else None

    def is_skipped(self, sample: int) -> bool:
        """Whether all annotators that saw the sample could not tell its label."""
        votes = self._votes.get(sample, {})
        return bool(votes) and all(label is None for label in votes.values())

    def is_seen(self, sample: int) -> bool:
        """Whether an annotator labeled or skipped the sample."""
        return bool(self._votes.get(sample))

    def stand_ins(self, sample: int) -> list[int]:
        """Return the samples that were asked instead of one that was skipped, the latest last."""
        return self._stand_ins.get(sample, [])

    @property
    def labeled(self) -> list[int]:
        """The samples with a label, ascending."""
        return [sample for sample in sorted(self._votes) if self.label_of(sample) is not None]

    @property
    def skipped(self) -> list[int]:
        """The samples that all annotators skipped, ascending."""
        return [sample for sample in sorted(self._votes) if self.is_skipped(sample)]

    @property
    def charged(self) -> int:
        """The number of samples whose label was paid for."""
        return len(set(self.labeled) - self.given)

    @property
    def disagreements(self) -> dict[int, dict[str, str]]:
        """The labels by annotator of each sample with different ones."""
        labels = {
            sample: {by: label for by, label in votes.items() if label is not None}
            for sample, votes in self._votes.items()
        }
        return {sample: given for sample, given in labels.items() if len(set(given.values())) > 1}
