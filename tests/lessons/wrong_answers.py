"""What students may answer to exercises that judge more than a number, and what they should hear.

Python that makes `answer`, as a solution does, and a part of the reason, by lesson and number.
"""

WRONG = {
    ("piles-of-dirt", 2): [
        ("answer = np.zeros(4)", "earn 0 where a plan costs 5"),
        ("answer = 2 * numbers.prices", "changes by 2, more than"),
        ("answer = [0, 1]", r"of shape \(4,\), got \[0, 1\]"),
    ],
    ("parallel-lines", 2): [
        ("answer = 2", "JS is 0.6327; wanted is 0.3368"),
        ("answer = -1", "theta must be positive"),
    ],
    ("parallel-lines", 3): [
        ("def answer(theta): return 1", "at theta = -1.5, W1 changes by -1 times"),
        ("def answer(theta): return theta", "at theta = -1.5, .* not by -1.5 times"),
        ("def answer(theta): return 1 / 0", "raised ZeroDivisionError"),
        ("answer = 1", "must be a function, got 1"),
    ],
    ("gaussians-apart", 2): [
        ("answer = 1", "is 0.5000 and .* is 0.5000"),
        ("answer = 0.5", "is 2.8069 and"),
        ("answer = -2", r"must be in \[0.05, 20\], got -2"),
    ],
    ("kl-integrands", 2): [
        ("def answer(weight): return weight", r"KL\(P‖Q\) is 0.0513, and not 0.0500"),
        ("def answer(weight): return -np.log(weight)", "and not 2.99"),
    ],
    ("what-a-discriminator-learns", 3): [
        ("answer = 'saturating'", "goes on falling"),
        ("answer = 'non-saturating'", "goes on growing"),
    ],
    ("two-halves-of-duality", 1): [
        ("answer = 0 * numbers.x, 0 * numbers.y", "earn 0 where the best plan costs 1.75"),
        ("answer = numbers.best_f + 1, numbers.best_g", "above the distance by 1"),
        ("answer = numbers.best_f", "must be a pair"),
        ("answer = [0], numbers.best_g", r"f must be an array of shape \(4,\)"),
    ],
    ("two-halves-of-duality", 2): [
        ("def answer(z, y, g): return (np.abs(z[:, None] - y) - g).max(axis=1)", "and not 9"),
        ("def answer(z, y, g): return (np.abs(z[:, None] - y) + g).min(axis=1)", "and not "),
        ("def answer(z, y, g): return 0", r"must be an array of shape \(25,\), got 0"),
    ],
    ("two-halves-of-duality", 3): [
        ("answer = '|x|'", "no derivative at 0"),
        ("answer = 'sin x'", "at most one"),
    ],
    ("algorithm-1", 3): [
        (
            "def answer(w, gradient, rate, limit):\n"
            "    return np.clip(w - rate * gradient, -limit, limit)",
            "the critic ascends",
        ),
        ("def answer(w, gradient, rate, limit): return w + rate * gradient", "leaves the window"),
        ("def answer(w, gradient, rate, limit): return np.clip(w, -limit, limit)", "it moves to"),
    ],
    ("does-the-loss-mean-anything", 1): [
        ("answer = 3, -3", "the estimate does not change by 3"),
        ("answer = 0, 3", "the generator's loss does not change by 3"),
    ],
    ("cover-or-seek", 2): [
        ("answer = 'KL(P‖Q)'", "Q has to be wide"),
        ("answer = 'JS'", "another fit is narrower"),
    ],
    ("dimension-of-data", 2): [
        (
            "def answer(n, rng): return np.pad(rng.random((n, 2)), ((0, 0), (0, 8)))",
            "two principal components have 100%",
        ),
        ("def answer(n, rng): return rng.random((n, 10))", "is read as 8.0"),
        ("def answer(n, rng): return np.zeros((n, 10))", "no two points may be equal"),
        ("def answer(n, rng): return rng.random((n, 3))", r"of shape \(800, 10\)"),
    ],
    ("perfect-discriminator", 1): [
        ("def answer(x, delta): return 0.5", "at x = 0 and delta = 1 there is a better one"),
        (
            "def answer(x, delta): return 1 / (1 + np.exp(delta**2 / 2 - delta * x))",
            "probability of a generated point",
        ),
    ],
    ("perfect-discriminator", 3): [
        ("answer = 2", "at 2 the slope is still 0.4496"),
        ("answer = 5", "a tenth before 5 the slope is already down to 0.0"),
        ("answer = 0.1", r"must be in \[1, 12\]"),
    ],
    ("xy-game", 2): [
        ("answer = 139", "after 139 steps the radius is 1.99"),
        ("answer = 141", "one step earlier it is 2.0"),
        ("answer = 139.3", "must be a number of steps"),
    ],
    ("xy-game", 3): [
        (
            "def answer(x, y, eta, slopes):\n"
            "    a, b = slopes(x, y)\n    return x - eta * a, y + eta * b",
            "moves to distance 1.004988",
        ),
        (
            "def answer(x, y, eta, slopes):\n    x = x - eta * slopes(x, y)[0]\n"
            "    return x, y + eta * slopes(x, y)[1]",
            "moves to distance 1.0",
        ),
        ("def answer(x, y, eta, slopes): return 0, 0", "moves to distance 1.4"),
        ("def answer(x, y, eta, slopes): return x", r"must be an array of shape \(2,\)"),
    ],
    ("kantorovich-rubinstein", 1): [
        ("def answer(points): return 2 * points[:, 0]", "its slope is 2"),
        ("def answer(points): return points[:, 0]", "it scores -0.3.*; the best random one"),
        ("def answer(points): return 0", r"must be an array of shape \(107,\), got 0"),
    ],
    ("kantorovich-rubinstein", 2): [
        (
            "answer = np.full(numbers.plan.shape, 1 / numbers.plan.size)",
            "but costs 2.*; the best random one",
        ),
        ("answer = np.ones(numbers.plan.shape)", "mass at a point of x is off by"),
        ("answer = 2 * numbers.plan - 1 / numbers.plan.size", "no entry may be negative"),
    ],
    ("neural-critic", 2): [
        ("def answer(single, double): return double", "it makes 12.5.*; W1 is 2"),
        ("def answer(single, double): return (single + double) / 2", "it makes 17.7"),
    ],
    ("neural-critic", 3): [
        ("answer = 100", "100 units allow a slope of 0.01"),
        ("answer = 2000", "1999 units allow a slope of 3.9"),
        ("answer = 999.5", "must be a number of units"),
    ],
    ("critic-or-emd", 2): [
        ("answer = 'emd'", "samples lie much further apart"),
        ("answer = 'EMD'", "must be one of 'emd', 'held out', 'midpoint', 'critic', got 'EMD'"),
    ],
    ("which-distance", 1): [
        ("answer = [1, 0, 0], [0, 1, 0]", "so much mass differs: 1"),
        ("answer = [0.5, 0.5, 0], [0.5, 0.45, 0.05]", r"KL\(p‖q\) is 0.05"),
        ("answer = [1, 1, 1], [1, 1, 0]", "must add up to 1, got 3 and 2"),
        ("answer = [2, -1, 0], [1, 0, 0]", "must not be negative"),
    ],
    ("which-distance", 2): [
        ("answer = 100, 100, 100", "KL is not multiplied by 100"),
        ("answer = 0.01, 1, 1", "W1 is not multiplied by 0.01"),
    ],
    ("which-distance", 3): [
        ("answer = [0, 1]", "the mean is 0.5"),
        ("answer = [-2, 2]", "the standard deviation is 2"),
        ("answer = [0.5]", "one point"),
        (
            "z = np.linspace(-2, 2, 1000)\nanswer = z / z.std()",
            "mean and deviation are right, but W1 is 0.1",
        ),
    ],
    ("find-the-mistake", 1): [
        ("def answer(x): return 50 * x", "its slope is 50 at most"),
        ("def answer(x): return 1000 * abs(x)", "at 0 it jumps or has a kink"),
        ("def answer(x): return 1e9 * np.sign(x)", "at 0 it jumps"),
        (
            "def answer(x): return np.inf if x > 99 else 200 * x",
            r"f\(99\) must be finite, got inf",
        ),
        ("import math\ndef answer(x): return math.exp(x**2)", "the function raised OverflowError"),
    ],
    ("find-the-mistake", 2): [
        ("answer = [1, 0], [0, 1], [1, 0]", "JS is 0.0000, and 1.3863"),
        ("answer = [1, 1], [1, 0], [0, 1]", "all must add up to 1"),
    ],
    ("gan-and-wgan-side-by-side", 3): [
        ("answer = 'right'", "no evidence"),
        ("answer = 'wrong'", "may be real"),
    ],
}
