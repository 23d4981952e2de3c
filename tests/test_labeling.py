"""Sessions with a person: the strategy asks as in a benchmark, no answer is lost, and the audit is honest."""

import csv
import json
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from helpers import command
from PIL import Image
from rich.console import Console
from scipy.stats import binom

import pslbench
from pslbench.errors import InputError
from pslbench.labeling.answers import AnswerBook
from pslbench.labeling.audit import draw_audit, estimate
from pslbench.labeling.engine import run_session
from pslbench.labeling.oracle import QuestionsOpenError
from pslbench.labeling.session import Session
from pslbench.labeling.start import SessionRequest, open_session
from pslbench.labeling.terminal import ask_on_terminal
from pslbench.plugins.discovery import discover

TINY = ("-t", "probe")
WORDS = ("a good day", "a bad day", "what good bread", "what bad bread", "good tea indeed", "bad tea indeed")


@pytest.fixture
def texts(tmp_path):
    """A folder of 48 texts of two classes, good and bad, whose names tell the class."""
    folder = tmp_path / "notes"
    folder.mkdir()
    for i in range(48):
        kind = ("good", "bad")[i % 2]
        (folder / f"{kind}-{i:02d}.txt").write_text(f"{WORDS[i % 6]} number {i}")
    return folder


def questions(folder):
    with (folder / "questions.csv").open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def fill_in(folder, label_of, rows=None):
    """Write the labels that `label_of` gives to the names of samples."""
    rows = questions(folder) if rows is None else rows
    with (folder / "questions.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows({**row, "label": label_of(row["sample"])} for row in rows)


def kind_of(name):
    return name.partition("-")[0]


def simulated_session(folder, strategy, budget, audit=20, seed=0):
    request = SessionRequest(
        "digits", budget=budget + audit, audit=audit, seed=seed, strategy=strategy, trainer="logreg", has_classes=True
    )
    return open_session(folder, discover(), request, lambda _: None)


def answer_truly(session):
    def answer(samples):
        for sample in samples:
            session.book.answer(sample, session.heap.known[sample])

    return answer


@pytest.mark.parametrize("strategy", ["centroid", "typiclust", "poisson", "uncertainty", "co-testing"])
def test_a_session_has_the_labels_of_the_benchmark_with_the_same_seed(strategy, tmp_path):
    settings = {"dataset": "digits", "budget": 40, "trainer": "logreg", "seeds": "1,"}
    results = pslbench.run([strategy], **settings, output=tmp_path / "r", quiet=True)
    with np.load(next((tmp_path / "r" / "labels").iterdir())) as stored:
        benchmark = dict(stored)
    predictions = np.load(next((tmp_path / "r" / "predictions").iterdir()))
    session = simulated_session(tmp_path / "s", strategy, 40, seed=1)
    labeling = run_session(session, discover(), answer_truly(session))
    assert np.array_equal(labeling.asked, benchmark["asked"])
    assert np.array_equal(labeling.indices, benchmark["indices"])
    assert np.array_equal(labeling.labels, benchmark["labels"])
    assert predictions.shape[1] == labeling.probabilities.shape[1] == 10
    assert results.to_frame().labels_spent.item() == len(session.book.labeled) == 40


@pytest.mark.parametrize("strategy", ["typiclust", "uncertainty", "pwll"])
def test_a_strategy_asks_the_same_if_it_is_stopped_after_every_answer(strategy, tmp_path):
    class Stop(Exception):
        pass

    def answer_one(session):
        def answer(samples):
            session.book.answer(samples[0], session.heap.known[samples[0]])
            raise Stop

        return answer

    whole = simulated_session(tmp_path / "whole", strategy, 12, audit=0)
    expected = run_session(whole, discover(), answer_truly(whole))
    for _ in range(20):
        session = simulated_session(tmp_path / "stopped", strategy, 12, audit=0)
        try:
            labeling = run_session(session, discover(), answer_one(session))
        except Stop:
            continue
        break
    assert np.array_equal(labeling.asked, expected.asked)
    assert np.array_equal(labeling.labels, expected.labels)
    assert np.array_equal(labeling.probabilities, expected.probabilities)


def test_a_session_in_a_file(texts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = command("label", texts, "-b", "30", *TINY, "-o", "s")
    assert first.status == 0, first.err
    assert "0 of 30 labels are spent, 0 of 20 on the audit" in first.out
    assert "fill in the column label of s/questions.csv" in first.out
    asked = questions(tmp_path / "s")
    assert {row["text"] for row in asked} <= {path.read_text() for path in texts.iterdir()}
    assert 20 < len(asked) <= 30
    fill_in(tmp_path / "s", kind_of, asked[::-1][:-3] + asked[:2])  # in another order, three missing, two doubled
    second = command("label", texts, "-o", "s", "--by", "anna")
    assert second.status == 0, second.err
    left = {row["sample"] for row in questions(tmp_path / "s")}
    assert left == {row["sample"] for row in asked[2:3]}
    fill_in(tmp_path / "s", kind_of)
    last = command("label", texts, "-o", "s")
    assert last.status == 0, last.err
    labels = pd.read_csv(tmp_path / "s" / "labels.csv")
    assert sorted(labels["sample"]) == sorted(path.name for path in texts.iterdir())
    by_person = labels[labels.source == "person"]
    assert set(by_person["sample"]) == {row["sample"] for row in asked}
    assert (by_person.label == by_person["sample"].map(kind_of)).all()
    assert (by_person.confidence == 1).all()
    assert (labels.label == labels["sample"].map(kind_of)).mean() > 0.9
    assert "of the labels are right (with 95% confidence)" in last.out
    assert "Right means: as the person says." in last.out
    again = command("label", texts, "-o", "s")
    assert again.out == last.out


def test_a_session_on_the_terminal_with_a_skip_an_undo_and_a_stop(texts, tmp_path):
    console = Console(file=StringIO(), width=80)
    words = iter(["good", "bad", "3", "u", "?", "goood", "2", "q"])
    seen = []

    def read(_):
        seen.append(console.file.getvalue().splitlines()[-2])
        return next(words)

    request = SessionRequest(str(texts), ("good", "bad"), 30, 20, trainer="probe")
    session = open_session(tmp_path / "s", discover(), request, lambda _: None)
    with pytest.raises(QuestionsOpenError):
        run_session(session, discover(), ask_on_terminal(session, "anna", console, read))
    shown = console.file.getvalue()
    assert shown.count("no such class") == 2
    assert "did you mean good?" in shown
    assert len(session.book.labeled) == 2
    assert len(session.book.skipped) == 1
    again = Session(tmp_path / "s", session.settings, session.heap)

    def answer_by_content(_):
        return "1" if "good" in console.file.getvalue().splitlines()[-2] else "2"

    labeling = run_session(again, discover(), ask_on_terminal(again, "anna", console, answer_by_content))
    assert not set(again.book.skipped) & set(labeling.indices.tolist())
    assert 0 < len(again.open_audit) < 20


def test_what_a_person_cannot_tell_is_asked_of_a_neighbor_and_never_booked_as_an_answer(tmp_path):
    session = simulated_session(tmp_path, "typiclust", 20, audit=5)
    skipped = []

    def answer(samples):
        for sample in samples:
            if not skipped:
                skipped.append(sample)
                session.book.skip(sample)
            else:
                session.book.answer(sample, session.heap.known[sample])

    labeling = run_session(session, discover(), answer)
    (stand_in,) = session.book.stand_ins(skipped[0])
    assert stand_in not in session.audit
    assert skipped[0] in labeling.asked
    assert skipped[0] not in labeling.indices
    assert stand_in in labeling.indices
    truth = [session.heap.known[i] for i in labeling.indices]
    assert [labeling.classes[code] for code in labeling.labels] == truth
    features = session.heap.x.reshape(len(session.heap), -1)
    distances = ((features - features[skipped[0]]) ** 2).sum(axis=1)
    taken = [*labeling.asked, *session.audit]
    assert distances[stand_in] == np.delete(distances, taken).min()


def test_a_changed_answer_changes_the_labels_and_a_taken_back_one_is_asked_again(tmp_path):
    session = simulated_session(tmp_path, "centroid", 20, audit=0)
    before = run_session(session, discover(), answer_truly(session))
    changed = int(before.asked[0])
    other = "1" if session.book.label_of(changed) != "1" else "2"
    session.book.answer(changed, other)
    again = Session(tmp_path, session.settings, session.heap)
    after = run_session(again, discover(), answer_truly(again))
    assert np.array_equal(after.asked, before.asked)
    assert (after.labels != before.labels).any()
    again.book.undo(changed)
    asked_again = []
    run_session(again, discover(), lambda samples: (asked_again.extend(samples), answer_truly(again)(samples)))
    assert asked_again == [changed]


def test_a_line_that_was_cut_off_is_left_out_and_every_other_answer_counts(tmp_path):
    book = AnswerBook(tmp_path / "answers.jsonl")
    book.answer(3, "cat", by="anna")
    book.answer(3, "dog", by="ben")
    book.skip(4)
    whole = (tmp_path / "answers.jsonl").read_bytes()
    for cut in range(1, len(whole.splitlines()[-1])):
        (tmp_path / "answers.jsonl").write_bytes(whole[:-cut])
        read = AnswerBook(tmp_path / "answers.jsonl")
        assert read.labeled == [3]
        assert not read.is_seen(4)
        read.skip(4)
        assert AnswerBook(tmp_path / "answers.jsonl").skipped == [4]
    assert book.disagreements == {3: {"anna": "cat", "ben": "dog"}}
    assert book.label_of(3) == "dog"
    book.answer(3, "cat", by="carl")
    assert book.label_of(3) == "cat"
    (tmp_path / "answers.jsonl").write_text("{}x\n")
    with pytest.raises(InputError, match=r"line 1 of .* is damaged"):
        AnswerBook(tmp_path / "answers.jsonl")


@pytest.mark.parametrize("size", [20, 50, 100, 200])
@pytest.mark.parametrize("share", [0.8, 0.9, 0.95, 0.99])
def test_the_interval_of_the_audit_contains_the_true_share_often_enough(size, share):
    """Over all outcomes of a random audit, with their exact probabilities."""
    outcomes = [estimate(np.arange(size) < right, 0, 10_000) for right in range(size + 1)]
    probabilities = binom.pmf(np.arange(size + 1), size, share)
    covers = [audit.low <= share <= audit.high for audit in outcomes]
    assert probabilities[covers].sum() >= 0.95 - 1e-9
    bounds = [audit.at_least <= share for audit in outcomes]
    assert probabilities[bounds].sum() >= 0.95 - 1e-9


def test_labels_of_people_count_as_right_and_the_audit_is_drawn_at_random():
    audit = estimate(np.arange(50) < 45, 100, 1000)
    assert audit.share == pytest.approx((100 + 0.9 * 900) / 1000)
    assert audit.low == pytest.approx((100 + 0.7819 * 900) / 1000, abs=1e-4)
    counts = np.bincount(np.concatenate([draw_audit(30, 10, seed) for seed in range(600)]), minlength=30)
    assert abs(counts - 200).max() < 5 * np.sqrt(200)
    assert estimate(np.zeros(0, bool), 5, 5) is None


def test_labels_from_before_the_session_cost_nothing_and_are_used(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=80), "b": rng.normal(size=80)})
    frame["label"] = np.where(frame.a > 0, "plus", "minus")
    truth = frame.label.copy()
    frame.loc[10:, "label"] = None
    frame.to_csv("mine.csv", index=False)
    outcome = command("label", "mine.csv", "-b", "30", *TINY, "-o", "s")
    assert outcome.status == 0, outcome.err
    assert "10 of 80 samples have a label in the column label" in outcome.err
    fill_in(tmp_path / "s", lambda name: truth[int(name) - 1])
    outcome = command("label", "mine.csv", "-o", "s")
    assert "10 samples had a label before the session, which costs nothing" in outcome.out
    labels = pd.read_csv(tmp_path / "s" / "labels.csv")
    assert labels.label[:10].tolist() == truth[:10].tolist()
    assert (labels.label == truth).mean() > 0.85


