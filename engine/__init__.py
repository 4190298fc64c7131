"""The autograd engine: PyTorch's programming interface on NumPy. `import engine as torch`."""
# ruff: noqa: F401 (this is the public namespace)

from __future__ import annotations

from typing import Any as _Any

from engine.silence import install as _install_silence

_install_silence()

# Rooms first: below, names such as `dtype` and `device` come to mean the classes of these modules.
from engine import autograd, ops, recording  # noqa: E402
from engine import later as _later  # noqa: E402
from engine.absent import refuse_methods as _refuse_methods  # noqa: E402
from engine.autograd.mode import (  # noqa: E402
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)  # fmt: skip
from engine.creation import (  # noqa: E402
    as_tensor,
    asarray,
    from_numpy,
    frombuffer,
    scalar_tensor,
    tensor,
)  # fmt: skip
from engine.device import device  # noqa: E402
from engine.dtype import (  # noqa: E402
    bfloat16,
    complex32,
    complex64,
    complex128,
    dtype,
    finfo,
    float16,
    float32,
    float64,
    get_default_dtype,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    promote_types,
    set_default_dtype,
    uint8,
    uint16,
    uint32,
    uint64,
)  # fmt: skip
from engine.dtype import bool_ as bool  # noqa: E402
from engine.filling import (  # noqa: E402
    empty,
    empty_like,
    empty_strided,
    full,
    full_like,
    ones,
    ones_like,
    zeros,
    zeros_like,
)  # fmt: skip
from engine.ops import guards as _guards  # noqa: E402
from engine.size import Size  # noqa: E402
from engine.tensor import Tensor  # noqa: E402

_refuse_methods(Tensor)
__version__ = "2.13.0+cpu"
float = float32
double, half, chalf, cfloat, cdouble = float64, float16, complex32, complex64, complex128
long, int, short = int64, int32, int16
from math import e, inf, nan, pi  # noqa: E402

newaxis = None

from engine.autograd.anomaly import checks_nan as is_anomaly_check_nan_enabled  # noqa: E402
from engine.autograd.anomaly import is_enabled as is_anomaly_enabled  # noqa: E402
from engine.constants import *  # noqa: E402, F403
from engine.constants import can_cast as _can_cast  # noqa: E402

promote_types = _guards.guarded("promote_types", promote_types, False)
can_cast = _guards.guarded("can_cast", _can_cast, False)

_ROOMS = [
    "_C",
    "__config__",
    "__future__",
    "accelerator",
    "amp",
    "distributions",
    "functional",
    "nn",
    "optim",
    "utils",
    "func",
    "linalg",
    "mps",
    "xpu",
    "masked",
    "fft",
    "overrides",
    "special",
    "cpu",
    "cuda",
    "backends",
    "random",
    "jit",
    "printing",
    "profiler",
    "serialization",
    "signal",
    "storage",
    "testing",
    "version",
]
_LATER = {
    **{name: f"engine.{name}" for name in _ROOMS},
    **{
        name: f"engine.{module}:{name}"
        for module, names in {
            "printing": "set_printoptions",
            "sequences": "arange eye linspace logspace",
            "windows": "bartlett_window blackman_window hamming_window hann_window kaiser_window",
            "random": "Generator default_generator get_rng_state initial_seed manual_seed seed set_rng_state",
            "serialization": "load save",
            "spectrogram": "istft stft",
            "storage": "TypedStorage UntypedStorage",
            "nn.functional": "adaptive_avg_pool1d adaptive_max_pool1d alpha_dropout "
            "avg_pool1d bilinear celu channel_shuffle conv1d conv2d conv3d conv_transpose1d conv_transpose2d "
            "conv_transpose3d cosine_similarity feature_alpha_dropout hardshrink max_pool1d max_pool2d "
            "max_pool3d pairwise_distance pdist pixel_shuffle pixel_unshuffle prelu rms_norm rrelu selu threshold",
            "namespace": "batch_norm binary_cross_entropy_with_logits celu_ cosine_embedding_loss ctc_loss "
            "dropout dropout_ embedding group_norm hinge_embedding_loss instance_norm kl_div layer_norm "
            "margin_ranking_loss poisson_nll_loss rrelu_ selu_ threshold_ triplet_margin_loss",
        }.items()
        for name in names.split()
    },
    **{
        name: f"engine.amp:{name}"
        for name in [
            "autocast",
            "get_autocast_dtype",
            "is_autocast_cache_enabled",
            "is_autocast_enabled",
        ]
    },
    "complex": "engine.ops.complexes:complex_",
    "vmap": "engine.func.vectorize:vmap",
    "range": "engine.sequences:range_",
}
_OPERATIONS = ops.rooms.functions()
#: Rooms whose functions do not look at the types of their arguments themselves.
_CHECKED = tuple(
    f"engine.{room}:"
    for room in (
        "nn.functional",
        "namespace",
        "windows",
        "spectrogram",
        "ops.complexes",
        "sequences",
    )
)


def __getattr__(name: str) -> _Any:
    """Load a package, a name from one, or an operation when it is first used."""
    if name == "__all__":  # what `from torch import *` brings: all names but the packages above
        return [n for n in __dir__() if n not in _ROOMS and not n.startswith("_")]
    if name not in _OPERATIONS:
        if name not in _LATER:
            from engine.missing import absent

            if (error := absent(name)) is not None:
                raise error
        value = _later.load(__name__, _LATER, name)
        if _LATER[name].startswith(_CHECKED):
            globals()[name] = value = _guards.guarded(name, value, False)
        return value
    globals()[name] = operation = ops.FUNCTIONS[name]
    if hasattr(operation, "__code__"):
        operation.__module__ = "torch"
    return operation


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER, *_OPERATIONS})
