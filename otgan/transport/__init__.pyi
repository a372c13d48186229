# The public names of the package, loaded on first use.
from .distances import (
    transport_cost as transport_cost,
    wasserstein as wasserstein,
    wasserstein_1d as wasserstein_1d,
)
from .duality import (
    Certificate as Certificate,
    c_transform as c_transform,
    certify as certify,
    dual_violation as dual_violation,
)
from .exact import emd as emd, emd_from_cost as emd_from_cost
from .graph import GraphDistance as GraphDistance, emd_graph as emd_graph
from .grid import emd_grid as emd_grid
from .linprog import emd_linprog as emd_linprog
from .max_sliced import max_sliced_wasserstein as max_sliced_wasserstein
from .pairwise import pairwise_wasserstein as pairwise_wasserstein
from .persistence import (
    PersistenceDistance as PersistenceDistance,
    persistence_distance as persistence_distance,
)
from .result import TransportResult as TransportResult
from .sinkhorn import sinkhorn_divergence as sinkhorn_divergence
from .sliced import sliced_wasserstein as sliced_wasserstein
