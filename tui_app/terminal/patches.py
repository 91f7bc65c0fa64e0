"""Every private name of Textual that mailsluice replaces, overrides or reads, and the one call that installs them.

Textual is pinned exactly. A new version may be used when `tests/terminal/test_patches.py` passes with it: each hook of
`HOOKS` has a contract test there, and a test fails for a private name that is used without being listed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import Monochrome, NoColor
from textual.screen import Screen
from textual.strip import Strip

from tui_app.terminal.input_decoder import PasteSafeDecoder
from tui_app.terminal.key_parser import KeyParser
from tui_app.terminal.output_filter import render_without_controls
from tui_app.terminal.resize import start_with_debounced_sizes
from tui_app.terminal.writer import NonBlockingWriter

if TYPE_CHECKING:
    from rich.color import ColorSystem
    from rich.console import Console
    from textual.app import App


class Hook(NamedTuple):
    """One private name: where it is in Textual or Rich, the modules below `tui_app` that use it, and what for."""

    name: str
    used_in: tuple[str, ...]
    purpose: str


_RENDERER: Final = ("terminal.renderer",)
_SHUTDOWN: Final = ("terminal.shutdown",)
_TABLE: Final = ("widgets.virtual_table",)
_TABLES: Final = ("widgets.virtual_table", "widgets.table")

HOOKS: Final = (
    # Replaced by install().
    Hook("linux_driver.getincrementaldecoder", ("terminal.patches",), "a paste presses no key, bad bytes end nothing"),
    Hook("linux_driver.XTermParser", ("terminal.patches",), "esc and a key at once are two keys"),
    Hook("XTermParser._sequence_to_key_events", ("terminal.key_parser",), "esc and a key at once are two keys"),
    Hook("textual._xterm_parser", ("terminal.key_parser",), "the parser of what is typed"),
    Hook("linux_driver.WriterThread", ("terminal.patches",), "a terminal that takes nothing blocks nothing"),
    Hook("LinuxDriver.start_application_mode", ("terminal.patches", "terminal.resize"), "sizes are heard on the loop"),
    Hook("Strip.render", ("terminal.patches", "terminal.output_filter"), "no control reaches the terminal"),
    Hook("Strip._segments", ("terminal.output_filter",), "the text that is filtered"),
    Hook("Strip._render_cache", ("terminal.output_filter",), "a strip is filtered once"),
    Hook("App._modes", ("terminal.patches",), "the first stack of screens is gone back to"),
    # Colours.
    Hook("App._filters", ("terminal.patches",), "NO_COLOR with the terminal's own colours draws no greys"),
    Hook("Console._color_system", ("terminal.patches",), "how many colours the terminal has"),
    Hook("Style._attributes", ("terminal.sgr",), "attributes as bits"),
    Hook("Style._set_attributes", ("terminal.sgr",), "attributes as bits"),
    Hook("Style._color", ("terminal.sgr",), "the foreground"),
    Hook("Style._bgcolor", ("terminal.sgr",), "the background"),
    # Frames.
    Hook("App._display", _RENDERER, "every frame passes here"),
    Hook("App._background_screens", _RENDERER, "a whole frame needs the screens below"),
    Hook("App._batch_count", _RENDERER, "a batch draws nothing"),
    Hook("App._running", (*_RENDERER, *_SHUTDOWN), "an app that does not run draws nothing"),
    Hook("App._closed", _RENDERER, "a closed app draws nothing"),
    Hook("App._sync_available", _RENDERER, "whether the terminal knows synchronised updates"),
    Hook("Screen._compositor", _RENDERER, "makes a whole frame"),
    Hook("Screen._on_idle", ("screens.frame",), "a key is answered by a frame of its own"),
    Hook("Screen._on_timer_update", ("screens.frame",), "a key is answered by a frame of its own"),
    Hook("textual._compositor", ("terminal.renderer", "terminal.screen_buffer"), "the two kinds of frames"),
    Hook("textual._ansi_sequences", _RENDERER, "begin and end of a synchronised update"),
    # The driver.
    Hook("App._build_driver", _RENDERER, "start and stop of the driver are watched"),
    Hook("App._driver", (*_RENDERER, *_SHUTDOWN), "what writes to the terminal, and reads it"),
    Hook("App._size", _RENDERER, "the last known size"),
    Hook("App._on_resize", _RENDERER, "a size without news repaints too"),
    Hook("App._set_pointer_shape", _RENDERER, "nothing about the pointer is written while the mouse is off"),
    Hook("Driver._mouse", _RENDERER, "whether the mouse is on"),
    Hook("LinuxDriver._in_band_window_resize", _RENDERER, "whether the terminal reports its size"),
    Hook("LinuxDriver._get_terminal_size", _RENDERER, "the size now"),
    Hook("LinuxDriver._writer_thread", _RENDERER, "whether the terminal is behind"),
    Hook("App._check_bindings", ("app",), "a key that nothing took says so"),
    # Accounts.
    Hook("App._screen_stacks", ("account_switcher",), "a plan is told of to its screen, whichever account is shown"),
    # The end.
    Hook("App._handle_exception", (*_SHUTDOWN, "app"), "an error ends the console in one way"),
    Hook("App._fatal_error", _SHUTDOWN, "no traceback with data on the terminal"),
    Hook("App._exception", _SHUTDOWN, "the error that is reported"),
    Hook("App._exit_renderables", _SHUTDOWN, "the last sentence"),
    Hook("App._return_code", _SHUTDOWN, "the exit code"),
    Hook("App._close_messages_no_wait", _SHUTDOWN, "ends the app"),
    # Widgets.
    Hook("Input._on_paste", ("widgets.inputs",), "a paste into a line is made one line"),
    Hook("DataTable._data", _TABLE, "rows are made when they are drawn"),
    Hook("DataTable._row_locations", _TABLE, "rows are made when they are drawn"),
    Hook("DataTable._y_offsets", _TABLE, "rows are made when they are drawn"),
    Hook("DataTable._update_count", _TABLES, "part of the keys of its caches"),
    Hook("DataTable._clear_caches", _TABLES, "other rows, other text"),
    Hook("DataTable._highlight_cursor", _TABLE, "the cursor of a table that was empty"),
    Hook("DataTable._show_hover_cursor", _TABLES, "styles of a row"),
    Hook("DataTable._get_row_region", _TABLE, "a row's place without a look at all rows"),
    Hook("DataTable._get_cell_region", _TABLE, "a cell's place without a look at all rows"),
    Hook("DataTable._get_row_style", _TABLE, "styles of a row"),
    Hook("DataTable._get_styles_to_render_cell", _TABLE, "styles of a row"),
    Hook("DataTable._update_column_widths", _TABLE, "widths are given, not measured"),
    Hook("DataTable._render_line", _TABLE, "one row is drawn at once"),
    Hook("DataTable._column_locations", ("widgets.table",), "columns are replaced"),
    Hook("DataTable._scroll_cursor_into_view", ("widgets.table",), "the cursor stays in view"),
    Hook("DataTable._on_resize", ("widgets.table",), "columns fit the new width"),
)  # fmt: skip


def install() -> None:
    """Replace what Textual offers no other way to change. May be called more than once."""
    replaced: Any = linux_driver
    replaced.getincrementaldecoder = lambda _: PasteSafeDecoder
    replaced.XTermParser = KeyParser
    replaced.WriterThread = NonBlockingWriter
    LinuxDriver.start_application_mode = start_with_debounced_sizes  # type: ignore[method-assign]
    Strip.render = render_without_controls  # type: ignore[method-assign, assignment]
    if not os.environ.get("NO_COLOR"):
        # An empty NO_COLOR asks for nothing; Textual looks only whether the name is there.
        os.environ.pop("NO_COLOR", None)


def color_system(console: Console) -> ColorSystem | None:
    """How many colours Rich found that the terminal has; None for none."""
    return console._color_system


def name_first_stack(app: App[Any]) -> None:
    """Let a running app go back to the stack of screens that it began with, as to the others. Call it before it leaves that."""
    # In `MODES` it would have a name, too, but then Textual reads all styles twice before the first frame.
    app._modes.setdefault(app.DEFAULT_MODE, Screen)


def draw_no_greys(app: App[Any]) -> None:
    """Under NO_COLOR with a theme of the terminal's own colours, draw no colour at all. Call it when the theme is set."""
    # Textual chose between greys and nothing before it knew the theme.
    if app.no_color and app.native_ansi_color:
        app._filters = [NoColor() if isinstance(known, Monochrome) else known for known in app._filters]
