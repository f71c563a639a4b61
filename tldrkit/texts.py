"""Texts as they are shown: what a terminal, a table or a page would obey is made visible instead."""

_BREAKS = "\t\n"  # control characters that are plain text
_CONTROL = {code: "\ufffd" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in _BREAKS}
_ESCAPED = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}


def show_text(text: str) -> str:
    """Put the replacement character for every control character but tabs and line ends.

    Those of terminals (ESC, CSI, backspace, bells) could move the cursor, rename the window or hide words.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROL)


def escape_json(text: str) -> str:
    """Escape in a JSON text the control characters that `json.dumps` leaves; it means the same."""
    return text.translate(_ESCAPED)
