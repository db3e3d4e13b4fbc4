"""The table of calls by which the operations are compared: name, arguments, keyword arguments."""

from __future__ import annotations

import ml_dtypes
import numpy as np

_rng = np.random.default_rng(7)


def real(*shape: int, low: float = -2.0, high: float = 2.0, dtype: str = "float32") -> np.ndarray:
    return _rng.uniform(low, high, shape).astype(dtype)


def whole(*shape: int, low: int = -5, high: int = 6, dtype: str = "int32") -> np.ndarray:
    return _rng.integers(low, high, shape).astype(dtype)


def positive_definite(size: int) -> np.ndarray:
    x = real(size, size)
    return x @ x.T + size * np.eye(size, dtype="float32")


X, Y, Z = real(3, 4), real(3, 4), real(2, 3, 4)
I, J = whole(3, 4), whole(3, 4, low=1)  # noqa: E741
B, C = real(3, 4) > 0, real(3, 4) > 0
V, W = real(5), real(5)
UNIT = real(3, 4, low=-0.95, high=0.95)
OVER_ONE = real(3, 4, low=1.05, high=3.0)
POSITIVE = real(3, 4, low=0.1, high=3.0)
SPECIAL = np.array([[1.0, np.nan, np.inf], [-np.inf, -0.0, 2.0]], "float32")
HOLED = np.where(real(3, 4) > 1, np.nan, X)
COMPLEX = (X + 1j * Y).astype("complex64")
HALF = X.astype("float16")
BRAIN = X.astype(ml_dtypes.bfloat16)
BYTES, SHORT = whole(3, 4, low=0, high=200, dtype="uint8"), whole(3, 4, dtype="int8")
NUMBERS = (X, I, B, HALF, BRAIN)

CASES: list[tuple[str, tuple, dict]] = []
PROMOTIONS: list[tuple[str, tuple, dict]] = []
"""Calls of which only the shapes and dtypes are compared."""


def add(names: str, *argument_lists: tuple, table: list | None = None, **kwargs: object) -> None:
    for name in names.split():
        (CASES if table is None else table).extend((name, arguments, kwargs) for arguments in argument_lists)


# One tensor
add("negative sign", (X,), (I,))
add("abs absolute square sin cos tan sinh cosh arctan arcsinh exp exp2 expm1 tanh", (X,), (I,))
UNARY = (
    "abs absolute square sin cos tan sinh cosh arctan arcsinh exp exp2 expm1 tanh sqrt log log2 log10 log1p ceil floor "
    "trunc deg2rad rad2deg sinc cbrt isfinite isnan logical_not arcsin arccos arctanh arccosh signbit real imag"
)
add(UNARY, *((x,) for x in NUMBERS), table=PROMOTIONS)
add("negative sign erf relu softplus silu sigmoid gelu", (HALF,), (BRAIN,), table=PROMOTIONS)
add("ceil floor trunc deg2rad rad2deg sinc cbrt", (X,), (I,))
add("erf erfc", (X,))
add("round", (X,), (X, 1), (whole(5, low=-99, high=99), -1))
add("arcsin arccos arctanh erfinv", (UNIT,))
add("arccosh", (OVER_ONE,))
add("rsqrt", (POSITIVE,))
add("sqrt log log2 log10 log1p", (POSITIVE,), (J,))
add("reciprocal i0 fabs", (POSITIVE,))
add("isfinite isinf isnan isneginf isposinf signbit nan_to_num", (SPECIAL,))
add("isfinite isnan", (I,))
add("nan_to_num", (SPECIAL, 1.0, 2.0, 3.0))
add("real imag conj conjugate isreal absolute angle view_as_real", (COMPLEX,))
add("real imag conj isreal", (X,))
add("angle", (X,))
add("view_as_complex", (real(3, 2),))
add("polar", (POSITIVE, X))
add("logical_not", (B,), (I,), (X,))
add("bitwise_invert bitwise_not", (I,), (B,), (BYTES,))
add("relu relu6 sigmoid sparse_sigmoid softplus softsign soft_shrink sparse_plus silu swish squareplus", (X,))
add(
    "log_sigmoid leaky_relu hard_sigmoid hard_silu hard_swish elu selu gelu celu hard_tanh tanh_shrink hard_shrink",
    (X,),
)
add("relu relu6", (I,))
add("glu", (X,), (X, 1))
add("gelu", (X, False))
add("threshold", (X, 0.5, -1.0))
add("softmax log_softmax", (X,), (X, 0))
add("softmax log_softmax", (Z, (0, 2)))

