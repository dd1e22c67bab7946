"""Compile and cut the labs' runtime. Runs inside Pyodide under node, so that the bytecode has the right magic.

The standard library and numpy become ``.pyc`` files at optimisation level 2 (no asserts, no docstrings), which
more than halves the time to a lab's first result; the labs' own package keeps its sources beside level-0
bytecode, because its code is shown, edited and named in tracebacks. All archives are the same bytes for the same
input: names sorted, one fixed date, one zlib (Pyodide's), string hashes fixed by the caller.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import importlib._bootstrap_external as bytecode
import io
import json
import re
import warnings
import zipfile

import runtime_labs

FIXED_DATE = (2026, 1, 1, 0, 0, 0)
STDLIB_PREFIX = "/lib/python3.14/"
SITE_PACKAGES = "/lib/python3.14/site-packages/"
TAG = "cpython-314"

# What of numpy no reader's tab can use: build tools, test suites, headers, type stubs.
NUMPY_NEVER = re.compile(
    r"^numpy/(f2py|distutils|_pyinstaller|_core/include|_core/lib|random/lib|random/_examples)/"
    r"|(^|/)tests/|^numpy/conftest\.py$|\.(pyi|pxd|h|a|c|typed|md|rst|txt|pyx|in|ini|pc)$|\.dist-info/"
)

# Level-2 bytecode drops docstrings; numpy attaches those of its C functions by calls, and these two modules hold
# nothing else. (numpy's C side ignores the calls at this level anyway.)
NUMPY_DOCS_ONLY = ("numpy/_core/_add_newdocs.py", "numpy/_core/_add_newdocs_scalars.py")

# Stand-ins for modules that cost much at import and of which the labs use little, until a reader's own code brings
# in the library's own files. numpy.random as shipped starts the legacy generator and every bit generator (190 kB,
# six compiled modules); numpy.ma (87 kB) is only ever asked whether an array is masked, by median() and unique();
# numpy's and Pyodide's type hints are never evaluated.
_ABSENT = """

STAND_IN = True


def __getattr__(name):
    raise AttributeError(f"{__name__}.{name} is not loaded here%s")
"""
NUMPY_STAND_INS = {
    "numpy/_typing/__init__.py": """
class _Hint:
    def __class_getitem__(cls, item):
        return cls


NDArray = ArrayLike = DTypeLike = _ArrayLikeInt = _SupportsDType = _VoidDTypeLike = _Hint
"""
    + _ABSENT % "",
    "numpy/random/__init__.py": '''
from . import _bounded_integers, _common
from ._generator import Generator, default_rng
from ._pcg64 import PCG64, PCG64DXSM
from .bit_generator import BitGenerator, SeedSequence


class RandomState:
    """Looked up by default_rng(); no seed is ever one."""
'''
    + _ABSENT % "; numpy.random.default_rng(seed) is the present-day way",
    "numpy/ma/__init__.py": '''
class MaskedArray:
    """No array is one before the whole of numpy.ma is there."""


def isMaskedArray(x):
    return False


def is_masked(x):
    return False
'''
    + _ABSENT % "",
}
# Pyodide's event loop needs asyncio's tasks and futures, not its sockets and processes (which a browser has not), and
# its package loader serves loadPackage, which the labs never call: together a third of the library that a start loads.
STDLIB_STAND_INS = {
    "asyncio/__init__.py": """
from .coroutines import *
from .events import *
from .exceptions import *
from .futures import *
from .graph import *
from .locks import *
from .protocols import *
from .runners import *
from .queues import *
from .tasks import *
from .taskgroups import *
from .timeouts import *
from .threads import *
from .transports import *


def __getattr__(name):
    import importlib

    if name == "DefaultEventLoopPolicy":
        return events._BaseDefaultEventLoopPolicy
    for part in () if name.startswith("__") else ("base_events", "streams", "subprocess", "unix_events"):
        try:
            module = importlib.import_module(f"asyncio.{part}")
        except ModuleNotFoundError:
            break  # the whole library is not there
        if name == part or name in module.__all__:
            return module if name == part else getattr(module, name)
    raise AttributeError(f"module 'asyncio' has no attribute {name!r}")
""",
    "socket.py": "from _socket import *\n" + _ABSENT % "",
    "subprocess.py": "PIPE, STDOUT, DEVNULL = -1, -2, -3\n" + _ABSENT % "",
    "pyodide/_package_loader.py": '''
import site


class _Folder:
    def __init__(self, path):
        self.path = path

    def __str__(self):
        return self.path


SITE_PACKAGES = _Folder(site.getsitepackages()[0])
DSO_DIR = _Folder("/usr/lib")


def init_loaded_packages():
    """Every package that is there was put there by the page."""
'''
    + _ABSENT % "",
}
SHIPPED = "shipped/"  # prefix of the files that stand-ins stand in for


def bytes_of_pyc(source: bytes, filename: str, optimize: int) -> bytes:
    """Bytecode file of a source: hash-based and never checked against the source, so that it has no date."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compile(source, filename, "exec", dont_inherit=True, optimize=optimize)
    return bytes(bytecode._code_to_hash_pyc(code, b"\0" * 8, False))  # pyrefly: ignore[missing-attribute]


