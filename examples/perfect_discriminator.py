"""The perfect discriminator: what it is worth, and what it leaves for the generator to climb.

Run: python examples/perfect_discriminator.py
"""

from pathlib import Path

from otgan.lessons import perfect_discriminator as lesson
from otgan.plot import save

PICTURE = Path(__file__).parent / "out" / "perfect_discriminator.png"


def main() -> None:
    numbers = lesson.run()
    print(lesson.explain(numbers))
    print("\npicture:", save(lesson.draw(numbers), PICTURE))


if __name__ == "__main__":
    main()
