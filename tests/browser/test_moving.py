"""What a student does on a page, and what it then says."""

import re

import pytest

from tests.browser.moves import caption, drag, slide
from tests.lessons.cached import numbers_of


def test_js_of_parallel_lines_moves_only_with_noise(opened):
    with opened("parallel-lines") as page:
        assert "JS = 0.6931 and flat" in caption(page, "curves")
        drag(page, page.get_by_label("Place of segment Q"), -60, 0)
        assert "JS = 0.6931 and flat" in caption(page, "curves")
        assert "W₁ = 1," not in caption(page, "curves")
        slide(page, "σ, deviation of the noise", "End")
        assert "flat" not in caption(page, "curves")
        slide(page, "θ, how far Q is to the right", "Home")
        assert "θ = −2: W₁ = 2, JS = 0.3368 with slope −0.2248" in caption(page, "curves")


def test_far_gaussians_leave_js_without_a_slope(opened):
    with opened("gaussians-apart") as page:
        slide(page, "δ, mean of Q", "End")
        assert "JS pulls with 2.23 × 10⁻⁶" in caption(page, "slopes")
        assert "W₁ with 1." in caption(page, "slopes")
        slide(page, "σ, deviation of Q", "End")
        assert "deviation 4" in caption(page, "densities")


def test_a_far_generator_races_last_with_the_saturating_loss(opened):
    with opened("perfect-discriminator") as page:
        slide(page, "δ, how far the generator is off", "End")
        assert "log(1 − D*) pulls with 3.93 × 10⁻⁴" in caption(page, "slopes")
        assert "8 with log(1 − D*)" in caption(page, "race")
        assert "0 with W₁" in caption(page, "race")


def test_a_discriminator_learns_and_leaves_no_gradient(opened):
    with opened("what-a-discriminator-learns") as page:
        page.get_by_label("two", exact=True).select_option(label="lines in space")
        slide(page, "steps of the discriminator", "End")
        assert "do not meet: after 300 steps 0 of these" in caption(page, "sets")
        assert "none of 100,000 new points is mistaken" in caption(page, "mistakes")
        drag(page, page.get_by_label("Direction from which the sets are seen"), 60, 0)
        assert "Turned by −30°" not in caption(page, "sets")
        slide(page, "steps of its critics", "End")
        vanished = caption(page, "losses")
        assert "slope of log(1 − D) is" in vanished and "× 10⁻" in vanished
        page.get_by_label("the ring lies in", exact=True).select_option("2")
        assert "× 10⁻" not in caption(page, "losses")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_a_game_is_played_at_once_or_step_by_step(opened, motion):
    from playwright.sync_api import expect

    with opened("xy-game", reduced_motion=motion) as page:
        steps = page.get_by_label("steps", exact=True)
        page.get_by_role("button", name="Play").click()
        if motion == "reduce":
            assert steps.input_value() == "200"
        else:
            assert int(steps.input_value()) < 200
            expect(steps).to_have_value("200", timeout=20_000)
        assert "2.705 (both at once)" in caption(page, "radii")


def test_a_game_begins_where_its_start_is_dragged(opened):
    with opened("xy-game") as page:
        drag(page, page.get_by_label("Where both players start"), 50, 50)
        assert "from (1, 1)" not in caption(page, "paths")
        slide(page, "η, step size", "ArrowRight")
        assert "1.00603" in page.inner_text("#numbers")


def test_critics_rise_to_plans(opened):
    def bounds(page):
        numbers = re.findall(r"[−\d.]+(?= and | *[.] )", caption(page, "bounds").replace("−", "-"))
        return [float(number) for number in numbers[:2]]

    with opened("kantorovich-rubinstein") as page:
        scores = [bounds(page)[0]]
        for _ in range(3):
            page.get_by_role("button", name="One step up").click()
            scores.append(bounds(page)[0])
        assert scores[-1] > scores[0]
        slide(page, "plan: from each to all, or the best", "End")
        assert scores[-1] < bounds(page)[1]
        page.get_by_role("button", name="Best critic").click()
        assert "They meet" in caption(page, "bounds")
        drag(page, page.get_by_label("Height at point 3 of y"), 0, 30)
        assert "A gap of" in caption(page, "bounds")
        page.get_by_role("button", name="Best critic").click()
        before = bounds(page)[1]
        drag(page, page.get_by_label("Point 2 of y", exact=True), -30, 30)
        score, cost = bounds(page)
        assert score <= cost != before


