"""Which objectives, constraints, stabilizers and networks go together, and why others do not."""

from __future__ import annotations

from otgan.errors import InvalidInputError
from otgan.gan.config import GANConfig

__all__ = ["refuse_incompatible"]


def refuse_incompatible(
    config: GANConfig,
    shape: tuple[int, ...],
    *,
    own_critic: bool = False,
    labeled: bool = True,
    processes: int = 1,
) -> None:
    """Raise if settings, resolved by `GANConfig.for_shape`, exclude each other.

    Parameters
    ----------
    config : GANConfig
    shape : tuple of int
        Of one point, (d,) or (c, h, w).
    own_critic : bool
        Whether the critic is the user's.
    labeled : bool
        Whether the data have labels.
    processes : int
        That train together, each on its share of every batch.

    Raises
    ------
    InvalidInputError
        With the two that exclude each other, the reason, and what to do.
    """
    for reason in (
        _objective_and_constraint(config, own_critic),
        _constraint_and_network(config, shape, own_critic),
        _built_in_critic(config, own_critic),
        _constraint_and_batch(config),
        _without_critic(config, own_critic),
        _one_generator_loss(config),
        _labels(config, labeled),
        _shares(config, processes),
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
            f"objective {objective.name!r} must come with a constraint or critic_norm='spectral', "
            "for otherwise the critic's loss has no minimum, got constraint=None; to fix it, pass "
            "constraint='lp'"
        )
    return ""


def _constraint_and_network(config: GANConfig, shape: tuple[int, ...], own_critic: bool) -> str:
    constraint = config.critic_constraint
    if constraint is None or not constraint.builds_own_network:
        return ""
    name = constraint.name
    if own_critic:
        return (
            f"constraint {name!r} must build its own critic, for it holds by the form of that "
            "network, got one of yours; to fix it, leave critic= out, or pass constraint=None if "
            "your critic is Lipschitz by itself"
        )
    if config.network != "mlp" or len(shape) == 3:
        got = f"network={config.network!r}" if config.network != "mlp" else "images"
        other = "critic_norm='spectral', constraint=None" if name == "spectral" else "another one"
        return (
            f"constraint {name!r} must come with vectors and network='mlp', for which its critic "
            f"is made, got {got}; to fix it, pass {other}"
        )
    if config.critic_norm is not None:
        return (
            f"constraint {name!r} must build its own critic, for it holds by the form of that "
            f"network, got critic_norm={config.critic_norm!r}; to fix it, leave one of them out"
        )
    return ""


def _built_in_critic(config: GANConfig, own_critic: bool) -> str:
    """Settings of a built-in critic, where it is the user's or has no such setting."""
    for name in ("critic_norm", "critic_width", "critic_depth"):
        value = getattr(config, name)
        if own_critic and value is not None:
            return (
                f"{name} must be None for a critic of your own, which has the layers that you "
                f"gave it, got {value!r}; to fix it, leave it out, and change your network"
            )
    if config.critic_depth is not None and config.network in ("dcgan", "resnet"):
        return (
            f"critic_depth must be None for network {config.network!r}, whose depth follows from "
            f"the size of the images, got {config.critic_depth}; to fix it, leave it out, or set "
            "critic_width"
        )
    return ""


def _constraint_and_batch(config: GANConfig) -> str:
    constraint = config.critic_constraint
    if constraint is None or not (constraint.needs_pointwise or constraint.builds_own_network):
        return ""
    mixing = [f"stabilizer {s.name!r}" for s in config.chosen_stabilizers if s.mixes_points]
    if config.critic_norm == "batch":
        mixing.insert(0, "critic_norm='batch'")
    if mixing:
        return (
            f"constraint {constraint.name!r} must have a critic that scores every point by itself, "
            f"for it concerns the slope at single points, got {mixing[0]}; to fix it, leave that "
            "out, use critic_norm='layer', or choose another constraint"
        )
    return ""


def _without_critic(config: GANConfig, own_critic: bool) -> str:
    objective = config.played_objective
    if objective.trains_critic:
        return ""
    given = {
        "a critic": own_critic,
        f"critic_norm={config.critic_norm!r}": config.critic_norm is not None,
        f"critic_width={config.critic_width}": config.critic_width is not None,
        f"critic_depth={config.critic_depth}": config.critic_depth is not None,
        f"pack={config.pack}": config.pack > 1,
        f"constraint={config.constraint!r}": config.constraint not in (None, "auto"),
        f"stabilizers={config.stabilizers!r}": bool(config.stabilizers),
        f"critic_optimizer={config.critic_optimizer!r}": config.critic_optimizer is not None,
        f"critic_learning_rate={config.critic_learning_rate!r}": (
            config.critic_learning_rate is not None
        ),
        f"critic_warmup={config.critic_warmup}": config.critic_warmup,
    }
    for what, there in given.items():
        if there:
            return (
                f"objective {objective.name!r} must come without a critic and what belongs to "
                f"one, got {what}; to fix it, leave that out"
            )
    return ""


def _one_generator_loss(config: GANConfig) -> str:
    replacing = [s.name for s in config.chosen_stabilizers if s.replaces_generator_loss]
    if len(replacing) < 2:
        return ""
    return (
        f"one stabilizer at most must replace the generator's loss, got {', '.join(replacing)}; to "
        "fix it, leave out all but one"
    )


def _labels(config: GANConfig, labeled: bool) -> str:
    objective = config.played_objective
    if objective.needs_labels and not labeled:
        return (
            f"objective {objective.name!r} must have labeled data, got data without labels that "
            "are whole numbers; to fix it, pass a torch Dataset of (point, label) items, with the "
            "labels 0, 1, 2, ..."
        )
    if objective.needs_labels and config.pack > 1:
        return (
            f"objective {objective.name!r} must score points one by one, for each has its own "
            f"label, got pack={config.pack}; to fix it, pass pack=1"
        )
    return ""


def _shares(config: GANConfig, processes: int) -> str:
    """Why the mean of the losses on shares of a batch is not that on the batch."""
    if processes == 1:
        return ""
    if config.batch_size % (processes * config.pack):
        packs = f" packs of {config.pack} for each" if config.pack > 1 else ""
        return (
            f"batch_size must be a multiple of the {processes} processes{packs}, got "
            f"{config.batch_size}; to fix it, change one of them"
        )
    constraint, whole = config.critic_constraint, ""
    if not config.played_objective.trains_critic:
        whole = f"objective {config.played_objective.name!r}"
    elif constraint is not None and constraint.replaces_loss:
        whole = f"constraint {constraint.name!r}"
    for stabilizer in config.chosen_stabilizers:
        if stabilizer.mixes_points or stabilizer.replaces_generator_loss:
            whole = f"stabilizer {stabilizer.name!r}"
    if whole:
        return (
            f"the loss must be a mean over points to be trained in {processes} processes, each of "
            f"which sees its share of a batch, got {whole}, which compares the points of the whole "
            "batch; to fix it, train in one process, or leave it out"
        )
    return ""