def test_a_session_may_end_before_its_budget_is_spent(texts, tmp_path):
    folder = tmp_path / "s"
    assert command("label", texts, "-b", "30", *TINY, "-o", folder).status == 0
    early = command("label", "finish", folder)
    assert early.status == 2
    assert "no question of the strategy has been answered" in early.err
    fill_in(folder, lambda name: "" if name.endswith("0.txt") else kind_of(name))
    assert command("label", texts, "-o", folder).status == 0
    finished = command("label", "finish", folder, "--leave-doubtful", "0.6")
    assert finished.status == 0, finished.err
    labels = pd.read_csv(folder / "labels.csv")
    doubtful = labels[labels.label.isna()]
    assert (doubtful.confidence < 0.6).all()
    assert (labels[labels.source == "model"].confidence >= 0.6).all()
    assert ("left empty" in finished.out) is bool(len(doubtful))


def test_a_simulated_annotator_errs_as_often_as_it_is_told(tmp_path):
    words = [
        "label",
        "digits",
        "--annotator",
        "simulated",
        "--error-rate",
        "0.3",
        "-b",
        "200",
        "-t",
        "logreg",
        "-o",
        tmp_path,
    ]
    outcome = command(*words)
    assert outcome.status == 0, outcome.err
    events = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    session = open_session(tmp_path, discover(), SessionRequest(), lambda _: None)
    answers = [event for event in events if event["event"] == "answer"]
    wrong = sum(session.heap.known[event["sample"]] != event["label"] for event in answers)
    assert 0.2 < wrong / len(answers) < 0.4
    labels, summary = pd.read_csv(tmp_path / "labels.csv"), json.loads((tmp_path / "summary.json").read_text())
    right = labels.label.astype(str) == list(session.heap.known)
    assert summary["true_share"] == pytest.approx(right.mean())
    assert f"According to the dataset, {right.mean():.1%} of the labels are right." in outcome.out
    assert summary["sources"]["person"] == summary["labels_spent"] == (labels.source == "person").sum()
    assert summary["audit"]["low"] <= summary["audit"]["share"] <= summary["audit"]["high"]


