"""The game xy: one player descends, the other ascends, and the order of their moves decides.

Run: python examples/xy_game.py
"""

from pathlib import Path

from otgan.lessons import xy_game as lesson
from otgan.plot import save

PICTURE = Path(__file__).parent / "out" / "xy_game.png"


def main() -> None:
    numbers = lesson.run()
    print(lesson.explain(numbers))
    print("\npicture:", save(lesson.draw(numbers), PICTURE))


if __name__ == "__main__":
    main()
