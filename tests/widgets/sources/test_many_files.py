"""Many files: the folder is the server's, and a visitor names neither files nor addresses."""

import pytest

from clusterer.tables import TableError
from widgets import Dashboard
from widgets.sources import many_files
from widgets.sources.many_files import ManyFiles

pytest.importorskip("distributed")

ELSEWHERE = b"tcp://192.0.2.1:8786"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (tmp_path / "secret.csv").write_text("x,y\n1,2\n")
    (folder / "1.csv").symlink_to(tmp_path / "secret.csv")
    return folder


class NoConnection:
    """Stands for the connection to a scheduler."""

    dashboard_link = ""

    def client(self):
        return None


def test_a_link_out_of_the_folder_is_no_table(folder, monkeypatch):
    monkeypatch.setattr(many_files, "share_connection", lambda address: NoConnection())
    source = ManyFiles(lambda *given: None, folder, None)
    with pytest.raises(TableError, match=r"1\.csv is a link that leads out of the folder"):
        source._read_folder()
    (folder / "2.csv").write_text("x,y\n1,2\n")
    table = source._read_folder()
    assert table.name == "2.csv"
    assert {partition.folder for partition in source._partitions} == {str(folder)}


def test_no_link_names_the_scheduler(folder, monkeypatch):
    (folder / "2.csv").write_text("x,y\n1,2\n")
    addresses = []

    def connect(address):
        addresses.append(address)
        return NoConnection()

    monkeypatch.setattr(many_files, "share_connection", connect)
    names = ("scheduler", "SCHEDULER", "address", "client", "data", "DATA", "dask")
    dashboard = Dashboard(str(folder))
    try:
        for name in names:
            dashboard._address.restore({name: [ELSEWHERE], "source": [b"many"]})
        assert addresses == [None]
        assert dashboard._sources.many._folder == folder
    finally:
        dashboard.close()
