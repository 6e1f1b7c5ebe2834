"""Runs a command and prints what the kernel says it used: wall, CPU, and its largest memory."""

import os
import sys
import time

began = time.monotonic()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
print(f"process wall={time.monotonic() - began}")
print(f"process cpu={used.ru_utime + used.ru_stime}")
print(f"process memory={used.ru_maxrss * 1024 / 1e6}")
sys.exit(os.waitstatus_to_exitcode(status))
