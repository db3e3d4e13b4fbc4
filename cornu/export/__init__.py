"""Models in the formats of other systems, checked against `predict` before they are there."""

from cornu.export.exporting import FORMATS as FORMATS
from cornu.export.exporting import export_model as export_model
