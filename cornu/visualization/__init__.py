"""Pictures of training and of data."""

from cornu.visualization.charts import image_gallery as image_gallery
from cornu.visualization.charts import learning_curves as learning_curves
