"""W1 along graphs against linear programs, shortest paths and closed forms."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import linprog
from scipy.sparse import csgraph

import otgan
from otgan.errors import InfeasibleError, SolverError, UnequalMassError
from tests.cases import mistyped, refused

INF = np.inf


def graph_of(n, arcs, *, both=False):
    """A sparse array from tuples (i, j, length), stored both ways if asked for."""
    i, j, length = np.array(arcs, float).T
    ends = (np.concatenate([i, j]), np.concatenate([j, i])) if both else (i, j)
    data = np.concatenate([length, length]) if both else length
    return sparse.coo_array((data, tuple(end.astype(int) for end in ends)), shape=(n, n))


def probabilities(rng, n, *, whole=False):
    masses = rng.integers(0, 4, n).astype(float) if whole else rng.random(n)
    masses[rng.integers(n)] += 1
    return masses / masses.sum()


def least_cost(graph, a, b):
    """The optimal value of the linear program over flows; None if there is no flow."""
    arcs = sparse.coo_array(graph)
    i, j = arcs.coords
    balance = np.zeros((arcs.shape[0], arcs.nnz))
    np.add.at(balance, (i, np.arange(arcs.nnz)), 1)
    np.add.at(balance, (j, np.arange(arcs.nnz)), -1)
    found = linprog(arcs.data, A_eq=balance, b_eq=a - b)
    return found.fun if found.status == 0 else None


def check(result, graph, a, b):
    """What the certificate says, from the definition."""
    a, b = np.asarray(a) / np.sum(a), np.asarray(b) / np.sum(b)
    arcs = sparse.coo_array(graph)
    length = dict(zip(zip(*arcs.coords, strict=True), arcs.data, strict=True))
    flow = result.flow.tocoo()
    assert (flow.data > 0).all()
    assert_allclose(flow.sum(axis=1) - flow.sum(axis=0), a - b, atol=1e-14)
    moved = zip(*flow.coords, flow.data, strict=True)
    cost = sum(mass * length[i, j] for i, j, mass in moved)
    assert_allclose(result.upper, cost, rtol=1e-14)
    slopes = result.f[arcs.coords[1]] - result.f[arcs.coords[0]]
    assert (slopes <= arcs.data + 1e-14 * max(1, np.abs(result.f).max())).all()
    assert_allclose(result.lower, (b - a) @ result.f, rtol=1e-12, atol=1e-14)
    assert result.lower <= result.distance == result.upper == float(result)
    assert result.gap <= 1e-9 * result.upper + 1e-14


def check_optimal(graph, a, b):
    result = otgan.emd_graph(graph, a, b)
    check(result, graph, a, b)
    assert_allclose(result.distance, least_cost(graph, a, b), rtol=1e-9, atol=1e-12)
    return result


# ---------------------------------------------------------------- linear programs


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 9),
    both=st.booleans(),
    lengths=st.sampled_from(["random", "ties", "zeros", "one"]),
    whole=st.booleans(),
)
def test_random_graphs_as_by_linear_programs(seed, n, both, lengths, whole):
    rng = np.random.default_rng(seed)
    pairs = [(i, j) for i in range(n) for j in range(n) if (i < j if both else i != j)]
    kept = [pair for pair in pairs if rng.random() < 0.5] or [(0, 0)]
    size = len(kept)
    drawn = {
        "random": rng.random(size),
        "ties": rng.integers(1, 3, size),
        "zeros": rng.integers(0, 2, size),
        "one": np.ones(size),
    }[lengths]
    arcs = [(*ij, length) for ij, length in zip(kept, drawn, strict=True)]
    graph = graph_of(n, arcs, both=both)
    graph = graph if kept != [(0, 0)] else sparse.coo_array((n, n))
    a, b = probabilities(rng, n, whole=whole), probabilities(rng, n, whole=whole)
    if least_cost(graph, a, b) is None if graph.nnz else (a != b).any():
        with pytest.raises(InfeasibleError, match="must connect the masses"):
            otgan.emd_graph(graph, a, b)
    elif graph.nnz:
        check_optimal(graph, a, b)
    else:
        assert otgan.emd_graph(graph, a, b).distance == 0


@pytest.mark.parametrize("seed", range(6))
def test_components_with_equal_mass_each(seed):
    rng = np.random.default_rng(seed)
    parts = [sparse.random_array((n, n), density=0.6, rng=rng) + sparse.eye_array(n, k=1)
             + sparse.eye_array(n, k=-1) for n in (4, 1, 6)]  # fmt: skip
    graph = sparse.block_diag(parts)
    held = np.repeat(rng.random(3), [4, 1, 6])
    a, b = (np.concatenate([probabilities(rng, n) for n in (4, 1, 6)]) * held for _ in range(2))
    a, b = a / a.sum(), b / b.sum()
    graph = sparse.coo_array(graph)
    result = check_optimal(graph, a, b)
    low, high = result.f[:4].min(), result.f[:4].max()
    assert_allclose(low, -high, atol=1e-12)  # centered in every component
    assert result.f[4] == 0


def test_one_way_streets_take_the_long_way_round():
    ring = graph_of(4, [(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0), (3, 0, 1.0)])
    result = check_optimal(ring, np.array([0.0, 1, 0, 0]), np.array([1.0, 0, 0, 0]))
    assert result.distance == 3
    assert_array_equal(result.flow.toarray().nonzero(), [[1, 2, 3], [2, 3, 0]])


def test_zero_lengths_are_free_and_keep_potentials_together():
    free = graph_of(4, [(0, 1, 0.0), (1, 2, 5.0), (2, 3, 0.0)], both=True)
    result = check_optimal(free, np.array([1.0, 0, 0, 0]), np.array([0, 0.25, 0, 0.75]))
    assert result.distance == 3.75
    assert result.f[0] == result.f[1] and result.f[2] == result.f[3]


def test_all_mass_may_pass_through_one_node():
    star = graph_of(5, [(0, 2, 1.0), (1, 2, 2.0), (2, 3, 3.0), (2, 4, 4.0)], both=True)
    result = check_optimal(star, np.array([0.5, 0.5, 0, 0, 0]), np.array([0, 0, 0, 0.5, 0.5]))
    assert result.distance == 5
    assert_allclose(result.flow.toarray()[:, 2].sum(), 1)


# ---------------------------------------------------------------- closed forms


def test_a_path_is_the_line():
    rng = np.random.default_rng(0)
    x = np.sort(rng.random(300))
    path = graph_of(300, [(k, k + 1, x[k + 1] - x[k]) for k in range(299)], both=True)
    a, b = probabilities(rng, 300), probabilities(rng, 300)
    result = otgan.emd_graph(path, a, b)
    check(result, path, a, b)
    assert_allclose(result.distance, otgan.wasserstein_1d(x, x, a, b), rtol=1e-12)


def test_a_cycle_is_the_circle():
    """min_c sum_k l_k |A_k - B_k - c|: what flows over an edge is known up to a circulation."""
    rng = np.random.default_rng(1)
    n = 200
    lengths = rng.random(n)
    cycle = graph_of(n, [(k, (k + 1) % n, lengths[k]) for k in range(n)], both=True)
    a, b = probabilities(rng, n), probabilities(rng, n)
    flows = np.cumsum(a - b)
    expected = min((lengths * np.abs(flows - cut)).sum() for cut in flows)
    result = otgan.emd_graph(cycle, a, b)
    check(result, cycle, a, b)
    assert_allclose(result.distance, expected, rtol=1e-12)


def test_a_grid_is_the_plane_with_the_cityblock_distance():
    rng = np.random.default_rng(2)
    k = 15
    node = np.arange(k * k).reshape(k, k)
    pairs = [*zip(node[:, :-1].flat, node[:, 1:].flat, strict=True)]
    pairs += zip(node[:-1].flat, node[1:].flat, strict=True)
    grid = graph_of(k * k, [(i, j, 1.0) for i, j in pairs], both=True)
    a, b = probabilities(rng, k * k), probabilities(rng, k * k)
    x = np.argwhere(node >= 0)
    expected = otgan.emd(x, x, a, b, metric="cityblock").cost
    assert_allclose(otgan.emd_graph(grid, a, b).distance, expected, rtol=1e-12)


@pytest.mark.parametrize("n", [60, 400])
def test_transport_with_shortest_paths_as_costs(n):
    rng = np.random.default_rng(n)
    graph = sparse.random_array((n, n), density=6 / n, rng=rng) + sparse.eye_array(n, k=1)
    graph = sparse.coo_array(graph + sparse.coo_array(([1.0], ([n - 1], [0])), shape=(n, n)))
    a, b = probabilities(rng, n), probabilities(rng, n)
    paths = csgraph.dijkstra(graph)
    expected = otgan.emd_from_cost(paths, a, b)
    result = otgan.emd_graph(graph, a, b)
    check(result, graph, a, b)
    assert_allclose(result.distance, expected.cost, rtol=1e-12)
    # A potential with slopes of at most the arcs has slopes of at most the shortest paths.
    assert otgan.dual_violation(paths, -result.f, result.f) <= 1e-13


# ---------------------------------------------------------------- masses and digits


def test_masses_are_normalized_and_may_be_counts():
    path = graph_of(3, [(0, 1, 1.0), (1, 2, 1.0)], both=True)
    result = otgan.emd_graph(path, [3, 1, 0], [0, 1, 3])
    assert result.distance == 1.5 and result.stats["mass"] == 4
    assert otgan.emd_graph(path, [1, 0, 0], [0, 0, 5], normalize=True).distance == 2


def test_equal_masses_cost_nothing():
    path = graph_of(3, [(0, 1, 1.0), (1, 2, 1.0)], both=True)
    masses = [0.1, 0.2, 0.3]
    result = otgan.emd_graph(path, masses, masses)
    assert result.distance == result.lower == result.flow.nnz == 0
    assert otgan.emd_graph(sparse.coo_array((1, 1)), [2], [2]).distance == 0


def test_a_mass_of_1e_200_finds_its_way():
    path = graph_of(4, [(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0)], both=True)
    result = otgan.emd_graph(path, [1, 1e-200, 0, 0], [1, 0, 0, 1e-200])
    assert_allclose(result.flow.data, 1e-200, rtol=1e-12)
    assert_allclose(result.distance, 2e-200, rtol=1e-12)


def test_rounding_between_components_is_no_error():
    two = graph_of(4, [(0, 1, 1.0), (2, 3, 1.0)], both=True)
    a, b = np.array([0.3, 0, 0.7, 0]), np.array([0, 0.1 + 0.2, 0, 0.7])
    assert a[0] != b[1]
    assert_allclose(otgan.emd_graph(two, a, b).distance, 1, rtol=1e-15)


def test_a_solver_that_may_not_finish_says_so():
    rng = np.random.default_rng(0)
    n = 30
    graph = graph_of(n, [(k, (k + 1) % n, 1 + rng.random()) for k in range(n)], both=True)
    a, b = probabilities(rng, n), probabilities(rng, n)
    exact = otgan.emd_graph(graph, a, b)
    for limit in (1, exact.stats["pivots"] - 1):
        with pytest.raises(SolverError, match=f"after {limit} iterations") as caught:
            otgan.emd_graph(graph, a, b, max_iterations=limit)
        partial = caught.value.partial
        assert partial.lower <= exact.distance <= partial.upper
    assert np.isfinite(partial.upper)


def test_progress_is_told_pivots_and_the_bracket():
    rng = np.random.default_rng(0)
    n = 12_000  # the first flow takes several compiled calls
    ring = [(k, (k + 1) % n, length) for k, length in enumerate(rng.random(n))]
    across = [(i, j, 1.0) for i, j in rng.integers(0, n, (3 * n, 2)) if abs(i - j) > 1]
    graph = graph_of(n, [*ring, *dict.fromkeys(across)], both=False)
    graph = sparse.csr_array(graph) + sparse.csr_array(graph).T
    a, b = probabilities(rng, n), probabilities(rng, n)
    told = []
    result = otgan.emd_graph(graph, a, b, progress=lambda *now: told.append(now))
    done, totals, messages = zip(*told, strict=True)
    assert list(done) == sorted(done) and done[-1] == result.stats["pivots"]
    assert set(totals) == {None}
    assert messages[0] == "finding a flow"
    assert messages[-1] == f"within [{result.lower:.6g}, {result.upper:.6g}]"
    silent = otgan.emd_graph(graph, a, b)
    assert silent.stats["pivots"] == result.stats["pivots"]  # who watches changes nothing
    wrong: Any = "yes"
    with refused("progress must be True, False or a function"):
        otgan.emd_graph(PATH, ONE, LAST, progress=wrong)


def test_a_loose_bracket_that_was_asked_for_is_an_answer():
    """One road is so long that the first flow sees no other length, and is not yet optimal."""
    rng = np.random.default_rng(1)
    n = 40
    streets = [(i, j, 1 + rng.random()) for i in range(n) for j in range(i) if rng.random() < 0.3]
    graph = graph_of(n + 1, [*streets, (1, n, 1.0), (0, n, 1e17)], both=True)
    a, b = (np.append(probabilities(rng, n), 0) for _ in range(2))
    exact = otgan.emd_graph(graph, a, b)
    loose = otgan.emd_graph(graph, a, b, rtol=0.9)
    assert loose.stats["pivots"] < exact.stats["pivots"]
    assert loose.lower <= exact.lower and exact.upper < loose.upper
    assert exact.gap <= 1e-9 * exact.upper < loose.gap <= 0.9 * loose.upper
    assert loose.distance == loose.upper
    for rtol in (-0.1, 1.0, np.nan):
        with refused("rtol must be a number, in [0, 1)"):
            otgan.emd_graph(graph, a, b, rtol=rtol)


@pytest.mark.parametrize("span", [3, 6, 9, 12, 15])
def test_lengths_of_many_magnitudes(span):
    rng = np.random.default_rng(3)
    n = 12
    lengths = 10 ** rng.uniform(-span, span, n)
    graph = graph_of(n, [(k, (k + 1) % n, lengths[k]) for k in range(n)], both=True)
    a, b = probabilities(rng, n), probabilities(rng, n)
    flows = np.cumsum(a - b)
    expected = min((lengths * np.abs(flows - cut)).sum() for cut in flows)
    result = otgan.emd_graph(graph, a, b)
    check(result, graph, a, b)
    assert_allclose(result.distance, expected, rtol=1e-12)


@pytest.mark.parametrize("road", [1e9, 1e16])
def test_a_very_long_arc_that_no_mass_takes_costs_no_digits(road):
    def two_towns(between):
        arcs = [(0, 1, 1e-3), (1, 2, 2e-3), (0, 2, 2e-3), (3, 4, 1e-3), (4, 5, 2e-3)]
        return graph_of(6, [*arcs, (2, 3, between)], both=True)

    a, b = [1, 2, 0, 3, 2, 0], [0, 1, 2, 0, 1, 4]
    near, far = (otgan.emd_graph(two_towns(between), a, b) for between in (1.0, road))
    check(near, two_towns(1.0), a, b)
    assert_allclose([far.lower, far.upper], near.distance, rtol=1e-9)


# ---------------------------------------------------------------- what comes in


def test_dense_arrays_have_no_arc_where_they_are_infinite():
    dense = np.array([[0, 1.0, INF], [1.0, 0, 2.0], [INF, 2.0, 7.0]])
    assert otgan.emd_graph(dense, [1, 0, 0], [0, 0, 1]).distance == 3
    assert otgan.emd_graph(dense.tolist(), [1, 0, 0], [0, 0, 1]).distance == 3
    stored = graph_of(3, [(0, 1, 1.0), (1, 2, 2.0), (0, 2, INF)], both=True)
    assert otgan.emd_graph(stored, [1, 0, 0], [0, 0, 1]).distance == 3


@pytest.mark.parametrize("form", ["csr_array", "csc_matrix", "lil_array", "coo_matrix"])
def test_all_sparse_formats(form):
    path = sparse.coo_array(np.diag([1, 2], 1) + np.diag([1, 2], -1))
    assert otgan.emd_graph(getattr(sparse, form)(path), [1, 0, 0], [0, 0, 1]).distance == 3


def test_labels_are_matched_by_the_rows():
    pd = pytest.importorskip("pandas")
    lengths = pd.DataFrame([[0, INF, 1.0], [INF, 0, 2.0], [1.0, 2.0, 0]], list("acb"), list("acb"))
    a, b = pd.Series({"a": 1.0, "b": 0, "c": 0}), pd.Series({"c": 1.0})
    assert otgan.emd_graph(lengths, a, b).distance == 3
    shuffled = lengths[["b", "a", "c"]]
    assert otgan.emd_graph(shuffled, a, b).distance == 3
    with refused("nodes of the same names", "'d'"):
        otgan.emd_graph(lengths.rename(columns={"b": "d"}), a, b)


PATH = graph_of(3, [(0, 1, 1.0), (1, 2, 1.0)], both=True)
ONE, LAST = [1, 0, 0], [0, 0, 1]


@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        (graph_of(3, [(0, 1, 1.0), (1, 2, -0.5)]), ["-0.5 from node 1 to node 2", "emd_from_cost"]),
        (graph_of(3, [(0, 1, np.nan)]), ["nan from node 0 to node 1", "store no entry"]),
        (graph_of(3, [(0, 1, 1.0), (0, 1, 2.0)]), ["two from node 0 to node 1"]),
        (graph_of(3, [(0, 1, 1e290), (1, 2, 1e290)]), ["sum of at most 1e+290"]),
        (np.ones((3, 2)), ["square", "(3, 2)"]),
        (np.ones(3), ["square", "(3,)"]),
        (np.zeros((0, 0)), ["non-empty", "(0, 0)"]),
        (np.eye(3), ["inf where a dense array has no arc", "node 0 to node 1", "csr_array"]),
        (np.where(np.eye(3), 0, np.nan), ["nan from node 0 to node 1"]),
    ],
)
def test_lengths_that_are_no_graph_are_refused(lengths, words):
    with refused(*words):
        otgan.emd_graph(lengths, ONE, LAST)


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ([1, 0], LAST, ["a must have shape (3,)"]),
        (ONE, [0, 0, 1, 0], ["b must have shape (3,)"]),
        ([1, -1, 1], LAST, ["a must be non-negative"]),
        (ONE, [0, np.nan, 1], ["b must be finite", "index 1"]),
        (ONE, [0, 0, 0], ["b must have a positive"]),
    ],
)
def test_masses_that_fit_no_graph_are_refused(a, b, words):
    with refused(*words):
        otgan.emd_graph(PATH, a, b)


def test_unequal_masses_are_refused():
    ending = "normalize=True, which divides each by its own sum, if they stand for probabilities$"
    with pytest.raises(UnequalMassError, match=ending):
        otgan.emd_graph(PATH, ONE, [0, 0, 2])


def test_a_component_that_lacks_mass_is_named():
    apart = graph_of(5, [(0, 1, 1.0), (2, 3, 1.0), (3, 4, 1.0)], both=True)
    with pytest.raises(InfeasibleError, match=r"component of nodes 0, 1 with 1 .* and 0\.25 of"):
        otgan.emd_graph(apart, [0.5, 0.5, 0, 0, 0], [0, 0.25, 0.5, 0, 0.25])


def test_nodes_that_mass_cannot_leave_are_named():
    graph = graph_of(4, [(0, 1, 1.0), (1, 2, 1.0), (3, 2, 1.0)])
    message = r"nodes 0, 1, 2 with a mass of 1 in a and of 0\.75 in b.*0\.25 cannot be.*both ways"
    with pytest.raises(InfeasibleError, match=message):
        otgan.emd_graph(graph, [0.5, 0, 0.5, 0], [0.5, 0, 0.25, 0.25])


@pytest.mark.parametrize("seed", range(8))
def test_mass_that_moves_for_nothing_is_not_kept_from_it_by_a_long_road(seed):
    """Two towns of streets without length: rounding of their masses would take the road between."""
    rng = np.random.default_rng(seed)
    town = [(k, (k + 1) % 6, 0.0) for k in range(6)]
    other = [(6 + i, 6 + j, 0.0) for i, j, _ in town]
    graph = graph_of(12, [*town, *other, (0, 6, 1e3 * rng.random())], both=True)
    here, there = (z / z.sum() for z in rng.random((2, 6)))
    a, b = np.append(here, 0.7 * there), np.append(there, 0.7 * here)
    result = otgan.emd_graph(graph, a, b)
    assert abs(result.lower) <= 1e-12 and 0 <= result.distance <= 1e-12


def test_a_graph_of_networkx_is_refused_by_what_makes_an_array_of_it():
    networkx = pytest.importorskip("networkx")
    graph = networkx.path_graph(3)
    with refused("Graph of networkx", "networkx.to_scipy_sparse_array(graph)"):
        otgan.emd_graph(graph, ONE, LAST)
    assert otgan.emd_graph(networkx.to_scipy_sparse_array(graph), ONE, LAST).distance == 2


def test_max_iterations_must_be_a_count():
    for count in (0, 1.5, "1", True):
        with refused("max_iterations must be a whole number of at least 1"):
            otgan.emd_graph(PATH, ONE, LAST, max_iterations=mistyped(count))


def test_the_result_on_one_line_and_as_json():
    result = otgan.emd_graph(PATH, ONE, LAST)
    assert repr(result) == "GraphDistance(distance=2, gap=0, n=3, arcs_with_flow=2)"
    assert result.to_dict() == {"distance": 2.0, "lower": 2.0, "upper": 2.0, "gap": 0.0, "n": 3}


@pytest.mark.parametrize("light", [1e-20, 1e-100, 1e-200])
def test_light_masses_beside_heavy_ones_keep_their_bracket(light):
    # half of the lower bound was in the product of the heavy node, whose masses differ by nothing
    r = otgan.emd_graph(sparse.csr_array(np.ones((2, 2))), [1, light], [1, 3 * light])
    assert_allclose([r.lower, r.distance], 2 * light, rtol=1e-12)
    rng = np.random.default_rng(0)
    a, b = (light ** rng.random(12) for _ in "ab")
    a[0] = b[0] = 1.0
    lengths = rng.random((12, 12))
    shortest = csgraph.shortest_path(lengths)
    r = otgan.emd_graph(sparse.csr_array(lengths), a, b, normalize=True)
    expected = otgan.emd_from_cost(shortest, a, b, normalize=True)
    assert_allclose([r.lower, r.distance], expected.cost, rtol=1e-9)
