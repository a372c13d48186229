"""``otgan emd-graph``: what it reads, prints and refuses; Ctrl-C."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

import otgan
from otgan.cli.main import main

ARCS = [(0, 1, 1.0), (1, 2, 2.0), (2, 3, 0.5), (0, 3, 9.0)]
A, B = [3.0, 1, 0, 0], [0.0, 0, 1, 3]


def streets(*, both):
    i, j, length = np.array(ARCS).T
    ends = (np.append(i, j), np.append(j, i)) if both else (i, j)
    lengths = np.append(length, length) if both else length
    return sparse.coo_array((lengths, tuple(end.astype(int) for end in ends)), shape=(4, 4))


@pytest.fixture
def files(tmp_path):
    """Arcs as a table, and masses of their four nodes."""
    rows = ["from,to,length", *(f"{i},{j},{length}" for i, j, length in ARCS)]
    (tmp_path / "arcs.csv").write_text("\n".join(rows) + "\n")
    for name, masses in (("a", A), ("b", B)):
        (tmp_path / f"{name}.csv").write_text("mass\n" + "\n".join(map(str, masses)) + "\n")
    return [str(tmp_path / name) for name in ("arcs.csv", "a.csv", "b.csv")]


def printed(capsys, *words):
    assert main(["emd-graph", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_it_prints_for_people_and_for_programs(files, capsys):
    expected = otgan.emd_graph(streets(both=False), A, B)
    assert main(["emd-graph", *files]) == 0
    text = capsys.readouterr().out
    assert f"distance  {expected.distance:.10g}   (W1 along arcs), certified within" in text
    assert f"graph     4 nodes and 4 arcs, of which {expected.flow.nnz} carry mass" in text
    values = printed(capsys, *files)
    assert values["stats"].keys() == expected.stats.keys() and values["notes"] == []
    assert {k: values[k] for k in expected.to_dict()} == expected.to_dict()


@pytest.mark.parametrize("indexed", [False, True])
def test_a_path_whose_nodes_look_like_an_index(files, tmp_path, capsys, indexed):
    # an arc has three columns, and where they begin may count from 0
    arcs = [(0, 1, 1.5), (1, 2, 2.0), (2, 3, 0.5)]
    rows = [",".join(map(str, (k, *arc) if indexed else arc)) for k, arc in enumerate(arcs)]
    (tmp_path / "path.csv").write_text("\n".join(rows) + "\n")
    values = printed(capsys, str(tmp_path / "path.csv"), *files[1:])
    assert values["distance"] == (3 * 1.5 + 4 * 2.0 + 3 * 0.5) / 4


def test_undirected_is_said_and_not_guessed(files, capsys):
    arcs, a, b = files
    assert main(["emd-graph", arcs, b, a]) == 2  # against the one-way streets
    assert "store every arc the other way" in capsys.readouterr().err
    expected = otgan.emd_graph(streets(both=True), B, A)
    values = printed(capsys, arcs, b, a, "--undirected")
    assert values["distance"] == expected.distance


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
def test_sparse_matrices_that_scipy_saved(files, tmp_path, capsys, form):
    matrix = streets(both=True).asformat(form)
    matrix.data[matrix.data == 9.0] = 0.0  # a stored zero is an arc
    sparse.save_npz(tmp_path / "arcs.npz", matrix)
    values = printed(capsys, str(tmp_path / "arcs.npz"), *files[1:])
    assert values["distance"] == otgan.emd_graph(matrix, A, B).distance
    assert values["distance"] < printed(capsys, *files)["distance"]


def test_an_index_says_which_nodes_hold_mass(files, tmp_path, capsys):
    (tmp_path / "few.csv").write_text(",mass\n3,3\n2,1\n")
    expected = otgan.emd_graph(streets(both=False), A, B).distance
    assert printed(capsys, files[0], files[1], str(tmp_path / "few.csv"))["distance"] == expected
    (tmp_path / "numbered.csv").write_text("node,mass\n1,1\n0,3\n")
    told = [files[0], str(tmp_path / "numbered.csv"), str(tmp_path / "few.csv"), "--index"]
    assert printed(capsys, *told)["distance"] == expected


def test_counts_and_a_loose_bracket(files, tmp_path, capsys):
    (tmp_path / "double.csv").write_text("\n".join(str(2 * mass) for mass in B) + "\n")
    twice = [*files[:2], str(tmp_path / "double.csv")]
    assert main(["emd-graph", *twice]) == 2
    capsys.readouterr()
    values = printed(capsys, *twice, "--normalize", "--rtol", "0.1")
    assert_allclose(values["distance"], printed(capsys, *files)["distance"], rtol=0.1)


@pytest.mark.parametrize(
    ("arcs", "a", "fragments"),
    [
        ("0,0.5\n1,2\n", None, ["three columns", "got 2", "save_npz"]),
        ("0,1,1\n1.5,2,1\n", None, ["whole numbers from 0, got 1.5"]),
        ("0,1,1\n-1,2,1\n", None, ["whole numbers from 0, got -1"]),
        ("0,1,1\n1,7,1\n", None, ["a mass for each of the 8 nodes", "got 4", "--index"]),
        (None, "1\n2\n3\n", ["a mass for each of the 4 nodes", "got 3"]),
        ("0,1,-1\n", None, ["lengths must not be negative", "node 0 to node 1"]),
        (None, "1,2\n3,4\n5,6\n7,8\n", ["one mass a row, got 2 columns", "--index"]),
        (None, ",mass\nx,1\ny,2\n", ["whole numbers from 0, got nan"]),
    ],
)
def test_files_that_fit_no_graph_are_refused(files, tmp_path, capsys, arcs, a, fragments):
    for path, text in ((files[0], arcs), (files[1], a)):
        if text is not None:
            with open(path, "w") as file:
                file.write(text)
    assert main(["emd-graph", *files]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and "to fix it" in shown.err
    for fragment in fragments:
        assert fragment in shown.err


def test_two_masses_for_a_node_are_refused(files, tmp_path, capsys):
    (tmp_path / "a.csv").write_text("node,mass\n0,1\n1,2\n0,1\n")
    (tmp_path / "b.csv").write_text("node,mass\n0,1\n1,3\n")
    assert main(["emd-graph", *files, "--index"]) == 2
    assert "one mass for a node, got 2 for node 0" in capsys.readouterr().err


def test_nodes_that_are_numbered_by_keys_of_a_data_base_are_refused(files, tmp_path, capsys):
    """An array of all numbers up to the largest would take gigabytes."""
    (tmp_path / "arcs.csv").write_text("0,1,1\n1,2000000000,1\n")
    (tmp_path / "a.csv").write_text("node,mass\n0,1\n")
    (tmp_path / "b.csv").write_text("node,mass\n2000000000,1\n")
    assert main(["emd-graph", *files, "--index"]) == 2
    shown = capsys.readouterr().err
    assert "from 0 without large gaps, got node 2000000000" in shown and "anew" in shown


def test_archives_that_hold_no_square_matrix_are_refused(files, tmp_path, capsys):
    path = str(tmp_path / "arcs.npz")
    np.savez(path, np.ones((3, 3)))
    assert main(["emd-graph", path, *files[1:]]) == 2
    assert "scipy.sparse.save_npz wrote" in capsys.readouterr().err
    sparse.save_npz(path, sparse.csr_array(np.ones((3, 4))))
    assert main(["emd-graph", path, *files[1:]]) == 2
    assert "square matrix" in capsys.readouterr().err
    wrong = np.array([0, 99]), np.array([0, 1, 2]), np.ones(2), np.array([2, 2])
    names = "indices", "indptr", "data", "shape"
    np.savez(path, allow_pickle=False, format=b"csr", **dict(zip(names, wrong, strict=True)))
    assert main(["emd-graph", path, *files[1:]]) == 2  # and not a crash of compiled code
    assert "to fix it" in capsys.readouterr().err
    sparse.save_npz(path, sparse.csr_array(np.ones((300, 300))), compressed=True)
    assert main(["emd-graph", path, *files[1:], "--limit", "1000"]) == 2
    assert "--limit" in capsys.readouterr().err


def test_ctrl_c_stops_it_with_one_line(tmp_path):
    rng = np.random.default_rng(0)
    n = 60_000
    i, j = np.arange(n), np.roll(np.arange(n), -1)
    i, j = np.append(i, rng.integers(0, n, 3 * n)), np.append(j, rng.integers(0, n, 3 * n))
    arcs = np.unique(np.column_stack([i, j])[i != j], axis=0)
    np.save(tmp_path / "arcs.npy", np.column_stack([arcs, rng.random(len(arcs))]))
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", rng.random(n))
    files = [str(tmp_path / f"{name}.npy") for name in ("arcs", "a", "b")]
    command = [sys.executable, "-m", "otgan", "emd-graph", *files, "--normalize", "--progress"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        errors = b""
        while b"finding a flow" not in errors and (letter := process.stderr.read(1)):
            errors += letter
        process.send_signal(signal.SIGINT)
        out, rest = process.communicate(timeout=60)
    errors += rest
    assert process.returncode == 130 and out == b""
    assert b"Traceback" not in errors and errors.endswith(b"\rotgan: interrupted\n")
