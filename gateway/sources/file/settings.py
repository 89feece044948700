"""The table `[sources.<name>]` with `kind = "file"`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class FileSettings(BaseModel):
    """`path`: a .csv or .vcf, or a folder of them; of these a book's own path names one. `refresh`: seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["file"] = "file"
    path: Path
    refresh: Annotated[int, Field(ge=10, le=86400, strict=True)] = 300