def test_two_prices_become_one_function(opened):
    with opened("two-halves-of-duality") as page:
        earned = []
        for name in ("f ← the lowest V", "g ← the same from below") * 2:
            page.get_by_role("button", name=name).click()
            earned.append(re.findall(r"earn ([\d.]+),", caption(page, "prices"))[0])
        assert earned == ["1.25", "1.5", "1.5", "1.5"]
        page.get_by_role("button", name="Best prices").click()
        assert "W₁ is 1.75: no prices earn more" in caption(page, "prices")
        page.get_by_label("Point 2 of x and its price f").focus()
        page.keyboard.press("ArrowUp")
        assert "prove nothing" in caption(page, "prices")
        assert "not allowed" in page.inner_text("#chain")
        page.get_by_role("button", name="Start again").click()
        drag(page, page.get_by_label("Point 4 of y and its price g"), 40, 0)
        assert "W₁ is 1.75." not in caption(page, "prices")


def test_a_critic_is_read_over_its_slope(opened):
    with opened("two-halves-of-duality") as page:
        assert "scores 2.5 and is as steep as 2.5, so W₁ is at least 1." in caption(page, "critic")
        slide(page, "multiply the critic by (log scale)", "End")
        assert "scores 25 and is as steep as 25, so W₁ is at least 1." in caption(page, "critic")
        assert page.inner_text("#readings").count("above W₁") == 1
        page.get_by_label("Height of the critic at −4").focus()
        page.keyboard.press("ArrowUp")
        assert "scores 25 " not in caption(page, "critic")


def test_a_graph_stays_out_of_a_cone_or_does_not(opened):
    with opened("two-halves-of-duality") as page:
        assert "stays out" in caption(page, "cone")
        page.get_by_label("function", exact=True).select_option("square")
        assert "the graph is in it" in caption(page, "cone")
        assert "least K of x² is 4." in caption(page, "cone")
        slide(page, "K, slope of the cone", "End")
        assert "stays out" in caption(page, "cone")
        slide(page, "the interval is from −R to R, R", "End")
        assert "the graph is in it" in caption(page, "cone")
        page.get_by_label("function", exact=True).select_option("root")
        assert "no K at all" in caption(page, "cone")


def test_algorithm_1_is_stepped_through_line_by_line(opened):
    with opened("algorithm-1") as page:
        seen = []
        for _ in range(28):
            page.get_by_role("button", name="Next line").click()
            current = page.locator("#listing tr[aria-current=step] th").inner_text()
            seen.append(int(current))
        assert seen == [3, 4, 5, 6, 7] * 5 + [9, 10, 12]
        assert "After 1 iterations: P_g is N(−2.9" in page.inner_text("#now")
        page.get_by_role("button", name="Next line").click()
        assert "Iteration 2, line 3, t = 0: 64 real points" in page.inner_text("#now")
        for _ in range(3):
            page.get_by_role("button", name="Next line").click()
        assert "line 6" in page.inner_text("#now")
        assert "wait for line 7" in caption(page, "weights")
        page.get_by_role("button", name="Play").click()
        one = numbers_of("algorithm-1").training
        assert f"W₁ is {one.w1[-1]:.4g}" in page.inner_text("#now")


def test_settings_of_algorithm_1_may_leave_no_gradient(opened):
    with opened("algorithm-1") as page:
        assert "no gradient" not in caption(page, "w1")
        slide(page, "c, half of the window (log scale)", "ArrowLeft", times=8)
        assert "the generator has no gradient at all" in caption(page, "w1")
        slide(page, "iterations done", "End")
        assert "The critic is constant here" in caption(page, "line")
        page.get_by_role("button", name="As at first").click()
        assert "no gradient" not in caption(page, "w1")


def test_a_light_penalty_shows_too_much_and_says_by_how_much(opened):
    with opened("neural-critic") as page:
        slide(page, "weight of the penalty (log scale)", "Home")
        assert "weight 0.1 a perfect critic shows 23.03, not 2" in caption(page, "gaps")
        assert caption(page, "gaps").endswith("that is 2.")
        slide(page, "width of the network (log scale)", "End")
        assert "width 512 exceeds 0.2621" in caption(page, "clipped")


def test_training_is_stepped_through(opened):
    with opened("neural-critic") as page:
        slide(page, "steps of training", "Home")
        first = caption(page, "curve")
        slide(page, "steps of training", "End")
        assert caption(page, "curve") != first
        page.get_by_label("what keeps the critic").select_option(label="orthogonal")
        last = numbers_of("neural-critic").on_line[-1].steps[-1]
        assert caption(page, "curve").startswith(f"orthogonal: after {last} steps")


