"""Piles of dirt: the distance between two heaps, as carrying, as a plan and as prices.

Run: python examples/piles_of_dirt.py
"""

from pathlib import Path

from otgan.lessons import piles_of_dirt as lesson
from otgan.plot import save

PICTURE = Path(__file__).parent / "out" / "piles_of_dirt.png"


def main() -> None:
    numbers = lesson.run()
    print(lesson.explain(numbers))
    print("\npicture:", save(lesson.draw(numbers), PICTURE))


if __name__ == "__main__":
    main()
