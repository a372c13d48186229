"""Files of points that are damaged, oversized or malicious."""

import contextlib
import gzip
import io
import os
import pickle
import struct
import tracemalloc
import warnings
import zipfile
import zlib

import numpy as np
import pandas as pd
import pyarrow
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from numpy.testing import assert_array_equal

from otgan.datasets import load_images, load_points, load_table
from otgan.errors import InvalidInputError


def npy_header(shape, descr="<f8"):
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    text += b" " * (53 - len(text) % 64 + 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def npy(array, version=None):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=version)
    return stream.getvalue()


def packed_zeros(start, millions):
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=1) as file:
        file.write(start)
        for _ in range(millions):
            file.write(bytes(10**6))
    return stream.getvalue()


def npz_of_zeros(rows):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", npy_header((10**9,), "|u1") + bytes(rows))
    return stream.getvalue()


def picture_of(side):
    def chunk(name, data):
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


IDX_OF_A_BILLION = struct.pack(">HBBII", 0, 8, 2, 10**6, 1000)


@pytest.mark.parametrize(
    ("name", "raw", "found"),
    [
        ("claims.npy", npy_header((200_000_000_000,)) + bytes(64), "1.6 TB"),
        ("claims.npz", npz_of_zeros(64), "1 GB that its header claims"),
        ("bomb-ubyte.gz", packed_zeros(IDX_OF_A_BILLION, 30), "8 GB"),
        ("more-ubyte.gz", packed_zeros(struct.pack(">HBBII", 0, 8, 2, 9, 9), 30), "more data than"),
        ("claims-ubyte", struct.pack(">HBBIII", 0, 8, 3, *[2**32 - 1] * 3) + b"12", "claims more"),
        ("zeros.csv", bytes(10**6), "zero bytes"),
    ],
)
def test_files_that_claim_more_than_memory_holds_are_refused_unread(tmp_path, name, raw, found):
    (tmp_path / name).write_bytes(raw)
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInputError, match=f"{name}.*{found}"):
            load_points(tmp_path / name)
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()


def test_a_file_with_holes_of_a_terabyte_is_refused_unread(tmp_path):
    for name, header in (
        ("a.npy", npy_header((125_000_000_000,))),
        ("a-ubyte", struct.pack(">HBBII", 0, 14, 2, 10**6, 125_000)),
    ):
        (tmp_path / name).write_bytes(header)
        os.truncate(tmp_path / name, len(header) + 10**12)
        with pytest.raises(InvalidInputError, match=rf"{name}.* fit into memory.*1 TB"):
            load_points(tmp_path / name)


@pytest.mark.parametrize("side", [13_377, 100_000])
def test_pictures_of_179_megapixels_are_refused_by_name(tmp_path, side):
    (tmp_path / "a.png").write_bytes(picture_of(side))
    with pytest.raises(InvalidInputError, match=r"a\.png.*(raise limit|MAX_IMAGE_PIXELS)"):
        load_images(tmp_path)


def test_packed_tables_within_their_limit_are_read_and_others_are_not(tmp_path):
    rows = b"0,0\n" * 200_000
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(rows))
    with pytest.raises(InvalidInputError, match=r"a\.csv\.gz.*raise limit"):
        load_points(tmp_path / "a.csv.gz", limit=10**6)
    assert load_points(tmp_path / "a.csv.gz").shape == (200_000, 2)
    zeros = pd.DataFrame({"u": np.zeros(200_000)})
    for name, write in (("a.parquet", zeros.to_parquet), ("a.feather", zeros.to_feather)):
        write(tmp_path / name)
        with pytest.raises(InvalidInputError, match=f"{name}.*1.6 MB.*raise limit"):
            load_points(tmp_path / name, limit=10**6)
        assert load_points(tmp_path / name).shape == (200_000, 1)


def test_odd_numpy_files_are_read_right_or_refused_by_name(tmp_path):
    points = np.random.default_rng(5).normal(size=(4, 3))
    records = np.array([(1.5, 2), (2.5, 3)], dtype=[("ü", "f8"), ("v", "i4")])
    good = {
        "Fortran order": npy(np.asfortranarray(points)),
        "big-endian": npy(points.astype(">f8")),
        "version 2": npy(points, (2, 0)),
        "version 3": npy(points, (3, 0)),
    }
    for what, raw in good.items():
        (tmp_path / "a.npy").write_bytes(raw)
        assert_array_equal(load_points(tmp_path / "a.npy"), points, err_msg=what)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy warns that others may not read version 3
        (tmp_path / "a.npy").write_bytes(npy(records))
    table = load_table(tmp_path / "a.npy")
    assert (table.names, table.points.tolist()) == (("ü", "v"), [[1.5, 2.0], [2.5, 3.0]])
    bad = [
        npy(np.float64(3.0)),
        npy(np.zeros((0, 3))),
        npy(np.zeros((0, 3, 4))),
        npy(np.array(["1"])),
        npy(points + 1j),
        npy(points)[:-3],
        npy(points)[:40],
        npy(points) + b"more",
        npy(points) * 2,
        npy_header((-1, 3)) + bytes(64),
        npy_header((10**400,)) + bytes(64),
        b"\x93NUMPY\x01\x00" + struct.pack("<H", 9000) + b"(" * 8999 + b"\n",
        b"",
    ]
    for raw in bad:
        (tmp_path / "a.npy").write_bytes(raw)
        with pytest.raises(InvalidInputError, match=r"a\.npy must"):
            load_points(tmp_path / "a.npy")


