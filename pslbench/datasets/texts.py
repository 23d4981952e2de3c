from pathlib import Path
from typing import Annotated

from annotated_types import Interval

from pslbench.contracts import Dataset, Texts
from pslbench.parts import dataset
from pslbench.user_folders import expand_home


@dataset("texts")
def texts(*, path: str, test: Annotated[float, Interval(gt=0, lt=1)] = 0.2, features: str | None = None) -> Dataset:
    """A folder of texts, CLASS/*.txt or train/CLASS/*.txt and test/CLASS/*.txt; `-d FOLDER` for short.

    Args:
        path: the folder.
        test: the share of the test set if the folder has no test/: the same in each class, drawn with a fixed seed.
        features: an .npy file with features of each file, for the embedder given; `--features FILE.npy` for short. The
            files are sorted by path, those of train/ first.

    Raises:
        InputError: the folder has no texts or only one class.
    """
    from pslbench.datasets.encodings import describe_encodings, detect_encoding
    from pslbench.datasets.files import read_features
    from pslbench.datasets.folders import read_class_folders, split_class_folders

    folder = Path(expand_home(path))
    found = read_class_folders(folder, "texts", lambda file: file.suffix.lower() == ".txt")
    pool, held_out, notes = split_class_folders(path, found, test)
    encodings = {file: detect_encoding(file) for file, _ in (*pool, *held_out)}
    x_train, x_test = (
        Texts.of(file.read_text(encoding=encodings[file], errors="replace") for file, _ in files)
        for files in (pool, held_out)
    )
    notes = (*notes, *describe_encodings(encodings.values()))
    y_train, y_test = ([name for _, name in files] for files in (pool, held_out))
    given = read_features(features, len(pool) + len(held_out))
    own = [found.features_of(given, [file for file, _ in files]) for files in (pool, held_out)]
    return Dataset(folder.resolve().name, x_train, y_train, x_test, y_test, found.classes, own[0], own[1], notes=notes)
