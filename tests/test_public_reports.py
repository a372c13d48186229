"""Situations from public bug reports of neighbouring packages, each with its right value.

Every test names the situation in a sentence. The right value comes from a closed form, a linear
program or SciPy, never from the function under test.
"""


# ---------------------------------------------------------------- The exact engine
# (end of: The exact engine)


# ---------------------------------------------------------------- Estimators
# (end of: Estimators)


# ---------------------------------------------------------------- Hostile files: points
# (end of: Hostile files: points)


# ---------------------------------------------------------------- Hostile files: critics
# (end of: Hostile files: critics)


# ---------------------------------------------------------------- Hostile files: runs
# (end of: Hostile files: runs)


# ---------------------------------------------------------------- Files
# (end of: Files)


# ---------------------------------------------------------------- Labels
# (end of: Labels)


# ---------------------------------------------------------------- Runs
# (end of: Runs)


# ---------------------------------------------------------------- Tensors
# (end of: Tensors)


# ---------------------------------------------------------------- Critics
# (end of: Critics)


# ---------------------------------------------------------------- Verdicts
# (end of: Verdicts)


# ---------------------------------------------------------------- The command line and the terminal
# (end of: The command line and the terminal)


# ---------------------------------------------------------------- Other people's code
# (end of: Other people's code)
