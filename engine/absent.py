"""Names of PyTorch's packages below torch, and of its tensors, that are not here, and why."""

from __future__ import annotations

from typing import Any

_SPARSE = "sparse tensors are not supported"
_QUANTIZED = "quantized tensors are not supported"
_PIPES = "data pipes are not supported; Dataset, IterableDataset and DataLoader are"
_BATCHED = "compiled and traced programs are not supported"
_MATH = "supported are the functions of dir(torch.nn.functional)"

#: Package → reason → names.
_ABSENT: dict[str, dict[str, str]] = {
    "optim": {
        f"{_SPARSE}, and SparseAdam takes no others; use Adam": "SparseAdam",
    },
    "nn": {
        _QUANTIZED: "qat quantized quantizable intrinsic",
        "use CrossEntropyLoss of a Linear": "LinearCrossEntropyLoss LinearCrossEntropyOptions",
    },
    "nn.functional": {
        _MATH: (
            "conv_tbc grouped_mm scaled_mm scaled_grouped_mm native_channel_shuffle upsample_bilinear "
            "upsample_nearest adaptive_max_pool1d_with_indices adaptive_max_pool2d_with_indices "
            "adaptive_max_pool3d_with_indices"
        )
    },
    "nn.utils": {
        "memory formats do not change the layout here": (
            "convert_conv2d_weight_memory_format convert_conv3d_weight_memory_format memory_format"
        )
    },
    "func": {
        _BATCHED: "functionalize",
        "use reshape, permute and flatten": "rearrange",
    },
    "utils.data": {
        _PIPES: (
            "DFIterDataPipe DataChunk IterDataPipe MapDataPipe argument_validation datapipes "
            "functional_datapipe guaranteed_datapipes_determinism non_deterministic runtime_validation "
            "runtime_validation_disabled"
        ),
        "several processes are not supported": "DistributedSampler distributed",
    },
    "testing": {"use torch.rand, torch.randint or torch.randn": "make_tensor"},
    "random": {"use torch.Generator": "thread_safe_generator"},
}
#: Methods of tensors that are not here.
_METHODS: dict[str, str] = {
    _SPARSE: (
        "to_sparse to_sparse_coo to_sparse_csr to_sparse_csc to_sparse_bsr to_sparse_bsc to_dense "
        "coalesce is_coalesced sparse_dim dense_dim sparse_mask indices values crow_indices "
        "col_indices ccol_indices row_indices smm sspaddmm sparse_resize_ sparse_resize_and_clear_"
    ),
    _QUANTIZED: (
        "dequantize int_repr q_scale q_zero_point q_per_channel_scales q_per_channel_zero_points "
        "q_per_channel_axis qscheme"
    ),
}


def error(package: str, name: str) -> AttributeError:
    """The error for a name that a package, "torch.fft", lacks: with the reason, where it is known."""
    for why, names in _ABSENT.get(package.removeprefix("torch."), {}).items():
        if name in names.split():
            return AttributeError(f"module '{package}' has no attribute '{name}' here: {why}")
    return AttributeError(f"module '{package}' has no attribute '{name}'")


def _refusal(name: str, why: str) -> Any:
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"Tensor.{name} is not supported here: {why}")

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"Refused: {why}."
    return call


def refuse_methods(tensor: type) -> None:
    """Let the methods that tensors lack say so when they are called."""
    for why, names in _METHODS.items():
        for name in names.split():
            if not hasattr(tensor, name):
                setattr(tensor, name, _refusal(name, why))