def test_files_that_are_gone_new_or_altered_are_named_and_nothing_is_lost(texts, tmp_path):
    folder = tmp_path / "s"
    assert command("label", texts, "-b", "30", *TINY, "-o", folder).status == 0
    contents = {path: path.read_text() for path in texts.iterdir()}
    (texts / "good-00.txt").unlink()
    (texts / "bad-01.txt").write_text("something else")
    (texts / "late.txt").write_text("one more")
    for words in (["label", texts, "-o", folder], ["label", "status", folder], ["label", "finish", folder]):
        outcome = command(*words)
        assert outcome.status == 2
        assert "1 sample gone (good-00.txt); 1 sample new (late.txt); 1 sample altered (bad-01.txt)" in outcome.err
    (texts / "late.txt").unlink()
    for path, content in contents.items():
        path.write_text(content)
    assert command("label", "status", folder).status == 0


def test_labels_of_an_earlier_session_are_taken_over_if_their_samples_are_unchanged(texts, tmp_path):
    names = sorted(path.name for path in texts.iterdir())
    start = ("label", texts, "-b", "30", *TINY, "-o")
    assert command(*start, tmp_path / "first").status == 0
    book = AnswerBook(tmp_path / "first" / "answers.jsonl")
    for sample in range(6):
        book.answer(sample, kind_of(names[sample]))
    (texts / names[1]).write_text("something else")
    for charge, spent in (((), 0), (("--charge-known",), 5)):
        folder = tmp_path / f"second-{spent}"
        outcome = command(*start, folder, "--from", tmp_path / "first", *charge)
        assert outcome.status == 0, outcome.err
        assert "5 of 6 labels of the session in" in outcome.err
        assert f"{spent} of 30 labels are spent" in outcome.out
        taken = AnswerBook(folder / "answers.jsonl")
        assert {sample: taken.label_of(sample) for sample in taken.labeled} == {
            sample: kind_of(names[sample]) for sample in (0, 2, 3, 4, 5)
        }
    outcome = command(*start, tmp_path / "third", "--from", tmp_path / "nowhere")
    assert outcome.status == 2
    assert "nowhere' contains no session" in outcome.err


