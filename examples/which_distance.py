"""Which distance for which job? Nine changes of a distribution, seen by ten distances and a test.

Run: python examples/which_distance.py (some seconds; needs POT)
"""

from pathlib import Path

from otgan.lessons import which_distance as lesson
from otgan.plot import save

PICTURE = Path(__file__).parent / "out" / "which_distance.png"


def main() -> None:
    numbers = lesson.run()
    print(lesson.explain(numbers))
    print("\npicture:", save(lesson.draw(numbers), PICTURE))


if __name__ == "__main__":
    main()
