"""Images: read and written, turned, shifted and recolored at random, batch by batch for training."""

from cornu.preprocessing.image.file_iterators import DataFrameIterator as DataFrameIterator
from cornu.preprocessing.image.file_iterators import DirectoryIterator as DirectoryIterator
from cornu.preprocessing.image.generator import ImageDataGenerator as ImageDataGenerator
from cornu.preprocessing.image.iterators import Iterator as Iterator
from cornu.preprocessing.image.iterators import NumpyArrayIterator as NumpyArrayIterator
from cornu.preprocessing.image.pictures import array_to_img as array_to_img
from cornu.preprocessing.image.pictures import img_to_array as img_to_array
from cornu.preprocessing.image.pictures import load_img as load_img
from cornu.preprocessing.image.pictures import save_img as save_img
from cornu.preprocessing.image.resizing import smart_resize as smart_resize
from cornu.preprocessing.image.transforms import apply_affine_transform as apply_affine_transform
from cornu.preprocessing.image.transforms import apply_brightness_shift as apply_brightness_shift
from cornu.preprocessing.image.transforms import apply_channel_shift as apply_channel_shift
from cornu.preprocessing.image.transforms import flip_axis as flip_axis
from cornu.preprocessing.image.transforms import random_brightness as random_brightness
from cornu.preprocessing.image.transforms import random_channel_shift as random_channel_shift
from cornu.preprocessing.image.transforms import random_rotation as random_rotation
from cornu.preprocessing.image.transforms import random_shear as random_shear
from cornu.preprocessing.image.transforms import random_shift as random_shift
from cornu.preprocessing.image.transforms import random_zoom as random_zoom
