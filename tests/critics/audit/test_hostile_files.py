"""Files of critics that are damaged or malicious."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from otgan.cli.main import main
from otgan.critics.audit.load import load_critic
from otgan.errors import DamagedFileError
from tests.critics.audit.writes_on_load import WritesOnLoad


def test_torchscript_that_writes_a_file_while_it_is_loaded_needs_trust(tmp_path, capsys):
    target, critic, points = (str(tmp_path / name) for name in ("target", "critic.pt", "x.npy"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, and about
        torch.jit.script(WritesOnLoad(target)).save(critic)
    Path(target).unlink(missing_ok=True)
    np.save(points, np.eye(2))
    assert main(["audit", critic, points, points]) == 2
    assert "--trust" in capsys.readouterr().err and not Path(target).exists()
    assert main(["audit", critic, points, points, "--trust"]) == 0
    assert Path(target).read_bytes() == bytes(16)  # so it would have written


@pytest.mark.parametrize("content", [b"abc", b"", b"\x80\x02", b"PK\x03\x04"])
def test_a_critic_of_three_bytes_is_a_damaged_file_and_no_index_error(tmp_path, content):
    path = tmp_path / "critic.pt"
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match="to fix it, write it again") as error:
        load_critic(path)
    assert str(path) in str(error.value) and "weights_only" not in str(error.value)


def test_a_critic_with_a_flipped_bit_is_refused_where_pytorch_reads_another_weight(tmp_path):
    path = tmp_path / "critic.pt"
    weight = torch.full((1, 2), 1.5)
    torch.save({"0.weight": weight}, path)
    content = path.read_bytes()
    place = content.index(weight.numpy().tobytes()) + 3
    path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    assert not torch.equal(torch.load(path, weights_only=True)["0.weight"], weight)
    with pytest.raises(DamagedFileError, match="altered"):
        load_critic(path)
