"""What holds for the page of every lesson in a browser."""

import json

import pytest

from otgan.lessons import LESSONS

SERIOUS = {"serious", "critical"}


@pytest.mark.parametrize("name", LESSONS)
def test_it_opens_without_a_complaint_or_a_request(opened, name):
    with opened(name) as page:
        assert page.locator("figure svg[role=img]").count() >= 1
        assert "NaN" not in page.inner_text("body") and "undefined" not in page.inner_text("body")


@pytest.mark.parametrize("name", LESSONS)
@pytest.mark.parametrize(
    "screen",
    [
        pytest.param({"viewport": {"width": 400, "height": 800}}, id="400 px"),
        pytest.param(
            {"viewport": {"width": 640, "height": 480}, "device_scale_factor": 2}, id="200 %"
        ),
    ],
)
def test_nothing_scrolls_sideways(opened, name, screen):
    with opened(name, **screen) as page:
        width, room = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert width <= room


@pytest.mark.parametrize("name", LESSONS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(opened, name, scheme):
    from axe_playwright_python.sync_playwright import Axe

    with opened(name, color_scheme=scheme) as page:
        found = Axe().run(page).response["violations"]
        serious = [v for v in found if v["impact"] in SERIOUS]
        assert not serious, json.dumps(
            [(v["id"], v["nodes"][0]["html"], v["nodes"][0]["failureSummary"]) for v in serious]
        )


@pytest.mark.parametrize("name", LESSONS)
def test_pictures_and_controls_have_words(opened, name):
    with opened(name) as page:
        pictures = page.locator("figure")
        for k in range(pictures.count()):
            figure = pictures.nth(k)
            caption = figure.locator("figcaption").inner_text()
            assert len(caption) > 20
            assert figure.locator("svg[role=img]").get_attribute("aria-label") == caption
        assert page.locator("svg:not([role])").evaluate_all(
            "all => all.every(svg => svg.closest('[role=img]'))"
        )
        for slider in page.locator("[role=slider]").all():
            assert slider.get_attribute("aria-label") and slider.get_attribute("aria-valuetext")


def value_at(slider, part):
    """Of a slider that is clicked this far to the right."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    slider.click(position={"x": part * box["width"], "y": box["height"] / 2})
    return float(slider.input_value())


@pytest.mark.parametrize("name", LESSONS)
def test_every_control_moves_by_keys_and_mouse(opened, name):
    with opened(name) as page:
        sliders = page.locator("input[type=range]")
        for k in range(sliders.count()):
            slider = sliders.nth(k)
            slider.focus()
            before = slider.input_value()
            page.keyboard.press("ArrowRight" if before != slider.get_attribute("max") else "Home")
            assert slider.input_value() != before
            assert value_at(slider, 0.25) < value_at(slider, 0.75)
        handles = page.locator("[role=slider]")
        for k in range(min(handles.count(), 4)):
            handle = handles.nth(k)
            handle.focus()
            before = handle.get_attribute("aria-valuetext")
            full = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
            page.keyboard.press("ArrowDown" if full else "ArrowUp")
            assert handle.get_attribute("aria-valuetext") != before
        assert "NaN" not in page.inner_text("body")
