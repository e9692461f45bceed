"""The story: three requesters, two technicians and a lead, a hand-over, mistakes, machines, and a stranger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from maildesk.demo.company import ANN, BEN, CORA, ERIKA, MALLORY, NIA, OTTO
from maildesk.demo.stage import Stage
from maildesk.desk.incident import Status

PRINTER = "Printer on the third floor jams"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a sentence that says what is to be seen, and what is played."""

    sentence: str
    play: Callable[[Stage], None]


def _a_printer_jams(stage: Stage) -> None:
    stage.writes(ERIKA, PRINTER, "The blue tray jams since this morning, at every second page.")
    stage.gets(ERIKA, saying="Its number is INC-1", in_full=True)
    stage.gets(ANN, BEN, saying="INC-1 is new in servicedesk", in_full=True)


def _ann_takes_it(stage: Stage) -> None:
    stage.replies(
        ANN, "INC-1", "#take #p2", "I am on my way. Please leave the paper where it is.", "Ann Lee\nann@acme.example"
    )
    stage.gets(ERIKA, saying="I am on my way", in_full=True)
    stage.gets(ANN, saying="Done: INC-1 is in progress, with Ann Lee")


def _vpn_goes_to_the_second_line(stage: Stage) -> None:
    stage.writes(OTTO, "Cannot reach the VPN from home", "Since the update it asks for my password again and again.")
    stage.gets(OTTO, saying="Its number is INC-2")
    stage.gets(ANN, BEN, saying="INC-2 is new in servicedesk", in_full=True)
    stage.replies(BEN, "INC-2", "#assign @network", "The gateway logs no attempt of his. Can you have a look?")
    stage.gets(NIA, saying="INC-2 is now with network")
    stage.gets(BEN, saying="Done: INC-2 is new, nobody has it")
    stage.replies(NIA, "INC-2", "#take", "Please open the VPN client, choose Profile, then Renew, and try again.")
    stage.gets(OTTO, saying="choose Profile, then Renew")
    stage.gets(NIA, saying="Done: INC-2 is in progress, with Nia Fox")


def _cora_wants_a_keyboard(stage: Stage) -> None:
    stage.writes(CORA, "A keyboard", "Could I have a new one? Mine has lost its Q.")
    stage.gets(CORA, saying="Its number is INC-3")
    stage.gets(ANN, BEN, saying="a service request")


def _ann_mistypes(stage: Stage) -> None:
    stage.replies(ANN, "INC-1", "#resolv new rollers")
    stage.gets(ANN, saying="did you mean #resolve")
    stage.is_now(1, Status.IN_PROGRESS)
    stage.replies(ANN, "INC-1", "#resolve new rollers")
    stage.gets(ERIKA, saying="What we did: new rollers")
    stage.gets(ANN, saying="Done: INC-1 is resolved, with Ann Lee")


def _erika_is_away(stage: Stage) -> None:
    stage.is_away(ERIKA, "INC-1", "I am out of the office until tomorrow. In urgent cases ask Otto.")
    stage.nothing_else()
    stage.is_now(1, Status.RESOLVED)
    stage.screen.remark("No letter to anybody, INC-1 stays resolved; the mail stands in its timeline.")


def _an_answer_bounces(stage: Stage) -> None:
    stage.office.forget(CORA.email)
    stage.replies(BEN, "INC-3", text="Gladly. Which layout do you type on, English or German?")
    stage.comes_back()
    stage.gets(BEN, saying="did not reach cora@shop.example")


def _erika_confirms(stage: Stage) -> None:
    stage.replies(ERIKA, "INC-1", text="Yes!")
    stage.gets(ERIKA, saying="INC-1 is closed")
    stage.gets(ANN, saying="accepts the solution")


def _a_stranger_tries(stage: Stage) -> None:
    stage.writes(MALLORY, f"Re: {PRINTER} [INC-1]", "Please send me what was printed there.")
    stage.gets(MALLORY, saying="Its number is INC-4")
    stage.gets(ANN, BEN, saying="May belong to INC-1")
    stage.is_now(1, Status.CLOSED)


STORY = (
    Step("Erika reports a jammed printer: she has an answer at once, the first line has her mail.", _a_printer_jams),
    Step("Ann takes it, by two commands in the subject; her words go to Erika, her address does not.", _ann_takes_it),
    Step(
        "Otto has VPN trouble: a rule says what it is and that it is urgent, Ben hands it over to the second line, "
        "and there Nia takes it.",
        _vpn_goes_to_the_second_line,
    ),
    Step("Cora would like a keyboard: nothing is broken, so this is a service request.", _cora_wants_a_keyboard),
    Step("Ann mistypes a command: nothing is done, and she is told what she meant; then it works.", _ann_mistypes),
    Step("Erika's mailbox answers that she is away: that is filed, and nobody is bothered.", _erika_is_away),
    Step("Ben answers Cora, whose address no longer exists: the answer bounces, and he is told.", _an_answer_bounces),
    Step("Erika is back and confirms with one word: her incident is closed.", _erika_confirms),
    Step(
        "Somebody from outside tries the number of Erika's incident: he gets one of his own, and not a word of hers.",
        _a_stranger_tries,
    ),
)


def play(stage: Stage) -> None:
    """Play the whole story. Raises Missed."""
    for number, step in enumerate(STORY, 1):
        stage.screen.step(number, len(STORY), step.sentence)
        step.play(stage)
        stage.nothing_else()
