"""The neural Kantorovich dual: critics, what keeps them Lipschitz, and what they are worth."""

from otgan.errors import require

require("torch", extra="torch", purpose="training a critic")
