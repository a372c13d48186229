"""Dragging piles and prices."""

from tests.browser.moves import caption, drag

NAME = "piles-of-dirt"


def test_what_a_pile_gains_the_next_one_loses(opened):
    with opened(NAME) as page:
        first = page.get_by_label("Height of pile 1 of P")
        second = page.get_by_label("Height of pile 2 of P")
        assert "Work: 5 " in caption(page, "piles")
        first.focus()
        for _ in range(4):
            page.keyboard.press("ArrowDown")
        assert first.get_attribute("aria-valuetext") == "2 shovelfuls"
        assert second.get_attribute("aria-valuetext") == "3 shovelfuls"
        assert "Work: 4 " in caption(page, "piles")


def test_a_pile_follows_the_mouse_and_stays_within_what_there_is(opened):
    with opened(NAME) as page:
        drag(page, page.get_by_label("Height of pile 1 of P"), 0, -400)
        assert page.get_by_label("Height of pile 1 of P").get_attribute("aria-valuenow") == "5"
        assert page.get_by_label("Height of pile 2 of P").get_attribute("aria-valuenow") == "0"


def test_prices_prove_the_work_or_nothing(opened):
    with opened(NAME) as page:
        assert "no plan costs less than 0. The work is 5: a gap of 5" in caption(page, "prices")
        page.get_by_role("button", name="Best prices").click()
        assert "no plan costs less than 5" in caption(page, "prices")
        assert "each proves the other" in caption(page, "prices")
        page.get_by_label("Price at pile 4").focus()
        page.keyboard.press("ArrowDown")
        assert "no plan costs less than 4.75. The work is 5" in caption(page, "prices")
        page.get_by_label("Price at pile 2").focus()
        page.keyboard.press("ArrowUp")
        assert "prove nothing" in caption(page, "prices")


def test_divergences_do_not_see_where_piles_stand(opened):
    def table():
        rows = page.locator("#divergences tbody tr").all()
        return {row.locator("th").inner_text(): row.locator("td").inner_text() for row in rows}

    with opened(NAME) as page:
        before = table()
        page.get_by_role("button", name="Swap the last two").click()
        after = table()
        changed = {name for name in before if before[name] != after[name]}
        assert changed == {"W₁, work for one shovelful in all (steps)"}


def test_moves_are_made_one_by_one(opened):
    with opened(NAME) as page:
        said = [caption(page, "moves")]
        for _ in range(3):
            page.get_by_role("button", name="Next move").click()
            said.append(caption(page, "moves"))
        assert said == [
            "Before the first of 3 moves. Pairs that match: 2. Work so far: 0.",
            "Move 1 of 3: 2 from P1 to P2. Pairs that match: 1. Work so far: 2.",
            "Move 2 of 3: 2 from P2 to P3. Pairs that match: 1, 2. Work so far: 4.",
            "Move 3 of 3: 1 from Q3 to Q4. All pairs match. Work so far: 5.",
        ]
        assert page.get_by_label("moves made").input_value() == "3"
        page.get_by_label("Height of pile 1 of P").focus()
        page.keyboard.press("ArrowDown")
        assert "All pairs match. Work so far: 4.75." in caption(page, "moves")
