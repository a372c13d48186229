"""Critics from files: what is opened, what is refused, and that nothing runs unasked."""

import io
import os
import pickle
import struct
import tarfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from otgan.critics.audit.load import load_critic
from otgan.errors import DamagedFileError, InputWarning, InvalidInputError
from tests.critics.audit.writes_on_load import WritesOnLoad
from tests.critics.linear_layer import linear_layer

POINTS = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))


def network(dtype=torch.float32):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1)).to(dtype)


@pytest.fixture
def file(tmp_path):
    """The state dict of a critic, as PyTorch writes it."""
    path = tmp_path / "critic.pt"
    torch.save(network().state_dict(), path)
    return path


# ---------------------------------------------------------------- nothing runs unasked


class Trap:
    """Unpickled, it makes a file."""

    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return Path.touch, (Path(self.target),)


def tar_of(pickled):
    """A file as PyTorch wrote it before version 0.1.10."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:") as archive:
        for name in ("storages", "tensors", "pickle", "sys_info"):
            entry = tarfile.TarInfo(name)
            entry.size = len(pickled)
            archive.addfile(entry, io.BytesIO(pickled))
    return buffer.getvalue()


def zip_of(**entries):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries.items():
            archive.writestr(f"critic/{name.replace('_', '.')}", content)
    return buffer.getvalue()


def planted(form, trap):
    """The bytes of a file that touches another one when it is unpickled."""
    if form.startswith("protocol"):
        return pickle.dumps({"weight": trap}, protocol=int(form[-1]))
    buffer = io.BytesIO()
    if form == "module":
        module = network()
        module.trap = trap
        torch.save(module, buffer)
    elif form == "old module":
        module = network()
        module.trap = trap
        torch.save(module, buffer, _use_new_zipfile_serialization=False)
    elif form == "state dict":
        torch.save({"0.weight": torch.ones(1, 2), "0.bias": trap}, buffer)
    elif form == "metadata":
        state = network().state_dict()
        state._metadata[""]["version"] = trap
        torch.save(state, buffer)
    elif form == "tar":
        return tar_of(pickle.dumps(trap, protocol=2))
    elif form == "constants":  # half TorchScript: its marker without its code
        data = pickle.dumps(trap, protocol=2)
        return zip_of(data_pkl=data, constants_pkl=data, version=b"3")
    return buffer.getvalue()


FORMS = [
    *(f"protocol {k}" for k in range(6)),
    *("module", "old module", "state dict", "metadata", "tar", "constants"),
]


@pytest.mark.parametrize("form", FORMS)
def test_no_planted_pickle_runs_unless_its_author_is_trusted(tmp_path, monkeypatch, form):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")  # nor if torch is told to
    target, path = tmp_path / "touched", tmp_path / "critic.pt"
    path.write_bytes(planted(form, Trap(target)))
    with pytest.raises(InvalidInputError, match="--trust") as error:
        load_critic(path)
    assert str(path) in str(error.value) and "weights_only" not in str(error.value)
    assert not target.exists()


@pytest.mark.parametrize("form", ["module", "old module", "metadata"])
def test_the_planted_files_do_run_once_they_are_trusted(tmp_path, form):
    """Else the test above would show nothing."""
    target, path = tmp_path / "touched", tmp_path / "critic.pt"
    path.write_bytes(planted(form, Trap(target)))
    load_critic(path, trust=True, activation="relu")
    assert target.exists()


def test_torchscript_that_writes_a_file_on_load_is_not_opened_untrusted(tmp_path):
    target, path = tmp_path / "written", tmp_path / "critic.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(WritesOnLoad(str(target))).save(path)
    target.unlink(missing_ok=True)
    with pytest.raises(InvalidInputError, match="may write to any file"):
        load_critic(path)
    assert not target.exists()
    load_critic(path, trust=True, activation="relu")
    assert target.stat().st_size == 16  # so it would have written


def test_exported_programs_need_trust_whatever_the_file_is_called(tmp_path):
    program = torch.export.export(network(), (torch.zeros(3, 2),))
    path = tmp_path / "critic.pt"
    torch.export.save(program, tmp_path / "critic.pt2")
    (tmp_path / "critic.pt2").rename(path)
    with pytest.raises(InvalidInputError, match="evaluates expressions"):
        load_critic(path)
    assert_allclose(
        load_critic(path, trust=True, activation="relu")(torch.zeros(3, 2)).shape, (3, 1)
    )


# ---------------------------------------------------------------- damaged files


def test_every_truncation_is_named(file):
    whole = file.read_bytes()
    for length in sorted({0, 1, 3, 4, 30, *range(5, len(whole) - 1, 97), len(whole) - 1}):
        file.write_bytes(whole[:length])
        with pytest.raises(DamagedFileError, match="to fix it") as error:
            load_critic(file, activation="relu")
        assert str(file) in str(error.value) and "weights_only" not in str(error.value)


def test_old_files_that_are_truncated_are_named(file):
    torch.save(network().state_dict(), file, _use_new_zipfile_serialization=False)
    assert torch.equal(load_critic(file, activation="relu")(POINTS), network()(POINTS))
    whole = file.read_bytes()
    for length in range(1, len(whole) - 1, 61):
        file.write_bytes(whole[:length])
        with pytest.raises(DamagedFileError):
            load_critic(file, activation="relu")


def test_a_flipped_bit_is_never_a_weight(file):
    """PyTorch itself reads such files without a word; the archive's checksums tell."""
    whole = file.read_bytes()
    expected = network()(POINTS)
    told = 0
    for place in range(0, len(whole), 7):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        try:
            critic = load_critic(file, activation="relu")
        except InvalidInputError:
            told += 1
        else:  # in padding or in a field that nobody reads
            assert torch.equal(critic(POINTS), expected)
    assert told > 50


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "got an empty file"),
        (b"abc", "cut off, altered or of another kind"),
        (b"\x80\x02", "cut off, altered or of another kind"),
        (b"\x80\x04.", "cut off, altered or of another kind"),
        (b".", "cut off, altered or of another kind"),
        (b"0.1,0.2\n0.3,0.4\n", "cut off, altered or of another kind"),
        (b"\x93NUMPY" + bytes(120), "cut off, altered or of another kind"),
        (b"\x89PNG\r\n\x1a\n" + bytes(90), "cut off, altered or of another kind"),
        (b"PK\x05\x06" + bytes(18), "an archive of something else"),
        (b"\x80\x02X\xff\xff\xff\x7fabc.", "cut off, altered or of another kind"),
        (zip_of(model_txt=b"nothing"), "an archive of something else"),
        (zip_of(data_pkl=b"nothing"), "cut off, altered or of another kind"),
    ],
)
def test_other_files_are_named(tmp_path, content, message):
    path = tmp_path / "critic.pt"
    path.write_bytes(content)
    for trust in (False, True):
        with pytest.raises(DamagedFileError, match=message) as error:
            load_critic(path, trust=trust)
        assert str(path) in str(error.value) and "weights_only" not in str(error.value)


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_arrays_of_numpy_are_no_critic(tmp_path, write):
    write(tmp_path / "critic.npz", weight=np.ones((1, 2)))
    (tmp_path / "critic.npz").rename(tmp_path / "critic.pt")
    with pytest.raises(DamagedFileError, match=r"weight\.npy"):
        load_critic(tmp_path / "critic.pt")


