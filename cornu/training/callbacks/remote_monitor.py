"""The logs of each epoch, sent to a server."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
import warnings

import numpy as np

from cornu.training.callbacks.callback import Callback, Logs


class RemoteMonitor(Callback):
    """Sends the logs of each epoch to a server, by POST; where it can't be reached there is a warning, and fit goes on.

    Args:
        root: the server's address.
        path: the path below it.
        field: the field of the form that holds the JSON text.
        headers: further HTTP headers.
        send_as_json: whether the JSON text is the body itself, rather than a field of a form.

    Difference from Keras, which needs the package `requests`: nothing is needed.
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: dict[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        self.root, self.path, self.field = root, path, field
        self.headers, self.send_as_json = headers, send_as_json

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Sends the logs, and the number of the epoch."""
        text = json.dumps(
            {"epoch": epoch, **{name: np.asarray(value).tolist() for name, value in (logs or {}).items()}}
        )
        body = text if self.send_as_json else urllib.parse.urlencode({self.field: text})
        kind = "application/json" if self.send_as_json else "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, **(self.headers or {})}
        request = urllib.request.Request(self.root + self.path, body.encode(), headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                answer.read()
        except urllib.error.HTTPError:  # the server was reached; what it says is its own affair
            pass
        except OSError as error:
            warnings.warn(f"RemoteMonitor can't reach {self.root}: {error}", stacklevel=2)
