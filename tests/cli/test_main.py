"""The command line, in a real process where that matters."""

import json
import os
import re
import signal
import subprocess
import sys
import termios
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import otgan
from otgan.cli.main import _parser, main

TINY = [
    *("--steps", "4", "--batch-size", "8", "--n-critic", "1", "--width", "8", "--depth", "1"),
    *("--monitor-every", "2", "--monitor-points", "32", "--evaluation-points", "32"),
]


@pytest.fixture
def clouds(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 2)), rng.normal(size=(30, 2)) + 1
    np.savetxt(tmp_path / "a.csv", x, delimiter=",", fmt="%.17g")
    np.save(tmp_path / "b.npy", y)
    return tmp_path / "a.csv", tmp_path / "b.npy", x, y


def test_version_from_a_shell():
    for command in ([sys.executable, "-m", "otgan"], ["otgan"]):
        path = {**os.environ, "PATH": os.path.dirname(sys.executable) + ":" + os.environ["PATH"]}
        done = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, check=True, env=path
        )
        assert done.stdout == f"otgan {otgan.__version__}\n"


@pytest.mark.parametrize("p", [1.0, 2.0])
def test_emd_prints_for_people_and_for_programs(clouds, capsys, p):
    a, b, x, y = clouds
    expected = otgan.emd(x, y, p=p)
    assert main(["emd", str(a), str(b), "--p", str(p)]) == 0
    text = capsys.readouterr().out
    assert f"{expected.distance:.10g}" in text
    assert "certified" in text
    assert main(["emd", str(a), str(b), "--p", str(p), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert_allclose(values["distance"], expected.distance, rtol=1e-12)
    assert values["lower"] <= values["cost"] <= values["upper"]
    assert (values["n"], values["m"]) == (20, 30)


def test_emd_with_weights_and_metric(clouds, tmp_path, capsys):
    a, b, x, y = clouds
    weights = np.arange(1.0, 21.0), np.full(30, 7.0)
    np.savetxt(tmp_path / "wa.csv", weights[0])
    np.save(tmp_path / "wb.npy", weights[1])
    files = [str(tmp_path / "wa.csv"), str(tmp_path / "wb.npy")]
    options = ["--metric", "cityblock", "--json", "--weights", *files]
    assert main(["emd", str(a), str(b), *options]) == 0
    expected = otgan.emd(x, y, *weights, metric="cityblock").distance
    assert_allclose(json.loads(capsys.readouterr().out)["distance"], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("flags", "options"),
    [(["--unmatched", "0.75"], {"unmatched": 0.75}), (["--mass", "0.5"], {"mass": 0.5})],
)
def test_emd_says_what_stays_unmatched(clouds, capsys, flags, options):
    a, b, x, y = clouds
    expected = otgan.emd(x, y, **options)
    assert main(["emd", str(a), str(b), *flags]) == 0
    text = capsys.readouterr().out
    assert re.search(rf"(?m)^moved +{expected.moved:.10g} +of 1 and 1$", text)
    left = "unmatched {:.10g} and {:.10g}".format(*expected.unmatched)
    points = [(r > 0).sum() for r in (expected.unmatched_x, expected.unmatched_y)]
    assert re.search(rf"(?m)^{left} +at {points[0]} and {points[1]} points$", text)
    assert "W1" not in text
    assert main(["emd", str(a), str(b), *flags, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert_allclose(values["unmatched"], expected.unmatched, rtol=1e-12)
    assert_allclose(values["unmatched_x"], expected.unmatched_x, rtol=1e-12)
    assert_allclose(values["unmatched_y"], expected.unmatched_y, rtol=1e-12)
    assert_allclose([values["moved"], values["price"]], [expected.moved, expected.price])


def test_emd_refuses_more_mass_than_the_files_hold(clouds, capsys):
    assert main(["emd", *map(str, clouds[:2]), "--mass", "1.5"]) == 2
    assert "mass must be at most what either side holds, got 1.5" in capsys.readouterr().err


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", [["compare"], ["emd"], ["emd", "--json"]])
def test_a_reader_that_leaves_is_no_fault(clouds, command, unbuffered):
    a, b, *_ = clouds
    assert to_nobody([*command, str(a), str(b)], unbuffered) == (141, "")


def test_help_that_nobody_reads_is_no_fault():
    assert to_nobody(["--help"], "") == (141, "")


def to_nobody(arguments, unbuffered):
    """Exit code and errors of a command whose output has no reader."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "otgan", *arguments],
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        )
    return done.returncode, done.stderr


@pytest.mark.parametrize("command", ["emd", "compare"])
def test_columns_in_another_order_are_aligned(tmp_path, capsys, command):
    a, b = tmp_path / "a.csv", tmp_path / "b.csv"
    rng = np.random.default_rng(0)
    x = rng.normal(size=(12, 2)) * [1.0, 50.0]
    np.savetxt(a, x, delimiter=",", header="height,weight", comments="", fmt="%.17g")
    np.savetxt(b, x[:, ::-1], delimiter=",", header="weight,height", comments="", fmt="%.17g")
    assert main([command, str(a), str(b), "--json"]) == 0
    captured = capsys.readouterr()
    values = json.loads(captured.out)
    assert (values["distance"] if command == "emd" else values["rows"][0]["value"]) == 0.0
    assert values["notes"][0] == f"{b}: its columns were put into the order of {a} (height, weight)"
    assert captured.err == f"otgan: {values['notes'][0]}\n"


@pytest.mark.parametrize("command", ["emd", "compare"])
def test_columns_of_other_names_are_refused(tmp_path, capsys, command):
    a, b = tmp_path / "a.csv", tmp_path / "b.csv"
    a.write_text("height,weight\n1,2\n3,4\n")
    b.write_text("weight,length\n2,1\n4,3\n")
    assert main([command, str(a), str(b)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{b} lacks height; {a} lacks length" in captured.err


@pytest.fixture
def larger_clouds(tmp_path):
    rng = np.random.default_rng(0)
    for name, n in (("x", 520), ("y", 530)):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(n, 2)))
    return str(tmp_path / "x.npy"), str(tmp_path / "y.npy")


def test_emd_stops_early_on_request(larger_clouds, capsys):
    assert main(["emd", *larger_clouds, "--json", "--rtol", "0.1"]) == 0
    rough = json.loads(capsys.readouterr().out)
    assert main(["emd", *larger_clouds, "--json"]) == 0
    exact = json.loads(capsys.readouterr().out)
    assert rough["gap"] <= 0.1 * rough["cost"]
    assert rough["lower"] <= exact["cost"] * (1 + 1e-12)
    assert exact["cost"] <= rough["cost"] * (1 + 1e-12)
    assert rough["stats"]["pricing_passes"] < exact["stats"]["pricing_passes"]
    assert main(["emd", *larger_clouds, "--rtol", "2"]) == 2
    assert "rtol must be a number, in [0, 1)" in capsys.readouterr().err


@pytest.mark.parametrize("d", [1, 2])
def test_json_holds_what_the_solver_counted(tmp_path, capsys, d):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, d)), rng.normal(size=(6, d))
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    assert main(["emd", str(tmp_path / "x.npy"), str(tmp_path / "y.npy"), "--json"]) == 0
    stats = json.loads(capsys.readouterr().out)["stats"]
    assert stats.keys() == otgan.emd(x, y).stats.keys()
    assert stats["seconds_solving"] > 0
    assert ("pivots" in stats) == (d > 1)


def test_a_progress_bar_only_if_asked_for_or_in_a_terminal(larger_clouds, capsys):
    assert main(["emd", *larger_clouds]) == 0
    assert capsys.readouterr().err == ""
    assert main(["emd", *larger_clouds, "--json", "--progress"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["solver"] == "multiscale-simplex"
    assert re.search(r"level 2 of 2, round 1, [\d,]+ arcs, gap \S+ of cost", captured.err)
    assert captured.err.rpartition("\r")[0].endswith(" ")  # wiped when it is done
    assert main(["compare", *larger_clouds, "--json", "--progress"]) == 0
    captured = capsys.readouterr()
    shown = [row["name"] for row in json.loads(captured.out)["rows"]]
    assert len(shown) == 11 and all(f"\r{name} |" in captured.err for name in shown)


@pytest.mark.parametrize("refuse", [[], ["--no-progress"]])
@pytest.mark.parametrize(("name", "bar"), [("emd", b"otgan |"), ("compare", b"W1 |")])
def test_a_terminal_gets_a_progress_bar(larger_clouds, name, bar, refuse):
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (24, 100))
    command = [sys.executable, "-m", "otgan", name, *larger_clouds, *refuse]
    with open(master, "rb", buffering=0) as terminal:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=slave, check=True)
        os.write(slave, b"#")  # so that there is something to read
        os.close(slave)
        shown = terminal.read(65536)
    assert b"distance" in done.stdout
    assert (bar in shown) == (not refuse)


def test_ctrl_c_stops_emd_with_one_line(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("x", "y"):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(6000, 12)))
    files = [str(tmp_path / "x.npy"), str(tmp_path / "y.npy")]
    command = [sys.executable, "-m", "otgan", "emd", *files, "--progress"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        errors = b""
        while b"level" not in errors and (letter := process.stderr.read(1)):
            errors += letter
        process.send_signal(signal.SIGINT)
        printed, rest = process.communicate(timeout=60)
    errors += rest
    assert process.returncode == 130
    assert printed == b""
    assert b"Traceback" not in errors
    assert errors.count(b"\n") == 1 and errors.endswith(b"\rotgan: interrupted\n")


@pytest.fixture
def critic(clouds):
    """A small ReLU network, and the file of its state dict."""
    import torch

    torch.manual_seed(0)
    layers = torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1)
    critic = torch.nn.Sequential(*layers)
    torch.save(critic.state_dict(), clouds[0].with_name("critic.pt"))
    return critic, clouds[0].with_name("critic.pt")


def audit_in_json(capsys, *arguments):
    assert main(["audit", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_audit_prints_draws_and_speaks_json(critic, clouds, tmp_path, capsys):
    a, b, x, y = clouds
    expected = otgan.audit_critic(critic[0], x, y, reported=2.0, penalty_weight=10, batch_size=8)
    told = ["--reported", "2", "--penalty-weight", "10", "--batch-size", "8"]
    picture = tmp_path / "pictures" / "audit.png"
    assert main(["audit", str(critic[1]), str(a), str(b), *told, "--plot", str(picture)]) == 0
    text = capsys.readouterr().out
    assert text == f"{expected}\n\npicture: {picture}\n"
    assert picture.read_bytes().startswith(b"\x89PNG")
    values = audit_in_json(capsys, critic[1], a, b, *told)
    assert values == json.loads(json.dumps({**expected.to_dict(), "notes": []}))
    assert values["sample_distance"] == otgan.emd(x, y).distance
    assert values["cosine"] == expected.cosine and values["reported"] == 2
    assert [diagnosis["name"] for diagnosis in values["diagnoses"]] == list(
        expected.diagnosis_names
    )


def test_audit_opens_every_kind_of_file(critic, clouds, tmp_path, capsys):
    import torch

    a, b, *_ = clouds
    module, state = critic
    expected = audit_in_json(capsys, state, a, b)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # both are deprecated, and both are about
        torch.jit.script(module).save(tmp_path / "script.pt")
        torch.jit.trace(module, torch.zeros(3, 2)).save(tmp_path / "trace.pt")
    sizes = ({0: torch.export.Dim("n")},)
    program = torch.export.export(module, (torch.zeros(3, 2),), dynamic_shapes=sizes)
    torch.export.save(program, tmp_path / "program.pt2")
    torch.save(module, tmp_path / "module.pt")
    checkpoint = {"critic": module.state_dict(), "step": 3}
    torch.save(checkpoint, tmp_path / "checkpoint.pt")
    values = audit_in_json(capsys, tmp_path / "checkpoint.pt", a, b)
    assert_allclose(values["gap"], expected["gap"], rtol=1e-6)
    for name, why in {
        "script.pt": "may write to any file",
        "trace.pt": "may write to any file",
        "program.pt2": "evaluates expressions",
        "module.pt": "runs code",
    }.items():
        assert main(["audit", str(tmp_path / name), str(a), str(b)]) == 2
        refusal = capsys.readouterr().err
        assert why in refusal
        assert "--trust" in refusal
        values = audit_in_json(capsys, tmp_path / name, a, b, "--trust")
        assert_allclose(values["gap"], expected["gap"], rtol=1e-6)
        assert_allclose(values["lipschitz_upper"], expected["lipschitz_upper"], rtol=1e-6)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "tanh", "groupsort"])
def test_audit_rebuilds_a_network_with_the_activation_it_is_told(
    critic, clouds, capsys, activation
):
    from otgan.critics.audit.load import ACTIVATIONS

    a, b, x, y = clouds
    critic[0][1] = ACTIVATIONS[activation]()
    expected = otgan.audit_critic(critic[0], x, y)
    values = audit_in_json(capsys, critic[1], a, b, "--activation", activation)
    assert_allclose(values["gap"], expected.gap, rtol=1e-12)


def test_audit_gives_images_to_the_critic_in_their_shape(tmp_path, capsys):
    import torch

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 1, 2, 2)), rng.normal(size=(20, 1, 2, 2)) + 1
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    layers = torch.nn.Conv2d(1, 2, 2), torch.nn.Flatten(), torch.nn.Linear(2, 1)
    torch.save(torch.nn.Sequential(*layers), tmp_path / "critic.pt")
    arguments = [tmp_path / name for name in ("critic.pt", "x.npy", "y.npy")]
    assert audit_in_json(capsys, *arguments, "--trust")["d"] == 4


def test_audit_of_a_critic_that_standardizes_its_points(clouds, tmp_path, capsys):
    import torch

    from otgan.critics.networks.feedforward import OnOriginalScale, mlp

    a, b, x, y = clouds
    critic = OnOriginalScale(mlp(2, width=8), torch.tensor([5.0, 0.0]), 3.0)
    torch.save(critic.state_dict(), tmp_path / "critic.pt")
    values = audit_in_json(capsys, tmp_path / "critic.pt", a, b)
    assert_allclose(values["gap"], otgan.audit_critic(critic, x, y).gap, rtol=1e-6)


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (None, [], "must exist"),
        (b"no critic", [], "must be a critic saved by PyTorch"),
        ({}, [], "must hold a critic's state dict"),
        ({"0.weight": (3, 2), "1.running_mean": (3,)}, [], "got the entry '1.running_mean'"),
        ({"0.weight": (3, 2), "2.weight": (1, 4)}, [], r"weights of shapes \[\(3, 2\), \(1, 4\)\]"),
        ({"0.weight": (3, 2)}, [], "with one output"),
        ({"0.weight": (1, 1, 2, 2)}, [], "linear layers in sequence"),
        ({"0.weight": (1, 3)}, [], "must take points of shape"),
        ({"0.weight": (1, 2)}, ["--activation", "rely"], "did you mean 'relu'"),
        ({"0.weight": (1, 2)}, ["--penalty-weight", "-1"], "--penalty-weight must be positive"),
        ({"0.weight": (1, 2)}, ["--plot", "audit.nonsense"], "a picture's name must end in"),
    ],
)
def test_audit_refuses_kindly(clouds, tmp_path, capsys, content, arguments, message):
    import torch

    path = tmp_path / "critic.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save({key: torch.ones(shape) for key, shape in content.items()}, path)
    assert main(["audit", str(path), str(clouds[0]), str(clouds[1]), *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("otgan: ") and captured.err.count("\n") == 1
    assert "to fix it" in captured.err
    assert re.search(message, captured.err)


@pytest.mark.parametrize(
    ("files", "extra", "message"),
    [
        ({"a.csv": None, "b.csv": "1,2\n"}, [], "must exist, got.*check the path"),
        ({"a.csv": "1,2\n3\n", "b.csv": "1,2\n"}, [], "got 1 in line 2"),
        ({"a.csv": "1,nan\n", "b.csv": "1,2\n"}, [], "must be finite, got nan"),
        ({"a.csv": "", "b.csv": "1,2\n"}, [], "at least one row"),
        ({"a.csv": "1,2,3\n", "b.csv": "1,2\n"}, [], "same number of columns, got 3 and 2"),
        ({"a.csv": "1,2\n", "b.csv": "1,2\n", "w": "-1\n"}, [], "must be non-negative, got -1"),
        ({"a.csv": "1,2\n", "b.csv": "1,2\n", "w": "1\n1\n"}, [], r"must have shape \(1,\)"),
        ({"a.csv": "1,2\n", "b.csv": "1,2\n", "w": "1,1\n"}, [], "one weight a row"),
        ({"a.csv": "1,2\n", "b.csv": "1,2\n"}, ["--p", "0.5"], r"--p must be finite.*pass --p 1 "),
        ({"a.csv": "1,2\n", "b.csv": "1,2\n"}, ["--mass", "2"], "otgan: --mass must be at most"),
        ({"a.csv": "1,2\n", "b.csv": "1,2\n"}, ["--metric", "euclid"], "metric must be one of"),
    ],
)
def test_wrong_input_gets_code_2_and_one_sentence(tmp_path, capsys, files, extra, message):
    for name, text in files.items():
        if text is not None:
            (tmp_path / (name if name != "w" else "w.csv")).write_text(text)
    if "w" in files:
        extra = ["--weights", str(tmp_path / "w.csv"), str(tmp_path / "w.csv")]
    assert main(["emd", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), *extra]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("otgan: ") and captured.err.count("\n") == 1
    assert "to fix it" in captured.err
    assert re.search(message, captured.err)


def test_a_pipe_is_no_file(capsys):
    assert main(["emd", "-", "-"]) == 2
    assert "got '-'; to fix it, write what the pipe gives to a file" in capsys.readouterr().err


@pytest.mark.torch
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "rng8"], "did you mean 'ring8'?"),
        (["train", "ring8", "--constraint", "gpp"], "did you mean 'gp'?"),
        (["train", "ring8", "--steps", "0"], "--steps must be a whole number of at least 1"),
        (["train", "ring8", "--batch-size", "0"], "got 0; to fix it, pass another value"),
        (["train", "ring8", "--width", "99999"], "--latent-dim, --width and --depth must make"),
        (["resume", "/no/such/run"], "must be the folder of a run"),
        (["report", "/no/such/run"], "must be the folder of a run"),
        (["lesson", "pile-of-dirt"], "piles-of-dirt"),
    ],
)
def test_wrong_names_get_the_nearest(arguments, message, capsys):
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [[], ["emd"], ["nonsense"], ["emd", "a", "b", "--p", "x"], ["report", "run", "--n-jobs", "2"]],
)
def test_wrong_usage_gets_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: otgan" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["emmd", "a", "b"], "the command must be one of emd, emd-grid,"),
        (["emmd", "a", "b"], "got 'emmd'; to fix it, did you mean 'emd'?"),
        (["compare", "a", "b", "--seconds", "2", "--ruler"], "unknown option --ruler; to fix"),
        (["compare", "a", "b", "--rnq=3"], "unknown option --rnq; to fix it, did you mean '--rng'"),
        (["train", "ring8", "--critic-steps", "3"], "did you mean '--n-critic'?"),
        (["train", "ring8", "--lr", "3"], "unknown option --lr; to fix it, did you"),
        (
            ["train", "ring8", "--seed", "3"],
            "unknown option --seed; to fix it, did you mean '--rng",
        ),
        (["emd", "a", "b", "--rto", "0.1"], "unknown option --rto; to fix it, did you mean '--rto"),
        (["compare", "a", "b", "--confidence", "0.9"], "did you mean '--confidence-level'?"),
        (
            ["emd", "a", "b", "--seed", "1"],
            "unknown option --seed; to fix it, see otgan emd --help",
        ),
        (["emd", "a", "b", "c"], "unexpected argument 'c'; to fix it, leave it out"),
        (["--version", "--x"], "otgan"),
    ],
)
def test_unknown_commands_and_options_get_the_nearest(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    shown = capsys.readouterr()
    assert stopped.value.code == (0 if "--version" in arguments else 2)
    assert message in shown.err + shown.out


@pytest.mark.torch
def test_all_cores_on_request(clouds, critic, capsys, monkeypatch):
    import torch

    threads: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", threads.append)
    files = [str(critic[1]), str(clouds[0]), str(clouds[1])]
    assert main(["audit", *files, "--n-jobs", "-1"]) == 0
    assert main(["audit", *files, "--n-jobs", "1"]) == 0
    assert threads == [os.cpu_count(), 1]
    capsys.readouterr()
    for wrong in ("0", "-2", "5000"):
        assert main(["audit", *files, "--n-jobs", wrong]) == 2
        assert "--n-jobs must be" in capsys.readouterr().err


@pytest.mark.torch
def test_train_report_and_refusal_to_overwrite(tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["train", "ring8", "--out", str(out), *TINY]) == 0
    text = capsys.readouterr().out
    assert "exact W1" in text and "floor" in text and "of 8" in text
    assert (out / "report.html").exists() and (out / "metrics.csv").exists()
    (out / "report.html").unlink()
    assert main(["report", str(out)]) == 0
    assert (out / "report.html").exists()
    assert main(["train", "ring8", "--out", str(out), *TINY]) == 2
    assert "otgan resume" in capsys.readouterr().err
    assert main(["train", "ring8", "--out", str(out), "--overwrite", *TINY]) == 0


@pytest.mark.torch
def test_every_setting_of_the_command_line_reaches_the_run(tmp_path):
    out = tmp_path / "run"
    more = "--objective hinge --constraint none --rng 3 --learning-rate 0.01 --average 0.5"
    more += " --schedule linear --latent-dim 3 --generator-optimizer rmsprop --pack 2"
    more += " --stabilizers instance-noise historical-averaging --critic-norm layer"
    assert main(["train", "grid25", "--out", str(out), *TINY, *more.split()]) == 0
    settings = json.loads((out / "config.json").read_text())
    expected: dict[str, Any] = {
        "data": "grid25",
        "objective": "hinge",
        "constraint": None,
        "rng": 3,
    }
    expected |= {"learning_rate": 0.01, "average": 0.5, "schedule": "linear", "latent_dim": 3}
    expected |= {"steps": 4, "width": 8, "generator_optimizer": "rmsprop", "pack": 2}
    expected |= {"critic_norm": "layer", "stabilizers": ["instance-noise", "historical-averaging"]}
    assert {name: settings[name] for name in expected} == expected


@pytest.mark.torch
@pytest.mark.parametrize("taught", [["--objective", "exact"], ["--constraint", "distilled"]])
def test_training_by_the_linear_program(tmp_path, capsys, taught):
    out = str(tmp_path / "run")
    assert main(["train", "ring8", "--out", out, *taught, *TINY]) == 0
    assert "exact W1" in capsys.readouterr().out
    assert main(["resume", out]) == 0


@pytest.mark.torch
def test_training_on_ones_own_file(clouds, tmp_path):
    out = tmp_path / "run"
    assert main(["train", str(clouds[1]), "--out", str(out), *TINY]) == 0
    assert main(["resume", str(out)]) == 0


@pytest.mark.torch
def test_a_run_is_resumed_with_the_settings_that_may_change(tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["train", "ring8", "--out", str(out), *TINY]) == 0
    before = json.loads((out / "config.json").read_text())
    told = ["--steps", str(before["steps"] + 2), "--learning-rate", "0.5", "--schedule", "cosine"]
    assert main(["resume", str(out), *told, "--monitor-every", "1"]) == 0
    after = json.loads((out / "config.json").read_text())
    found = tuple(after[name] for name in ("learning_rate", "monitor_every", "schedule"))
    assert found == (0.5, 1, "cosine")
    assert after["changes"][0]["at_step"] == before["steps"]
    assert main(["resume", str(out), "--steps", "1"]) == 2
    assert "steps must be at least" in capsys.readouterr().err


@pytest.mark.torch
def test_ctrl_c_leaves_a_checkpoint_and_says_how_to_resume(tmp_path):
    out = tmp_path / "run"
    command = [sys.executable, "-m", "otgan", "train", "ring8", "--out", str(out), *TINY]
    command[command.index("--steps") + 1] = "100000"
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not (out / "metrics.csv").exists() and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"otgan resume {out}" in errors
    assert "Traceback" not in errors
    assert "W1=" in errors  # the progress bar showed the numbers that matter


@pytest.mark.torch
@pytest.mark.slow
def test_demo_ends_near_the_floor_on_all_modes(tmp_path):
    assert main(["demo", "--out", str(tmp_path)]) == 0
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["exact_w1"] <= 1.5 * summary["floor"]
    assert (summary["modes"], summary["of"]) == (8, 8)
    assert summary["high_quality"] >= 0.95


def test_lessons_list_and_run(tmp_path, capsys):
    assert main(["lesson"]) == 0
    assert "piles-of-dirt" in capsys.readouterr().out
    assert main(["lesson", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0] == "piles-of-dirt"
    picture = tmp_path / "piles.png"
    assert main(["lesson", "piles-of-dirt", "--plot", str(picture)]) == 0
    assert "5" in capsys.readouterr().out
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def no_display(monkeypatch):
    """No screen, and a failure where a browser would be started."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("webbrowser.open", lambda url: pytest.fail(f"opened {url}"))


def test_page_of_a_lesson_with_parameters(tmp_path, capsys):
    page = tmp_path / "new" / "page.html"
    assert main(["lesson", "piles-of-dirt", "--P", "3,1", "--Q", "1,3", "--save", str(page)]) == 0
    assert str(page) in capsys.readouterr().out
    assert '"P": [3.0, 1.0]' in page.read_text(encoding="utf-8")


def test_open_without_a_display_says_where_the_page_is(no_display, capsys):
    assert main(["lesson", "piles-of-dirt", "--open", "--quick"]) == 0
    path = Path(capsys.readouterr().out.rpartition("page: ")[2].strip())
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    path.unlink()
    path.parent.rmdir()


def test_open_with_a_display_starts_a_browser(tmp_path, monkeypatch):
    opened: list[str] = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("webbrowser.open", opened.append)
    page = tmp_path / "page.html"
    assert main(["lesson", "piles-of-dirt", "--open", "--save", str(page)]) == 0
    assert opened == [page.as_uri()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["piles-of-dirt", "--P", "3,2,1,5"], "got 11 and 10"),
        (["piles-of-dirt", "--eta", "1"], "must be among --P, --Q, got --eta"),
        (["piles-of-dirt", "--save", "page.png"], "must name a file that ends in .html"),
        (
            ["piles-of-dirt", "--save", "/dev/null/page.html"],
            "must name a file that can be written",
        ),
        (["piles-of-dirt", "--P", "1" + 12 * ",1", "--open"], "at most 12 long on a page, got 13"),
        (["xy-game", "--open", "--json"], "--open with --json must come with --save"),
        (["xy-game", "--eta", "2"], "--eta must be between 0 and 1"),
        (["--plot", "page.png"], "--plot must come with the name of a lesson"),
        (["--n-critic", "0"], "--n-critic must come with the name of a lesson"),
    ],
)
def test_lessons_refuse_what_cannot_be_shown(arguments, message, no_display, capsys):
    assert main(["lesson", *arguments]) == 2
    said = capsys.readouterr()
    assert message in said.err and said.err.count("\n") == 1
    assert said.out == ""


def test_a_lesson_as_a_notebook_with_numbers_of_ones_own(tmp_path, capsys):
    file = tmp_path / "new" / "sheet.ipynb"
    given = ["--P", "3,1", "--Q", "1,3", "--notebook", str(file)]
    assert main(["lesson", "piles-of-dirt", *given]) == 0
    assert capsys.readouterr().out == f"notebook: {file}\n"
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    assert "lesson.run(P=[3.0, 1.0], Q=[1.0, 3.0])" in "".join(cells[1]["source"])


@pytest.mark.torch
def test_all_lessons_as_notebooks(tmp_path, capsys):
    assert main(["lesson", "--notebook", str(tmp_path / "sheets"), "--quick"]) == 0
    written = {file.stem: file.read_text("utf-8") for file in (tmp_path / "sheets").iterdir()}
    assert sorted(written) == sorted(otgan.lessons.LESSONS)
    assert "lesson.run(quick=True)" in written["neural-critic"]
    assert "lesson.run()" in written["xy-game"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["xy-game", "--notebook", "page.html"], "--notebook must name a file that ends in .ipynb"),
        (["xy-game", "--notebook", "x.ipynb", "--json"], "--notebook must come without --json"),
        (["xy-game", "--notebook", "x.ipynb", "--eta", "2"], "--eta must be between 0 and 1"),
        (["xy-game", "--notebook", "x.ipynb", "--steps", "9999"], "--steps must be at most 2000"),
        (["xy-game", "--notebook", "x.ipynb", "--P", "1"], "got --P"),
        (["--notebook", "sheets", "--eta", "0.5"], "--eta must come with the name of a lesson"),
        (["xy", "--notebook", "x.ipynb"], "did you mean 'xy-game'"),
        (["--notebook", "/dev/null/sheets"], "the folder must be one that can be written"),
    ],
)
def test_notebooks_are_refused_before_one_is_written(
    arguments, message, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(["lesson", *arguments]) == 2
    said = capsys.readouterr()
    assert message in said.err and said.err.count("\n") == 1 and said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_numbers_of_a_lesson_as_json(capsys):
    assert main(["lesson", "parallel-lines", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    numbers = otgan.lessons.load("parallel-lines").run()
    assert_allclose(values["w"], numbers.w)
    assert values["kl"][0] is None and numbers.kl[0] == np.inf  # JSON has no infinity


def test_words_of_flags_get_the_nearest_without_words_of_python(clouds, capsys):
    assert main(["emd", *map(str, clouds[:2]), "--metric", "euclidian"]) == 2
    error = capsys.readouterr().err
    assert "--metric must be one of euclidean, sqeuclidean" in error
    assert "did you mean 'euclidean'?" in error and "callable" not in error


@pytest.mark.parametrize("command", _parser()[1].choices)
def test_every_command_has_a_description(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    usage, description = capsys.readouterr().out.split("\n\n")[:2]
    assert usage.startswith("usage:") and description[0].isupper() and description.endswith(".")


def test_steps_of_resume_are_the_total(capsys):
    with pytest.raises(SystemExit):
        main(["resume", "--help"])
    assert "total number of generator steps" in " ".join(capsys.readouterr().out.split())
