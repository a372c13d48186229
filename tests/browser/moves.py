"""What a hand does on a page, and where it reads."""


def caption(page, figure):
    """What a figure says of itself."""
    return page.locator(f"#{figure} figcaption").inner_text()


def slide(page, label, key, times=1):
    """Press a key on a slider."""
    page.get_by_label(label, exact=True).focus()
    for _ in range(times):
        page.keyboard.press(key)


def drag(page, handle, dx, dy):
    """Drag a handle by so many pixels."""
    handle.scroll_into_view_if_needed()
    box = handle.locator(".knob").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2)
    page.mouse.move(x + dx, y + dy)
    page.mouse.up()
