"""What the nodes of operations show of what they saved, by the names that PyTorch 2.13 gives it.

The names of nodes stand under what they show: `*` marks what is a tensor, `name=source` an argument or
result of ours that has another name, `name:value` what is always the same.
"""

from __future__ import annotations

_TABLE = {
    "dim": "Cat~0 Cumsum~0 Stack~0 Unbind~0 Unsqueeze~0",
    "pad": "ConstantPadNd~0",
    "dims": "Flip~0 Permute~0",
    "*mask": "MaskedFill~0 MaskedFill~1",
    "*self": (
        "Abs~0 Acos~0 Acosh~0 AdaptiveAvgPool2D~0 AdaptiveAvgPool3D~0 Angle~0 Asin~0 Asinh~0 "
        "Atan~0 Atanh~0 Cos~0 Cosh~0 Digamma~0 Erf~0 Erfc~0 Erfinv~0 Hardsigmoid~0 "
        "Hardswish~0 I0~0 Lgamma~0 LinalgMatrixExp~0 Log10~0 Log1P~0 Log2~0 Log~0 Mish~0 "
        "NanToNum~0 Silu~0 Sin~0 Sinc~0 Sinh~0 SpecialEntr~0"
    ),
    "alpha": "Add~0 Rsub~0 Rsub~1 Sub~0",
    "other": "Div~1 Mul~1",
    "dims k": "Rot90~0",
    "groups": "ChannelShuffle~0",
    "weight": "Lerp~0",
    "*result": (
        "Exp2~0 Exp~0 Expm1~0 Reciprocal~0 Relu~0 Rsqrt~0 Sigmoid~0 SpecialNdtri~0 Sqrt~0 "
        "Tan~0 Tanh~0"
    ),
    "n *self": "Polygamma~0",
    "p *self": "Mvlgamma~0",
    "diagonal": "Tril~0 Triu~0",
    "dim *self": "Glu~0",
    "dim index": "Select~~0 SelectScatter~0",
    "dim0 dim1": "Transpose~0",
    "eps *self": "Logit~0",
    "max *self": "ClampMax~0",
    "min *self": "ClampMin~0",
    "*condition": "Where~0",
    "*max *self": "ClampMax~1",
    "*min *self": "ClampMin~1",
    "*self *vec": "Mv~0",
    "dim *index": "IndexFill~0 ScatterAdd~0 Scatter~0 Scatter~1",
    "*mask *self": "MaskedSelect~0",
    "*mat2 *self": "Bmm~0",
    "alpha *self": "Celu~0",
    "dim *result": "LogSoftmax~0 SafeSoftmax~0 Softmax~0",
    "dims shifts": "Roll~0",
    "lambd *self": "Hardshrink~0 Softshrink~0",
    "other *self": "Xlogy~2",
    "*index *self": "Take~0",
    "*other *self": (
        "Atan2~0 Div~0 Fmax~0 Fmin~0 Fmod~1 Igamma~0 Logaddexp2~0 Logaddexp~0 Maximum~0 "
        "Minimum~0 Mul~0 Nextafter~0 Remainder~1 SpecialXlog1Py~0 SpecialZeta~0 Vdot~0 Xlogy~0"
    ),
    "*buffer *self": "LogSigmoid~0",
    "*result *self": (
        "Copysign~0 Copysign~1 Max~1 Median~0 Min~1 Nanmedian~0 Prod~0 Sgn~0 SpecialErfcx~0 "
        "SpecialI0E~0 SpecialI1~0 SpecialI1E~0 SpecialLogNdtr~0 StandardGamma~0"
    ),
    "*self *tensor": "Dot~0",
    "*self *weight": "PreluKernel~0",
    "alpha *result": "Celu~1",
    "max min *self": "Clamp~1",
    "std_sym_sizes": "Normal~2",
    "*other *result": "Ldexp~0",
    "*result1 *self": "AdaptiveMaxPool2D~0 AdaptiveMaxPool3D~0",
    "exponent *self": "Pow~0",
    "mean_sym_sizes": "Normal~1",
    "self_sym_sizes": "Expand~0 ReshapeAlias~0 Squeeze~0 Sum~0 Trace~0 UnsafeView~0 View~0",
    "upscale_factor": "PixelShuffle~0",
    "*L=result upper": "LinalgCholeskyEx~0",
    "*indices=places": "MaxUnpool2D~0 MaxUnpool3D~0",
    "*inverse=result": "LinalgInvEx~0",
    "*max *min *self": "Clamp~0",
    "*self threshold": "Threshold~0 Threshold~1",
    "dim=d size step": "Unfold~~0",
    "p *result *self": "Pdist~0",
    "dim *other *self": "LinalgCross~0",
    "dim1 dim2 offset": "DiagonalScatter~0",
    "downscale_factor": "PixelUnshuffle~0",
    "*exponent=result1": "Frexp~0",
    "approximate *self": "Gelu~0",
    "dim *result *self": "Cumprod~0 Logcumsumexp~0",
    "dim keepdim *self": "Nansum~0",
    "dim normalization": "FftC2R~0",
    "padding=pad *self": (
        "ReflectionPad1D~0 ReflectionPad2D~0 ReflectionPad3D~0 ReplicationPad1D~0 "
        "ReplicationPad2D~0 ReplicationPad3D~0"
    ),
    "*end *self *weight": "Lerp~1",
    "dim end start step": "Slice~~0 SliceScatter~0",
    "dim self_sym_sizes": "Squeeze~1 Squeeze~2 Squeeze~4",
    "*result *self upper": "CholeskyInverse~0",
    "accumulate *indices": "IndexPut~0",
    "dim maxnorm p *self": "Renorm~0",
    "*other *result *self": "Hypot~0",
    "alpha beta *mat *vec": "Addmv~0",
    "beta *self threshold": "Softplus~0",
    "negative_slope *self": "LeakyRelu~0",
    "max_val min_val *self": "Hardtanh~0",
    "*exponent *result self": "Pow~2",
    "*imag=other *real=self": "Complex~0",
    "*mask source_sym_sizes": "MaskedScatter~0",
    "*other p *result *self": "Dist~0",
    "alpha beta *vec1 *vec2": "Addr~0",
    "dim1:-2 dim2:-1 offset": "DiagEmbed~0",
    "negative_slope *result": "LeakyRelu~1",
    "repeats self_sym_sizes": "Repeat~0",
    "*exponent *result *self": "Pow~1",
    "*indices self_sym_sizes": "Index~0",
    "*tensor1 *tensor2 value": "Addcdiv~0 Addcmul~0",
    "reduction *self *target": "MseLoss~0 SoftMarginLoss~0",
    "accumulate:True *indices": "IndexPutImpl~0",
    "dim index self_sym_sizes": "Select~0",
    "accumulate *index *source": "Put~0",
    "dim *index self_sym_sizes": "IndexSelect~0",
    "dim forward normalization": "FftC2C~0",
    "dim keepdim *result *self": "Amax~0 Amin~0 Logsumexp~0 Prod~1",
    "*Q=result0 *R=result1 mode": "LinalgQr~0",
    "*b *self *solution=result0": "LinalgLstsq~0",
    "alpha *batch1 *batch2 beta": "Baddbmm~0",
    "dim *indices=result1 *self": "Cummax~0 Cummin~0",
    "dim keepdim self_sym_sizes": "Sum~1",
    "size storage_offset stride": "AsStrided~0 AsStridedScatter~0",
    "*A=self *LU *pivots *result": "LinalgDet~0",
    "dim keepdim p *result *self": "Norm~1",
    "beta reduction *self *target": "SmoothL1Loss~0",
    "correction dim keepdim *self": "Var~0 VarMean~0",
    "mean_sym_sizes std_sym_sizes": "Normal~3",
    "p *result *x1=self *x2=other": "Cdist~0",
    "*input2=L *result *self upper": "CholeskySolve~0",
    "alpha input_scale scale *self": "Elu~0",
    "delta reduction *self *target": "HuberLoss~0",
    "dim *index *source source_dim": "IndexCopy~0",
    "dim self_sym_sizes split_size": "Split~0",
    "self_sym_numel self_sym_sizes": "Mean~0",
    "alpha input_scale *result scale": "Elu~1",
    "dim keepdim ord=p *result *self": "LinalgVectorNorm~0",
    "dim1 dim2 offset self_sym_sizes": "Diagonal~0",
    "reduction *self *target *weight": "BinaryCrossEntropy~0",
    "*A=self *LU left *pivots *result": "LinalgSolveEx~0",
    "dim normalization onesided *self": "FftR2C~0",
    "*A=self *LU *pivots *sign=result0": "LinalgSlogdet~0",
    "dim end self_sym_sizes start step": "Slice~0",
    "lower *noise *self training upper": "RreluWithNoise~0",
    "output_size scales self_sym_sizes": "UpsampleNearest1D~0 UpsampleNearestExact1D~0",
    "*is_target reduction *self *target": "MultilabelMarginLoss~0",
    "dim *index *self sparse_grad:False": "Gather~0",
    "dimension self_sym_sizes size step": "Unfold~0",
    "alpha dim *index *source source_dim": "IndexAdd~0",
    "dim *indices=result1 self_sym_sizes": "Sort~0 Sort~1 Topk~0",
    "lower *noise *result training upper": "RreluWithNoise~1",
    "correction dim keepdim *result *self": "Std~0",
    "*LU=self adjoint left *pivots *result": "LinalgLuSolve~0",
    "*LU=result0 pivot:True *pivots=result1": "LinalgLuFactorEx~0",
    "left *result *self unitriangular upper": "LinalgSolveTriangular~0",
    "margin p reduction *self *target *weight": "MultiMarginLoss~0",
    "dim keepdim self_sym_numel self_sym_sizes": "Mean~1",
    "dim self_sym_sizes split_sizes=split_size": "SplitWithSizes~0",
    "*eigenvalues=result0 *eigenvectors=result1": "LinalgEig~0 LinalgEigh~0",
    "dilation kernel_size=kernel padding stride": "Col2Im~0",
    "*L=result1 *P=result0 *U=result2 pivot:True": "LinalgLu~0",
    "*pos_weight reduction *self *target *weight": "BinaryCrossEntropyWithLogits~0",
    "dim *indices=result1 keepdim self_sym_sizes": (
        "Kthvalue~0 Max~0 Median~1 Min~0 Mode~0 Nanmedian~1"
    ),
    "dim keepdim *max=result1 *min=result0 *self": "Aminmax~0",
    "output_size scales_h scales_w self_sym_sizes": (
        "UpsampleNearest2D~0 UpsampleNearestExact2D~0"
    ),
    "correction dim keepdim *result0=result0 *self": "StdMean~0",
    "align_corners output_size scales self_sym_sizes": "UpsampleLinear1D~0",
    "dim include_self *index reduce *result *self *src": "ScatterReduce~0",
    "output_size scales_d scales_h scales_w self_sym_sizes": (
        "UpsampleNearest3D~0 UpsampleNearestExact3D~0"
    ),
    "LU_data_sym_argsize_minus_1 LU_data_sym_argsize_minus_2": "LuUnpack~0",
    "*A *self *solution=result0 transpose unitriangular upper": "TriangularSolve~0",
    "align_corners output_size scales_h scales_w self_sym_sizes": (
        "UpsampleBicubic2D~0 UpsampleBilinear2D~0"
    ),
    "ignore_index reduction *self *target *total_weight *weight": "NllLoss2D~0 NllLoss~0",
    "*bias *input=self normalized_shape *result1 *result2 *weight": "NativeLayerNorm~0",
    "C HxW N eps group=groups *input=self *result1 *result2 *weight": "NativeGroupNorm~0",
    "align_corners output_size scales_d scales_h scales_w self_sym_sizes": (
        "UpsampleTrilinear3D~0"
    ),
    "*S=result1 S_sym_argsize_minus_1 *U=result0 *Vh=result2 full_matrices": "LinalgSvd~0",
    "ceil_mode=ceil dilation kernel_size=kernel padding *result1 *self stride": (
        "MaxPool2DWithIndices~0 MaxPool3DWithIndices~0"
    ),
    "*indices padding_idx scale_grad_by_freq sparse:False weight_sym_argsize_0": ("Embedding~0"),
    "*mat2 mat2_sym_sizes mat2_sym_strides *self self_sym_sizes self_sym_strides": "Mm~0",
    ("alpha beta *mat1 mat1_sym_sizes mat1_sym_strides *mat2 mat2_sym_sizes mat2_sym_strides"): (
        "Addmm~0"
    ),
    ("eps *input=self *result1 *result2 *running_mean=mean *running_var=var training *weight"): (
        "NativeBatchNorm~0"
    ),
    ("alpha *batch1 batch1_sym_argsize_0 batch1_sym_argsize_1 *batch2 batch2_sym_argsize_2 beta"): (
        "Addbmm~0"
    ),
    (
        "blank input_lengths *log_probs=self *result0 *result1 target_lengths *targets "
        "zero_infinity"
    ): ("CtcLoss~0"),
    (
        "dilation kernel_size=kernel padding self_sym_argsize_minus_1 "
        "self_sym_argsize_minus_2 stride"
    ): ("Im2Col~0"),
    (
        "bias_sym_sizes_opt dilation groups *input=self output_padding padding stride "
        "transposed *weight"
    ): ("Convolution~0"),
    (
        "ceil_mode=ceil count_include_pad=include_pad divisor_override=override "
        "kernel_size=kernel padding *self stride"
    ): ("AvgPool2D~0 AvgPool3D~0"),
    (
        "*indices mode *offsets padding_idx *per_sample_weights *result1 *result2 *result3 "
        "scale_grad_by_freq:False sparse:False *weight weight_sym_argsize_0"
    ): ("EmbeddingBag~0"),
    (
        "batch_first batch_sizes bidirectional *cx_ has_biases hidden_size *hx_ *input mode "
        "num_layers *result0 *result1 *result2 *result3 reverse train *weight0 *weight1 "
        "*weight2 *weight3"
    ): ("MkldnnRnnLayer~0"),
}

#: What nodes show, by the name of the node.
SHOWN = {
    node.replace("~", "Backward"): text.split()
    for text, nodes in _TABLE.items()
    for node in nodes.split()
}
