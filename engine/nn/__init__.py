"""`torch.nn`: modules, losses and what belongs to them."""

from __future__ import annotations

from typing import Any

from engine import places

from . import activations, functional, init, lazy, losses, parameter, pooling, utils
from .activations import *  # noqa: F403
from .cells import GRUCell, LSTMCell, RNNCell, RNNCellBase
from .containers import ModuleDict, ModuleList, Sequential
from .convolution import (
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
    Fold,
    Unfold,
)  # fmt: skip
from .distance import CosineSimilarity, PairwiseDistance
from .dropout import (
    AlphaDropout,
    Dropout,
    Dropout1d,
    Dropout2d,
    Dropout3d,
    FeatureAlphaDropout,
)  # fmt: skip
from .embedding import Embedding, EmbeddingBag
from .lazy import *  # noqa: F403
from .linear import Bilinear, Flatten, Identity, Linear, Unflatten
from .losses import *  # noqa: F403
from .module import Module
from .multihead import MultiheadAttention
from .normalization import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    GroupNorm,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    LayerNorm,
    LocalResponseNorm,
    RMSNorm,
)  # fmt: skip
from .parallel import DataParallel
from .parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter
from .parameter_containers import ParameterDict, ParameterList
from .pooling import *  # noqa: F403
from .rare import AdaptiveLogSoftmaxWithLoss, CrossMapLRN2d, SyncBatchNorm
from .recurrent import GRU, LSTM, RNN, RNNBase
from .transformer import (
    Transformer,
    TransformerDecoder,
    TransformerDecoderLayer,
    TransformerEncoder,
    TransformerEncoderLayer,
)  # fmt: skip

__all__ = [
    "AdaptiveLogSoftmaxWithLoss",
    "CrossMapLRN2d",
    "SyncBatchNorm",
    *activations.__all__,
    *lazy.__all__,
    *losses.__all__,
    *pooling.__all__,
    "AlphaDropout",
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "Bilinear",
    "Buffer",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "CosineSimilarity",
    "DataParallel",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "Embedding",
    "EmbeddingBag",
    "FeatureAlphaDropout",
    "Flatten",
    "Fold",
    "GRU",
    "GRUCell",
    "GroupNorm",
    "Identity",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LSTM",
    "LSTMCell",
    "LayerNorm",
    "Linear",
    "LocalResponseNorm",
    "Module",
    "ModuleDict",
    "ModuleList",
    "MultiheadAttention",
    "PairwiseDistance",
    "Parameter",
    "ParameterDict",
    "ParameterList",
    "RMSNorm",
    "RNN",
    "RNNBase",
    "RNNCell",
    "RNNCellBase",
    "Sequential",
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
    "Unflatten",
    "Unfold",
    "UninitializedBuffer",
    "UninitializedParameter",
    "functional",
    "init",
    "parameter",
    "utils",
]

places.settle("nn", globals())

_UNSUPPORTED = ("LinearCrossEntropyLoss",)
_FRACTIONAL = ("FractionalMaxPool2d", "FractionalMaxPool3d")


def __getattr__(name: str) -> Any:
    if name == "modules":
        import importlib

        return importlib.import_module("engine.nn.modules")
    if name in _FRACTIONAL:
        from . import fractional as _fractional

        found = globals()[name] = getattr(_fractional, name)
        return found
    if name in _UNSUPPORTED:
        raise NotImplementedError(
            f"torch.nn.{name} is not supported by this engine; linear, convolution, pooling, "
            "normalization, recurrent, attention, embedding and dropout layers, activations and "
            "losses are"
        )
    from engine import absent

    raise absent.error("torch.nn", name)
