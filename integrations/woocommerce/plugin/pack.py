"""Packs the plugin for WordPress: `python -m integrations.woocommerce.plugin.pack [https://kontor.example]`.

The same files make the same archive, byte for byte.
"""

import io
import re
import sys
import zipfile
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

PLUGIN = Path(__file__).parent / "kontor"
TARGET = Path("var/kontor.zip")
# WordPress looks for the very place it is set to, and falls back to English.
GERMAN = ("de_DE", "de_DE_formal", "de_AT", "de_CH", "de_CH_informal")
BEGINNING = (1980, 1, 1, 0, 0, 0)
PLAIN_FILE = 0o100644 << 16


def packed(address: str = "") -> bytes:
    """`address` is where this Kontor is reached; without it the plugin asks."""
    files = {
        path.relative_to(PLUGIN).as_posix(): path.read_bytes() for path in PLUGIN.rglob("*") if path.is_file()
    }
    files |= {f"languages/kontor-{place}.mo": _german() for place in GERMAN}
    files["address.php"] = _with_address(files["address.php"].decode(), address).encode()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as put:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(f"kontor/{name}", BEGINNING)
            entry.external_attr, entry.create_system = PLAIN_FILE, 3
            entry.compress_type = zipfile.ZIP_DEFLATED
            put.writestr(entry, content)
    return archive.getvalue()


def _german() -> bytes:
    made = io.BytesIO()
    with (PLUGIN / "languages" / "kontor-de_DE.po").open("rb") as words:
        write_mo(made, read_po(words))
    return made.getvalue()


def _with_address(code: str, address: str) -> str:
    """Raises ValueError: what is written into a program must be nothing but an address."""
    if address and not re.fullmatch(r"https://[A-Za-z0-9.-]+(:\d+)?", address):
        raise ValueError(f"not an https:// address without a path: {address}")
    return code.replace("return '';", f"return '{address}';")


def main(arguments: list[str]) -> int:
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(packed(arguments[0].rstrip("/") if arguments else ""))
    sys.stdout.write(f"{TARGET}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
