"""The command `cornu`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

import cornu


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with its arguments (those of the process by default); returns the exit status."""
    chosen = parser().parse_args(arguments)
    if chosen.command != "demo":
        parser().print_help()
        return 0
    from cornu import demo  # loads JAX, which help and version need not wait for

    try:
        demo.run(chosen.dataset, chosen.epochs, chosen.output, chosen.seed)
    except KeyboardInterrupt:
        return 130
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    top = argparse.ArgumentParser("cornu", description="A Keras-compatible neural-network library on JAX.")
    top.add_argument("--version", action="version", version=f"cornu {cornu.__version__}, jax {version('jax')}")
    demo = top.add_subparsers(dest="command", metavar="command").add_parser(
        "demo",
        help="train a network on handwritten digits, draw what it learned, save it and load it again",
    )
    demo.add_argument("--dataset", default="digits", help="digits (the default; needs no network) or mnist")
    demo.add_argument("--epochs", type=positive, help="passes over the data (default: what the data set needs)")
    demo.add_argument("--output", default="cornu_demo", help="folder for pictures and model (default: cornu_demo)")
    demo.add_argument("--seed", type=int, default=0, help="of everything random (default: 0)")
    return top


def positive(text: str) -> int:
    """A whole number from 1, out of a word of the command line."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number
