"""What this process used since a moment, in the words of the benchmark."""

import resource
import time


class Meter:
    """Wall and CPU seconds of all threads from its making on."""

    def __init__(self):
        self.wall, self.cpu = time.monotonic(), self._cpu()

    @staticmethod
    def _cpu():
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime

    def print(self, name):
        print(f"{name} cpu={self._cpu() - self.cpu}")
        print(f"{name} wall={time.monotonic() - self.wall}")


def memory(name):
    """A size in MB from `/proc/self/status`: `VmRSS`, `VmHWM`."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith(name + ":"))
    return int(line.split()[1]) * 1024 / 1e6
