"""`runbook cron`: the next instants, an expression in words, and what it refuses."""

import datetime

from program import Workspace
from tap import check, check_equal, run, test


def cron(*arguments, status=0):
    with Workspace() as work:
        ended = work.command("cron", *arguments)
    check_equal(ended.status, status, f"{arguments}\n{ended}")
    return ended.out if status == 0 else ended.err


def following(*arguments):
    return cron("next", *arguments).splitlines()


@test
def next_shows_local_time_weekday_and_utc():
    check_equal(following("30 2 * * *", "--tz", "Europe/Berlin", "--from", "2026-03-27T12:00:00Z", "-n", "3"),
                ["2026-03-28T02:30:00+01:00  Sat  2026-03-28T01:30:00Z",
                 "2026-03-29T03:00:00+02:00  Sun  2026-03-29T01:00:00Z",
                 "2026-03-30T02:30:00+02:00  Mon  2026-03-30T00:30:00Z"], "over the gap")
    check_equal(following("-n", "2", "0 0 1 * *", "--tz=America/St_Johns", "--from=2026-10-01T00:00:00-02:30"),
                ["2026-11-01T00:00:00-02:30  Sun  2026-11-01T02:30:00Z",
                 "2026-12-01T00:00:00-03:30  Tue  2026-12-01T03:30:00Z"], "west of Greenwich, half an hour")


@test
def next_is_twenty_from_now_in_utc_unless_told_otherwise():
    before = datetime.datetime.now(datetime.timezone.utc)
    lines = following("* * * * *")
    check_equal(len(lines), 20, "lines")
    first = datetime.datetime.fromisoformat(lines[0].split()[0])
    check(datetime.timedelta(0) < first - before < datetime.timedelta(seconds=120), f"{first} after {before}")


@test
def next_ends_where_nothing_comes_any_more():
    check_equal(following("0 0 29 2 *", "--from", "9995-01-01T00:00:00Z"),
                ["9996-02-29T00:00:00+00:00  Thu  9996-02-29T00:00:00Z"], "the end of the calendar")


@test
def explain_says_it_in_words_and_what_clocks_do_to_it():
    check_equal(cron("explain", "30 2 * * MON-FRI"), "at 02:30 on Monday to Friday\n", "UTC")
    check_equal(cron("explain", "30 2 * * *", "--tz", "Asia/Tokyo"), "at 02:30 every day\n", "no clock changes there")
    check_equal(cron("explain", "*/15 * * * *", "--tz", "Europe/Berlin").splitlines()[1],
                "in Europe/Berlin: a time that the clocks skip does not come, a time that they repeat comes twice", "Berlin")


@test
def a_hash_needs_a_name():
    check("give it with --seed" in cron("next", "H 2 * * *", status=2), "no seed")
    nightly, weekly = (following("H H * * *", "--seed", name, "--from", "2026-01-01T00:00:00Z", "-n", "1")
                       for name in ("nightly", "weekly"))
    check(nightly != weekly, f"{nightly} for both")
    check_equal(nightly, following("~ ~ * * *", "--seed", "nightly", "--from", "2026-01-01T00:00:00Z", "-n", "1"), "H and ~")


@test
def what_is_wrong_is_named():
    for arguments, words in [
            (("next", "61 * * * *"), "minute '61': expected *, 0 to 59"),
            (("explain", "0 0 31 2 *"), "'0 0 31 2 *' never comes"),
            (("next", "*/15 2 * 3 SUNL", "--tz", "Europe/Berlin"), "the clocks of its zone always skip it"),
            (("next", "@reboot"), "a restart is no instant"),
            (("next", "0", "2", "*", "*", "*"), "put it in quotes"),
            (("next",), "expected one EXPRESSION"),
            ((), "expected 'next' or 'explain'"),
            (("prev", "* * * * *"), "expected 'next' or 'explain'"),
            (("next", "* * * * *", "--tz", "Europe/Berln"), "did you mean 'Europe/Berlin'?"),
            (("next", "* * * * *", "-n", "0"), "-n 0: expected a number from 1 to 10000"),
            (("next", "* * * * *", "-n", "2x"), "-n 2x: expected a number"),
            (("next", "* * * * *", "--from", "yesterday"), "--from yesterday: expected a time such as"),
            (("next", "* * * * *", "--bogus"), "--bogus")]:
        check(words in cron(*arguments, status=2), f"{arguments}: {cron(*arguments, status=2)}")


@test
def help_lists_both():
    text = cron("--help")
    check("runbook cron next EXPRESSION" in text and "runbook cron explain EXPRESSION" in text, text)


run()
