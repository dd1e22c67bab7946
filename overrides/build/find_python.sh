#!/bin/sh
# Prints the Python that the set-up uses: $PYTHON if given, else the python3 on PATH if it fits,
# else the newest that fits among python3.14 ... python3.11 on PATH and under PYENV_ROOT.
# "Fits" is 3.11.5 to 3.14: Debian's 3.11.2 is too old for the site's Markdown extensions.
fits() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11, 5) <= sys.version_info[:3] < (3, 15))' 2>/dev/null
}
if [ -n "$PYTHON" ]; then
    if fits "$PYTHON"; then command -v "$PYTHON"; exit 0; fi
    echo "PYTHON=$PYTHON is not a Python from 3.11.5 to 3.14 with venv: name another, or leave PYTHON unset." >&2
    exit 3
fi
for name in python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v $name >/dev/null 2>&1 && fits $name; then command -v $name; exit 0; fi
done
root="${PYENV_ROOT:-$HOME/.pyenv}"
for series in 3.14 3.13 3.12 3.11; do
    for candidate in "$root"/versions/$series.*/bin/python; do
        if [ -x "$candidate" ] && fits "$candidate"; then echo "$candidate"; exit 0; fi
    done
done
found=$(python3 --version 2>/dev/null || echo "no python3")
echo "No Python from 3.11.5 to 3.14 with venv was found (there is: $found): install one (on Debian also its python3-venv), or run make PYTHON=/path/to/python3." >&2
exit 3
