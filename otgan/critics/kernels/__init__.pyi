# The public names of the package, loaded on first use.
from .cuda_graph import CapturedStep as CapturedStep
from .maxmin import GapStep as GapStep
from .muon import Muon as Muon
from .relu import PenalizedStep as PenalizedStep
from .relu_generator import GeneratorStep as GeneratorStep
from .threads import single_threaded as single_threaded
