"""A program under test whose clocks are set: libfaketime moves them, so that it is the one that is shipped."""

import glob
import subprocess

from program import RUNBOOK
from tap import Skip


def faketime(seconds):
    """The environment in which all clocks of a process are that far ahead. Also for 0: what libfaketime shows as the
    time since the boot can only be compared with what it shows."""
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not found:
        raise Skip("libfaketime is not installed (Debian package libfaketime)")
    if b"libasan" in subprocess.run(["ldd", RUNBOOK], capture_output=True, check=True).stdout:
        raise Skip("libfaketime and the address sanitizer both have to be the first library")
    return {"LD_PRELOAD": found[0], "FAKETIME": f"{seconds:+d}s"}