def test_a_narrow_window_flattens_deep_critics(opened):
    with opened("clipping-and-penalties") as page:
        slide(page, "c, half the window", "Home")
        assert "12 hidden layers it vanishes" in caption(page, "norms")
        assert "flat to the last digit" in caption(page, "clipped-surface")
        slide(page, "c, half the window", "End")
        assert "it explodes" in caption(page, "norms")
        page.get_by_label("hidden layers", exact=True).select_option("3")
        assert "neither vanishes nor explodes" in caption(page, "norms")
        before = caption(page, "clipped-weights")
        slide(page, "steps of training", "Home")
        assert "after 0 steps" in caption(page, "clipped-weights") != before


def test_more_dimensions_take_samples_apart(opened):
    def error(page):
        words = caption(page, "errors").replace("−", "-")
        return float(re.findall(r"off by \+?(\S+) %", words)[0])

    with opened("critic-or-emd") as page:
        high = error(page)
        slide(page, "n, points of each sample", "Home")
        assert error(page) > high > 80
        slide(page, "d, dimensions", "Home")
        assert abs(error(page)) < high / 4


def test_samples_of_one_distribution_lie_apart(opened):
    with opened("how-sure-are-you") as page:
        slide(page, "n, points of each sample (log scale)", "Home")
        assert "two samples of 2 points of N(0, 1) lie 0.9304 apart" in caption(page, "floor")
        slide(page, "pairs of samples drawn", "End")
        held = caption(page, "intervals")
        page.get_by_label("95 % intervals by").select_option(index=2)
        assert caption(page, "intervals") != held
        slide(page, "shift between N(0, 1) and N(shift, 1)", "End")
        assert "truth, shift²/2: 50" in caption(page, "kl")


def test_distances_see_changes_differently(opened):
    with opened("which-distance") as page:
        page.get_by_label("change", exact=True).select_option("humps")
        slide(page, "its size", "End")
        assert "smallest to Fréchet, like a shift of 0σ" in caption(page, "bars")
        page.get_by_label("change", exact=True).select_option("disjoint")
        assert "further than any shift" in caption(page, "bars")
        page.get_by_label("distance", exact=True).select_option("w1")
        assert "0.5, 1, 2, 3, 5, 10 (σ)" in caption(page, "growth")


def test_a_ring_collapses_and_seeds_disagree(opened):
    with opened("mode-collapse-and-its-cures") as page:
        assert "8 of 8 modes" in caption(page, "with")
        slide(page, "generator steps", "Home")
        assert "Step 50, wasserstein: 0 of 8 modes" in caption(page, "with")
        first = caption(page, "seeds")
        slide(page, "run", "ArrowRight")
        assert "Seed 1 is ringed" in caption(page, "seeds") != first
        page.get_by_label("experiment").select_option(index=2)
        page.get_by_label("number", exact=True).select_option("debiased_w1")
        page.get_by_label("learning rate").select_option("0.003")
        assert "only served to choose" in caption(page, "seeds")
        assert page.get_by_label("run", exact=True).get_attribute("max") == "1"


def test_a_loss_is_followed_through_a_training(opened):
    with opened("does-the-loss-mean-anything") as page:
        assert "first 20 measurements" in caption(page, "order-1")
        slide(page, "measurement", "Home")
        assert "takes 4 measurements at least" in caption(page, "order-1")
        slide(page, "measurement", "ArrowRight", times=3)
        assert "over the first 4 measurements" in caption(page, "order-1")
        page.get_by_label("which loss").select_option("generator_loss")
        assert "generator's loss" in caption(page, "curves-0")
        first = caption(page, "seeds")
        slide(page, "run", "End")
        assert caption(page, "seeds").startswith("Run 5, ringed: minimax") and first[:5] == "Run 1"
        page.get_by_label("with which distance").select_option("frechet")
        page.get_by_label("loss", exact=True).select_option("critic_loss")
        assert "Most telling in the mean: wasserstein, lp, −0.98" in caption(page, "seeds")


def test_claims_are_stepped_through(opened):
    numbers = numbers_of("gan-and-wgan-side-by-side")
    with opened("gan-and-wgan-side-by-side") as page:
        slide(page, "claim", "End")
        last = numbers.claims[-1]
        assert caption(page, "claim").startswith(f"“{last.text}”: {last.verdict}.")
        slide(page, "run", "ArrowRight")
        page.get_by_label("critic of").select_option(label="WGAN")
        assert caption(page, "scores").startswith("WGAN: scores from")
        page.get_by_label("shown").select_option("sigmoid")
        assert caption(page, "scores").startswith("WGAN: values from 0.5")
        assert "seconds a step" in page.inner_text("#claims")
