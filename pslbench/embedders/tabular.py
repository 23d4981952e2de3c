from __future__ import annotations

from typing import Annotated

from annotated_types import Ge

from pslbench.contracts import Embedding, Table
from pslbench.parts import embedder


@embedder("tabular", takes="tables")
def tabular(x: Table, *, max_categories: Annotated[int, Ge(2)] = 50) -> Embedding:
    """Embed rows of a table: numbers with mean 0 and variance 1, and one number per category, 1 or 0.

    A gap among numbers becomes the median, and another number says where gaps were. Gaps among categories are a
    category. Categories that the pool does not contain become zeros.

    Args:
        x: the pool.
        max_categories: of a column; the least frequent ones are taken together.
    """
    import numpy as np
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    is_number = np.array([column.categories is None for column in x.columns])
    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler()
    )
    categories = OneHotEncoder(
        max_categories=max_categories, handle_unknown="infrequent_if_exist", sparse_output=False, dtype=np.float32
    )
    transformer = ColumnTransformer([("numbers", numbers, is_number), ("categories", categories, ~is_number)])
    features = transformer.fit_transform(x.values)
    return Embedding(features.astype(np.float32), lambda new: transformer.transform(new.values).astype(np.float32))
