from typing import Annotated

from annotated_types import Ge

from pslbench.contracts import Embedding, Texts
from pslbench.contracts.arrays import Floats
from pslbench.errors import InputError
from pslbench.parts import embedder


@embedder("tf-idf", takes="texts", reference="Deerwester et al. 1990, Indexing by latent semantic analysis")
def tf_idf(
    x: Texts, seed: int, *, dims: Annotated[int, Ge(1)] = 100, min_texts: Annotated[int, Ge(1)] = 2
) -> Embedding:
    """Embed texts by latent semantic analysis: the singular vectors of their TF-IDF weights, at unit length.

    Weights are those of single words and of pairs of words, with sublinear counts.

    Args:
        x: the pool.
        seed: determines the random numbers of the randomized solver.
        dims: the number of dimensions, at most one less than the number of texts or of words.
        min_texts: in how many texts of the pool a word must occur.

    Raises:
        InputError: no word occurs in enough texts.
    """
    import numpy as np
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    vectorizer = TfidfVectorizer(min_df=min_texts, ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)
    try:
        weights = vectorizer.fit_transform(x)
    except ValueError:
        raise InputError(f"tf-idf: no word occurs in {min_texts} texts of the pool; lower min_texts") from None
    svd = TruncatedSVD(max(1, min(dims, min(weights.shape) - 1)), random_state=seed)
    features = svd.fit_transform(weights)

    def transform(new: Texts) -> Floats:
        embedded: Floats = normalize(svd.transform(vectorizer.transform(new)))
        return embedded

    return Embedding(normalize(features), transform)
