"""Data made ready for models: sequences, texts and images, as Keras 1 and 2 did it, and data sets out of folders.

New programs do much of this in layers: `TextVectorization`, `Rescaling`, `RandomFlip` ...
"""

from cornu.preprocessing import image as image
from cornu.preprocessing import sequence as sequence
from cornu.preprocessing import text as text
from cornu.preprocessing.directories import image_dataset_from_directory as image_dataset_from_directory
from cornu.preprocessing.directories import text_dataset_from_directory as text_dataset_from_directory
from cornu.preprocessing.timeseries import timeseries_dataset_from_array as timeseries_dataset_from_array
