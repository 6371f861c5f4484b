#!/usr/bin/env python3
"""The flags of feature_flags.cpp from Python: switches one, and shows all of them."""
import sys

import twinmap

with twinmap.Map("example-flags", "w", key=str, value=bool) as flags:
    if len(sys.argv) == 3:
        flags[sys.argv[1]] = sys.argv[2] == "on"
    for name, on in sorted(flags.items()):
        print(name, "on" if on else "off")
