"""Kantorovich and Rubinstein: every critic is below every plan, and the best of both meet.

Run: python examples/kantorovich_rubinstein.py
"""

from pathlib import Path

from otgan.lessons import kantorovich_rubinstein as lesson
from otgan.plot import save

PICTURE = Path(__file__).parent / "out" / "kantorovich_rubinstein.png"


def main() -> None:
    numbers = lesson.run()
    print(lesson.explain(numbers))
    print("\npicture:", save(lesson.draw(numbers), PICTURE))


if __name__ == "__main__":
    main()
