"""Gaussians moving apart: what KL, JS, TV and W₁ say, and how they pull.

Run: python examples/gaussians_apart.py
"""

from pathlib import Path

from otgan.lessons import gaussians_apart as lesson
from otgan.plot import save

PICTURE = Path(__file__).parent / "out" / "gaussians_apart.png"


def main() -> None:
    numbers = lesson.run()
    print(lesson.explain(numbers))
    print("\npicture:", save(lesson.draw(numbers), PICTURE))


if __name__ == "__main__":
    main()
