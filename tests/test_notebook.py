"""`pslbench.run` in notebooks: the notebook of the documents, and strategies that are typed into cells."""

import asyncio
import inspect
import threading
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "docs" / "notebook.ipynb"
IMPORTS = "import pslbench\nfrom dataclasses import dataclass\nimport time\nSKIP, SLEEP = 5, 0"
CLASS = "@dataclass\nclass Order:\n    skip: int = SKIP"
HELPER = "def first_samples(pool):\n    return range(Order().skip, Order().skip + pool.budget)"
STRATEGY = '''@pslbench.strategy("typed", uses="x")
def typed(pool: pslbench.Pool) -> pslbench.PseudoLabels:
    """Label the first samples."""
    time.sleep(SLEEP)
    samples = first_samples(pool)
    return pslbench.PseudoLabels(samples, pool.label(samples))
'''
RUN = 'results = pslbench.run(typed, dataset="digits", budget=40, trainer="logreg", seeds={}, output="out", jobs=1)\n'
KEYS = "print(*sorted(path.stem for path in results.folder.glob('cells/*.json')))"


def client(*cells: str, folder: Path) -> NotebookClient:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    return NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}, allow_errors=True
    )


def outputs(notebook: nbformat.NotebookNode, kind: str) -> list[str]:
    """Return the outputs of one media type, those on standard output, or the messages of errors, for each cell."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if kind == output.get("name"):
                found.append(output.text)
            elif kind == output.output_type == "error":
                found.append(output.evalue)
            elif kind in output.get("data", ()):
                found.append(output.data[kind])
    return found


def test_the_notebook_of_the_documents_runs(tmp_path):
    notebook = nbformat.read(NOTEBOOK, 4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "store the notebook without outputs"
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    tables = outputs(notebook, "text/html")
    for words in (
        ("centroid", "half-width", "±"),
        ("are paired",),
        ("outliers", "±"),
        ("wine", "12 labels"),
    ):
        assert any(all(word in table for word in words) for table in tables), words
    assert len(outputs(notebook, "image/png")) == 1
    assert "centroid is better than random" in "".join(outputs(notebook, "stdout"))
    assert "cell/s" in "".join(outputs(notebook, "stderr"))  # the progress bar
    assert (tmp_path / "report.html").exists()


def test_a_strategy_of_a_cell_runs_again_only_if_its_code_changes(tmp_path):
    commented = STRATEGY.replace("    samples", "    # the first ones\n    samples", 1)
    run = RUN.format(1) + KEYS
    cells = (IMPORTS, CLASS, HELPER, STRATEGY, run, commented, run, "SKIP = 6", CLASS, run, "other = typed", run)
    typed = client(*cells, folder=tmp_path)
    notebook = typed.execute()
    assert not outputs(notebook, "error")
    first, retyped, changed, same = (line.split() for line in "".join(outputs(notebook, "stdout")).splitlines())
    assert first == retyped
    assert len(changed) == 2
    assert changed == same
    assert "row of other code" in "".join(outputs(notebook, "text/plain"))


def test_an_interrupt_leaves_the_kernel_and_the_finished_cells(tmp_path):
    slow = (IMPORTS.replace("SLEEP = 5, 0", "SLEEP = 5, 0.5"), CLASS, HELPER, STRATEGY)
    interrupted = client(*slow, RUN.format(4), "print('alive')", RUN.format(4) + KEYS, folder=tmp_path)

    def interrupt() -> None:
        while not list(tmp_path.glob("out/cells/*.json")):
            time.sleep(0.05)
        if inspect.isawaitable(done := interrupted.km.interrupt_kernel()):
            asyncio.run(done)  # type: ignore[arg-type]

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    notebook = interrupted.execute()
    (message,) = outputs(notebook, "error")
    assert "call it again to continue" in message
    alive, keys = "".join(outputs(notebook, "stdout")).splitlines()
    assert alive == "alive"
    assert len(keys.split()) == 4


def test_a_value_that_workers_cannot_receive_is_named(tmp_path):
    cells = (IMPORTS, CLASS, HELPER, STRATEGY, "import numpy as np; SKIP = np.ones(2)", RUN.format(1))
    notebook = client(*cells, "SLEEP = object()", CLASS.replace("SKIP", "1"), RUN.format(1), folder=tmp_path).execute()
    array, instance = outputs(notebook, "error")
    assert "strategy 'typed' uses the variable 'SKIP' with a value of type ndarray" in array
    assert "strategy 'typed' uses the variable 'SLEEP' with a value of type object" in instance
