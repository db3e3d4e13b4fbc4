"""Data sets to learn with: each a module whose `load_data()` gives `(x_train, y_train), (x_test, y_test)` in NumPy.

digits and iris are part of the package. A file of the others is looked for, in this order, in the folder that the
environment variable `CORNU_DATASETS` names, in cornu's cache (`cornu.config.cache_dir() / "datasets"`) and in Keras's
(`~/.keras/datasets`, or where `KERAS_HOME` says), and else downloaded over https into cornu's cache. A file in a cache
or from the network must have the right hash; one in the folder of `CORNU_DATASETS` is the person's own choice, and only
its form is checked. Nothing in any of them can run code.

Difference from Keras: texts always come as a one-dimensional array of lists, also where all are of one length.
"""

from cornu.datasets import boston_housing as boston_housing
from cornu.datasets import california_housing as california_housing
from cornu.datasets import cifar10 as cifar10
from cornu.datasets import cifar100 as cifar100
from cornu.datasets import digits as digits
from cornu.datasets import fashion_mnist as fashion_mnist
from cornu.datasets import imdb as imdb
from cornu.datasets import iris as iris
from cornu.datasets import mnist as mnist
from cornu.datasets import reuters as reuters
