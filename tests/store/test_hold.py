"""Holds: one process does a job, a dead one frees it, and one that lost it writes no more."""

from __future__ import annotations

import fcntl
import os
import subprocess
import threading
import time

import pytest
import sqlalchemy as sa
from store_samples import python, receive

from maildesk.errors import Transient
from maildesk.store.engines import node
from maildesk.store.hold import file_holder, hold_file


def test_a_job_has_one_holder_and_the_refusal_names_him(database, another):
    refused = pytest.raises(Transient, match=rf"'clock' is held by .*{os.getpid()}")
    with database.hold("clock"), refused, another().hold("clock"):
        pass


def test_who_does_a_job_can_be_asked_without_taking_it(database, another):
    other = another()
    assert other.holder("clock") is None
    with database.hold("clock"):
        assert str(os.getpid()) in other.holder("clock")
        assert other.holder("another job") is None
    assert other.holder("clock") is None
    with other.hold("clock"):
        assert database.holder("clock") is not None


def test_who_looks_just_now_keeps_nobody_from_a_job(tmp_path):
    path = tmp_path / "clock.lock"
    look = os.open(path, os.O_RDONLY | os.O_CREAT)
    fcntl.flock(look, fcntl.LOCK_SH)
    done = threading.Timer(0.02, os.close, (look,))
    done.start()
    with hold_file(path, "clock"):
        assert file_holder(path) == f"process {os.getpid()} on {node()}"
    done.join()


def test_other_jobs_are_free_and_a_finished_one_is_free_again(database, another):
    other = another()
    with database.hold("clock"), other.hold("intake-support"):
        pass
    with other.hold("clock"):
        pass


def test_the_holder_writes_on(database):
    with database.hold("clock") as hold:
        for name in ("one", "two"):
            with database.unit(hold) as unit:
                receive(unit, name)
    with database.view() as view:
        assert len(view.views.inbox()) == 2


def test_an_exception_passes_through_a_hold_as_it_is(database):
    with pytest.raises(OSError, match="of the caller"), database.hold("clock"):
        raise OSError("of the caller")


HOLDER = """
import sys, time
from maildesk.store.unit import Database
with Database.open(sys.argv[1]).hold("clock"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_killed_holder_frees_his_job(url, database):
    with python(HOLDER, url, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Transient, match=str(holder.pid)), database.hold("clock"):
            pass
        assert str(holder.pid) in database.holder("clock")
        holder.kill()
    assert can_hold(database, "clock")


def can_hold(database, name: str) -> bool:
    """Try for a while: a server notices a moment later that its client has died."""
    for _ in range(200):
        try:
            with database.hold(name):
                return True
        except Transient:
            time.sleep(0.05)
    return False


END = sa.text("SELECT pg_terminate_backend(:pid, 20000)")  # and wait until it is gone
PID = sa.text("SELECT pg_backend_pid()")


@pytest.mark.servers
@pytest.mark.parametrize("url", ["postgres_url"], indirect=True)
def test_a_holder_whose_connection_is_ended_can_write_no_more(url, database, another):
    other = another()
    with database.hold("clock") as hold:
        with database.unit(hold) as unit:
            pid = unit.inbox.connection.execute(PID).scalar()
        with other.unit() as unit:
            unit.inbox.connection.execute(END, {"pid": pid})
        with other.hold("clock"):
            for _ in range(2):
                with pytest.raises(Transient), database.unit(hold) as unit:
                    receive(unit, "stale")
            with database.unit() as unit:  # a job that needs no hold goes on
                receive(unit, "fresh")
    with other.view() as view:
        assert [mail.fingerprint for mail in view.views.inbox()] == ["print-fresh"]
