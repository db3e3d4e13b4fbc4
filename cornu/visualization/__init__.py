"""Pictures of training and of data."""

from cornu.visualization.charts import image_gallery as image_gallery
from cornu.visualization.charts import learning_curves as learning_curves
from cornu.visualization.plot import model_to_dot as model_to_dot
from cornu.visualization.plot import plot_history as plot_history
from cornu.visualization.plot import plot_model as plot_model
from cornu.visualization.summary import print_summary as print_summary
