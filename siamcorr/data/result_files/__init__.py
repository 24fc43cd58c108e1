"""Result files in the layouts of the published toolkits and servers, written and read.

The names of the formats are registered by the modules that this package imports.
"""

from siamcorr.data.result_files import boxes, vot
from siamcorr.data.result_files.formats import FORMATS, ResultFormat
from siamcorr.data.result_files.regions import Region, read_regions

__all__ = ["FORMATS", "Region", "ResultFormat", "boxes", "read_regions", "vot"]
