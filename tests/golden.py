"""Runs a few tiny cells with pinned instruction sets, so that their scores can be compared to the last digit.

`python tests/golden.py` records the scores in golden.csv and golden.json.
"""

import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from pslbench.planning.stages import PROTOCOL_VERSION
from pslbench.results.manifest import describe_machine

TABLE, FACTS = Path(__file__).with_name("golden.csv"), Path(__file__).with_name("golden.json")
CONFIGURATION = ["dataset", "budget", "strategy", "clusterer", "embedder", "trainer", "seed"]
LIBRARIES = ("numpy", "scipy", "scikit-learn", "faiss-cpu", "keras", "tensorflow")
PINNED = {  # the same arithmetic on every x86-64 processor of the last ten years
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "FAISS_OPT_LEVEL": "AVX2",
}
NETWORK = "cnn:epochs=1,min_steps=30,precision=float32"
EVERY_RUN = "-d digits -b 40 -s 1"
RUNS = (
    "centroid random poisson pwll co-testing confident typiclust uncertainty majority -t logreg -e pixels",
    "centroid laplace k-center -t logreg -e pca:dims=16 -c birch",
    "label-spreading probcover supervised -t logreg -e pixels -c agglomerative",
    f"centroid -c gmm -e upright -t {NETWORK}",
)


def run(folder: Path) -> pd.DataFrame:
    """Run the cells in a folder, and return their table as text."""
    environment = {**os.environ, **PINNED, "PSLBENCH_CACHE_DIR": str(folder / "cache")}
    for words in RUNS:
        command = [sys.executable, "-m", "pslbench", "run", *f"{words} {EVERY_RUN} -o".split(), str(folder)]
        subprocess.run(command, check=True, env=environment, capture_output=True, timeout=300)
    frame = pd.read_csv(folder / "results.csv", dtype=str)
    columns = list(frame.columns)
    scores = columns[columns.index("test_accuracy") : columns.index("classes_seen") + 1]
    return frame[[*CONFIGURATION, "labels_spent", *scores]].sort_values(CONFIGURATION).reset_index(drop=True)


def facts() -> dict[str, object]:
    """Return what the scores depend on besides the code."""
    versions = {library: version(library) for library in LIBRARIES}
    return {"protocol": PROTOCOL_VERSION, "cpu": describe_machine()["cpu"], "versions": versions}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        run(Path(name)).to_csv(TABLE, index=False)
    FACTS.write_text(json.dumps(facts(), indent=2) + "\n")
