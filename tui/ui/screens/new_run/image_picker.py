"""Choosing the image of a new pool: the service's own list, verified Linux images only, with search."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from tui.core.images import UBUNTU_LTS, ImageChoice
from tui.core.records import ImageInfo
from tui.core.units import local_date_time
from tui.ui.screens.new_run.remote_list import RemoteList
from tui.ui.services import Clock, RunBlocking
from tui.ui.text import joined, safe, toned

_OFFER_WIDTH = 46


class ImageList(RemoteList[ImageInfo]):
    """Verified Linux images whose support has not ended; the tasks are shell commands, which no other image runs."""

    noun: ClassVar[str] = "image"
    empty_text: ClassVar[str] = "The service lists no verified Linux image."
    retry_key: ClassVar[str] = "enter"
    jumps_to_first: ClassVar[bool] = True

    def __init__(self, load: Callable[[], Sequence[ImageInfo]], run_blocking: RunBlocking, clock: Clock) -> None:
        super().__init__(lambda: usable_images(load(), clock.now_s()), run_blocking, clock)
        self._terms: tuple[str, ...] = ()

    def search(self, text: str) -> None:
        """Shows the images that contain every word of `text`."""
        self._terms = tuple(text.lower().split())
        self.show_rows()

    def id_of(self, item: ImageInfo) -> str:
        return str(choice_of(item))

    def select(self, items: Iterable[ImageInfo]) -> Iterable[ImageInfo]:
        return (item for item in items if all(term in _haystack(item) for term in self._terms))

    def row(self, item: ImageInfo) -> Content:
        name = safe(f"{item.reference.publisher} {item.reference.offer} {item.reference.sku}")
        notes = ["default"] if choice_of(item) == UBUNTU_LTS else []
        if item.end_of_life_s is not None:
            notes.append(f"until {local_date_time(item.end_of_life_s)[:10]}")
        shown = Content(f"{name:<{_OFFER_WIDTH}}").truncate(_OFFER_WIDTH, ellipsis=True)
        return joined([shown, toned("✓ verified", "success"), toned(" · ".join(notes), "muted")], "  ")


class ImagePicker(ModalScreen[ImageChoice | None]):
    """Dismissed with the image chosen, or None; the list may still be loading then."""

    CSS_PATH = "../../styles/new_run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close", id="image-picker.close", tooltip="Keep the image as it is"),
        Binding("down", "move(1)", "Down", show=False, id="image-picker.down", tooltip="The next image"),
        Binding("up", "move(-1)", "Up", show=False, id="image-picker.up", tooltip="The image before"),
    ]

    def __init__(
        self,
        load: Callable[[], Sequence[ImageInfo]],
        run_blocking: RunBlocking,
        clock: Clock,
        current: ImageChoice,
    ) -> None:
        super().__init__()
        self._list = ImageList(load, run_blocking, clock)
        self._search = Input(placeholder="type to search: ubuntu 24, debian, alma…", compact=True)
        self._current = current

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "image of the new pool"
            yield self._search
            yield self._list.status
            yield self._list
            yield Static("enter chooses   esc keeps the one there is", classes="keys")

    def on_mount(self) -> None:
        self._list.highlight(str(self._current))
        self._list.load_once()
        self._search.focus()

    @on(Input.Changed)
    def _on_typed(self, message: Input.Changed) -> None:
        self._list.search(message.value)

    @on(Input.Submitted)
    def _on_submitted(self) -> None:
        self._choose()

    @on(OptionList.OptionSelected)
    def _on_selected(self) -> None:
        self._choose()

    def _choose(self) -> None:
        image = self._list.chosen
        if image is not None:
            self.dismiss(choice_of(image))
        elif not self._list.items:
            self._list.action_reload()

    def action_move(self, by: int) -> None:
        """The arrows move in the list while the search has the focus."""
        if by > 0:
            self._list.action_cursor_down()
        else:
            self._list.action_cursor_up()


def usable_images(images: Iterable[ImageInfo], now_s: float) -> tuple[ImageInfo, ...]:
    """Verified, Linux, supported; one an offer and SKU, Ubuntu's default first, then by name, newest first."""
    usable = {
        str(choice_of(image)): image
        for image in images
        if image.is_verified
        and image.os_type.lower() == "linux"
        and (image.end_of_life_s is None or image.end_of_life_s > now_s)
    }
    newest_first = sorted(usable.values(), key=_haystack, reverse=True)
    by_publisher = sorted(newest_first, key=lambda image: image.reference.publisher)
    return tuple(sorted(by_publisher, key=lambda image: choice_of(image) != UBUNTU_LTS))


def choice_of(image: ImageInfo) -> ImageChoice:
    return ImageChoice(image.reference.publisher, image.reference.offer, image.reference.sku)


def _haystack(image: ImageInfo) -> str:
    reference = image.reference
    return f"{reference.publisher} {reference.offer} {reference.sku} {image.node_agent_sku_id}".lower()
