"""Workers that are started on this machine: nobody else can connect to them."""

import os
from pathlib import Path

import pytest

distributed = pytest.importorskip("distributed")

from clusterer import OnlineClusterer  # noqa: E402
from clusterer.distributed import list_partitions  # noqa: E402
from clusterer.distributed.client import start_workers  # noqa: E402
from clusterer.distributed.worker import Task, learn_file  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:.*:pytest.PytestUnraisableExceptionWarning"),
]
LOCAL = {"0100007F", "00000000000000000000000001000000"}
LISTENS = "0A"


def find_listening_addresses(pids: set[int]) -> dict[str, set[str]]:
    """Return the ports on which processes listen, with the local addresses (Linux only)."""
    inodes = set()
    for pid in pids:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            try:
                inodes.add(os.readlink(link).removeprefix("socket:[").removesuffix("]"))
            except OSError:
                continue
    found: dict[str, set[str]] = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            address, _, port = fields[1].partition(":")
            if fields[3] == LISTENS and fields[9] in inodes:
                found.setdefault(str(int(port, 16)), set()).add(address)
    return found


@pytest.fixture(scope="module")
def workers():
    with start_workers(1) as cluster:
        yield cluster


def test_a_client_without_the_certificate_is_refused(workers):
    addresses = [workers.scheduler.address, *workers.scheduler.workers]
    assert all(address.startswith("tls://127.0.0.1:") for address in addresses)
    with distributed.Client(workers, set_as_default=False) as client:
        assert client.submit(sum, [1, 2], pure=False).result(timeout=60) == 3
        own_pids = {os.getpid(), *client.run(os.getpid).values()}
        strangers = [
            {"security": None, "address": addresses[0]},
            {"security": None, "address": addresses[0].replace("tls://", "tcp://")},
            {"security": distributed.Security.temporary(), "address": addresses[0]},
        ]
        for stranger in strangers:
            with pytest.raises((OSError, RuntimeError, ValueError, TypeError)):
                distributed.Client(**stranger, timeout=3, set_as_default=False)
        if Path("/proc/net/tcp").exists():
            listening = find_listening_addresses(own_pids)
            assert addresses[0].rpartition(":")[2] in listening
            # Nobody on another machine reaches any port, the dashboards included.
            assert set().union(*listening.values()) <= LOCAL


def test_without_certificates_the_message_says_what_to_install(monkeypatch):
    def fail():
        raise ImportError

    monkeypatch.setattr(distributed.Security, "temporary", fail)
    with pytest.raises(OSError, match=r'pip install "clusterer\[dask\]"'):
        start_workers(1)


@pytest.fixture
def folder(tmp_path):
    """A folder with a table, a link to it, and links that lead out."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.csv").write_text("x,y\n7,8\n")
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "1.csv").write_text("x,y\n1,2\n3,4\n")
    (folder / "2.csv").symlink_to(folder / "1.csv")
    (folder / "3.csv").symlink_to(secret / "key.csv")
    (folder / "4.csv").symlink_to("../secret/key.csv")
    return folder


def learn_all(paths, within):
    task = Task(OnlineClusterer(), None, is_scaled=True, features=None)
    partitions = list_partitions(paths, folder=within)
    return [
        learn_file(partition.content, index, task, partition.folder).report
        for index, partition in enumerate(partitions)
    ]


def test_workers_follow_no_link_out_of_the_folder(folder, tmp_path):
    paths = sorted(folder.iterdir())
    assert [report.n_points for report in learn_all(paths, folder)] == [2, 2, 0, 0]
    refused = learn_all(paths, folder)[2:]
    for report, name in zip(refused, ("3.csv", "4.csv"), strict=True):
        assert report.error == (
            f"{name} is a link that leads out of the folder; copy the file into the folder"
        )
    # The folder itself may be a link, and a program may name files anywhere.
    (tmp_path / "link").symlink_to(folder)
    linked = sorted((tmp_path / "link").iterdir())
    assert [report.n_points for report in learn_all(linked, tmp_path / "link")] == [2, 2, 0, 0]
    assert [report.n_points for report in learn_all(paths, None)] == [2, 2, 1, 1]


def test_a_link_that_is_made_after_the_list_is_not_followed(folder):
    task = Task(OnlineClusterer(), None, is_scaled=True, features=None)
    (partition,) = list_partitions([folder / "1.csv"], folder=folder)
    (folder / "1.csv").unlink()
    (folder / "1.csv").symlink_to(folder.parent / "secret" / "key.csv")
    report = learn_file(partition.content, 0, task, partition.folder).report
    assert report.n_points == 0
    assert "leads out of the folder" in report.error
