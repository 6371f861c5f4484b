"""What the Python tests share: maps under a name of their own, gone when the test ends."""

import itertools
import os
import unittest

import twinmap

_count = itertools.count()


def unique_name():
    """A name that no other test, run or process uses, as in tests/support/names.hpp."""
    return f"t{os.getpid()}-py{next(_count)}"


class MapTest(unittest.TestCase):
    def name(self):
        name = unique_name()
        self.addCleanup(self._remove, name, os.getpid())
        return name

    def map(self, key=str, value=str, **options):
        map_ = twinmap.Map(self.name(), "x", key=key, value=value, **{"max_bytes": 16 << 20} | options)
        self.addCleanup(map_.close)
        return map_

    @staticmethod
    def _remove(name, owner):
        if os.getpid() == owner:
            twinmap.remove(name)