# Two tensors
ARITHMETIC = ((X, Y), (I, J), (X, J), (I, 2), (I, 2.5), (HALF, X), (BRAIN, 2.0), (SHORT, BYTES), (X, real(4)), (2, X))
PAIRS = "add subtract multiply maximum minimum divide true_divide fmax fmin"
add(PAIRS, (X, real(4)), (I, 2))
add(PAIRS + " hypot equal less floor_divide mod power", *ARITHMETIC, table=PROMOTIONS)
add("add multiply maximum", (B, C), (B, I), (B, 1.5), table=PROMOTIONS)
add("floor_divide mod fmod", (X, POSITIVE), (I, J), (X, 2))
add("power", (POSITIVE, X), (I, 2), (X, 2), (POSITIVE, 0.5))
add("hypot arctan2 logaddexp logaddexp2 heaviside nextafter divide_no_nan", (X, Y), (X, real(4)))
add("arctan2 logaddexp", (I, J), (HALF, HALF))
add("divide_no_nan", (X, np.where(B, Y, 0)), (I, np.where(B, J, 0)))
add("gcd lcm", (I, J))
add("ldexp", (X, I))
add("equal not_equal less less_equal greater greater_equal", (X, Y), (I, 1), (I, X))
add("logical_and logical_or logical_xor", (B, C), (I, X))
add("bitwise_and bitwise_or bitwise_xor", (I, J), (B, C), (BYTES, BYTES))
add("bitwise_left_shift bitwise_right_shift left_shift right_shift", (I, np.abs(J)), (BYTES, 2))
add("isclose allclose", (X, X + 1e-7), (X, Y), (SPECIAL, SPECIAL))
add("isclose", (SPECIAL, SPECIAL), equal_nan=True)
add("where", (B, X, Y), (B, 1.0, 0.0), (B, I, 2.5), (B, X, 0))
add("select", ([B, C], [X, Y], 3.0))
add("clip", (X, -1.0, 1.0), (I, 0, 3), (B, 0, 1), (X, real(4) - 2, None))

# Reductions
REDUCED = ((X,), (X, -1, True), (Z, (0, 2)), (I, 1))
add("sum mean prod std var max min amax amin ptp", *REDUCED)
add("sum mean prod std var", (B,), (HALF, 0))
add("sum mean prod std var max min argmax cumsum median", *((x, 0) for x in NUMBERS), table=PROMOTIONS)
add("all any", (B,), (B, 0), (X, 1, True))
add("max min", (X, 0, False, 0.5))
add("prod", (I, 1, False, "float32"))
add("count_nonzero", (I,), (I, 1))
add("median", (X,), (X, 1), (X, 0, True), (I,), (Z, (0, 1), True))
add("argmax argmin", (X,), (X, 1), (X, 0, True), (I, 1))
add(
    "nanargmax nanargmin nanmax nanmin nansum nanprod nanmean nanmedian nanstd nanvar",
    (HOLED,),
    (HOLED, 1),
    (X, 0, True),
)
add("nansum nanmean", (I, 1))
add("cumsum cumprod nancumsum nancumprod", (X,), (X, 1), (I, 0), (B, 0), (I, 1, "float32"))
add("average", (X,), (X, 1), (X, 1, real(4, low=0.1)), (I, 0), (X, None, POSITIVE))
add("quantile nanquantile", (X, 0.3), (X, np.array([0.1, 0.5], "float32"), 1), (I, 0.5), (X, 0.3, 0, "nearest", True))
add("percentile nanpercentile", (X, 30), (X, 30.0, 1, "lower"), (X, 55.0, None, "linear", True))
add("logsumexp", (X,), (X, 1), (X, 0, True))
add("trapezoid", (X,), (X, real(4)), (X, None, 0.5, 0))
add("diff", (X,), (X, 2, 0), (I,))
add("bincount", (whole(6, low=0, high=4),), (whole(6, low=0, high=4), real(6)), (whole(6, low=0, high=4), None, 7))
add("bincount", (np.array([[0, 3, 3], [1, 1, 3]]),), (np.array([[0, 3, 3], [1, 1, 3]]), real(2, 3), 5))
add("histogram", (V,), (V, 4), (V, 4, (-1.0, 1.0)))