def test_folders_and_missing_files_are_named(tmp_path):
    with pytest.raises(InvalidInputError, match="got a folder"):
        load_critic(tmp_path)
    with pytest.raises(InvalidInputError, match="must exist"):
        load_critic(tmp_path / "critic.pt")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "critic.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("critic/data.pkl", bytes(2**26))
    with pytest.raises(DamagedFileError, match="claim 67,108,864 bytes"):
        load_critic(path, trust=True)


def test_an_entry_that_claims_a_terabyte_is_refused(file):
    content = bytearray(file.read_bytes())
    central = content.find(b"PK\x01\x02")
    content[central + 20 : central + 28] = struct.pack("<II", 0xFFFFFFF0, 0xFFFFFFF0)
    file.write_bytes(content)
    with pytest.raises(DamagedFileError):
        load_critic(file, activation="relu")


@pytest.mark.parametrize("old", [False, True])
def test_weights_that_are_one_number_repeated_a_trillion_times_are_refused(tmp_path, old):
    path = tmp_path / "critic.pt"
    weight = torch.zeros(1).expand(1, 10**12)
    torch.save({"0.weight": weight}, path, _use_new_zipfile_serialization=not old)
    with pytest.raises(DamagedFileError, match="claim 4,000,000,000,000 bytes"):
        load_critic(path)


