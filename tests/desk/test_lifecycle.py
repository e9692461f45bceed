"""The life of an incident, read from its table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world import NOW, POLICY, incident

from maildesk.desk.draft import Draft, NotNow
from maildesk.desk.incident import LIFECYCLE, OPEN, Act, Status, move

SETTLED = (Status.RESOLVED, Status.CLOSED, Status.CANCELLED)


def test_every_act_has_its_row():
    assert set(LIFECYCLE) == set(Act)


@pytest.mark.parametrize("act", [Act.ASSIGN, Act.TAKE, Act.WAIT, Act.RESOLVE, Act.CANCEL])
@pytest.mark.parametrize("status", SETTLED)
def test_work_needs_an_open_incident(act, status):
    assert move(status, act) is None


@pytest.mark.parametrize("status", SETTLED)
def test_what_is_settled_can_be_opened_again(status):
    assert move(status, Act.REOPEN) in OPEN
    assert move(status, Act.WRITE) in OPEN


@pytest.mark.parametrize("status", list(Status))
def test_only_what_is_resolved_can_be_confirmed(status):
    assert (move(status, Act.CONFIRM) is Status.CLOSED) is (status is Status.RESOLVED)


def test_nothing_becomes_new_again_by_itself():
    assert all(
        target is not Status.NEW or source is Status.NEW for row in LIFECYCLE.values() for source, target in row.items()
    )


@given(st.lists(st.sampled_from(list(Act)), max_size=30))
def test_whatever_happens_the_incident_is_in_one_state_and_waits_only_when_pending(acts):
    draft = Draft(incident(status=Status.NEW, assignee=None), POLICY, NOW)
    for act in acts:
        before = draft.incident
        try:
            draft.act(act)
        except NotNow:
            assert draft.incident == before
        assert draft.incident.status in Status
        assert draft.incident.waiting is None or draft.incident.status is Status.PENDING
        assert draft.incident.status is not Status.ASSIGNED or draft.incident.assignee
