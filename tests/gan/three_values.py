"""Two distributions on three values, and the scores that minimize a loss between them."""

import torch

REAL = torch.tensor([0, 0, 0, 0, 0, 1, 1, 1, 2, 2])
FAKE = torch.tensor([0, 1, 1, 1, 2, 2, 2, 2, 2, 2])
"""Which value each point of a batch has."""

P = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
Q = torch.tensor([0.1, 0.3, 0.6], dtype=torch.float64)


def best_scores(loss):
    """The scores of the three values, of which a loss of real and generated scores is least."""
    scores = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [scores],
        max_iter=500,
        tolerance_grad=1e-12,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )

    def closure():
        optimizer.zero_grad()
        value = loss(scores[REAL], scores[FAKE])
        value.backward()
        return value

    optimizer.step(closure)
    return scores.detach()
