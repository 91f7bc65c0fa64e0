"""Where the cursor is, and the shortest way to where it must be."""

ConsoleScreen = tuple[int | None, int | None]


class Cursor:
    """The terminal's cursor, as far as it is known: its line and its column."""

    def __init__(self) -> None:
        self.position: ConsoleScreen = (None, None)

    def forget(self) -> None:
        """Know nothing of it: the next move is from nowhere."""
        self.position = (None, None)

    def at(self, y: int, x: int) -> None:
        """It stands there now."""
        self.position = (y, x)

    def advance(self, x: int, width: int) -> None:
        """It wrote up to this column; behind the last one terminals differ in where it stands."""
        self.position = (self.position[0], x if x < width else None)

    def column_in(self, y: int) -> int | None:
        """Its column if it is known to stand in this line."""
        return self.position[1] if self.position[0] == y else None

    def go(self, y: int, x: int) -> str:
        """The shortest sequence to there; nothing if it is there."""
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
