"""Training many variations of a model at once."""

from cornu.tuning.many import train_many as train_many
from cornu.tuning.results import Result as Result
from cornu.tuning.results import Trial as Trial
