# The public names: the one list that the lazy loader, type checkers and editors read.
from . import (
    comparison as comparison,
    costs as costs,
    critics as critics,
    datasets as datasets,
    divergences as divergences,
    errors as errors,
    gan as gan,
    inference as inference,
    lessons as lessons,
    plot as plot,
    transport as transport,
)
from .comparison.result import Comparison as Comparison
from .comparison.table import compare as compare
from .costs import PointCost as PointCost
from .critics.audit.audit import audit_critic as audit_critic
from .critics.audit.result import CriticAudit as CriticAudit
from .critics.constraints.clipping import WeightClipping as WeightClipping
from .critics.constraints.cones import Cones as Cones
from .critics.constraints.norm_constrained import (
    OrthogonalWeights as OrthogonalWeights,
    SpectralNormalization as SpectralNormalization,
)
from .critics.constraints.penalties import (
    DivergencePenalty as DivergencePenalty,
    GradientPenalty as GradientPenalty,
)
from .critics.constraints.zero_centered import ZeroCenteredPenalty as ZeroCenteredPenalty
from .critics.estimation.estimator import estimate_w1 as estimate_w1
from .critics.estimation.result import DualEstimate as DualEstimate
from .critics.training.options import FitOptions as FitOptions
from .divergences.classifier import Classifier as Classifier
from .divergences.energy import (
    Energy as Energy,
    energy_distance as energy_distance,
    energy_distance_squared as energy_distance_squared,
)
from .divergences.frechet import (
    frechet_distance as frechet_distance,
    frechet_distance_squared as frechet_distance_squared,
)
from .divergences.histograms import (
    chi2_divergence as chi2_divergence,
    hellinger as hellinger,
    js_distance as js_distance,
    js_divergence as js_divergence,
    kl_divergence as kl_divergence,
    total_variation as total_variation,
)
from .divergences.kernel_density import KernelDensity as KernelDensity
from .divergences.memorization import (
    MemorizationTest as MemorizationTest,
    memorization_test as memorization_test,
)
from .divergences.mmd import MMD as MMD, mmd as mmd, mmd_squared as mmd_squared
from .divergences.nearest_neighbors import NearestNeighbors as NearestNeighbors
from .divergences.plug_in import Discrete as Discrete, Histogram as Histogram
from .divergences.prdc import PRDC as PRDC, prdc as prdc
from .divergences.samples import (
    js_from_samples as js_from_samples,
    kl_from_samples as kl_from_samples,
)
from .divergences.variational import Variational as Variational
from .errors import (
    DamagedFileError as DamagedFileError,
    DeviceMemoryError as DeviceMemoryError,
    DuplicateSamplesError as DuplicateSamplesError,
    InfeasibleError as InfeasibleError,
    InputWarning as InputWarning,
    InterruptedFit as InterruptedFit,
    InvalidInputError as InvalidInputError,
    MissingExtraError as MissingExtraError,
    OtganError as OtganError,
    OutputError as OutputError,
    SampleTooSmallError as SampleTooSmallError,
    SolverError as SolverError,
    TrainingDivergedError as TrainingDivergedError,
    UnequalMassError as UnequalMassError,
    UnexpectedKeywordError as UnexpectedKeywordError,
)
from .estimates import Estimate as Estimate
from .gan.config import GANConfig as GANConfig
from .gan.load import Run as Run, load_run as load_run
from .gan.result import TrainResult as TrainResult
from .gan.resume import resume_gan as resume_gan
from .gan.stabilizers.feature_matching import FeatureMatching as FeatureMatching
from .gan.stabilizers.historical_averaging import HistoricalAveraging as HistoricalAveraging
from .gan.stabilizers.instance_noise import InstanceNoise as InstanceNoise
from .gan.stabilizers.label_smoothing import OneSidedLabelSmoothing as OneSidedLabelSmoothing
from .gan.stabilizers.minibatch_discrimination import (
    MinibatchDiscrimination as MinibatchDiscrimination,
)
from .gan.stabilizers.virtual_batch_norm import VirtualBatchNorm as VirtualBatchNorm
from .gan.trainer import train_gan as train_gan
from .inference.debiased import debiased_wasserstein as debiased_wasserstein
from .inference.held_out import (
    HeldOutBracket as HeldOutBracket,
    held_out_bracket as held_out_bracket,
)
from .inference.interval import Interval as Interval
from .inference.permutations import TestResult as TestResult, two_sample_test as two_sample_test
from .inference.wasserstein import wasserstein_interval as wasserstein_interval
from .inference.wasserstein_statistics import SlicedWasserstein as SlicedWasserstein
from .metrics import GreatCircle as GreatCircle, SciPyMetric as SciPyMetric, Torus as Torus
from .transport.distances import (
    transport_cost as transport_cost,
    wasserstein as wasserstein,
    wasserstein_1d as wasserstein_1d,
)
from .transport.duality import (
    Certificate as Certificate,
    c_transform as c_transform,
    certify as certify,
    dual_violation as dual_violation,
)
from .transport.exact import emd as emd, emd_from_cost as emd_from_cost
from .transport.graph import GraphDistance as GraphDistance, emd_graph as emd_graph
from .transport.grid import emd_grid as emd_grid
from .transport.linprog import emd_linprog as emd_linprog
from .transport.max_sliced import max_sliced_wasserstein as max_sliced_wasserstein
from .transport.pairwise import pairwise_wasserstein as pairwise_wasserstein
from .transport.persistence import (
    PersistenceDistance as PersistenceDistance,
    persistence_distance as persistence_distance,
)
from .transport.result import TransportResult as TransportResult
from .transport.sinkhorn import sinkhorn_divergence as sinkhorn_divergence
from .transport.sliced import sliced_wasserstein as sliced_wasserstein

__version__: str