# ---------------------------------------------------------------- what weights may be


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_weights_keep_their_dtype(tmp_path, dtype):
    critic = network(dtype)
    torch.save(critic.state_dict(), tmp_path / "critic.pt")
    loaded = load_critic(tmp_path / "critic.pt", activation="relu")
    assert linear_layer(loaded, 0).weight.dtype == dtype
    assert torch.equal(loaded(POINTS.to(dtype)), critic(POINTS.to(dtype)))


def quantized():
    return torch.quantize_per_tensor(torch.ones(1, 2), 0.1, 0, torch.qint8)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"0.weight": torch.ones(1, 2), "0.bias": torch.tensor([torch.nan])}, "'0.bias' in"),
        ({"0.weight": torch.tensor([[1.0, torch.inf]])}, "must be finite, got '0.weight'"),
        ({"0.weight": torch.ones(1, 2, dtype=torch.int64)}, "one dtype, got int64"),
        ({"0.weight": torch.ones(1, 2, dtype=torch.complex64)}, "one dtype, got complex64"),
        (
            {"0.weight": torch.ones(3, 2), "1.weight": torch.ones(1, 3).double()},
            "one dtype, got float32, float64",
        ),
        ({"0.weight": torch.ones(1, 2, device="meta")}, "a meta tensor"),
        ({"0.weight": torch.ones(1, 2).to_sparse()}, "sparse"),
        ({"0.weight": torch.ones(1, 2), "0.bias": torch.ones(3)}, "got the entry '0.bias'"),
        ({"0.weight": torch.ones(1, 2), "0.bias": torch.ones(())}, "got the entry '0.bias'"),
        ({"0.bias": torch.ones(1)}, "got the entry '0.bias'"),
        ({"0.weight": torch.ones(1, 0)}, r"weights of shapes \[\(1, 0\)\]"),
        ({"0.weight": torch.ones(1, 2), "center": torch.ones(2)}, "center, 2 numbers, and scale"),
        (
            {"0.weight": torch.ones(1, 2), "center": torch.ones(3), "scale": torch.ones(())},
            "center, 2 numbers",
        ),
        (
            {"0.weight": torch.ones(1, 2), "center": torch.ones(2), "scale": torch.zeros(())},
            "a positive one",
        ),
        ({0: torch.ones(1, 2)}, "must hold a critic's state dict"),
        ([torch.ones(1, 2)], "must hold a critic's state dict"),
        (torch.ones(1, 2), "must hold a critic's state dict"),
    ],
)
def test_weights_that_make_no_critic_are_named(tmp_path, state, message):
    torch.save(state, tmp_path / "critic.pt")
    with pytest.raises(InvalidInputError, match=message) as error:
        load_critic(tmp_path / "critic.pt")
    assert "to fix it" in str(error.value)


def test_quantized_weights_are_named(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save({"0.weight": quantized()}, tmp_path / "critic.pt")
    with pytest.raises(InvalidInputError, match="quantized"):
        load_critic(tmp_path / "critic.pt")


def test_a_module_with_nan_is_refused_however_it_was_saved(tmp_path):
    critic = network()
    with torch.no_grad():
        critic[0].bias[3] = torch.nan
    torch.save(critic, tmp_path / "critic.pt")
    with pytest.raises(InvalidInputError, match=r"must be finite, got '0\.bias'"):
        load_critic(tmp_path / "critic.pt", trust=True)


def test_a_module_whose_class_is_not_importable_says_so(tmp_path):
    path = tmp_path / "critic.pt"
    torch.save(Local(), path)
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    assert b"Local" in content
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data.replace(b"Local", b"Other"))
    with pytest.raises(InvalidInputError, match="must be importable"):
        load_critic(path, trust=True)


class Local(nn.Module):
    """A class that only this file knows."""

    def forward(self, points):
        return points.sum(dim=1)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "critic.pt")
    with pytest.raises(InvalidInputError, match="must exist"):
        load_critic(tmp_path / "critic.pt")


def test_a_state_dict_does_not_tell_its_activation(tmp_path):
    critic = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
    torch.save(critic.state_dict(), tmp_path / "critic.pt")
    with pytest.warns(InputWarning, match="ReLU was assumed"):
        load_critic(tmp_path / "critic.pt")
    told = load_critic(tmp_path / "critic.pt", activation="tanh")
    assert torch.equal(told(POINTS), critic(POINTS))
