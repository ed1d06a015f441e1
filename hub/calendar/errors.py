from hub.kit.errors import Unprocessable


class CalendarYearInvalid(Unprocessable):
    """Nothing of the year was taken over."""

    code = "calendar_year_invalid"
