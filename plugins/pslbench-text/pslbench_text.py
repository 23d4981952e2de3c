"""Pretrained text encoders as embedders. It is a separate package because each needs a library of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge

from pslbench import Embedding, InputError, Part, ProgressLines, Texts, embedder, hookimpl

BLOCK = 2_048  # texts that are decoded at once
MAX_REASON = 200  # characters of the error of a library
TINY = 1e-12


@embedder("wordllama", takes="texts", reference="Miller 2024, WordLlama")
def wordllama(x: Texts, *, dims: Literal[64, 128, 256] = 256) -> Embedding:
    """Embed texts by WordLlama: the mean of the vectors of their tokens, at unit length. It needs no download.

    The vectors were distilled from those of Llama 2 and are in the package wordllama.

    Args:
        x: the pool.
        dims: the number of dimensions; fewer are the first of all.
    """
    import numpy as np

    with _requires("wordllama"):
        import wordllama
    folder = Path(wordllama.__file__).parent
    model = wordllama.WordLlama.load(cache_dir=folder, trunc_dim=dims, disable_download=True)

    def encode(texts: list[str]) -> Any:
        means = model.embed(texts)
        return means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), TINY)  # that of an empty text is 0

    return _embed(x, encode)


@embedder("model2vec", takes="texts", enabled=False, reference="Tulkens & van Dongen 2024, Model2Vec")
def model2vec(
    x: Texts, *, model: str = "minishlab/potion-base-8M", batch_size: Annotated[int, Ge(1)] = 1_024
) -> Embedding:
    """Embed texts by Model2Vec: the weighted mean of the vectors of their tokens, distilled from a transformer.

    Args:
        x: the pool.
        model: a model of the hub, which is downloaded once, or a folder. The cache knows a folder by its name, so give
            another name to another model.
        batch_size: the number of texts in one batch.

    Raises:
        InputError: the model cannot be loaded.
    """
    with _requires("model2vec"):
        from model2vec import StaticModel
    with _loads(model):
        encoder = StaticModel.from_pretrained(_path_or_name(model), force_download=False)
    return _embed(x, lambda texts: encoder.encode(texts, batch_size=batch_size, use_multiprocessing=False))


@embedder("sentence-transformers", takes="texts", enabled=False, reference="Reimers & Gurevych 2019, Sentence-BERT")
def sentence_transformers(
    x: Texts,
    *,
    model: str = "sentence-transformers/all-MiniLM-L6-v2",
    batch_size: Annotated[int, Ge(1)] = 32,
) -> Embedding:
    """Embed texts by a transformer of the library Sentence Transformers. A GPU is used if there is one.

    A model reads the beginning of a long text only: all-MiniLM-L6-v2 reads 256 tokens.

    Args:
        x: the pool.
        model: a model of the hub, which is downloaded once, or a folder. The cache knows a folder by its name, so give
            another name to another model.
        batch_size: the number of texts in one batch.

    Raises:
        InputError: the model cannot be loaded.
    """
    with _requires("sentence-transformers"):
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging
    logging.disable_progress_bar()
    with _loads(model):
        encoder = SentenceTransformer(_path_or_name(model)).float()

    def encode(texts: list[str]) -> Any:
        n_threads = torch.get_num_threads()
        torch.set_num_threads(1)  # so that no sum depends on the number of threads
        try:
            return encoder.encode(texts, batch_size=batch_size, show_progress_bar=False)
        finally:
            torch.set_num_threads(n_threads)

    return _embed(x, encode)


@contextmanager
def _requires(package: str) -> Iterator[None]:
    """Turn the error about a library that cannot be imported into one line that names the package to install."""
    try:
        yield
    except ImportError as error:
        if error.name:
            raise InputError(f"the library {error.name} is missing; install it with: pip install {package}") from None
        raise InputError(f"{package} cannot be imported ({_one_line(error.__cause__ or error)}); repair it") from None


@contextmanager
def _loads(model: str) -> Iterator[None]:
    """Turn the error about a model that cannot be loaded into one line."""
    try:
        yield
    except Exception as error:  # each library has errors of its own
        problem = f"the model '{model}' cannot be loaded ({_one_line(error)})"
        raise InputError(f"{problem}; model= takes the name of a model on the hub, or a folder") from None


def _one_line(error: BaseException) -> str:
    sentence = " ".join(str(error).split()).partition(". ")[0].rstrip(".")
    return sentence[:MAX_REASON] or type(error).__name__


def _path_or_name(model: str) -> str:
    folder = Path(model).expanduser()
    return str(folder) if folder.is_dir() else model


def _embed(x: Texts, encode: Callable[[list[str]], Any]) -> Embedding:
    """Return the features that `encode` computes, block by block."""
    import numpy as np

    def transform(texts: Texts) -> Any:
        blocks, progress = [], ProgressLines(len(texts), "texts")
        for start in range(0, len(texts), BLOCK):
            blocks.append(encode(list(texts[start : start + BLOCK])))
            progress.advance(len(blocks[-1]))
        return np.concatenate(blocks).astype(np.float32)

    return Embedding(transform(x), transform)


@hookimpl
def pslbench_register() -> Iterator[Part]:
    yield wordllama
    yield model2vec
    yield sentence_transformers
