"""How sure can one be of a distance from samples? Floors, error bars, intervals, and KL.

Run: python examples/how_sure_are_you.py (some seconds)
"""

from pathlib import Path

from otgan.lessons import how_sure_are_you as lesson
from otgan.plot import save

PICTURE = Path(__file__).parent / "out" / "how_sure_are_you.png"


def main() -> None:
    numbers = lesson.run()
    print(lesson.explain(numbers))
    print("\npicture:", save(lesson.draw(numbers), PICTURE))


if __name__ == "__main__":
    main()
