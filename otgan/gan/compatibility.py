"""Which objectives, constraints, stabilizers and networks go together, and why others do not."""

from __future__ import annotations

from otgan.critics.constraints.penalties import PenalizedSlope
from otgan.critics.constraints.zero_centered import ZeroCenteredPenalty
from otgan.errors import InvalidInputError
from otgan.gan.config import GANConfig

__all__ = ["refuse_incompatible"]


def refuse_incompatible(
    config: GANConfig,
    *,
    own_critic: bool = False,
    labeled: bool = True,
) -> None:
    """Raise if settings, resolved by `GANConfig.for_shape`, exclude each other.

    Parameters
    ----------
    config : GANConfig
    own_critic : bool
        Whether the critic is the user's.
    labeled : bool
        Whether the data have labels.

    Raises
    ------
    InvalidInputError
        With the two that exclude each other, the reason, and what to do.
    """
    for reason in (
        _objective_and_constraint(config, own_critic),
        _constraint_and_network(config, own_critic),
        _batch_statistics(config),
        _without_critic(config, own_critic),
        _labels(config, labeled),
    ):
        if reason:
            raise InvalidInputError(reason)


def _objective_and_constraint(config: GANConfig, own_critic: bool) -> str:
    objective, constraint = config.played_objective, config.critic_constraint
    if constraint is not None and constraint.replaces_loss and objective.name != "wasserstein":
        return (
            f"constraint {constraint.name!r} must come with the objective 'wasserstein', whose "
            f"loss it replaces, got {objective.name!r}; to fix it, change one of them"
        )
    free = constraint is None and config.critic_norm != "spectral" and not own_critic
    if objective.trains_critic and not objective.bounded_without_constraint and free:
        return (
            f"objective {objective.name!r} must come with a constraint, for without one the "
            "critic's loss has no minimum, got constraint=None; to fix it, pass "
            "constraint='lp', or critic_norm='spectral'"
        )
    return ""


def _constraint_and_network(config: GANConfig, own_critic: bool) -> str:
    constraint = config.critic_constraint
    if constraint is None or not (constraint.builds_own_network or constraint.replaces_loss):
        return ""
    name = constraint.name
    if own_critic and constraint.builds_own_network:
        return (
            f"constraint {name!r} must build its own critic, for it holds by the form of that "
            "network, got one of yours; to fix it, leave critic= out, or pass constraint=None if "
            "your critic is Lipschitz by itself"
        )
    if config.network != "mlp" and not own_critic:
        return (
            f"constraint {name!r} must come with vectors and network='mlp', for which its critic "
            f"is made, got network={config.network!r}; to fix it, pass "
            + ("critic_norm='spectral', constraint=None" if name == "spectral" else "another one")
        )
    if config.critic_norm is not None:
        return (
            f"constraint {name!r} must build its critic without a norm, got critic_norm="
            f"{config.critic_norm!r}; to fix it, leave one of them out"
        )
    if config.pack > 1 and constraint.replaces_loss:
        return (
            f"constraint {name!r} must see single points, got pack={config.pack}; to fix it, pass "
            "pack=1"
        )
    return ""


def _batch_statistics(config: GANConfig) -> str:
    constraint = config.critic_constraint
    penalizes = isinstance(constraint, (PenalizedSlope, ZeroCenteredPenalty))
    if constraint is None or not (penalizes or constraint.builds_own_network):
        return ""
    mixing = [f"stabilizer {s.name!r}" for s in config.chosen_stabilizers if s.mixes_points]
    if config.critic_norm == "batch":
        mixing.insert(0, "critic_norm='batch'")
    if mixing:
        return (
            f"constraint {constraint.name!r} must have a critic that scores every point by itself, "
            f"for it bounds the slope at single points, got {mixing[0]}; to fix it, "
            "use critic_norm='layer', or a constraint that is not a penalty"
        )
    return ""


def _without_critic(config: GANConfig, own_critic: bool) -> str:
    objective = config.played_objective
    if objective.trains_critic:
        return ""
    given = {
        "a critic": own_critic,
        f"critic_norm={config.critic_norm!r}": config.critic_norm is not None,
        f"pack={config.pack}": config.pack > 1,
        f"constraint={config.constraint!r}": config.constraint not in (None, "auto"),
        f"stabilizers={config.stabilizers!r}": bool(config.stabilizers),
    }
    for what, there in given.items():
        if there:
            return (
                f"objective {objective.name!r} must come without a critic and what belongs to "
                f"one, got {what}; to fix it, leave that out"
            )
    return ""


def _labels(config: GANConfig, labeled: bool) -> str:
    objective = config.played_objective
    if objective.needs_labels and not labeled:
        return (
            f"objective {objective.name!r} must have labeled data, got data without labels; to fix "
            "it, pass a torch Dataset of (point, label) items"
        )
    return ""
