"""Cells by number and by name. Rows and columns count from 0 inside, from 1 and A for people."""

Cell = tuple[int, int]
Range = tuple[Cell, Cell]

_LETTERS = 26


def column_letters(column: int) -> str:
    """0 → A, 25 → Z, 26 → AA, 16383 → XFD."""
    letters = ""
    left = column + 1
    while left:
        left, letter = divmod(left - 1, _LETTERS)
        letters = chr(ord("A") + letter) + letters
    return letters


def column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * _LETTERS + ord(letter) - ord("A") + 1
    return number - 1


def cell_name(row: int, column: int) -> str:
    """(4, 3) → D5."""
    return f"{column_letters(column)}{row + 1}"
