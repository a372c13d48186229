# The public names of the package, loaded on first use.
from .base import Stabilizer as Stabilizer
from .by_name import (
    STABILIZERS as STABILIZERS,
    as_stabilizers as as_stabilizers,
)
from .feature_matching import FeatureMatching as FeatureMatching
from .historical_averaging import HistoricalAveraging as HistoricalAveraging
from .instance_noise import InstanceNoise as InstanceNoise
from .label_smoothing import OneSidedLabelSmoothing as OneSidedLabelSmoothing
from .minibatch_discrimination import (
    MinibatchDiscrimination as MinibatchDiscrimination,
    MinibatchFeatures as MinibatchFeatures,
)
from .virtual_batch_norm import VirtualBatchNorm as VirtualBatchNorm