# Making
add("zeros ones empty", ((2, 3),), ((2, 3), "int32"))
add("full", ((2, 3), 4), ((2, 3), 4, "int32"), ((2, 3), real(3)))
add("zeros_like ones_like copy array", (X,), (I,))
add("zeros_like ones_like array", (X, "int32"))
add("full_like", (X, 3), (I, 3, "float32"))
add("arange", (5,), (1, 7, 2), (0.0, 1.0, 0.25), (5, None, None, "float32"), (5.0,))
add(
    "linspace",
    (0, 1, 5),
    (0.0, 1.0, 4, False),
    (real(3), real(3), 4),
    (0, 1, 3, True, True),
    (0, 9, 4, True, False, "int32"),
)
add("logspace geomspace", (1.0, 3.0, 4), (1.0, 3.0, 4, False))
add("eye", (3,), (3, 4), (3, 4, 1), (3, None, -1, "int32"))
add("identity", (3,), (3, "int32"))
add("tri", (3,), (3, 4, 1), (3, None, 0, "int32"))
add("meshgrid", (V, real(3)))
add("meshgrid", (V, real(3)), indexing="ij")
add("bartlett blackman hamming hanning", (5,))
add("kaiser", (5, 14.0))
add("vander", (V,), (V, 3, True))

# Shapes
add("reshape", (X, (4, 3)), (X, (-1, 2)), (X, -1))
add("ravel fliplr flipud flip transpose squeeze", (X,))
add("expand_dims", (X, 0), (X, -1), (X, (0, 2)))
add("squeeze", (real(3, 1, 2, 1), None), (real(3, 1, 2, 1), 1))
add("transpose", (Z, (1, 2, 0)))
add("swapaxes", (Z, 0, 2))
add("moveaxis", (Z, 0, -1), (Z, (0, 1), (1, 2)))
add("broadcast_to", (real(4), (3, 4)))
add("flip", (X, 1), (Z, (0, 1)))
add("rot90", (X,), (Z, 2, (1, 2)))
add("roll", (X, 1), (X, 1, 1), (X, (1, 2), (0, 1)))
add("pad", (X, ((1, 2), (0, 1))), (X, 1), (X, ((1, 1), (0, 0)), "reflect"), (X, ((1, 2), (0, 1)), "constant", 7))
add("tile", (X, (2, 1)), (V, 2))
add("repeat", (X, 2), (X, 2, 1), (X, np.array([1, 0, 2, 1]), 1))
add("view", (X, "int32"), (SHORT, "uint8"))
add("concatenate stack vstack hstack dstack", ([X, Y],), ([X, I],))
add("concatenate stack", ([X, Y], 1))
add("append", (X, Y), (X, Y, 0))
add("split", (Z, 3, 1), (Z, [1, 3], 2))
add("array_split", (Z, 2, 1))
add("hsplit", (Z, 3))
add("vsplit", (Z, 2))
add("dsplit", (Z, 2))
add("unstack", (Z,), (Z, 3, 1))
add("diag", (V,), (V, 1), (X,))
add("diagflat", (V,), (X, -1))
add("diagonal trace", (X,), (Z, 1, 0, 2))
add("tril triu", (X,), (Z, 1))
add("rearrange", (real(2, 6, 3), "b (h w) c -> b c w h"), h=2)
add("rearrange", (real(2, 6, 3), "b n c -> (b n) c"))

# Taking, putting, sorting
add("get_item", (X, 1), (X, (slice(None), 2)), (X, (Ellipsis, None)), (X, np.array([0, 2])), (X, slice(0, 2)))
add("take", (X, np.array([0, -1, 2])), (X, np.array([[0, 1], [1, 2]]), 1), (X, 1, 0))
add("take_along_axis", (X, np.array([[0], [1], [2]]), 1))
add("slice", (X, (1, 1), (2, 2)), (X, (1, 1), (2, -1)))
add("slice_update", (X, (1, 1), real(2, 2)))
add("scatter", (np.array([[0, 1], [2, 3], [0, 1]]), real(3), (3, 4)))
add("scatter_update", (X, np.array([[0, 1], [2, 3]]), real(2)))
for _reduction in ("add", "max", "min", "mul"):
    add("scatter_update", (X, np.array([[0, 1], [2, 3]]), real(2)), reduction=_reduction)
