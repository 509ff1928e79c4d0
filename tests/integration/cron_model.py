"""Cron expressions as a person would work them out: look at every minute of the calendar.

Written from the rules in host/trigger/cron.h, not from its code: the calendar is Python's, the zones are
zoneinfo's, and nothing here is clever. Times are minutes; seconds are a set beside them.
"""

import calendar
import datetime
import functools
import hashlib
import itertools

MONTHS = {name: i + 1 for i, name in enumerate("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split())}
DAYS = {name: i for i, name in enumerate("SUN MON TUE WED THU FRI SAT".split())}
FIELDS = [("second", 0, 59, 59, {}), ("minute", 0, 59, 59, {}), ("hour", 0, 23, 23, {}),
          ("day of month", 1, 31, 28, {}), ("month", 1, 12, 12, MONTHS), ("day of week", 0, 6, 6, DAYS)]
EPOCH = datetime.date(1970, 1, 1)


class Expression:
    """What each field allows; the name of the schedule is "name"."""

    def __init__(self, text):
        self.text = text
        words = text.split()
        if len(words) == 5:
            words = ["0", *words]
        self.seconds, self.minutes, self.hours = (sorted(self._plain(i, words[i])) for i in (0, 1, 2))
        self.months = self._plain(4, words[4])
        self.day_words, self.weekday_words = words[3].split(","), words[5].split(",")
        self.either = all(word[0] not in "*?" for word in (words[3], words[5]))
        self.interval = any(mark in words[1] + words[2] for mark in "*/")

    @staticmethod
    def _item(field, item):
        name, low, high, hash_high, names = FIELDS[field]

        def number(word):
            return names[word.upper()] if word.upper() in names else int(word)

        item, _, step = item.partition("/")
        hashed = item[0] == "H" or "~" in item
        if item in ("*", "?"):
            pass
        elif item == "H":
            high = hash_high
        elif "-" in item or "~" in item:
            first, last = item.strip("H()").replace("~", "-").split("-")
            low, high = number(first) if first else low, number(last) if last else high
            high = 7 if name == "day of week" and high == 0 < low else high
        else:
            low = high = number(item)
        step = int(step or 0)
        if hashed:
            digest = hashlib.sha256(name.encode() + b"\0name").digest()
            hashed = int.from_bytes(digest[:8], "big")
            low += hashed % min(step or 99, high - low + 1)
            high = high if step else low
        return range(low, high + 1, step or 1)

    def _plain(self, field, word):
        return set(itertools.chain(*(self._item(field, item) for item in word.split(","))))

    @staticmethod
    def _near(day):
        """Of Monday to Friday the nearest to a date, in its month."""
        found = [day + datetime.timedelta(days=n) for n in (0, -1, 1, -2, 2)]
        return next(d for d in found if d.weekday() < 5 and d.month == day.month)

    def _fits_number(self, day, item):
        last = calendar.monthrange(day.year, day.month)[1]
        if item == "LW":
            return day == self._near(day.replace(day=last))
        if item[0] == "L":
            return day.day == last - int(item[2:] or 0)
        if item[-1] == "W":
            wanted = int(item[:-1])
            return wanted <= last and day == self._near(day.replace(day=wanted))
        return day.day in self._item(3, item)

    def _fits_weekday(self, day, item):
        last = calendar.monthrange(day.year, day.month)[1]
        weekday = day.isoweekday() % 7
        if item[-1] == "L":
            return weekday in [n % 7 for n in self._item(5, item[:-1])] and day.day + 7 > last
        if "#" in item:
            name, place = item.split("#")
            return weekday in [n % 7 for n in self._item(5, name)] and (day.day + 6) // 7 == int(place)
        return weekday in [n % 7 for n in self._item(5, item)]

    def fits(self, day):
        if day.month not in self.months:
            return False
        number = any(self._fits_number(day, item) for item in self.day_words)
        weekday = any(self._fits_weekday(day, item) for item in self.weekday_words)
        return number or weekday if self.either else number and weekday

    @functools.lru_cache(maxsize=None)
    def _fitting(self, first, days):
        return [self.fits(first + datetime.timedelta(days=n)) for n in range(days)]

    def marks(self, first, days):
        """A byte for each minute of so many days from a date on: 1 where the clock may show it."""
        pattern = bytearray(1440)
        for hour, minute in itertools.product(self.hours, self.minutes):
            pattern[60 * hour + minute] = 1
        return b"".join(bytes(pattern) if fits else bytes(1440) for fits in self._fitting(first, days))


def times(expression, spans, first):
    """When it comes, in seconds since the epoch.

    spans: (begin, end, offset), minutes of UTC one after another with the zone's distance from it.
    """
    base = (first - EPOCH).days * 1440
    marks = expression.marks(first, (spans[-1][1] - base) // 1440 + 3)
    found, furthest = [], None
    for begin, end, offset in spans:
        shown = begin + offset  # what the clock shows there
        at = shown
        if not expression.interval and furthest is not None:
            if shown > furthest + 1 and any(marks[furthest + 1 - base:shown - base]):
                found.append(begin * 60)
            at = max(shown, furthest + 1)
        at = marks.find(1, at - base)
        while 0 <= at < end + offset - base:
            found += [(at + base - offset) * 60 + second for second in expression.seconds]
            at = marks.find(1, at + 1)
        furthest = max(furthest or 0, end + offset - 1)
    return sorted(set(found))
