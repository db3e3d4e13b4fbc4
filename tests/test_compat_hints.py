"""What Python, NumPy and other packages have dropped: names that are still served, and hints where they aren't."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cornu import compat
from cornu.compat import hints, notices
from cornu.compat.tables.dropped import NUMPY


def error_of(text: str) -> BaseException:
    with pytest.raises(BaseException) as caught:
        exec(compile(text, "program.py", "exec"), {})
    return caught.value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import cPickle", "cPickle is gone: today it is pickle."),
        ("from urllib2 import urlopen", "urllib.request"),
        ("from scipy.misc import imread", "imageio.imread"),
        ("import sklearn.cross_validation", "sklearn.model_selection"),
        ("from sklearn.cross_validation import train_test_split", "sklearn.model_selection"),
        ("import string\nstring.letters", "string.ascii_letters"),
        ("import time\ntime.clock()", "time.perf_counter"),
        ("import collections\ncollections.Mapping", "collections.abc.Mapping"),
        ("xrange(3)", "xrange is gone: today it is range."),
        ("{}.has_key(1)", "key in dictionary"),
        ("for k, v in {}.iteritems(): pass", ".items()"),
        ("print 'hello'", "for Python 2"),
        ("range(10 / 2)", "//"),
        ("[1, 2, 3][4 / 2:]", "//"),
        ("map(str, [1])[0]", "list(...)"),
        ("len(filter(None, [1]))", "list(...)"),
        ("{1: 2}.keys()[0]", "list(...)"),
        ("{1: 2}.keys().sort()", "list(...)"),
        ("import numpy\nround(numpy.ones(1))", "numpy.round"),
        ("raise ModuleNotFoundError('No module', name='cv2')", "pip install opencv-python"),
        ("undefined", ""),
        ("{}.nonsense", ""),
        ("import numpy\nnumpy.nonsense", ""),
        ("import nonsense", ""),
        ("def f(:", ""),
        ("raise ValueError('xrange')", ""),
    ],
)
def test_a_hint_says_what_stands_there_today(text, said):
    found = hints.hint(error_of(text))
    assert said in found
    assert bool(found) == bool(said)


@pytest.fixture
def installed():
    compat.install("keras1", source="")
    yield
    compat.uninstall()
    notices.clear()


def test_old_names_of_numpy_are_served_and_noted(installed):
    code = f"import numpy as np\nfound = {{name: getattr(np, name) for name in {json.dumps(list(NUMPY))}}}"
    scope: dict = {}
    exec(compile(code, "program.py", "exec"), scope)
    found = scope["found"]
    assert np.zeros(2, found["float"]).dtype == "float64"
    assert found["NaN"] != found["NaN"]
    assert found["NINF"] == -found["Inf"]
    assert found["product"]([2, 3]) == 6
    assert found["asscalar"](np.ones(1)) == 1
    assert ("numpy.float", "float") in [(n.old, n.new) for n in notices.collected()]
    assert "has no attribute 'nonsense'" in str(error_of("import numpy\nnumpy.nonsense"))


def test_libraries_and_later_programs_find_numpy_as_it_is(installed):
    library = compile("import numpy\nnumpy.float", np.__file__.replace("__init__", "library"), "exec")
    with pytest.raises(AttributeError):
        exec(library, {})
    compat.uninstall()
    with pytest.raises(AttributeError):
        exec(compile("import numpy\nnumpy.product", "program.py", "exec"), {})