add("nonzero", (I,))
add("unravel_index", (np.array([5, 7]), (3, 4)))
add("searchsorted", (np.sort(V), W), (np.sort(V), np.sort(V), "right"))
add("digitize", (X, np.array([-1.0, 0.0, 1.0], "float32")))
add("isin", (I, np.array([1, 2])))
add("isin", (I, np.array([1, 2])), invert=True)
add("sort argsort", (X,), (X, 0), (I, 1))
add("argpartition", (real(9), 3), (X, 1, 0))
add("top_k", (X, 2), (I, 3))
add("in_top_k", (np.array([0, 3, 1]), X, 2))
add("unique", (I,), (I, True, True, True, True))
add("unique", (I,), size=4, fill_value=9)
add("segment_sum segment_max segment_min segment_prod", (real(5, 2), np.array([0, 2, 0, 1, 2]), 3))
add("segment_sum", (real(5, 2), np.array([0, 0, 1, 2, 2]), 4), sorted=True)

# Matrices
SQUARE, DEFINITE = real(3, 3), positive_definite(3)
add(
    "matmul", (X, real(4, 2)), (Z, real(2, 4, 5)), (V, W), (I, whole(4, 2)), (SHORT, SHORT.T.copy()), (HALF, real(4, 2))
)
add("dot", (X, real(4, 2)), (V, W), (Z, real(4)))
add("vdot inner outer", (V, W))
add("inner", (X, Y))
add("kron", (X, real(2, 2)))
add("tensordot", (Z, real(3, 4, 2)), (Z, real(4, 3), 1), (Z, real(4, 3), ((1, 2), (1, 0))))
add("einsum", ("ij,jk->ik", X, real(4, 2)), ("bij->bj", Z), ("ij,jk", SHORT, SHORT.T.copy()))
add("cross", (real(2, 3), real(2, 3)), (real(3), real(3)))
add("correlate", (V, real(3)), (V, real(3), "same"), (V, real(3), "full"))
add("corrcoef", (X,))
add("norm", (X,), (X, 1, 0), (X, np.inf, 1, True), (X, "fro"), (X, "nuc"), (I,), (V, 3))
add("cholesky", (DEFINITE,), (DEFINITE, True))
add("cholesky_inverse", (np.linalg.cholesky(DEFINITE),), (np.linalg.cholesky(DEFINITE).T.copy(), True))
add("qr", (X,), (real(4, 2), "complete"))
add("svd", (X,), (X, False), (X, True, False))
add("eigh", (DEFINITE,))
add("lu_factor", (SQUARE,), (real(2, 3, 3),))
add("det inv slogdet logdet", (SQUARE,), (real(2, 3, 3),))
add("pinv", (X,))
add("matrix_rank", (X,), (DEFINITE,))
add("solve", (SQUARE, real(3)), (SQUARE, real(3, 2)), (real(2, 3, 3), real(2, 3, 2)))
add("solve_triangular", (DEFINITE, real(3, 2)), (DEFINITE, real(3, 2), True))
add("lstsq", (real(5, 2), real(5)))
add("cdist", (real(3, 4), real(5, 4)))

# Signals
add("fft fft2 ifft2", ((real(4, 8), real(4, 8)),))
add("rfft", (real(2, 8),), (real(2, 8), 10), (real(2, 8), 5))
add("irfft", ((real(2, 5), real(2, 5)),), ((real(2, 5), real(2, 5)), 7))
add("extract_sequences", (real(2, 9), 4, 2))
add("stft", (real(2, 32), 8, 4, 8), (real(32), 6, 3, 8, "hamming"), (real(32), 6, 3, 8, None, False))
SPECTRUM = (real(2, 9, 5), real(2, 9, 5))
add("istft", (SPECTRUM, 8, 4, 8), (SPECTRUM, 8, 4, 8, 20), (SPECTRUM, 6, 3, 8, None, "hamming", False))

# Neural networks
IMAGES, FIRST = real(2, 7, 8, 4), real(2, 4, 7, 8)
for _padding in ("valid", "same"):
    add("conv", (IMAGES, real(3, 2, 2, 6)), strides=2, padding=_padding)
    add("conv", (real(2, 9, 3), real(3, 3, 5)), padding=_padding, dilation_rate=2)
    add("conv", (FIRST, real(3, 3, 4, 5)), padding=_padding, data_format="channels_first")
    add("depthwise_conv", (IMAGES, real(3, 3, 4, 2)), strides=1, padding=_padding)
    add("separable_conv", (IMAGES, real(3, 3, 4, 2), real(1, 1, 8, 5)), strides=2, padding=_padding)
    add("conv_transpose", (IMAGES, real(3, 3, 5, 4)), strides=2, padding=_padding)
    add("conv_transpose", (IMAGES, real(2, 3, 5, 4)), strides=2, padding=_padding, output_padding=1)
    add("max_pool average_pool", (IMAGES, 2, 2), (IMAGES, 3, 2), (IMAGES, (2, 3), 1), padding=_padding)
    add("max_pool average_pool", (FIRST, 2, 2), padding=_padding, data_format="channels_first")
