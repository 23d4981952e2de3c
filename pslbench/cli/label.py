from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from pslbench.cli.console import note, stderr_console, stdout_console
from pslbench.cli.options import FEATURES_HELP, SKIP_BAD_HELP, PluginOptions, complete_parts, expand_options
from pslbench.errors import InputError, join_names, pluralize

DEFAULT_FOLDER = Path("labels")
START = "start"


class GroupWithDefault(TyperGroup):
    """A group whose first word may also be the data, which starts a session: `pslbench label photos/`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, self._with_command(args))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        return super().resolve_command(ctx, self._with_command(args))

    def _with_command(self, args: list[str]) -> list[str]:
        names_command = not args or args[0] in self.commands or args[0] in ("-h", "--help")
        return args if names_command else [START, *args]


app = typer.Typer(
    cls=GroupWithDefault,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Label samples that nobody has labeled: a strategy asks for some of the labels.",
    epilog="Start with:  pslbench label photos/ --classes cat,dog -b 120 --ask file -o my-labels",
)

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of a session.")]
LeaveDoubtful = Annotated[
    float,
    typer.Option(metavar="CONFIDENCE", min=0, max=1, help="Leave the label empty where the confidence is lower."),
]


@app.command(START)
@expand_options
def start(
    data: Annotated[str | None, typer.Argument(metavar="DATA", help="A folder, a table or a dataset.")] = None,
    *,
    classes: Annotated[
        str | None, typer.Option(metavar="NAMES", help="The classes, as in cat,dog. Default: those of the answers.")
    ] = None,
    add_class: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Add a class. Repeatable.")] = None,
    budget: Annotated[
        int | None,
        typer.Option(
            "-b", "--budget", metavar="LABELS", min=1, help="Labels to pay for, audit included. Default: 120."
        ),
    ] = None,
    audit: Annotated[
        int | None,
        typer.Option(
            metavar="LABELS",
            min=0,
            help="Labels of the budget that check the result. Default: a fifth, at least 20.",
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FOLDER", help="Folder of the session.")
    ] = DEFAULT_FOLDER,
    ask: Annotated[
        Literal["file", "terminal"], typer.Option(help="Where questions are asked: in a CSV file, or here.")
    ] = "file",
    annotator: Annotated[
        Literal["person", "simulated"],
        typer.Option(help="Who answers. The simulated annotator knows the labels of a dataset."),
    ] = "person",
    by: Annotated[str, typer.Option(metavar="NAME", help="Name of the person who answers.")] = "",
    error_rate: Annotated[float, typer.Option(min=0, max=1, help="Wrong answers of the simulated annotator.")] = 0,
    leave_doubtful: LeaveDoubtful = 0,
    earlier: Annotated[
        Path | None, typer.Option("--from", metavar="FOLDER", help="Take over the labels of an earlier session.")
    ] = None,
    charge_known: Annotated[
        bool, typer.Option("--charge-known", help="Count labels from before the session as paid for.")
    ] = False,
    strategy: Annotated[
        str | None, typer.Option(metavar="NAME", help="Strategy.", autocompletion=complete_parts("strategy"))
    ] = None,
    embedder: Annotated[
        str | None,
        typer.Option("-e", "--embedder", metavar="NAME", help="Embedder.", autocompletion=complete_parts("embedder")),
    ] = None,
    clusterer: Annotated[
        str | None,
        typer.Option(
            "-c", "--clusterer", metavar="NAME", help="Clusterer.", autocompletion=complete_parts("clusterer")
        ),
    ] = None,
    trainer: Annotated[
        str | None,
        typer.Option("-t", "--trainer", metavar="NAME", help="Trainer.", autocompletion=complete_parts("trainer")),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of all random numbers. Default: 0.")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help=SKIP_BAD_HELP)] = False,
    features: Annotated[str | None, typer.Option(metavar="FILE", help=FEATURES_HELP)] = None,
    plugins: PluginOptions,
) -> int:
    """Start a session or go on with it; `pslbench label DATA` is short for this.

    The command writes questions.csv. Fill in its column label, and run
    the command again. A ? in that column means that you cannot tell.

    Examples:
      pslbench label photos/ --classes cat,dog -b 120 -o my-labels
      pslbench label mnist-5k --annotator simulated -o trial
    """
    from pslbench.labeling.session import locked
    from pslbench.labeling.start import SessionRequest, open_session

    is_simulated = annotator == "simulated"
    if error_rate and not is_simulated:
        raise InputError("--error-rate is for --annotator simulated; leave one of them out")
    request = SessionRequest(
        data,
        tuple(each.strip() for each in classes.split(",")) if classes else None,
        budget,
        audit,
        seed,
        strategy,
        embedder,
        clusterer,
        trainer,
        is_simulated,
        earlier,
        charge_known,
        skip_bad,
        features,
        tuple(plugins.plugin),
        tuple(plugins.no_plugin),
    )
    with locked(output):
        catalog = plugins.load_catalog()
        session = open_session(output, catalog, request, note)
        for name in add_class or ():
            session.book.add_class(name)
        return _go_on(session, catalog, ask, is_simulated, by, error_rate, leave_doubtful)


@app.command()
@expand_options
def status(folder: Folder, *, plugins: PluginOptions) -> int:
    """Show how far a session is.

    Example:
      pslbench label status my-labels
    """
    from pslbench.labeling.start import SessionRequest, open_session

    session = open_session(folder, plugins.load_catalog(), SessionRequest(), note)
    _print_status(session)
    return 0


@app.command()
@expand_options
def finish(folder: Folder, *, leave_doubtful: LeaveDoubtful = 0, plugins: PluginOptions) -> int:
    """End a session with the answers so far: write a label for every sample.

    Questions of the strategy that nobody answered take no part in the training.

    Example:
      pslbench label finish my-labels
    """
    from pslbench.labeling.session import locked
    from pslbench.labeling.start import SessionRequest, open_session

    with locked(folder):
        catalog = plugins.load_catalog()
        session = open_session(folder, catalog, SessionRequest(), note)
        _finish(session, catalog, None, leave_doubtful)
    return 0


def _go_on(
    session: Any, catalog: Any, ask: str, is_simulated: bool, by: str, error_rate: float, leave_doubtful: float
) -> int:
    from pslbench.labeling.annotators import simulate
    from pslbench.labeling.oracle import QuestionsOpenError
    from pslbench.labeling.question_file import QUESTIONS, read_answers, write_questions
    from pslbench.labeling.terminal import ask_on_terminal

    answer: Callable[[Sequence[int]], None]
    if is_simulated:
        answer = simulate(session, error_rate, session.settings.seed)
        answer(session.open_audit)
    elif ask == "terminal":
        answer = ask_on_terminal(session, by, stdout_console())
    else:
        answer = partial(write_questions, session)
        if n := read_answers(session, by):
            stderr_console().print(f"read {pluralize(n, 'answer')}", soft_wrap=True)
    try:
        _finish(session, catalog, answer, leave_doubtful, ask == "terminal")
    except QuestionsOpenError:
        _print_status(session)
        file = session.folder / QUESTIONS
        step = f"fill in the column label of {file}, and run the command again"
        step = step if ask == "file" else "run the command again to go on"
        stdout_console().print(f"next: {step}", soft_wrap=True, markup=False)
    return 0


def _finish(
    session: Any,
    catalog: Any,
    ask: Callable[[Sequence[int]], None] | None,
    leave_doubtful: float,
    is_terminal: bool = False,
) -> None:
    from pslbench.labeling.outcome import TABLE, complete_session, describe_audit, true_share

    with nullcontext() if is_terminal else stderr_console().status("the strategy is computing"):
        labels, audit = complete_session(session, catalog, ask, leave_doubtful)
    console = stdout_console()
    _print_status(session)
    counts = ", ".join(f"{n:,} {source}" for source, n in labels.counts().items())
    left = f"; {1 - labels.covered:.1%} are left empty" if labels.covered < 1 else ""
    console.print(f"labels: {counts}{left}", soft_wrap=True, markup=False)
    console.print(describe_audit(audit), soft_wrap=True, markup=False)
    if (share := true_share(session, labels)) is not None:
        console.print(f"According to the dataset, {share:.1%} of the labels are right.", soft_wrap=True, markup=False)
    console.print(f"labels in {session.folder / TABLE}", soft_wrap=True, markup=False)


def _print_status(session: Any) -> None:
    book, settings, console = session.book, session.settings, stdout_console()
    checked = len(session.audit) - len(session.open_audit)
    classes = join_names(session.classes) or "none yet"
    lines = [
        f"{session.heap.name}: {len(session.heap):,} samples; classes: {classes}",
        f"{book.charged} of {settings.budget} labels are spent, {checked} of {settings.audit} on the audit",
    ]
    if given := len(book.given):
        lines.append(f"{pluralize(given, 'sample')} had a label before the session, which costs nothing")
    if skipped := len(book.skipped):
        lines.append(f"{pluralize(skipped, 'sample')} skipped: nobody could tell")
    for sample, given_labels in list(book.disagreements.items())[:10]:
        votes = ", ".join(f"{by or 'unnamed'}: {label}" for by, label in given_labels.items())
        lines.append(f"people disagree about {session.heap.names[sample]} ({votes})")
    for line in lines:
        console.print(line, soft_wrap=True, markup=False)
