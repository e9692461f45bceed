"""Who plays in the demo, and the configuration of their desk, written to disk as anybody would write it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template

from maildesk.build import new_keys, write_private

DESK = "support@acme.example"
TECHNICIANS = "acme.example"  # the domain of all who work there


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a mailbox at the demo's post office. Everybody's password is his first name in small letters."""

    name: str
    email: str

    @property
    def first_name(self) -> str:
        return self.name.partition(" ")[0]

    @property
    def password(self) -> str:
        return self.first_name.lower()


ERIKA = Person("Erika Muster", "erika@shop.example")
OTTO = Person("Otto Beck", "otto@shop.example")
CORA = Person("Cora Lind", "cora@shop.example")
MALLORY = Person("Mallory Snoop", "mallory@elsewhere.example")
ANN = Person("Ann Lee", "ann@acme.example")
BEN = Person("Ben Ode", "ben@acme.example")
NIA = Person("Nia Fox", "nia@acme.example")
PEOPLE = (ERIKA, OTTO, CORA, MALLORY, ANN, BEN, NIA)


def passwords() -> dict[str, str]:
    """The users of the post office: the people, and the desk itself."""
    return {DESK: "desk"} | {person.email: person.password for person in PEOPLE}


def write_configuration(directory: Path, imap_port: int, smtp_port: int) -> None:
    """Write the files of config/ beside this module to `directory`, the ports filled in, and the secrets they name."""
    places = {"imap_port": imap_port, "smtp_port": smtp_port, "database": directory / "maildesk.db"}
    for source in sorted((Path(__file__).parent / "config").glob("*.yaml")):
        text = Template(source.read_text(encoding="utf-8")).substitute(places)
        (directory / source.name).write_text(text, encoding="utf-8")
    (directory / "secrets").mkdir(mode=0o700)
    write_private(directory / "secrets" / "mailbox", passwords()[DESK] + "\n")
    write_private(directory / "secrets" / "keys", new_keys())