add("adaptive_max_pool adaptive_average_pool", (IMAGES, (3, 2)), (IMAGES, (6, 5)), (real(2, 9, 3), (4,)))
add("adaptive_max_pool adaptive_average_pool", (FIRST, (3, 2)), data_format="channels_first")
add("depth_to_space", (real(2, 3, 4, 8), 2), (real(2, 8, 3, 4), 2, "channels_first"))
add("space_to_depth", (real(2, 4, 6, 3), 2), (real(2, 3, 4, 6), 2, "channels_first"))
add("unfold", (FIRST, 3), (FIRST, (2, 3), 2, 1, 2))
add("fold", (real(2, 36, 4 * 5), (6, 7), 3), (real(2, 24, 12), (7, 8), (2, 3), 2, 1, 2))
add(
    "one_hot",
    (whole(4, low=-1, high=5), 4),
    (whole(2, 3, low=0, high=4), 4, 1),
    (whole(4, low=0, high=4), 4, -1, "int32"),
)
add("multi_hot", (whole(2, 3, low=0, high=5), 5), (whole(3, low=0, high=5), 5, -1, "int32"))
PROBABILITIES = np.exp(X) / np.exp(X).sum(-1, keepdims=True)
PROBABILITIES[0] = [0, 0, 0, 1]
CLASSES = np.array([3, 0, 2])
for _logits in (False, True):
    add("binary_crossentropy", (B.astype("float32"), PROBABILITIES), (J % 2, PROBABILITIES), from_logits=_logits)
    add("categorical_crossentropy", (np.eye(4, dtype="float32")[CLASSES], PROBABILITIES), from_logits=_logits)
    add(
        "sparse_categorical_crossentropy",
        (CLASSES, PROBABILITIES),
        (CLASSES[:, None], PROBABILITIES),
        from_logits=_logits,
    )
add("categorical_crossentropy", (POSITIVE, PROBABILITIES, True, 0))
add("psnr", (X, Y, 2.0))
add("moments", (X, 0), (Z, (0, 1), True), (HALF, 1), (Z, [1, 2]))
add("batch_normalization", (Z, real(4), real(4, low=0.1), -1), (Z, real(3), real(3, low=0.1), 1, real(3), real(3), 0.1))
add(
    "layer_normalization", (Z,), (Z, real(4), real(4)), (Z, real(3, 4), None, [1, 2]), (Z, real(3), real(3), 1), (HALF,)
)
add("rms_normalization", (Z,), (Z, real(4)), (Z, None, [1, 2], 0.1), (HALF,))
add("normalize", (Z,), (Z, 0), (Z, 1, 3), (Z, -1, 1))
QUERY, KEY = real(2, 5, 4, 3), real(2, 6, 4, 3)
add("dot_product_attention", (QUERY, KEY, real(2, 6, 4, 3)), (QUERY, real(2, 6, 2, 3), real(2, 6, 2, 3)))
add("dot_product_attention", (QUERY, KEY, KEY, real(2, 4, 5, 6), real(2, 1, 5, 6) > 0), scale=0.3)
add("dot_product_attention", (QUERY, KEY, KEY), is_causal=True)
LABELS, LOGITS = whole(3, 4, low=1, high=5), real(3, 9, 5)
LABELS[0, 1] = LABELS[0, 0]
LENGTHS, STEPS = np.array([4, 2, 0]), np.array([9, 7, 8])
add("ctc_loss", (LABELS, LOGITS, LENGTHS, STEPS), (LABELS - 1, LOGITS, LENGTHS, STEPS, 4))
add("ctc_decode", (LOGITS, STEPS), (LOGITS, STEPS, "greedy", 100, 1, False))
add("ctc_decode", (real(2, 6, 4) * 2, STEPS[1:] - 2, "beam_search", 5, 2, True, 3))

# Tensors and flow, as far as a table can hold them
add("convert_to_tensor", (X,), ([1, 2],), ([1.0, 2],), (X, "int32"), (3.0,), (np.arange(3.0),))
add("cast", (X, "int32"), (I, "float16"), (X, "bool"), (B, "float32"))
add("saturate_cast", (real(3, low=-500, high=500), "uint8"), (whole(4, low=-300, high=300), "int8"))
add("saturate_cast", (np.array([-1e9, 5e9], "float32"), "int32"), (np.array([1e9], "float32"), "float16"))
add("stop_gradient", (X,))
add("size ndim shape dtype", (Z,))

