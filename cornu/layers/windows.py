"""What layers with sliding windows share: sizes per axis of space, the axis of channels, windows that must fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cornu import config
from cornu.errors import explain
from cornu.signature import Domain, boolean, maybe, normalize_tuple, positive_int, sizes


def _lower_case_of(*names: str) -> Domain:
    words = "one of " + ", ".join(map(repr, names))
    return Domain(words, lambda value: isinstance(value, str) and value.lower() in names)


padding_domain = _lower_case_of("valid", "same")
causal_padding_domain = _lower_case_of("valid", "same", "causal")
data_format_domain = maybe(_lower_case_of("channels_last", "channels_first"))


def pool_domains(rank: int) -> dict[str, Domain]:
    """The domains of a pooling layer's arguments."""
    return {
        "pool_size": sizes(rank),
        "strides": maybe(sizes(rank)),
        "padding": padding_domain,
        "data_format": data_format_domain,
    }


def kernel_domains(rank: int, **more: Domain) -> dict[str, Domain]:
    """The domains of a convolution's arguments."""
    return {
        "kernel_size": sizes(rank),
        "strides": sizes(rank),
        "dilation_rate": sizes(rank),
        "padding": padding_domain,
        "data_format": data_format_domain,
        "filters": positive_int,
        "use_bias": boolean,
        **more,
    }


def set_window(
    layer: Any, rank: int, kernel_size: Any, strides: Any, padding: str, data_format: str | None, dilation_rate: Any
) -> None:
    """Sets the attributes that say how a kernel slides, one size per axis of space."""
    layer.kernel_size = normalize_tuple(kernel_size, rank)
    layer.strides = normalize_tuple(strides, rank)
    layer.dilation_rate = normalize_tuple(dilation_rate, rank)
    layer.padding, layer.data_format = padding.lower(), config.standardize_data_format(data_format)


def refuse_strides_with_dilation(layer: Any) -> None:
    """Raises ValueError where a window both jumps and is stretched."""
    if max(layer.strides) > 1 and max(layer.dilation_rate) > 1:
        raise ValueError(
            explain(
                f"{type(layer).__name__} {layer.name!r}: `strides` and `dilation_rate` can't both be greater than 1.",
                expected="strides=1 or dilation_rate=1",
                got=f"strides={layer.strides}, dilation_rate={layer.dilation_rate}",
            )
        )


def channel_axis(layer: Any) -> int:
    """The axis of channels."""
    return -1 if layer.data_format == "channels_last" else 1


def space_of(shape: Sequence[Any], data_format: str) -> tuple:
    """The sizes of the axes of space."""
    return tuple(shape[1:-1] if data_format == "channels_last" else shape[2:])


def check_fits(layer: Any, argument: str, shape: Sequence[Any]) -> None:
    """Raises ValueError where a window without padding is larger than the inputs; unknown sizes pass.

    `argument` is the name of the window's own, "kernel_size" or "pool_size".
    """
    if layer.padding != "valid":
        return
    window = getattr(layer, argument)
    dilation = getattr(layer, "dilation_rate", (1,) * len(window))
    covered = tuple((size - 1) * d + 1 for size, d in zip(window, dilation, strict=True))
    space = space_of(shape, layer.data_format)
    if any(isinstance(n, int) and n < size for n, size in zip(space, covered, strict=True)):
        stretched = f", {covered} with dilation_rate={dilation}" if max(dilation) > 1 else ""
        raise ValueError(
            explain(
                f"{type(layer).__name__} {layer.name!r}: the window is larger than the inputs.",
                expected=f"inputs of at least {argument}={window}{stretched}, {layer.data_format}",
                got=f"inputs of shape {tuple(n if isinstance(n, int) else None for n in shape)}",
                fix=f'Use larger inputs, a smaller {argument}, or padding="same".',
            )
        )
