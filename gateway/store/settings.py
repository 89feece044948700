"""The table `[store]` of the settings: where the database is, and the key that seals passwords in it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict


class StoreSettings(BaseModel):
    """`path` is the SQLite file; `key` the key file, by default beside it with the ending `.key`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path = Path("ringplan.db")
    key: Path | None = None

    @property
    def key_path(self) -> Path:
        """Where the key is."""
        return self.key or self.path.with_suffix(".key")

    @property
    def lock_path(self) -> Path:
        """The file whose lock tells that a gateway runs on this database."""
        return self.path.with_name(self.path.name + ".lock")
