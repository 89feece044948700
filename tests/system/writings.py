"""The forms in which a text may lie about in a file, and the files in which one of them does."""

import base64
import json
import quopri
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

SHORTEST = 6  # bytes


def writings(text: str) -> Iterator[bytes]:
    """Yield `text` plain, in UTF-16, percent- and quoted-printable, as JSON, and in base64.

    Base64 in its three alignments, without the outer characters, which depend on what stands beside. Raises
    `ValueError` for a text so short that it would be found by chance.
    """
    raw = text.encode()
    if len(raw) < SHORTEST:
        raise ValueError(f"too short to be looked for: {text}")
    yield raw
    yield text.encode("utf-16-le")
    yield text.encode("utf-16-be")
    yield quote(text, safe="").encode()
    yield quopri.encodestring(raw).strip()
    yield json.dumps(text)[1:-1].encode()
    for shift in range(3):
        begins, ends = -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6
        yield base64.b64encode(b"\0" * shift + raw)[begins:ends]


def files_with(files: Iterable[Path], *texts: str) -> set[str]:
    """Return the names of those `files` in which one of `texts` is found in any of its writings.

    A file that goes away meanwhile, a journal for instance, holds nothing.
    """
    forms = [form for text in texts for form in writings(text)]
    return {file.name for file in files if any(form in content for content in (_content(file),) for form in forms)}


def inside(folder: Path) -> list[Path]:
    """Return every file below `folder`."""
    return [path for path in folder.rglob("*") if path.is_file()]


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
