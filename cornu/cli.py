"""The command `cornu`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

import cornu
from cornu.compat.dialect import ERAS
from cornu.errors import explain


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with its arguments (those of the process by default); returns the exit status."""
    chosen = parser().parse_args(arguments)
    if chosen.command is None:
        parser().print_help()
        return 0
    try:
        return chosen.action(chosen)
    except KeyboardInterrupt:
        return 130
    except (OSError, ValueError, ImportError) as error:
        print(error, file=sys.stderr)
        return 1


def _demo(chosen: argparse.Namespace) -> int:
    from cornu import demo  # loads JAX, which help and version need not wait for

    demo.run(chosen.dataset, chosen.epochs, chosen.output, chosen.seed)
    return 0


def _run(chosen: argparse.Namespace) -> int:
    from cornu.compat import launcher

    words = [word for word in chosen.program if word != "--"] if chosen.program[:1] == ["--"] else chosen.program
    if not words:
        raise ValueError(explain("cornu run needs a program.", expected="cornu run train.py, or cornu run -m module"))
    return launcher.run(words[0], words[1:], era=chosen.era, module=chosen.module)


def _migrate(chosen: argparse.Namespace) -> int:
    from cornu.compat import migrate

    return migrate.run(chosen.programs, era=chosen.era, write=chosen.write)


def _engines(chosen: argparse.Namespace) -> int:
    from cornu.utils import engines

    engines.show(speed=chosen.speed)
    return 0


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    top = argparse.ArgumentParser("cornu", description="A Keras-compatible neural-network library on JAX.")
    top.add_argument("--version", action="version", version=f"cornu {cornu.__version__}, jax {version('jax')}")
    commands = top.add_subparsers(dest="command", metavar="command")
    demo = commands.add_parser(
        "demo",
        help="train a network on handwritten digits, draw what it learned, save it and load it again",
    )
    demo.add_argument("--dataset", default="digits", help="digits (the default; needs no network) or mnist")
    demo.add_argument("--epochs", type=positive, help="passes over the data (default: what the data set needs)")
    demo.add_argument("--output", default="cornu_demo", help="folder for pictures and model (default: cornu_demo)")
    demo.add_argument("--seed", type=int, default=0, help="of everything random (default: 0)")
    demo.set_defaults(action=_demo)
    engines = commands.add_parser("engines", help="list the engines: installed or not, what they can't do, their speed")
    engines.add_argument("--no-speed", dest="speed", action="store_false", help="measure nothing")
    engines.set_defaults(action=_engines)
    run = commands.add_parser("run", help="run a Keras program of any era, unchanged")
    run.add_argument("--era", choices=ERAS, help="for which Keras it was written (default: told from its text)")
    run.add_argument("-m", dest="module", action="store_true", help="the program is a module, by its dotted name")
    run.add_argument("program", nargs=argparse.REMAINDER, help="the program and its own arguments")
    run.set_defaults(action=_run)
    migrate = commands.add_parser("migrate", help="rewrite a Keras program of any era in today's spelling")
    migrate.add_argument("--era", choices=ERAS, help="for which Keras it was written (default: told from its text)")
    migrate.add_argument("--write", action="store_true", help="change the files; the old ones are kept as *.orig")
    migrate.add_argument("programs", nargs="+", help="the files")
    migrate.set_defaults(action=_migrate)
    return top


def positive(text: str) -> int:
    """A whole number from 1, out of a word of the command line."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number
