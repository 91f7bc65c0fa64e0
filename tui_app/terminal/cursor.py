"""Where the cursor is, and the shortest sequence that moves it to where it must be."""

Position = tuple[int | None, int | None]
"""Line and column, from 0; None where it is not known."""


class Cursor:
    """The line and the column of the terminal's cursor, as far as they are known."""

    def __init__(self) -> None:
        self.position: Position = (None, None)

    def forget(self) -> None:
        """The position is unknown from now on: the next move is an absolute one."""
        self.position = (None, None)

    def at(self, y: int, x: int) -> None:
        """Note that the cursor is there now."""
        self.position = (y, x)

    def advance(self, x: int, width: int) -> None:
        """Note that text was written up to this column; after the last column terminals differ in where the cursor is."""
        self.position = (self.position[0], x if x < width else None)

    def column_in(self, y: int) -> int | None:
        """The cursor's column if it is known to be in this line, else None."""
        return self.position[1] if self.position[0] == y else None

    def go(self, y: int, x: int) -> str:
        """The shortest sequence that moves the cursor there; empty if it is there."""
        now_y, now_x = self.position
        self.at(y, x)
        if now_y == y and now_x == x:
            return ""
        ways = [f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H" if y else "\x1b[H"]
        if now_y == y:
            ways.append("\r" if not x else f"\x1b[{x + 1}G")
            if now_x is not None:
                far = x - now_x
                ways.append(_step(far, "C", "D"))
                if far == -1:
                    ways.append("\b")
        elif now_y is not None:
            if now_x == x:
                ways.append(_step(y - now_y, "B", "A"))
            if not x and y == now_y + 1:
                # Never in the last line of the terminal, so it doesn't scroll.
                ways.append("\r\n")
        return min(ways, key=len)


def _step(far: int, ahead: str, back: str) -> str:
    letter = ahead if far > 0 else back
    return f"\x1b[{letter}" if abs(far) == 1 else f"\x1b[{abs(far)}{letter}"
