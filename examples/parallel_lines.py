"""Parallel lines: two segments that never touch, however near, and what noise does to them.

Run: python examples/parallel_lines.py
"""

from pathlib import Path

from otgan.lessons import parallel_lines as lesson
from otgan.plot import save

PICTURE = Path(__file__).parent / "out" / "parallel_lines.png"


def main() -> None:
    numbers = lesson.run()
    print(lesson.explain(numbers))
    print("\npicture:", save(lesson.draw(numbers), PICTURE))


if __name__ == "__main__":
    main()
