"""Datasets of the Hugging Face hub, OpenML, torchvision and scikit-learn."""

from collections.abc import Iterator

from pslbench import Part, hookimpl
from pslbench_hub.hf import hf
from pslbench_hub.openml import openml
from pslbench_hub.scikit_learn import sklearn
from pslbench_hub.torchvision import torchvision


@hookimpl
def pslbench_register() -> Iterator[Part]:
    yield from (hf, openml, sklearn, torchvision)
