"""What Python, NumPy and other packages have dropped since, and what is there today."""

from __future__ import annotations

from typing import Any

_ABSTRACT = ("Callable", "Container", "Hashable", "Iterable", "Iterator", "Mapping", "MutableMapping",
             "MutableSequence", "Sequence", "Set", "Sized")  # fmt: skip

MOVED: dict[str, str] = {
    "sklearn.cross_validation": "sklearn.model_selection",
    "sklearn.grid_search": "sklearn.model_selection",
    "sklearn.learning_curve": "sklearn.model_selection",
    "sklearn.externals.joblib": "the package joblib",
    "sklearn.externals.six": "the package six",
    "sklearn.preprocessing.Imputer": "sklearn.impute.SimpleImputer",
    "sklearn.datasets.fetch_mldata": 'sklearn.datasets.fetch_openml("mnist_784")',
    "sklearn.datasets.load_boston": "keras.datasets.boston_housing.load_data()",
    "scipy.misc.imread": "imageio.imread",
    "scipy.ndimage.imread": "imageio.imread",
    "scipy.misc.imsave": "imageio.imwrite",
    "scipy.misc.imresize": "PIL.Image.fromarray(image).resize((width, height))",
    "scipy.misc.imrotate": "scipy.ndimage.rotate",
    "scipy.misc.toimage": "PIL.Image.fromarray",
    "scipy.misc.imshow": "matplotlib.pyplot.imshow",
    "scipy.misc.logsumexp": "scipy.special.logsumexp",
    "scipy.misc.comb": "scipy.special.comb",
    "scipy.misc.factorial": "scipy.special.factorial",
    "scipy.misc": "scipy.datasets for pictures, imageio for files",
    "PIL.Image.ANTIALIAS": "PIL.Image.LANCZOS",
    "matplotlib.pyplot.hold": "how every plot works: leave it out",
    "numpy.random.random_integers": "numpy.random.randint, whose upper end doesn't belong to it",
    "pandas.rolling_mean": "frame.rolling(n).mean()",
    "pandas.Panel": "a DataFrame with a MultiIndex",
    "pandas.tools.plotting": "pandas.plotting",
    "cPickle": "pickle",
    "Queue": "queue",
    "StringIO": "io",
    "cStringIO": "io",
    "ConfigParser": "configparser",
    "HTMLParser": "html.parser",
    "Tkinter": "tkinter",
    "__builtin__": "builtins",
    "commands": "subprocess",
    "urllib2": "urllib.request",
    "urlparse": "urllib.parse",
    "urllib.urlopen": "urllib.request.urlopen",
    "urllib.urlretrieve": "urllib.request.urlretrieve",
    "urllib.urlencode": "urllib.parse.urlencode",
    "urllib.quote": "urllib.parse.quote",
    "itertools.izip": "zip",
    "itertools.imap": "map",
    "itertools.ifilter": "filter",
    "itertools.izip_longest": "itertools.zip_longest",
    "string.letters": "string.ascii_letters",
    "string.lowercase": "string.ascii_lowercase",
    "string.uppercase": "string.ascii_uppercase",
    "string.maketrans": "str.maketrans",
    "string.join": 'the method " ".join(words)',
    "time.clock": "time.perf_counter",
    "inspect.getargspec": "inspect.getfullargspec",
    "imp": "importlib",
    "distutils": "setuptools",
    "sys.maxint": "sys.maxsize",
    "os.getcwdu": "os.getcwd",
    **{f"collections.{name}": f"collections.abc.{name}" for name in _ABSTRACT},
}
"""Modules, and names in them."""

NAMES: dict[str, str] = {
    "xrange": "range",
    "unicode": "str",
    "basestring": "str",
    "long": "int",
    "raw_input": "input",
    "unichr": "chr",
    "reduce": "functools.reduce",
    "file": "open",
    "execfile": "exec(open(path).read())",
    "reload": "importlib.reload",
}
"""Names of Python 2 itself."""

METHODS: dict[str, str] = {
    "has_key": "`key in dictionary`",
    "iteritems": ".items()",
    "itervalues": ".values()",
    "iterkeys": ".keys()",
    "as_matrix": ".to_numpy()",
    "ix": ".loc or .iloc",
    "get_values": ".to_numpy()",
    "from_csv": "pandas.read_csv",
}
"""Methods of dictionaries, and of pandas's tables."""

PACKAGES: dict[str, str] = {
    "cv2": "opencv-python",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "yaml": "pyyaml",
    **{name: name for name in ("six", "tqdm", "h5py", "pandas", "scipy", "matplotlib", "seaborn", "imageio", "nltk",
                               "gensim", "requests", "joblib", "future")},
}  # fmt: skip
"""Modules that old programs import, and the packages that hold them."""

MESSAGES: tuple[tuple[type[BaseException], str, str], ...] = (
    (
        TypeError,
        "'float' object cannot be interpreted as an integer|slice indices must be integers|'float' .*as a index",
        "in Python 2, `/` of whole numbers was a whole number: write `//`.",
    ),
    (
        (TypeError),
        r"'(map|filter|zip|dict_keys|dict_values|dict_items)' object (is not|has no)|of type '(map|filter|zip)' has no",
        "Python 2 gave a list there: write list(...) around it.",
    ),
    (
        AttributeError,
        "'dict_(keys|values|items)' object has no attribute",
        "Python 2 gave a list there: write list(...) around it.",
    ),
    (TypeError, "__round__", "an array isn't rounded by round(): write numpy.round(x), or round(float(x))."),
    (
        TypeError,
        "a bytes-like object is required, not 'str'|must be str, not bytes",
        'files of text are opened by "r" and "w", those of bytes by "rb" and "wb".',
    ),
    (
        UnicodeDecodeError,
        "'ascii' codec can't decode",
        'a pickle of Python 2 is read by pickle.load(file, encoding="latin1").',
    ),
)
"""Errors that Python 3 raises in programs for Python 2: their kinds, what stands in them, what to do."""

NUMPY: dict[str, tuple[Any, str]] = {
    "float": (float, "float"),
    "int": (int, "int"),
    "object": (object, "object"),
    "str": (str, "str"),
    "unicode": (str, "str"),
    "complex": (complex, "complex"),
    "float_": ("float64", "numpy.float64"),
    "complex_": ("complex128", "numpy.complex128"),
    "unicode_": ("str_", "numpy.str_"),
    "string_": ("bytes_", "numpy.bytes_"),
    "Inf": ("inf", "numpy.inf"),
    "Infinity": ("inf", "numpy.inf"),
    "infty": ("inf", "numpy.inf"),
    "PINF": ("inf", "numpy.inf"),
    "NINF": (-float("inf"), "-numpy.inf"),
    "NaN": ("nan", "numpy.nan"),
    "NAN": ("nan", "numpy.nan"),
    "product": ("prod", "numpy.prod"),
    "cumproduct": ("cumprod", "numpy.cumprod"),
    "sometrue": ("any", "numpy.any"),
    "alltrue": ("all", "numpy.all"),
    "in1d": ("isin", "numpy.isin"),
    "row_stack": ("vstack", "numpy.vstack"),
    "round_": ("round", "numpy.round"),
    "rank": ("ndim", "numpy.ndim"),
    "trapz": ("trapezoid", "numpy.trapezoid"),
    "mat": ("asmatrix", "numpy.asmatrix"),
    "asscalar": (lambda array: array.item(), "array.item()"),
}
"""Names that NumPy had: what they stand for (a string: NumPy's attribute of this name), and today's spelling."""
