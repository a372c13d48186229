"""The settings of papers, and of toy data, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from otgan.errors import InvalidInputError, nearest_name
from otgan.gan.optimizers import SGD, Adam, RMSprop

__all__ = ["PRESETS", "settings_of"]

Settings = dict[str, Any]


def _optimizer(settings: Any) -> Settings:
    return {"generator_optimizer": settings, "critic_optimizer": settings}


def wgan() -> Settings:
    """Arjovsky, Chintala and Bottou, Wasserstein GAN (ICML 2017), Algorithm 1."""
    return {
        "objective": "wasserstein",
        "constraint": "clip",
        "batch_size": 64,
        "n_critic": 5,
        "average": 0.0,
        **_optimizer(RMSprop(learning_rate=5e-5)),
    }


def wgan_gp() -> Settings:
    """Gulrajani et al., Improved training of Wasserstein GANs (NeurIPS 2017), Algorithm 1.

    Its code has betas (0.5, 0.9) for MNIST, CIFAR-10 and toy data.
    """
    return {
        "objective": "wasserstein",
        "constraint": "gp",
        "batch_size": 64,
        "n_critic": 5,
        "average": 0.0,
        **_optimizer(Adam(learning_rate=1e-4, betas=(0.0, 0.9))),
    }


def wgan_lp() -> Settings:
    """Petzka, Fischer and Lukovnikov, On the regularization of Wasserstein GANs (ICLR 2018).

    All but the penalty as WGAN-GP.
    """
    return {**wgan_gp(), "constraint": "lp"}


def sn() -> Settings:
    """Miyato et al., Spectral normalization for GANs (ICLR 2018): CIFAR-10, hinge loss.

    The generator's batches are as large as the critic's; in its code they are twice that.
    """
    return {
        "objective": "hinge",
        "constraint": None,
        "critic_norm": "spectral",
        "batch_size": 64,
        "n_critic": 5,
        "schedule": "linear",
        "average": 0.0,
        "latent_dim": 128,
        **_optimizer(Adam(learning_rate=2e-4, betas=(0.0, 0.9))),
    }


def wgan_div() -> Settings:
    """Wu et al., Wasserstein divergence for GANs (ECCV 2018): weight 2, power 6.

    Optimizer and critic steps are those of its code, whose weight is 10.
    """
    return {
        "objective": "wasserstein",
        "constraint": "div",
        "batch_size": 64,
        "n_critic": 4,
        "average": 0.0,
        **_optimizer(Adam(learning_rate=2e-4, betas=(0.0, 0.9))),
    }


def gan() -> Settings:
    """Goodfellow et al., Generative adversarial nets (NeurIPS 2014), Algorithm 1, with k = 1.

    Its code, for MNIST, has the numbers that the paper leaves open; over 250 epochs it raises the
    momentum to 0.7.
    """
    return {
        "objective": "minimax",
        "constraint": None,
        "batch_size": 100,
        "n_critic": 1,
        "average": 0.0,
        "latent": "uniform",
        "latent_dim": 100,
        **_optimizer(SGD(learning_rate=0.1, momentum=0.5)),
    }


def dcgan() -> Settings:
    """Radford, Metz and Chintala, Unsupervised representation learning with DCGANs (ICLR 2016)."""
    return {
        "objective": "non-saturating",
        "constraint": None,
        "network": "dcgan",
        "critic_norm": "batch",
        "generator_norm": "batch",
        "batch_size": 128,
        "n_critic": 1,
        "average": 0.0,
        "latent": "uniform",
        "latent_dim": 100,
        **_optimizer(Adam(learning_rate=2e-4, betas=(0.5, 0.999))),
    }


def r3gan() -> Settings:
    """Huang et al., The GAN is dead; long live the GAN! (NeurIPS 2024), CIFAR-10.

    These are the values that its code starts with, and the average over five million images that it
    ends with. It divides the weight by ten, the learning rate by four, and raises the second beta
    to 0.99 over twenty million images; augments images, ever more often; and has two residual
    blocks at a size, of 768 channels. What it has for StackedMNIST is not published.
    """
    from otgan.critics.constraints.zero_centered import ZeroCenteredPenalty

    batch_size, half_life = 512, 5e6
    return {
        "objective": "relativistic",
        "constraint": ZeroCenteredPenalty(weight=0.05),
        "network": "resnet",
        "batch_size": batch_size,
        "n_critic": 1,
        "average": 0.5 ** (batch_size / half_life),
        "latent_dim": 64,
        **_optimizer(Adam(learning_rate=2e-4, betas=(0.0, 0.9))),
    }


def toy() -> Settings:
    """Data in the plane, within two minutes.

    The critic sees coarse and fine structure at once, by Fourier features, and learns faster than
    the generator. A large penalty at first spreads points over all clusters; it falls, so that the
    critic can be as steep as narrow clusters are. The learning rates fall sooner: under a small
    penalty and large rates clusters lose their balance again.
    """
    from otgan.critics.constraints.zero_centered import ZeroCenteredPenalty

    return {
        "objective": "relativistic",
        "constraint": ZeroCenteredPenalty(weight=1.0, final_weight=1e-4),
        "network": "fourier",
        "width": 128,
        "depth": 5,
        "critic_width": 64,
        "critic_depth": 2,
        "steps": 25_000,
        "batch_size": 384,
        "n_critic": 1,
        "learning_rate": 1e-3,
        "critic_learning_rate": 6e-3,
        "schedule": "cosine-cubed",
        "average": 0.998,
        "latent_dim": 2,
        "monitor_every": 400,
    }


PRESETS: dict[str, Callable[[], Settings]] = {
    "wgan": wgan,
    "wgan-gp": wgan_gp,
    "wgan-lp": wgan_lp,
    "sn": sn,
    "wgan-div": wgan_div,
    "gan": gan,
    "dcgan": dcgan,
    "r3gan": r3gan,
    "toy": toy,
}


def settings_of(name: str) -> Settings:
    """The settings of that name.

    Raises
    ------
    InvalidInputError
        There is none of that name.
    """
    if not isinstance(name, str) or name not in PRESETS:
        hint = nearest_name(str(name).lower(), list(PRESETS), otherwise="pass one of them")
        raise InvalidInputError(
            f"a preset must be one of {', '.join(PRESETS)}, got {name!r}; to fix it, {hint}"
        )
    return PRESETS[name]()
