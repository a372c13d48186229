# The public names: the one list that the lazy loader, type checkers and editors read.
from . import datasets as datasets, divergences as divergences, lessons as lessons
from .compare.comparison import Comparison as Comparison, compare as compare
from .costs import PointCost as PointCost
from .critics.audit.audit import CriticAudit as CriticAudit, audit_critic as audit_critic
from .critics.constraints.base import (
    DivergencePenalty as DivergencePenalty,
    GradientPenalty as GradientPenalty,
    OrthogonalWeights as OrthogonalWeights,
    SpectralNormalization as SpectralNormalization,
    WeightClipping as WeightClipping,
)
from .critics.constraints.cones import Cones as Cones
from .critics.estimation.estimator import estimate_w1 as estimate_w1
from .critics.estimation.result import DualEstimate as DualEstimate
from .critics.training.options import FitOptions as FitOptions
from .divergences.classifier import Classifier as Classifier
from .divergences.frechet import frechet_distance as frechet_distance
from .divergences.histograms import (
    chi2_divergence as chi2_divergence,
    hellinger as hellinger,
    js_distance as js_distance,
    js_divergence as js_divergence,
    kl_divergence as kl_divergence,
    total_variation as total_variation,
)
from .divergences.kernel_density import KernelDensity as KernelDensity
from .divergences.kernels import energy_distance as energy_distance, mmd as mmd
from .divergences.nearest_neighbors import NearestNeighbors as NearestNeighbors
from .divergences.plug_in import Discrete as Discrete, Histogram as Histogram
from .divergences.samples import (
    js_from_samples as js_from_samples,
    kl_from_samples as kl_from_samples,
)
from .divergences.variational import Variational as Variational
from .errors import (
    DamagedFileError as DamagedFileError,
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
from .gan.trainer import (
    TrainResult as TrainResult,
    resume_gan as resume_gan,
    train_gan as train_gan,
)
from .inference.classifiers import ClassifierScore as ClassifierScore
from .inference.held_out_bracket import held_out_bracket as held_out_bracket
from .inference.interval import Interval as Interval
from .inference.kernels import Mmd as Mmd
from .inference.neighbors import Knn as Knn
from .inference.permutations import TestResult as TestResult, two_sample_test as two_sample_test
from .inference.transported import Sliced as Sliced
from .inference.wasserstein import wasserstein_interval as wasserstein_interval
from .transport.approximate import (
    max_sliced_wasserstein as max_sliced_wasserstein,
    sinkhorn_divergence as sinkhorn_divergence,
    sliced_wasserstein as sliced_wasserstein,
)
from .transport.cost_matrix import transport_cost as transport_cost
from .transport.duality import (
    Certificate as Certificate,
    c_transform as c_transform,
    certify as certify,
    dual_violation as dual_violation,
)
from .transport.exact import (
    emd as emd,
    emd_from_cost as emd_from_cost,
    wasserstein as wasserstein,
)
from .transport.line import wasserstein_1d as wasserstein_1d
from .transport.linprog import emd_linprog as emd_linprog
from .transport.pairwise import pairwise_wasserstein as pairwise_wasserstein
from .transport.result import TransportResult as TransportResult

__version__: str
