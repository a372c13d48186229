"""Cards that turn, by mouse and by keys; and a page in the frame that a notebook shows."""

from typing import Any

import pytest

from otgan.lessons.mistakes import KINDS, mistakes, texts
from tests.browser.conftest import html
from tests.browser.moves import caption, slide

CARDS = mistakes()


def card(page):
    return page.inner_text("#card")


def test_a_card_shows_its_answer_once_it_is_turned(opened):
    first, second = CARDS[:2]
    with opened("find-the-mistake") as page:
        assert first.says in card(page) and KINDS[first.kind] in card(page)
        assert first.right not in page.inner_text("body")
        turn = page.get_by_role("button", name="Turn the card")
        assert turn.get_attribute("aria-expanded") == "false"
        turn.click()
        assert first.right in card(page) and first.shows in card(page) and first.code in card(page)
        back = page.get_by_role("button", name="Turn it back")
        assert back.get_attribute("aria-expanded") == "true"
        page.get_by_role("button", name="Next").click()
        assert second.says in card(page) and second.right not in card(page)


def test_cards_are_gone_through_and_turned_by_keys_alone(opened):
    with opened("find-the-mistake") as page:
        slide(page, "card", "ArrowRight", 2)
        assert CARDS[2].says in card(page)
        slide(page, "card", "End")
        page.keyboard.press("Tab")  # Previous
        page.keyboard.press("Tab")  # Turn the card
        page.keyboard.press("Enter")
        assert CARDS[-1].right in card(page)
        page.keyboard.press("Enter")
        assert CARDS[-1].right not in card(page)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # Next, which is the first again
        assert CARDS[0].says in card(page)


@pytest.mark.parametrize("letter", texts())
def test_cards_of_one_text(opened, letter):
    of_text = [card for card in CARDS if card.text == letter]
    with opened("find-the-mistake") as page:
        page.get_by_label("cards from").select_option(letter)
        assert f"1 of {len(of_text)}" in page.inner_text("#controls")
        assert of_text[0].says in card(page)
        page.get_by_role("button", name="Previous").click()
        assert of_text[-1].says in card(page)


def test_every_card_fits_a_phone(opened):
    with opened("find-the-mistake", viewport={"width": 400, "height": 800}) as page:
        for _ in CARDS:
            page.get_by_role("button", name="Turn the card").click()
            assert page.evaluate(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            )
            page.get_by_role("button", name="Next").click()


def test_a_label_and_epsilon_move_the_charts(opened):
    with opened("find-the-mistake") as page:
        slide(page, "label of generated points", "Home")
        assert "says 0, so they are told to leave" in caption(page, "labels")
        slide(page, "ε, fraction of the data", "End")
        assert "With ε = 1, points between have their mean at −2" in caption(page, "between")


def test_a_page_works_in_the_frame_of_a_notebook(chromium, tmp_path):
    file = tmp_path / "notebook.html"
    shown: Any = html("xy-game")
    frame = f"<!DOCTYPE html><meta charset=utf-8>{shown._repr_html_()}"
    file.write_text(frame, encoding="utf-8")
    page = chromium.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(file.as_uri())
    inside = page.frame_locator("iframe")
    inside.locator("html[data-ready=true]").wait_for(state="attached", timeout=5000)
    inside.get_by_role("button", name="One step").click()
    assert "After 41 steps" in inside.locator("#paths figcaption").inner_text()
    assert complaints == []
    page.close()
