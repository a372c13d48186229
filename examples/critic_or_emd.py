"""When to train a critic, and when to compute the exact distance of samples instead.

Run: python examples/critic_or_emd.py (about a minute; with --quick some seconds)
"""

import sys
from pathlib import Path

from otgan.lessons import critic_or_emd as lesson
from otgan.plot import save

PICTURE = Path(__file__).parent / "out" / "critic_or_emd.png"


def main() -> None:
    numbers = lesson.run(quick="--quick" in sys.argv)
    print(lesson.explain(numbers))
    print("\npicture:", save(lesson.draw(numbers), PICTURE))


if __name__ == "__main__":
    main()
