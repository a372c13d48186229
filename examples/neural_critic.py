"""A neural critic beside the exact number: what it shows, what that means, how it looks.

Run: python examples/neural_critic.py (about a minute; with --quick some seconds)
"""

import sys
from pathlib import Path

from otgan.lessons import neural_critic as lesson
from otgan.plot import save

PICTURE = Path(__file__).parent / "out" / "neural_critic.png"


def main() -> None:
    numbers = lesson.run(quick="--quick" in sys.argv)
    print(lesson.explain(numbers))
    print("\npicture:", save(lesson.draw(numbers), PICTURE))


if __name__ == "__main__":
    main()
