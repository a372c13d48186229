"""What a user wrote is shown as it is, and steers nothing."""

import codecs
import pickle
import unicodedata
import warnings
from pathlib import Path

import pytest

import otgan
from otgan.errors import (
    InputWarning,
    InvalidInputError,
    MissingExtraError,
    OutputError,
    SolverError,
)
from otgan.text import LONGEST, encodable, printable, shortened

SOURCES = sorted(Path(otgan.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize(
    "text", ["", "plain", "Gewicht in €", "身長", "שלום", "a b\N{NO-BREAK SPACE}c", "🙂", "x₁ ± σ²"]
)
def test_letters_of_every_language_stay(text):
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("two\nlines\r", r"two\nlines\r"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2066\u200b\ufeff\u2028", r"\u2066\u200b\ufeff\u2028"),
        ("\x9b31m", r"\x9b31m"),
        ("caf\udce9.csv", r"caf\udce9.csv"),
        ("\x00", r"\x00"),
    ],
)
def test_what_steers_a_terminal_is_written_out(text, shown):
    assert printable(text) == shown
    assert printable(text).isprintable()


def test_every_character_becomes_harmless():
    allowed = {"Zs"}  # spaces of other widths
    shown = printable("".join(map(chr, [*range(0x3000), *range(0x3000, 0x110000, 61)])))
    assert all(c.isprintable() or unicodedata.category(c) in allowed for c in shown)
    shown.encode("utf-8")


def test_line_breaks_may_be_kept():
    assert printable("a\n\x1bb", keep="\n") == "a\n\\x1bb"


def test_long_text_keeps_its_ends():
    assert shortened("a" * LONGEST) == "a" * LONGEST
    cut = shortened("a" * 10**6 + "z")
    assert len(cut) <= LONGEST and cut.startswith("aaa") and cut.endswith("aaz") and "..." in cut


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "gbk", "shift_jis", "cp037"])
def test_all_that_the_package_can_say_has_letters_in_every_encoding(encoding):
    letters = sorted({c for path in SOURCES for c in path.read_text("utf-8") if not c.isascii()})
    assert len(letters) > 50
    for letter in letters:
        shown = encodable(letter, encoding)
        shown.encode(encoding)
        assert shown
        if letter != "日":  # of an example
            assert "\\" not in shown, letter


@pytest.mark.parametrize(
    ("text", "ascii"),
    [
        ("0.52 ± 0.01", "0.52 +/- 0.01"),
        ("10⁻¹²", "10^-12"),
        ("x² + y³", "x^2 + y^3"),
        ("W₁ → λ·Σ", "W1 -> lambda*Sigma"),
        ("Fréchet, KL(x‖y) = ∞", "Frechet, KL(x||y) = inf"),
        ("≤ ½", "<= (1/2)"),
        ("größe", "grosse".replace("ss", "\\xdf")),
        ("日", "\\u65e5"),
    ],
)
def test_stand_ins_in_ascii(text, ascii):
    assert encodable(text, "ascii") == ascii


def test_text_that_fits_is_left_alone():
    for encoding in (None, "utf-8", "utf-16", "gb18030"):
        assert encodable("± 日 🙂", encoding) == "± 日 🙂"
    assert encodable("10⁻¹² ± é", "latin-1").encode("latin-1")
    assert codecs.decode(encodable("5 ± 2", "cp437").encode("cp437"), "cp437") == "5 ± 2"


def test_warnings_cannot_steer_a_terminal():
    with pytest.warns(InputWarning) as told:
        warnings.warn("read \x1b[31m as\na name", InputWarning, stacklevel=1)
    shown = warnings.formatwarning(told[0].message, InputWarning, "file.py", 1, "")
    assert "\x1b" not in shown and shown.count("\n") == 1


def test_messages_of_errors_are_one_harmless_line():
    for kind in (InvalidInputError, OutputError, MissingExtraError, SolverError):
        error = kind("got \x1b[31m'a\nb'")
        assert str(error) == r"got \x1b[31m'a\nb'"
        assert error.args[0] == "got \x1b[31m'a\nb'"  # programs find what there was
        assert str(pickle.loads(pickle.dumps(error))) == str(error)
    cell = "9" * 10**6
    message = str(InvalidInputError(f"cells must be numbers, got {cell}; to fix it, check"))
    assert len(message) <= LONGEST and message.endswith("9; to fix it, check")
