"""What Keras 3 calls its operations: classes, modules, and which of a function's arguments their calls take.

Names only; whatever isn't in a table here follows the rule.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

_CLASS_NAMES = {
    "allclose": "AllClose", "batch_normalization": "BatchNorm", "cdist": "CDist", "ctc_decode": "CTCDecode",
    "ctc_loss": "CTCLoss", "fft": "FFT", "fft2": "FFT2", "hsv_to_rgb": "HSVToRGB", "ifft2": "IFFT2",
    "irfft": "IRFFT", "isin": "IsIn", "istft": "ISTFT", "jvp": "JVP", "layer_normalization": "LayerNorm",
    "psnr": "PSNR", "rfft": "RFFT", "rgb_to_grayscale": "RGBToGrayscale", "rgb_to_hsv": "RGBToHSV",
    "rms_normalization": "RMSNorm", "searchsorted": "SearchSorted", "ssim": "SSIM", "stft": "STFT", "svd": "SVD",
}  # fmt: skip
"""The operations whose class isn't their own name in CamelCase."""

_NAMES = {
    "nn": """
        adaptive_average_pool adaptive_max_pool average_pool batch_normalization binary_crossentropy
        categorical_crossentropy celu conv conv_transpose ctc_decode ctc_loss depth_to_space depthwise_conv
        dot_product_attention elu fold gelu glu hard_shrink hard_sigmoid hard_silu hard_tanh layer_normalization
        leaky_relu log_sigmoid log_softmax max_pool moments multi_hot normalize one_hot polar psnr relu relu6
        rms_normalization selu separable_conv sigmoid silu soft_shrink softmax softplus softsign space_to_depth
        sparse_categorical_crossentropy sparse_plus sparse_sigmoid sparsemax squareplus tanh_shrink threshold unfold""",
    "image": """
        affine_transform crop_images elastic_transform extract_patches gaussian_blur hsv_to_rgb map_coordinates
        pad_images perspective_transform resize rgb_to_grayscale rgb_to_hsv scale_and_translate sobel_edges ssim""",
    "core": """
        associative_scan cast cond convert_to_tensor fori_loop map saturate_cast scan scatter scatter_update slice
        slice_update stop_gradient switch unstack vectorized_map while_loop""",
    "math": """
        cdist erf erfc erfinv extract_sequences fft fft2 ifft2 in_top_k irfft istft jvp logdet logsumexp rfft rsqrt
        segment_max segment_min segment_prod segment_sum stft top_k view_as_complex view_as_real""",
    "linalg": """
        cholesky cholesky_inverse det eig eigh inv lstsq lu_factor matrix_rank norm pinv qr solve solve_triangular
        svd""",
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}
"""The modules of the operations that aren't in `numpy`."""

_OPERANDS = {
    "x", "x1", "x2", "xs", "a", "b", "y", "q", "inputs", "images", "image1", "image2", "condition", "indices", "key",
    "values", "target", "output", "targets", "predictions", "operands", "sorted_sequence", "start_indices", "updates",
    "start", "stop", "step", "array", "data", "segment_ids", "kernel", "depthwise_kernel", "pointwise_kernel",
    "query", "value", "bias", "mask", "gamma", "beta", "abs_", "angle", "mean", "variance", "elements", "transform",
    "coordinates", "scale", "weights", "constant_values", "target_length", "output_length", "sequence_lengths",
}  # fmt: skip
_OPERANDS_OF = {
    "batch_normalization": {"x", "mean", "variance", "offset", "scale"},
    "bincount": {"x"},
    "digitize": {"x", "bins"},
    "einsum": {"operands"},
    "full_like": {"x", "fill_value"},
    "isclose": {"x1", "x2", "rtol", "atol"},
    "perspective_transform": {"images", "start_points", "end_points"},
    "scale_and_translate": {"images", "output_shape", "scale", "translation"},
    "select": {"condlist", "choicelist", "default"},
    "squareplus": {"x"},
    "stop_gradient": {"variable"},
    "trapezoid": {"y"},
}


def class_name(function_name: str) -> str:
    """The class that Keras has for an operation.

    >>> class_name("expand_dims"), class_name("fft2")
    ('ExpandDims', 'FFT2')
    """
    camel = "".join(part[:1].upper() + part[1:] for part in function_name.split("_"))
    return _CLASS_NAMES.get(function_name, camel)


def module_name(function_name: str) -> str:
    """The module in which Keras has that class."""
    return f"keras.src.ops.{_MODULES.get(function_name, 'numpy')}"


def operands(function: Callable) -> list[str]:
    """The parameters that a call of the class takes; the others are its constructor's.

    >>> from cornu import ops
    >>> operands(ops.expand_dims), operands(ops.add)
    (['x'], ['x1', 'x2'])
    """
    plain = inspect.unwrap(function)
    wanted = _OPERANDS_OF.get(plain.__name__, _OPERANDS)
    return [name for name in inspect.signature(plain).parameters if name in wanted]
