"""What a run's report says of bounds that an untrained critic reaches."""

import otgan
from otgan import GANConfig
from otgan.gan.report import write_report


def test_a_run_measures_what_the_zero_critic_proves_and_its_report_says_so(tmp_path):
    config = GANConfig(
        steps=2, n_critic=1, width=8, depth=1, monitor_every=1, monitor_points=64, batch_size=16,
        evaluation_points=32, device="cpu",
    )  # fmt: skip
    run = otgan.train_gan("ring8", config, out=tmp_path / "run")
    last = run.records[-1]
    assert 0 < last.lower_zero <= last.lower <= last.exact_w1
    page = write_report(tmp_path / "run").read_text()
    assert f"a critic that is zero everywhere {last.lower_zero / last.exact_w1:.1%}" in page
    assert "{" not in page.partition("Settings:")[2] and "None" not in page
