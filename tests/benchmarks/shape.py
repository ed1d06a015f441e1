"""The form that DESIGN.md §7 measures with: 20 villages × 60 elements, 250 rules; five in six are counts."""

VILLAGES, ELEMENTS, RULES = 20, 60, 250
NAMES = [f"element_{number}" for number in range(ELEMENTS)]
COUNTS = [name for number, name in enumerate(NAMES) if number % 6 != 5]