def test_a_folder_called_like_a_table_pipes_and_devices_are_refused(tmp_path):
    (tmp_path / "d.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "zero.npy").symlink_to("/dev/zero")
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    (tmp_path / "gone.csv").symlink_to("nowhere")
    for name, found in (
        ("d.csv", "got a folder"),
        ("pipe.csv", "got a pipe"),
        ("zero.npy", "got a device"),
        ("loop.csv", "symbolic links"),
        ("gone.csv", "must exist"),
        ("a\0.csv", "null byte"),
        ("a" * 5000 + ".csv", "too long"),
    ):
        with pytest.raises(InvalidInputError, match=found):
            load_points(tmp_path / name)


def test_idx_files_without_rows_or_of_labels_are_refused(tmp_path):
    for raw, found in (
        (struct.pack(">HBBIII", 0, 8, 3, 0, 28, 28), r"\(0, 28, 28\)"),
        (struct.pack(">HBBI", 0, 8, 1, 3) + b"\1\2\3", "labels"),
        (struct.pack(">HBBII", 0, 8, 2, 1, 3) + b"\1\2\3\4", "complete IDX file"),
        (struct.pack(">HBBII", 0, 8, 2, 1, 3) + b"\1\2", "complete IDX file"),
    ):
        (tmp_path / "x-ubyte").write_bytes(raw)
        with pytest.raises(InvalidInputError, match=found):
            load_points(tmp_path / "x-ubyte")


class PlantedInPoints:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


# Older versions of pyarrow warn that they do not execute it.
@pytest.mark.filterwarnings("ignore:.*PyExtensionType")
def test_nothing_in_a_file_of_points_is_executed(tmp_path):
    sign = tmp_path / "executed"
    planted, raw = (
        np.array([PlantedInPoints(sign)], dtype=object),
        pickle.dumps(PlantedInPoints(sign)),
    )
    np.save(tmp_path / "a.npy", planted, allow_pickle=True)
    np.savez(tmp_path / "a.npz", a=planted)
    for name in ("raw.npy", "raw.npz", "raw.csv", "raw.csv.gz", "raw.parquet", "raw.feather"):
        (tmp_path / name).write_bytes(raw)
    (tmp_path / "raw-ubyte").write_bytes(raw)
    extension = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": raw,
    }
    schema = pa.schema([pa.field("u", pa.float64(), metadata=extension)])
    table = pa.table([pa.array([1.5])], schema=schema)
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    pyarrow.feather.write_feather(table, tmp_path / "a.feather")
    (tmp_path / "images").mkdir()
    program = f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n({sign}) (w) file\n"
    (tmp_path / "images" / "a.png").write_text(program)
    tried = [path for path in tmp_path.iterdir() if path != sign]
    assert len(tried) == 12
    for path in tried:
        with pytest.raises(InvalidInputError):
            load_points(path)
    assert not sign.exists()
    pickle.loads(raw)  # what was planted works
    assert sign.exists()


def test_damaged_files_of_points_give_one_kind_of_error(tmp_path):
    rng = np.random.default_rng(6)
    points = rng.normal(size=(20, 3))
    np.save(tmp_path / "a.npy", points)
    np.savez_compressed(tmp_path / "a.npz", points)
    frame = pd.DataFrame(points, columns=list("uvw"))
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_feather(tmp_path / "a.feather")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
    for path in list(tmp_path.iterdir()):
        raw = path.read_bytes()
        for length in rng.integers(0, len(raw), size=40):
            path.write_bytes(raw[:length])
            with pytest.raises(InvalidInputError, match=path.name):
                load_points(path)
        for place in rng.integers(0, len(raw), size=40):
            path.write_bytes(raw[:place] + bytes([raw[place] ^ 8]) + raw[place + 1 :])
            with contextlib.suppress(InvalidInputError):
                read = load_points(path)
                if path.suffix in {".gz", ".npz"}:  # the others know no checksums
                    assert_array_equal(read, points)
