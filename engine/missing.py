"""Names of PyTorch's that are not here, and what to use in their place."""

from __future__ import annotations

#: What to use, and the names that it stands for.
_INSTEAD = {
    "the classes of torch.nn": "gru lstm rnn_relu rnn_tanh gru_cell lstm_cell rnn_relu_cell rnn_tanh_cell",
    "the functions of torch.nn.functional": (
        "affine_grid_generator conv_tbc convolution embedding_bag embedding_renorm_ grid_sampler grid_sampler_2d "
        "grid_sampler_3d max_pool1d_with_indices native_batch_norm native_channel_shuffle native_dropout "
        "native_group_norm native_layer_norm constant_pad_nd feature_dropout feature_dropout_ alpha_dropout_ "
        "feature_alpha_dropout_"
    ),
    "torch.linalg.norm": "nuclear_norm frobenius_norm native_norm norm_except_dim",
    "torch.linalg.svd": "svd_lowrank pca_lowrank",
    "torch.linalg.eigh": "lobpcg",
    "torch.linalg.qr": "ormqr",
    "torch.split": "split_copy split_with_sizes_copy",
    "torch.histogram": "histogramdd",
    "torch.nonzero": "nonzero_static",
    "torch.zeros": "empty_permuted",
    "the operation without _copy, then clone()": (
        "alias_copy as_strided_copy detach_copy diagonal_copy expand_copy narrow_copy permute_copy select_copy "
        "slice_copy squeeze_copy t_copy transpose_copy unbind_copy unfold_copy unsqueeze_copy view_copy "
        "view_as_complex_copy view_as_real_copy"
    ),
}
#: What there is nothing for.
_UNSUPPORTED = {
    "sparse tensors": (
        "sparse sparse_coo_tensor sparse_csr_tensor sparse_csc_tensor sparse_bsr_tensor sparse_bsc_tensor "
        "sparse_compressed_tensor hspmm hsmm smm spmm sspaddmm dsmm saddmm resize_as_sparse_"
    ),
    "quantized tensors": (
        "quantize_per_tensor quantize_per_channel quantize_per_tensor_dynamic dequantize int_repr q_scale "
        "q_zero_point fake_quantize_per_tensor_affine fake_quantize_per_channel_affine quantization ao quint8 qint8 "
        "qint32 empty_quantized"
    ),
    "compiled programs": "export fx compiler _dynamo _inductor onnx library cond while_loop fork wait parse_ir parse_schema import_ir_module",
    "switches of automatic mixed precision": "set_autocast_enabled set_autocast_dtype clear_autocast_cache",
    "several processes": "distributed multiprocessing futures is_distributed",
    "downloaded models": "hub package",
    "other devices": "mtia xla vulkan is_vulkan_available",
    "memory shared with other libraries": "from_dlpack to_dlpack from_file",
    "nested tensors": "nested",
}
WORDS = {
    **{n: f"; use {what}" for what, names in _INSTEAD.items() for n in names.split()},
    **{
        n: f": {what} are not supported" if what.endswith("s") else f": {what} is not supported"
        for what, names in _UNSUPPORTED.items()
        for n in names.split()
    },
}


def module_words(rest: str) -> str:
    """Why there is no module `torch.<rest>`, as the beginning of a sentence, or ""."""
    words = WORDS.get(rest.partition(".")[0], "")
    return words.removeprefix(": ") if words.startswith(": ") else ""


def absent(name: str) -> AttributeError | None:
    """The error for a name that PyTorch has and this package lacks; None for other names."""
    words = WORDS.get(name)
    return (
        None
        if words is None
        else AttributeError(f"module 'torch' has no attribute '{name}' here{words}")
    )
