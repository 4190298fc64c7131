"""Which room publishes which names. A room is imported when one of its names is first used.

So importing the engine costs little. `ROOMS` says it without importing; a test compares it with
what the rooms publish.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any, NamedTuple, TypeVar

_Value = TypeVar("_Value")


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
            "arctan2 atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift "
            "bitwise_xor div divide eq float_power floor_divide fmax fmin fmod gcd gcd_ ge "
            "greater greater_equal gt hypot lcm lcm_ le less less_equal logaddexp "
            "logaddexp2 logical_and logical_or logical_xor lt maximum minimum ne not_equal "
            "pow remainder true_divide xlogy xlogy_"
        ),
        methods=(
            "arctan2_ atan2_ bitwise_and_ bitwise_left_shift_ bitwise_or_ "
            "bitwise_right_shift_ bitwise_xor_ div_ divide_ eq_ floor_divide_ fmod_ ge_ "
            "greater_ greater_equal_ gt_ hypot_ le_ less_ less_equal_ logical_and_ "
            "logical_or_ logical_xor_ lt_ ne_ not_equal_ pow_ remainder_ true_divide_"
        ),
        rows=(
            "add copysign div_mode div_none fmod_number mul power power_bool "
            "remainder_number remainder_of rpow rsub sub xlogy_number"
        ),
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
    "exchange": Names(
        both="numel",
        methods=(
            "__array__ __array_wrap__ __bool__ __complex__ __copy__ __deepcopy__ __float__ "
            "__format__ __index__ __int__ __iter__ __len__ __reduce_ex__ __repr__ item "
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
    "indexing": Names(
        both="index_put index_put_ narrow select",
        methods="__delitem__ __getitem__ __setitem__",
        rows="clear_at index part put_at put_one put_part slice",
    ),
    "joining": Names(
        both="chunk dsplit hsplit split tensor_split unbind vsplit",
        functions=("cat column_stack concat concatenate dstack hstack row_stack stack vstack"),
        rows="narrow split_with_sizes",
    ),
    "lesser": Names(
        both=("frexp get_device is_conj is_neg mvlgamma pinverse resize_as_ split_with_sizes"),
        functions="fill_ unravel_index zero_",
        methods="is_pinned is_shared share_memory_",
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
    "pairs": Names(
        both="copysign dist heaviside ldexp nextafter",
        functions="rsub",
        methods="copysign_ heaviside_ ldexp_ nextafter_",
        rows="copysign_number rsub_tensors",
    ),
    "pointwise": Names(
        both=(
            "abs abs_ absolute acos acos_ acosh acosh_ angle arccos arccos_ arccosh "
            "arccosh_ arcsin arcsin_ arcsinh arcsinh_ arctan arctan_ arctanh arctanh_ asin "
            "asin_ asinh asinh_ atan atan_ atanh atanh_ bitwise_not ceil ceil_ "
            "conj_physical conj_physical_ cos cos_ cosh cosh_ deg2rad deg2rad_ digamma erf "
            "erf_ erfc erfc_ erfinv exp exp2 exp2_ exp_ expm1 expm1_ fix fix_ floor floor_ "
            "frac frac_ i0 i0_ isfinite isinf isnan isneginf isposinf isreal lgamma log "
            "log10 log10_ log1p log1p_ log2 log2_ log_ logical_not logit logit_ nan_to_num "
            "nan_to_num_ neg neg_ negative negative_ polygamma positive rad2deg rad2deg_ "
            "reciprocal reciprocal_ relu relu_ round round_ rsqrt rsqrt_ sgn sigmoid "
            "sigmoid_ sign signbit sin sin_ sinc sinc_ sinh sinh_ sqrt sqrt_ square "
            "square_ tan tan_ tanh tanh_ trunc trunc_"
        ),
        methods=("absolute_ bitwise_not_ digamma_ erfinv_ lgamma_ logical_not_ sgn_ sign_"),
        rows="relu_backward sigmoid_backward special_i1 tanh_backward",
    ),
    "products": Names(
        both="inner",
        functions="chain_matmul einsum tensordot",
    ),
    "pseudoinverse": Names(
        rows="linalg_lstsq linalg_pinv pinv",
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
        methods=("bernoulli_ cauchy_ exponential_ geometric_ log_normal_ normal_ random_ uniform_"),
        rows=(
            "bernoulli_fill cauchy exponential geometric log_normal normal_both "
            "normal_mean normal_std random uniform"
        ),
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
    "renorm": Names(
        both="renorm",
        methods="renorm_",
    ),
    "scattering": Names(
        both=(
            "argwhere gather index_add index_copy index_fill index_select nonzero scatter "
            "scatter_add scatter_reduce take take_along_dim"
        ),
        methods=("index_add_ index_copy_ index_fill_ scatter_ scatter_add_ scatter_reduce_"),
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
    "softmax": Names(
        both="log_softmax softmax",
        rows=(
            "_log_softmax _log_softmax_backward _softmax _softmax_backward log_softmax_slope "
            "softmax_slope total"
        ),
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
    "statistics": Names(
        both="nanmean nansum std std_mean var var_mean",
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
        both="igamma",
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


def _owners() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for room, names in ROOMS.items():
        for name in " ".join(names).split():
            found.setdefault(name, []).append(room)
    return found


_OWNERS = _owners()


def functions() -> set[str]:
    """The names that rooms give to the torch namespace."""
    return {name for names in ROOMS.values() for name in f"{names.both} {names.functions}".split()}


def methods() -> set[str]:
    """The names that rooms give to Tensor."""
    return {name for names in ROOMS.values() for name in f"{names.both} {names.methods}".split()}


def publishes(name: str) -> bool:
    """Whether a room publishes `name`, as function, method or row."""
    return name in _OWNERS


def load(name: str) -> bool:
    """Import the rooms that publish `name`; whether there are any."""
    owners = _OWNERS.get(name, ())
    for room in owners:
        import_module(f"engine.ops.{room}")
    return bool(owners)


def load_all(rooms: Iterable[str] = ROOMS) -> None:
    """Import all rooms."""
    for room in rooms:
        import_module(f"engine.ops.{room}")


class Table(dict[str, _Value]):
    """A dictionary by name whose entries come with their rooms."""

    def __missing__(self, name: str) -> _Value:
        if name in self:
            return self[name]
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        if super().__contains__(name):
            return True
        return load(str(name)) and super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the entry, or the default if no room has it either."""
        found = super().get(name)
        if found is None and load(name):
            found = super().get(name)
        return default if found is None else found


class _Later:
    """Stands on Tensor for what a room puts there."""

    def __init__(self, cls: type, name: str) -> None:
        self._cls, self._name = cls, name

    def _real(self) -> Any:
        load(self._name)
        found = self._cls.__dict__[self._name]
        if found is self:
            raise AttributeError(f"no room gives Tensor '{self._name}'")
        return found

    def __get__(self, obj: Any, owner: Any = None) -> Any:
        real = self._real()
        return real.__get__(obj, owner) if hasattr(real, "__get__") else real

    def __set__(self, obj: Any, value: Any) -> None:
        self._real()
        object.__setattr__(obj, self._name, value)


def announce(cls: type) -> None:
    """Let `cls`, which is Tensor, have the methods of all rooms."""
    for name in methods():
        setattr(cls, name, _Later(cls, name))