def write_archive(path: str, members: dict[str, bytes]) -> None:
    """Write a zip archive of ``members`` (name -> content), sorted, with a fixed date, deflated at level 9."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, FIXED_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, members[name], compresslevel=9)


def write_pack(path: str, members: dict[str, bytes]) -> None:
    """Write ``members`` as the page's first start takes them: a zip of files as they are, in one gzip stream.

    Unpacked ten times as fast in the browser as a zip of some hundred deflated files, and some per cent smaller.
    """
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            archive.writestr(zipfile.ZipInfo(name, FIXED_DATE), members[name])
    with open(path, "wb") as file:
        file.write(gzip.compress(stored.getvalue(), 9, mtime=0))


def read_archive(path: str) -> dict[str, bytes]:
    """Content of every file of a zip archive, by name."""
    with zipfile.ZipFile(path) as archive:
        return {i.filename: archive.read(i) for i in archive.infolist() if not i.is_dir()}


def compile_stdlib(source: str, target: str) -> None:
    """Pyodide's ``python_stdlib.zip`` with every module as ``.pyc``; its other files are kept as they are."""
    write_archive(target, compiled(read_archive(source), STDLIB_PREFIX, STDLIB_STAND_INS))


def compiled(sources: dict[str, bytes], prefix: str, stand_ins: dict[str, str]) -> dict[str, bytes]:
    """Modules as ``.pyc``, other files as they are, and stand-ins beside what they stand in for (below ``SHIPPED``)."""
    members = {name: data for name, data in sources.items() if not name.endswith(".py")}
    for name in sources.keys() - members.keys():
        members[name + "c"] = bytes_of_pyc(sources[name], prefix + name, 2)
    for name, stand_in in stand_ins.items():
        members[SHIPPED + name + "c"] = members[name + "c"]
        members[name + "c"] = bytes_of_pyc(stand_in.encode(), prefix + name, 2)
    return members


def compile_numpy(source: str, target: str) -> None:
    """The numpy wheel with every module as ``.pyc``, less what ``NUMPY_NEVER`` names."""
    kept = {name: data for name, data in read_archive(source).items() if not NUMPY_NEVER.search(name)}
    kept |= dict.fromkeys(NUMPY_DOCS_ONLY, b"")
    write_archive(target, compiled(kept, SITE_PACKAGES, NUMPY_STAND_INS))


def cut(source: str, keep: list[str], target: str, rest: str) -> None:
    """The members of ``source`` that are named in ``keep``, as the pack ``target``; all others as the zip ``rest``.

    Raises:
        KeyError: a name in ``keep`` is no member of ``source``.
    """
    members = read_archive(source)
    write_pack(target, {name: members[name] for name in keep})
    left = members.keys() - set(keep)
    write_archive(rest, {name.removeprefix(SHIPPED): members[name] for name in left})


def with_bytecode(files: dict[str, bytes]) -> dict[str, bytes]:
    """Sources of the labs, and level-0 bytecode of each in ``__pycache__``."""
    members = dict(files)
    for name, data in files.items():
        if name.endswith(".py"):
            folder, _, module = name.rpartition("/")
            cached = f"{folder}/__pycache__/{module.removesuffix('.py')}.{TAG}.pyc"
            members[cached] = bytes_of_pyc(data, SITE_PACKAGES + name, 0)
    return members


def labs_packs(files: dict[str, bytes], folder: str) -> list[str]:
    """Write what all labs share as ``<folder>/shared.pack``, and each other pack as ``<name>.pack``; their names."""
    sources = {name: data.decode("utf-8", "replace") for name, data in files.items()}
    slugs = runtime_labs.pack_names(sources)
    parts = {slug: runtime_labs.lab_files(sources, slug) for slug in slugs}
    for name, paths in {"shared": runtime_labs.shared_files(sources), **parts}.items():
        write_pack(f"{folder}/{name}.pack", with_bytecode({path: files[path] for path in paths}))
    return slugs


def labs_wheel(files: dict[str, bytes], version: str, target: str) -> None:
    """The labs' package as a wheel, for a reader's own code, which may import any of it.

    Made here and not by ``python -m build``: the bytecode has to be Pyodide's, the hashes in RECORD have to cover
    it, and a build front-end would add seconds and an environment to every change of a lab. (The package also
    builds as an ordinary wheel; pyproject.toml says how.)

    Args:
        files: path below the package's parent ("labs_py/api.py") -> content.
        version: of the package.
        target: path of the wheel.
    """
    members = with_bytecode(files)
    info = f"labs_py-{version}.dist-info"
    members[f"{info}/METADATA"] = f"Metadata-Version: 2.4\nName: labs-py\nVersion: {version}\n".encode()
    members[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: stage10\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    rows = [f"{name},sha256={_urlsafe_hash(data)},{len(data)}" for name, data in sorted(members.items())]
    members[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    write_archive(target, members)


def _urlsafe_hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def members_used(modules: dict[str, str], archive: str, prefix: str, always: list[str]) -> str:
    """JSON list of the members of ``archive`` that ``modules`` were loaded from, and of those always kept.

    Args:
        modules: module name -> ``__file__``.
        archive: path of a compiled archive.
        prefix: folder (or zip path) that the archive's members are imported from.
        always: regular expressions of members to keep whether they were seen or not.
    """
    with zipfile.ZipFile(archive) as opened:
        names = set(opened.namelist())
    kept = {name for name in names for pattern in always if re.match(pattern, name)}
    for filename in modules.values():
        name = filename.removeprefix(prefix)
        kept |= {candidate for candidate in (name, name + "c") if candidate in names}
    return json.dumps(sorted(kept))
