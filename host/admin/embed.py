"""The dashboard's static files as a C source: what the program serves is in the program.

    embed.py FILE ... > assets.c

Each file gets its name, type, bytes and the beginning of its SHA-256: addresses have that, so that browsers may keep
a file for as long as they like.
"""

import hashlib
import os
import sys

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def main(files):
    print('#include "admin/assets.h"\n')
    rows = []
    for number, path in enumerate(files):
        with open(path, "rb") as file:
            data = file.read()
        name = os.path.basename(path)
        kind = TYPES[os.path.splitext(name)[1]]
        print(f"static const unsigned char file_{number}[] = {{")
        for at in range(0, len(data), 20):
            print("\t" + ", ".join(str(byte) for byte in data[at:at + 20]) + ",")
        print("};\n")
        digest = hashlib.sha256(data).hexdigest()[:16]
        rows.append(f'\t{{ "{name}", "{kind}", "{digest}", file_{number}, sizeof(file_{number}) }},')
    print("const struct asset assets[] = {", *rows, "\t{ 0 },", "};", sep="\n")


main(sys.argv[1:])
