import pytest

from recon.errors import VerificationError
from recon.store import read
from recon.store.workspace import Workspace
from tests.store.fake_nights import FIRST, publish_night


@pytest.mark.parametrize("name", ["open_items", "transactions"])
def test_a_damaged_table_is_never_read(tmp_path, name):
    """Bytes are compared with the manifest before use, so a night never builds on damaged rows."""
    folder = publish_night(Workspace(tmp_path / "w"), FIRST)
    path = min(path for path in folder.rglob("*.parquet") if name in str(path.relative_to(folder)))
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    with pytest.raises(VerificationError, match="as published") as caught:
        read.read_table(folder, name)
    assert caught.value.exit_code == 4
    path.unlink()
    with pytest.raises(VerificationError, match="no file"):
        read.read_table(folder, name)


def test_a_sound_table_is_read(tmp_path):
    """An untouched run reads back, whole or lazily, with the same rows."""
    folder = publish_night(Workspace(tmp_path / "w"), FIRST)
    for name in ("transactions", "links", "open_items"):
        assert read.read_table(folder, name).equals(read.scan(folder, name).collect())
