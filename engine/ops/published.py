"""The names that each room of operations publishes."""

from __future__ import annotations

from typing import NamedTuple


class Names(NamedTuple):
    """What a room publishes: as function and method, as one of them, or for the table and VJPs only."""

    both: str = ""
    functions: str = ""
    methods: str = ""
    rows: str = ""


ROOMS: dict[str, Names] = {
    "arithmetic": Names(
        both="add mul multiply sub subtract",
        methods="add_ mul_ multiply_ sub_ subtract_",
    ),
    "binary": Names(
        both=(
            "arctan2 atan2 fmax fmin gcd gcd_ hypot lcm lcm_ logaddexp logaddexp2 maximum "
            "minimum xlogy xlogy_"
        ),
        methods="arctan2_ atan2_ hypot_",
        rows="add copysign mul rsub sub xlogy_number",
    ),
    "blending": Names(
        both="addcdiv addcmul lerp",
        methods="addcdiv_ addcmul_ lerp_",
        rows="lerp_number",
    ),
    "calculus": Names(
        both="corrcoef cov diff",
        functions="cumulative_trapezoid gradient trapezoid trapz",
    ),
    "clamping": Names(
        both="clamp clamp_ clamp_max clamp_max_ clamp_min clamp_min_ clip clip_",
        rows="clamp_high clamp_low clamp_max_tensor clamp_min_tensor clamp_tensors",
    ),
    "combining": Names(
        both="cross kron",
        functions=(
            "atleast_1d atleast_2d atleast_3d block_diag cartesian_prod combinations "
            "meshgrid vander"
        ),
        rows="linalg_cross",
    ),
    "comparison": Names(
        both="allclose equal isclose",
    ),
    "complexes": Names(
        both="conj imag real resolve_conj resolve_neg",
        functions="_complex polar view_as_complex view_as_real",
        rows="_conj complex to_complex",
    ),
    "conversion": Names(
        methods=(
            "bfloat16 bool byte cdouble cfloat char cpu cuda double float half int long "
            "short to type type_as"
        ),
        rows="_to_copy",
    ),
    "copying": Names(
        methods="copy_ fill_ zero_",
        rows="copy fill fill_tensor zero",
    ),
    "counting": Names(
        both="bincount histc histogram",
    ),
    "cumulative": Names(
        both="cumprod cumsum logcumsumexp logsumexp",
    ),
    "decompositions": Names(
        both="cholesky qr svd",
        rows="cholesky_row linalg_eig linalg_eigh linalg_qr linalg_svd",
    ),
    "distances": Names(
        functions="cdist",
    ),
    "diagonal": Names(
        both="diag diag_embed diagflat diagonal trace tril triu",
        functions="tril_indices triu_indices",
        methods="tril_ triu_",
        rows="diagonal_back diagonal_copy",
    ),
    "division": Names(
        both="div divide floor_divide fmod remainder true_divide",
        methods="div_ divide_ floor_divide_ fmod_ remainder_ true_divide_",
        rows="div_mode div_none fmod_number remainder_number remainder_of",
    ),
    "draws": Names(
        methods="bernoulli_ cauchy_ exponential_ geometric_ log_normal_ normal_ random_ uniform_",
        rows="bernoulli_fill cauchy exponential geometric log_normal random uniform",
    ),
    "exchange": Names(
        both="numel",
        methods=(
            "__array__ __array_wrap__ __bool__ __complex__ __contains__ __copy__ __deepcopy__ __float__ "
            "__format__ __index__ __int__ __iter__ __len__ __reduce_ex__ __repr__ __reversed__ item "
            "nelement numpy size tolist"
        ),
    ),
    "extremes": Names(
        both=("all amax amin aminmax any argmax argmin count_nonzero cummax cummin max min"),
        rows="max_all max_dim min_all min_dim put_along take_along",
    ),
    "fourier": Names(
        rows="fft_c2c fft_c2r fft_r2c",
    ),
    "householder": Names(
        both="geqrf orgqr",
        rows="linalg_householder_product",
    ),
    "indexing": Names(
        both="index_put index_put_",
        methods="__delitem__ __getitem__ __setitem__",
        rows="clear_at index put_at",
    ),
    "joining": Names(
        both="chunk dsplit hsplit split tensor_split unbind vsplit",
        functions=("cat column_stack concat concatenate dstack hstack row_stack stack vstack"),
        rows="narrow split_with_sizes",
    ),
    "lesser": Names(
        both=("frexp get_device is_conj is_neg mvlgamma pinverse resize_as_ split_with_sizes"),
        functions="fill fill_ unravel_index zero_",
        methods="is_pinned is_shared istft pin_memory resize resize_as share_memory_ stft",
    ),
    "pieces": Names(
        both="unsafe_chunk unsafe_split unsafe_split_with_sizes",
        rows="unsafe_split unsafe_split_with_sizes",
    ),
    "linalg": Names(
        both="det inverse logdet matrix_exp matrix_power slogdet",
        rows="diag_part linalg_det linalg_slogdet linalg_solve solve_triangular",
    ),
    "masking": Names(
        both="masked_fill masked_scatter masked_select",
        methods="masked_fill_ masked_scatter_",
        rows="masked_fill_tensor masked_put pad_flat",
    ),
    "matmul": Names(
        both=(
            "addbmm addmm addmv addmv_ addr baddbmm bmm dot ger inner_1d matmul mm mv outer vdot"
        ),
        methods="addbmm_ addmm_ addr_ baddbmm_",
        rows="addmm_t",
    ),
    "memory": Names(
        both="detach detach_ is_complex is_floating_point is_signed",
        methods=(
            "_make_subclass alias as_subclass dim element_size is_set_to ndimension "
            "resize_ squeeze_ swapaxes_ swapdims_ t_ transpose_ unsqueeze_ view_as"
        ),
    ),
    "norms": Names(
        both="norm",
        rows="linalg_vector_norm",
    ),
    "operators": Names(
        methods=(
            "__abs__ __add__ __and__ __eq__ __floordiv__ __ge__ __gt__ __iadd__ __iand__ "
            "__ifloordiv__ __ilshift__ __imod__ __imul__ __invert__ __ior__ __ipow__ "
            "__irshift__ __isub__ __itruediv__ __ixor__ __le__ __lshift__ __lt__ "
            "__matmul__ __mod__ __mul__ __ne__ __neg__ __or__ __pos__ __pow__ __radd__ "
            "__rand__ __rfloordiv__ __rlshift__ __rmatmul__ __rmod__ __rmul__ __ror__ "
            "__rpow__ __rrshift__ __rshift__ __rsub__ __rtruediv__ __rxor__ __sub__ "
            "__truediv__ __xor__"
        ),
    ),
    "packing": Names(functions="_pack_padded_sequence"),
    "pairs": Names(
        both="copysign dist heaviside ldexp nextafter",
        functions="rsub",
        methods="copysign_ heaviside_ ldexp_ nextafter_",
        rows="copysign_number rsub_tensors",
    ),
    "picking": Names(
        both=("argwhere index_add index_copy index_fill index_select nonzero take take_along_dim"),
        methods="index_add_ index_copy_ index_fill_",
        rows="index_fill_tensor",
    ),
    "pointwise": Names(
        both=(
            "abs abs_ absolute acos acos_ acosh acosh_ angle arccos arccos_ arccosh "
            "arccosh_ arcsin arcsin_ arcsinh arcsinh_ arctan arctan_ arctanh arctanh_ asin "
            "asin_ asinh asinh_ atan atan_ atanh atanh_ conj_physical conj_physical_ cos cos_ "
            "cosh cosh_ deg2rad deg2rad_ exp exp2 exp2_ exp_ expm1 expm1_ log log10 log10_ "
            "log1p log1p_ log2 log2_ log_ nan_to_num nan_to_num_ neg neg_ negative negative_ "
            "positive rad2deg rad2deg_ reciprocal reciprocal_ relu relu_ rsqrt rsqrt_ sgn "
            "sigmoid sigmoid_ sign sin sin_ sinh sinh_ sqrt sqrt_ square square_ tan tan_ "
            "tanh tanh_"
        ),
        methods="absolute_ sgn_ sign_",
        rows="relu_backward sigmoid_backward tanh_backward",
    ),
    "powers": Names(
        both="float_power pow",
        methods="pow_",
        rows="power power_bool rpow",
    ),
    "products": Names(
        both="inner",
        functions="chain_matmul einsum tensordot",
    ),
    "pseudoinverse": Names(
        rows="linalg_lstsq linalg_pinv pinv",
    ),
    "rounding": Names(
        both=(
            "bitwise_not ceil ceil_ fix fix_ floor floor_ frac frac_ isfinite isinf isnan "
            "isneginf isposinf isreal logical_not round round_ signbit trunc trunc_"
        ),
        methods="bitwise_not_ logical_not_",
        rows="round_places",
    ),
    "scalars": Names(
        rows="add_scalar div_scalar mul_scalar sub_scalar",
    ),
    "quantiles": Names(
        both="kthvalue median mode nanmedian nanquantile quantile",
        rows="median_all median_dim nanmedian_all nanmedian_dim",
    ),
    "randomness": Names(
        both="bernoulli multinomial",
        functions="normal rand rand_like randint randint_like randn randn_like randperm",
        rows="normal_both normal_mean normal_std",
    ),
    "rearranging": Names(
        both=(
            "adjoint flip fliplr flipud moveaxis movedim ravel repeat_interleave roll "
            "rot90 tile unflatten"
        ),
        methods="H T mH mT repeat unfold",
        rows="narrow_one prod_dim slice_one unfold_back",
    ),
    "reduction": Names(
        both="mean prod sum",
        rows="mean_all prod_all sum_all",
    ),
    "relations": Names(
        both=(
            "bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor eq ge "
            "greater greater_equal gt le less less_equal logical_and logical_or logical_xor "
            "lt ne not_equal"
        ),
        methods=(
            "bitwise_and_ bitwise_left_shift_ bitwise_or_ bitwise_right_shift_ "
            "bitwise_xor_ eq_ ge_ greater_ greater_equal_ gt_ le_ less_ less_equal_ "
            "logical_and_ logical_or_ logical_xor_ lt_ ne_ not_equal_"
        ),
    ),
    "removed": Names(functions="matrix_rank", both="eig lstsq solve symeig"),
    "renorm": Names(
        both="renorm",
        methods="renorm_",
    ),
    "scattering": Names(
        both="gather scatter scatter_add scatter_reduce",
        methods="scatter_ scatter_add_ scatter_reduce_",
        rows="fit_into scatter_add_along scatter_number",
    ),
    "selection": Names(
        both="broadcast_to is_nonzero is_same_size where",
        functions="broadcast_shapes broadcast_tensors result_type",
        methods="expand_as reshape_as",
    ),
    "shape": Names(
        both=("clone flatten permute reshape squeeze swapaxes swapdims t transpose unsqueeze"),
        methods="expand view",
        rows=(
            "_reshape_alias _unsafe_view alias detach squeeze_all "
            "squeeze_dim squeeze_dims squeeze_mm"
        ),
    ),
    "slicing": Names(
        both="narrow select",
        rows="part put_one put_part slice",
    ),
    "softmax": Names(
        both="log_softmax softmax",
        rows=(
            "_log_softmax _log_softmax_backward _softmax _softmax_backward log_softmax_slope "
            "softmax_slope total"
        ),
    ),
    "indefinite": Names(
        rows="linalg_ldl_factor_ex linalg_ldl_solve",
    ),
    "solvers": Names(
        both="cholesky_inverse cholesky_solve lu lu_solve triangular_solve",
        functions="lu_unpack",
        rows="linalg_lu linalg_lu_factor_ex linalg_lu_solve",
    ),
    "sorting": Names(
        both="argsort msort sort topk unique unique_consecutive",
        functions="bucketize isin searchsorted",
        rows="stable_sort unique_dim",
    ),
    "special_rows": Names(
        both=("digamma erf erf_ erfc erfc_ erfinv i0 i0_ lgamma logit logit_ polygamma sinc sinc_"),
        methods="digamma_ erfinv_ lgamma_",
        rows="special_i1",
    ),
    "statistics": Names(
        both="nanmean nansum std var",
        functions="std_mean var_mean",
    ),
    "storages": Names(
        methods="storage untyped_storage",
    ),
    "strides": Names(
        both="as_strided as_strided_scatter",
        methods="contiguous data_ptr is_contiguous storage_offset stride",
        rows="clone_contiguous scatter_into take_flat",
    ),
    "variates": Names(
        both="igamma igammac",
        functions="_sample_dirichlet _standard_gamma binomial poisson",
    ),
    "writing": Names(
        both=("as_strided_ diagonal_scatter index_reduce put select_scatter slice_scatter"),
        methods=(
            "apply_ cumprod_ cumsum_ fill_diagonal_ float_power_ index_reduce_ map_ put_ "
            "set_ sum_to_size"
        ),
        rows=(
            "_zero_diagonal_scatter _zero_diagonal_scatter_part _zero_select_scatter "
            "_zero_select_scatter_part _zero_slice_scatter _zero_slice_scatter_part"
        ),
    ),
}