def test_wrong_lines_in_the_file_are_named_and_no_answer_is_recorded(texts, tmp_path):
    folder = tmp_path / "s"
    assert command("label", texts, "--classes", "good,bad", "-b", "30", *TINY, "-o", folder).status == 0
    rows, written = questions(folder), (folder / "questions.csv").read_bytes()
    for label_of, changed, said in (
        (lambda _: "goood", rows, "has the label 'goood', which is no class (did you mean 'good'?)"),
        (kind_of, [{**rows[0], "sample": "other.png"}], "name no sample of this heap, such as 'other.png'"),
        (iter(["good", "bad"]).__next__, None, "gives "),
    ):
        if changed is None:
            fill_in(folder, lambda _, label_of=label_of: label_of(), [rows[0], rows[0]])
        else:
            fill_in(folder, label_of, changed)
        outcome = command("label", texts, "-o", folder)
        assert outcome.status == 2
        assert said in outcome.err
        assert "0 of 30 labels" in command("label", "status", folder).out
    (folder / "questions.csv").write_bytes(written)
    fill_in(folder, lambda _: "neutral")
    assert command("label", texts, "-o", folder, "--add-class", "neutral").status == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["label", "empty"], "empty has no images; put the files that you want to label into it"),
        (["label", "one"], "has 1 sample; a heap needs at least two"),
        (["label", "pictures", "-b", "500"], "the budget 500 exceeds the heap of 30 samples; use -b 30 or less"),
        (["label", "pictures", "-b", "20"], "the audit takes 20 of 20 labels"),
        (["label", "pictures", "-b", "30", "--strategy", "majority"], "is a bound of a benchmark"),
        (["label", "pictures", "-b", "30", "-t", "ensemble", "-e", "tf-idf"], "tf-idf takes texts"),
        (["label", "pictures", "-b", "30", "--classes", "cat"], "--classes needs at least two different names"),
        (["label", "pictures", "-b", "30", "--error-rate", "0.1"], "--error-rate is for --annotator simulated"),
        (["label", "status", "nowhere"], "'nowhere' contains no session"),
        (["label", "pictures", "-b", "30", "-o", "pictures"], "is not empty and contains no session"),
    ],
)
def test_bad_input_is_one_line(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, n in (("empty", 0), ("one", 1), ("pictures", 30)):
        (tmp_path / name).mkdir()
        for i in range(n):
            Image.new("L", (8, 8), i).save(tmp_path / name / f"{i}.png")
    outcome = command(*words)
    assert outcome.status == 2
    assert said in outcome.err
    assert len([line for line in outcome.err.splitlines() if line.startswith("error")]) == 1
    assert not (tmp_path / "pictures" / ".lock").exists()
    assert "Traceback" not in outcome.err


def test_a_session_keeps_its_settings_and_is_used_by_one_process(texts, tmp_path):
    from filelock import FileLock

    folder = tmp_path / "s"
    assert command("label", texts, "-b", "30", *TINY, "-o", folder).status == 0
    outcome = command("label", texts, "-b", "40", "-o", folder)
    assert outcome.status == 2
    assert "was started with the budget 30; leave that out, or choose another folder with -o" in outcome.err
    with FileLock(folder / ".lock"):
        outcome = command("label", texts, "-o", folder)
    assert outcome.status == 2
    assert "uses the session in" in outcome.err


def test_a_function_is_the_annotator(texts, tmp_path, capsys):
    seen = []

    def annotator(text, name):
        seen.append(name)
        if len(seen) == 8:
            raise KeyboardInterrupt
        assert text == (texts / name).read_text()
        return None if name == "bad-01.txt" else kind_of(name)

    settings = {"budget": 30, "trainer": "probe", "output": tmp_path / "s"}
    with pytest.raises(KeyboardInterrupt):
        pslbench.label(texts, annotator, **settings)
    labels = pslbench.label(texts, annotator, **settings)
    assert "of the labels are right" in capsys.readouterr().out
    assert len(set(seen)) == len(seen) - 1  # the one that was interrupted
    assert (labels.label == labels["sample"].map(kind_of)).mean() > 0.9
    assert labels.equals(pd.read_csv(tmp_path / "s" / "labels.csv").astype(labels.dtypes))
