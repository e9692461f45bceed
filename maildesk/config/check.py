"""What holds between the parts of a configuration: names that must exist, must differ, or must not go in circles.

Each function looks at one thing and adds what is wrong to the tree, at its place. A name counts as known when its
key stands there, even if what belongs to it is broken: one mistake gives one line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from maildesk.config.draft import Draft
from maildesk.config.secret import Place
from maildesk.config.tree import KeyPath, Tree
from maildesk.config.values import all_of, meant, unknown
from maildesk.desk.commands import GRAMMAR
from maildesk.desk.people import Class, Role
from maildesk.mail.letters import LETTERS
from maildesk.mail.pinned import OWN

WORKING = frozenset({Role.TECHNICIAN, Role.LEAD, Role.MANAGER})


def check(tree: Tree, draft: Draft, place: Place) -> None:
    """All checks; problems and warnings are added to `tree`."""
    _mailboxes(tree, draft)
    _accounts(tree, draft)
    _files(tree, draft, place)
    _database(tree, draft)
    _classes(tree, draft)
    _pinned(tree, draft)
    _emails(tree, draft)
    _groups(tree, draft)
    _circles(tree, draft)
    _organisations(tree, draft)
    _categories(tree, draft)
    _notices(tree, draft)
    _advice(tree, draft)


def twice(tree: Tree, items: Iterable[tuple[KeyPath, str]], what: str) -> None:
    """Reports every second use of a value that must be the only one; `what` it is: "the name {}"."""
    first: dict[str, KeyPath] = {}
    for path, value in items:
        if value in first:
            there = tree.spot(first[value]).brief
            tree.add(path, f"{what.format(value)} is given already at {there}; keep one of the two")
        else:
            first[value] = path


def known(tree: Tree, path: KeyPath, name: str | None, what: str, names: Collection[str]) -> None:
    """Reports a name that stands nowhere. In a directory with unreadable files nothing can be missed."""
    if name and name not in names and tree.whole:
        tree.add(path, unknown(name, what, names))


# --- mailboxes and servers ------------------------------------------------------------------------------------------


def _mailboxes(tree: Tree, draft: Draft) -> None:
    boxes = draft.mailboxes.items()
    twice(tree, [(("mailboxes", n, "name"), box.name) for n, box in boxes], "the name '{}'")
    addresses = [
        (("mailboxes", n, "address" if box.address else "name"), address.key)
        for n, box in boxes
        if (address := box.address or (draft.desk and draft.desk.address))
    ]
    twice(tree, addresses, "the address {} (without an `address` of its own a mailbox has the desk's)")
    for n, box in boxes:
        known(tree, ("mailboxes", n, "group"), box.group, "group", tree.names("groups"))


_OF_IMAP = ("user", "password", "folder", "done", "flag", "since", "poll", "cafile")


def _accounts(tree: Tree, draft: Draft) -> None:
    for n, box in draft.mailboxes.items():
        at = ("mailboxes", n)
        given = box.model_fields_set
        if box.imap is None:
            for key in (k for k in _OF_IMAP if k in given):
                tree.add((*at, key), "is of no use without `imap`; add `imap`, or remove it", key=True)
            continue
        for key in (k for k in ("user", "password") if k not in given):
            tree.add((*at, key), f"is missing beside `imap`; add `{key}`", key=True)
        if box.done == box.folder:
            tree.add((*at, "done"), "is the folder that is read; name another one, or write `done: null`")
        if "flag" in given and box.done is not None:
            tree.add((*at, "flag"), "is only set where mails are not moved; write `done: null` beside it", key=True)
    accounts = [
        (("mailboxes", n, "imap"), f"{box.user} at {box.imap.host}, folder {box.folder},")
        for n, box in draft.mailboxes.items()
        if box.imap
    ]
    twice(tree, accounts, "the mailbox of {}")
    if draft.smtp and (draft.smtp.user is None) != (draft.smtp.password is None):
        lacking = "user" if draft.smtp.user is None else "password"
        tree.add(("smtp", lacking), "is missing; give both `user` and `password`, or neither", key=True)


def _files(tree: Tree, draft: Draft, place: Place) -> None:
    named: list[tuple[KeyPath, str | None]] = [(("smtp", "cafile"), draft.smtp.cafile if draft.smtp else None)]
    named += [(("mailboxes", n, "cafile"), box.cafile) for n, box in draft.mailboxes.items()]
    for path, name in named:
        if name and not (place.directory / name).is_file():
            tree.add(path, f"there is no file {Path(place.directory, name)}; name a file of PEM certificates")


def _database(tree: Tree, draft: Draft) -> None:
    if draft.database.password and draft.database.url.startswith("sqlite:"):
        tree.add(("database", "password"), "is of no use for SQLite; remove it", key=True)


def _classes(tree: Tree, draft: Draft) -> None:
    movable = {name for name, verb in GRAMMAR.items() if verb.klass in {Class.ROUTINE, Class.CONSEQUENTIAL}}
    for verb in draft.security.classes:
        if verb not in GRAMMAR:
            tree.add(("security", "classes", verb), unknown(verb, "command", movable), key=True)
        elif verb not in movable:
            fix = all_of(movable, "these can be moved")
            tree.add(("security", "classes", verb), f"this command stays in its class; {fix}", key=True)


def _pinned(tree: Tree, draft: Draft) -> None:
    given = [
        (("people", name, "logins", n), login)
        for name, person in draft.people.items()
        for n, login in enumerate(person.logins)
    ]
    twice(tree, given, "the login '{}'")
    if "preset" in tree.names("security") and "preset" not in draft.security.model_fields_set:
        return  # it is wrong itself, and nobody knows what was meant
    preset = draft.security.preset.partition(":")[0]
    if draft.security.trust_internal and preset != "m365":
        tree.add(("security", "trust_internal"), "is of no use without `preset: m365`; remove it", key=True)
    for name in (name for name, person in draft.people.items() if person.logins and preset != OWN):
        text = f"is of no use without `preset: {OWN}:...` under `security`; remove it"
        tree.add(("people", name, "logins"), text, key=True)


# --- people ---------------------------------------------------------------------------------------------------------


def _emails(tree: Tree, draft: Draft) -> None:
    given = [
        (("people", name, "email", n), address.key)
        for name, person in draft.people.items()
        for n, address in enumerate(person.email)
    ]
    twice(tree, given, "the address {}")
    own = {box.address.key for box in draft.mailboxes.values() if box.address}
    own |= {draft.desk.address.key} if draft.desk else set()
    for path, address in given:
        if address in own:
            tree.add(path, f"{address} is an address of the desk itself; give the person's own")


def _groups(tree: Tree, draft: Draft) -> None:
    people, groups = tree.names("people"), tree.names("groups")
    for name, group in draft.groups.items():
        at = ("groups", name)
        known(tree, (*at, "lead"), group.lead, "person", people)
        known(tree, (*at, "escalates_to"), group.escalates_to, "group", groups)
        for n, member in enumerate(group.members):
            known(tree, (*at, "members", n), member, "person", people)
            person = draft.people.get(member)
            if person and not WORKING.intersection(person.roles):
                tree.warn((*at, "members", n), f"{member} is no technician; add `technician` to the roles")
        if not group.members and not group.lead:
            tree.warn(at, "has neither members nor a lead; mails for it reach nobody", key=True)
        twice(tree, [((*at, "members", n), m) for n, m in enumerate(group.members)], "the member {}")


def _circles(tree: Tree, draft: Draft) -> None:
    """escalates_to must end somewhere; a circle is reported once, at its first group."""
    done: set[str] = set()
    for start in draft.groups:
        way: list[str] = []
        name = start
        while name in draft.groups and name not in done and name not in way:
            way.append(name)
            name = draft.groups[name].escalates_to or ""
        if name in way:
            circle = " -> ".join([*way[way.index(name) :], name])
            text = f"goes in a circle ({circle}); the last group has no `escalates_to`"
            tree.add(("groups", name, "escalates_to"), text)
        done.update(way)


def _organisations(tree: Tree, draft: Draft) -> None:
    items = draft.organisations.items()
    twice(tree, [(("organisations", n, "name"), o.name) for n, o in items], "the name '{}'")
    domains = [(("organisations", n, "domains", d), name) for n, o in items for d, name in enumerate(o.domains)]
    twice(tree, domains, "the domain {}")
    vips = [(("organisations", n, "vip", a), address.key) for n, o in items for a, address in enumerate(o.vip)]
    twice(tree, vips, "the VIP {}")


# --- categories -----------------------------------------------------------------------------------------------------


def _categories(tree: Tree, draft: Draft) -> None:
    names = list(tree.names("categories"))
    for name, category in draft.categories.items():
        known(tree, ("categories", name, "group"), category.group, "group", tree.names("groups"))
    first: dict[str, str] = {}
    for name in names:
        same = first.setdefault(name.casefold(), name)
        if same != name:
            there = tree.spot(("categories", same), key=True).brief
            text = f"differs from '{same}' at {there} only in capitals; keep one of the two"
            tree.add(("categories", name), text, key=True)
    tops = [name for name in names if "/" not in name]
    for name in names:
        parent = name.partition("/")[0]
        fix = meant(parent, tops)
        if parent not in tops and fix.startswith("did you mean"):
            tree.add(("categories", name), f"there is no category '{parent}' for it to belong to; {fix}", key=True)


# --- letters ------------------------------------------------------------------------------------------------------

# What was said to somebody, what he must do, and what only the admin can mend.
NEEDED = frozenset({"answer", "confirm", "not_done", "refused", "alarm"})


def _notices(tree: Tree, draft: Draft) -> None:
    for n, name in enumerate(draft.notices.off):
        if name in NEEDED:
            tree.add(("notices", "off", n), f"the desk cannot do without the letter '{name}'; remove it")
        elif name not in LETTERS:
            tree.add(("notices", "off", n), unknown(name, "letter", LETTERS.keys() - NEEDED))


# --- advice ---------------------------------------------------------------------------------------------------------


def _advice(tree: Tree, draft: Draft) -> None:
    people = draft.people.values()
    if draft.smtp and draft.smtp.envelope == "verp" and not draft.smtp.plus_address:
        text = "bounces come to addresses with a plus, which may not reach the mailbox; set `plus_address: true`"
        tree.warn(("smtp", "envelope"), text)
    if draft.desk and not draft.desk.admins and not any(Role.ADMIN in person.roles for person in people):
        tree.warn(("desk", "admins"), "nobody is told when maildesk itself needs help; add an address", key=True)
    if not any(WORKING.intersection(person.roles) for person in people):
        tree.warn(
            ("people",), "nobody is a technician; mails are taken and acknowledged, and nobody gets them", key=True
        )


def languages(tree: Tree, draft: Draft, written: Collection[str]) -> None:
    """Warns of languages in which no letter is `written`; de-AT is fine where there is de."""
    given: list[tuple[KeyPath, str]] = [(("desk", "language"), draft.desk.language)] if draft.desk else []
    given += [(("people", name, "language"), person.language) for name, person in draft.people.items()]
    folders = {name.lower() for name in written}
    for path, language in given:
        if language and not folders & {language.lower(), language.lower().partition("-")[0]}:
            text = f"there are no letters in '{language}', so English ones go out"
            tree.warn(path, f"{text}; {all_of(written, 'there are')}, and others go into templates/{language}")