# Images: names of `ops.image`
CHANNELS_FIRST = {"data_format": "channels_first"}
PHOTOS, PHOTOS_FIRST = real(2, 6, 8, 3, low=0, high=1), real(2, 3, 6, 8, low=0, high=1)
add("image.rgb_to_grayscale image.rgb_to_hsv image.hsv_to_rgb", (PHOTOS,), (PHOTOS[0],))
add("image.rgb_to_grayscale image.rgb_to_hsv image.hsv_to_rgb", (PHOTOS_FIRST,), **CHANNELS_FIRST)
add("image.rgb_to_grayscale", (whole(2, 2, 3, low=0, high=255, dtype="uint8"),))
for _interpolation in ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"):
    add("image.resize", (PHOTOS, (4, 11)), interpolation=_interpolation)
add("image.resize", (PHOTOS, (3, 3)), antialias=True)
add("image.resize", (PHOTOS, (3, 3)), (PHOTOS[0], (9, 5)), crop_to_aspect_ratio=True)
add("image.resize", (PHOTOS, (3, 3)), (PHOTOS[0], (9, 5)), pad_to_aspect_ratio=True, fill_value=0.5)
add("image.resize", (PHOTOS_FIRST, (3, 3)), **CHANNELS_FIRST)
add("image.resize", ((PHOTOS * 255).astype("uint8"), (4, 11)), interpolation="bicubic")
SCALE, SHIFT = np.array([1.5, 0.7], "float32"), np.array([0.3, 1.0], "float32")
add("image.scale_and_translate", (PHOTOS, (2, 7, 5, 3), SCALE, SHIFT, (1, 2), "linear"))
AFFINE = np.array([0.9, 0.2, 1.0, -0.1, 1.1, 0.5, 0, 0], "float32")
for _mode in ("constant", "nearest", "wrap", "mirror", "reflect"):
    add("image.affine_transform", (PHOTOS, np.stack([AFFINE, AFFINE * 0.8])), fill_mode=_mode, fill_value=0.3)
    add("image.map_coordinates", (X, real(2, 5, low=-2, high=5), 1, _mode, 0.5))
add("image.affine_transform", (PHOTOS[0], AFFINE, "nearest"))
add("image.affine_transform", (PHOTOS_FIRST, np.stack([AFFINE] * 2)), **CHANNELS_FIRST)
CORNERS = np.array([[0, 0], [7, 0], [0, 5], [7, 5]], "float32")
MOVED = CORNERS + real(4, 2, low=-1, high=1)
add(
    "image.perspective_transform",
    (PHOTOS, np.stack([CORNERS] * 2), np.stack([MOVED, CORNERS])),
    (PHOTOS[0], CORNERS, MOVED),
)
add("image.perspective_transform", (PHOTOS, np.stack([CORNERS] * 2), np.stack([MOVED] * 2), "nearest", 0.5))
add("image.pad_images", (PHOTOS, 1, 2, 3, 4), (PHOTOS[0], 1, None, None, 2, 9, 12))
add("image.crop_images", (PHOTOS, 1, 2, 3, 4), (PHOTOS[0], 1, None, None, 2, 3, 4))
add("image.extract_patches", (PHOTOS, 2), (PHOTOS, (2, 3), 1, 1, "same"), (PHOTOS, 2, 1, 2), (PHOTOS[0], 3))
add("image.extract_patches", (PHOTOS_FIRST, 2), **CHANNELS_FIRST)
add("image.extract_patches_3d", (real(1, 4, 4, 6, 2), 2), (real(4, 4, 6, 2), (2, 1, 3), 1))
add("image.gaussian_blur", (PHOTOS, (3, 5), (1.0, 0.7)), data_format="channels_last")
add("image.gaussian_blur", (PHOTOS_FIRST,), **CHANNELS_FIRST)
add("image.sobel_edges", (PHOTOS,))
add("image.sobel_edges", (PHOTOS_FIRST,), **CHANNELS_FIRST)
add("image.ssim", (real(2, 12, 13, 3, low=0, high=1), real(2, 12, 13, 3, low=0, high=1)))
add("image.ssim", (PHOTOS[0], PHOTOS[1], 2.0, 5, 1.0))
