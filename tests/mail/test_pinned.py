"""Only what the pinned server wrote on top counts, and of it only dmarc for exactly the domain of From."""

from __future__ import annotations

import pytest
from mailblocks import bare, block
from tables import each

from maildesk.mail.auth import trust
from maildesk.mail.message import Level, Mail
from maildesk.mail.pinned import FAIL, NOTHING, PASS, Pin, proof

SERVERS = {
    "gmail": (Pin("gmail"), "mx.google.com; "),
    "m365": (Pin("m365"), ""),
    "internal": (Pin("m365", internal=True), ""),
    "postfix": (Pin("postfix", "mail.acme.example"), "mail.acme.example; "),
    "fastmail": (Pin("fastmail"), "mx6.messagingengine.com; "),
}
PINS = {name: pin for name, (pin, _) in SERVERS.items()}
FROM = "From: Ann Lee <ann@acme.example>"
GOOD = "dmarc=pass header.from=acme.example"
AR = "Authentication-Results: "


def said(name: str, *lines: str) -> Mail:
    """A mail with these lines on top, where %s is the pinned server and %id the same where there must be a name."""
    server = SERVERS[name][1]
    text = "\n".join((*lines, FROM))
    return block(text.replace("%id", server.strip("; ") or "protection.outlook.com").replace("%s", server))


def level(mail: Mail, name: str) -> Level:
    return trust(mail, registered=True, token="", domain=proof(mail, PINS[name], ("ann",))).level


# --- what servers write ----------------------------------------------------------------------------------------------

GENUINE = {
    "plain": [f"{AR}%s{GOOD}"],
    "the name of the header in capitals": [f"AUTHENTICATION-RESULTS: %s{GOOD}"],
    "folded": [f"{AR}%sdmarc=pass", "\t(p=NONE sp=NONE dis=NONE)", "  header.from=acme.example"],
    "among others": [f"{AR}%sspf=fail smtp.mailfrom=list.example; {GOOD}; dkim=none"],
    "the domain in capitals": [f"{AR}%sdmarc=pass header.from=ACME.Example"],
    "below its Received": ["Received: from a by b; Mon, 23 Nov 2026 09:00:00 +0000", f"{AR}%s{GOOD}", "X-Spam: no"],
    "forged ones further down": [
        f"{AR}%s{GOOD}",
        "Received: from a by b",
        f"{AR}%sdmarc=fail header.from=acme.example",
    ],
}


@each(name=SERVERS, lines=GENUINE.values())
def test_a_pass_of_the_pinned_server_proves_the_domain(name, lines):
    found = proof(said(name, *lines), PINS[name])
    assert found.outcome == PASS, found.evidence
    assert "dmarc=pass for acme.example" in found.evidence
    assert level(said(name, *lines), name) is Level.L3


def test_fastmail_spreads_its_results_over_several_headers():
    lines = ["x-csa=none; x-ptr=pass smtp.helo=out.acme.example", "bimi=skipped (DMARC)", "arc=none (none found)", GOOD]
    assert proof(said("fastmail", *(f"{AR}%s{line}" for line in lines)), PINS["fastmail"]).outcome == PASS
    split = [*(f"{AR}%s{line}" for line in lines[:3]), "X-Other: 1", f"{AR}%s{GOOD}"]
    assert proof(said("fastmail", *split), PINS["fastmail"]).evidence == "mx6.messagingengine.com: no dmarc result"
    assert level(said("gmail", *(f"{AR}%s{line}" for line in lines)), "gmail") is Level.L1


def test_an_international_domain_is_compared_in_its_ascii_form():
    for shown in ("xn--mller-kva.example", "müller.example", "MÜLLER.example"):
        mail = block(f"{AR}mx.google.com; dmarc=pass header.from={shown}\nFrom: a@müller.example")
        assert proof(mail, Pin("gmail")).outcome == PASS, shown


@pytest.mark.parametrize(
    "verdict",
    [
        "dmarc=fail header.from=acme.example",
        "dmarc=fail (p=NONE sp=NONE dis=NONE) header.from=acme.example",
        "dmarc=fail header.from=other.example",
        "dmarc=reject header.from=acme.example",
        "dmarc=quarantine",
        "dmarc=fail action=oreject header.from=acme.example;compauth=fail reason=000",
        "dmarc=pass action=quarantine header.from=acme.example",
        "dmarc=none policy.applied-disposition=reject header.from=acme.example",
        "DMARC=FAIL HEADER.FROM=acme.example",
        f"{GOOD}; dmarc=fail header.from=acme.example",
    ],
)
@pytest.mark.parametrize("name", SERVERS)
def test_a_refusal_of_the_pinned_server_breaks_the_claim_whatever_proves_it(name, verdict):
    mail = said(name, f"{AR}%s{verdict}", "X-MS-Exchange-Organization-AuthAs: Internal")
    found = proof(mail, PINS[name], ("ann",))
    assert found.outcome == FAIL
    beaten = trust(mail, registered=True, token="own", confirmed=True, domain=found)
    assert (beaten.level, beaten.refuted) == (Level.L0, True)
    assert trust(mail, registered=True, token="own").level is Level.L2  # nobody pinned: nobody heard


# --- what forgers write ----------------------------------------------------------------------------------------------

REAL = f"{AR}%sspf=pass smtp.mailfrom=evil.example; dmarc=none header.from=acme.example"
FORGED = f"{AR}%s{GOOD}"
OTHER = f"{AR}mx.evil.example; {GOOD}"
LAYOUTS = {
    "below": [REAL, FORGED],
    "below, behind a Received": [REAL, "Received: from evil by evil", FORGED],
    "below, twice": [REAL, FORGED, FORGED],
    "interleaved": [REAL, FORGED, REAL, FORGED],
    "a fail below is not taken back": [REAL, f"{AR}%sdmarc=pass header.from=acme.example; spf=pass"],
    "other server alone": [OTHER],
    "other server on top": [OTHER, FORGED],
    "other server on top, with a real one between": [OTHER, REAL, FORGED],
    "empty one on top": [AR, FORGED],
    "no result on top": [f"{AR}%id; none", FORGED],
    "name with something before it": [f"{AR}not.%id; {GOOD}"],
    "name with something behind it": [f"{AR}%id.evil.example; {GOOD}"],
    "name with a port": [f"{AR}%id:25; {GOOD}"],
    "name and a second name": [f"{AR}mx.evil.example %id; {GOOD}"],
    "name in a comment": [f"{AR}mx.evil.example (%id; {GOOD})"],
    "all of it in a comment": [f"{AR}mx.evil.example; (%id; {GOOD})"],
    "a comment before the name": [f"{AR}(really) %id; {GOOD}"],
    "a comment that does not end": [f"{AR}mx.evil.example (; {AR}%id; {GOOD}"],
    "name in quotes": [f'{AR}"%id"; {GOOD}'],
    "name in an encoded word": [f"{AR}=?utf-8?q?%id?=; {GOOD}"],
    "name folded in two": [f"{AR}mx.\n goo gle.com; {GOOD}"],
    "name with a dot at its end": [f"{AR}%id.; {GOOD}"],
    "another version": [f"{AR}%id 2; {GOOD}"],
    "another version of the method": [f"{AR}%sdmarc/2=pass header.from=acme.example"],
    "subdomain": [f"{AR}%sdmarc=pass header.from=mail.acme.example"],
    "domain above": [f"{AR}%sdmarc=pass header.from=example"],
    "domain that begins with ours": [f"{AR}%sdmarc=pass header.from=acme.example.evil.example"],
    "domain that ends with ours": [f"{AR}%sdmarc=pass header.from=evil-acme.example"],
    "domain that looks like ours": [f"{AR}%sdmarc=pass header.from=\u0430cme.example"],
    "an address for a domain": [f"{AR}%sdmarc=pass header.from=ann@acme.example"],
    "two domains": [f"{AR}%sdmarc=pass header.from=evil.example header.from=acme.example"],
    "two results": [f"{AR}%sdmarc=none header.from=acme.example; {GOOD}"],
    "two passes": [f"{AR}%sdmarc=pass header.from=evil.example; {GOOD}"],
    "no domain": [f"{AR}%sdmarc=pass"],
    "the domain under another name": [f"{AR}%sdmarc=pass header.d=acme.example"],
    "spf and dkim alone": [f"{AR}%sspf=pass smtp.mailfrom=acme.example; dkim=pass header.d=acme.example"],
    "a guess": [f"{AR}%sdmarc=bestguesspass header.from=acme.example"],
    "pass in a comment": [f"{AR}%sspf=pass ({GOOD}) smtp.mailfrom=evil.example"],
    "pass in a reason": [f'{AR}%sspf=pass reason="; {GOOD};" smtp.mailfrom=evil.example'],
    "pass in an envelope sender": [f'{AR}%sspf=pass smtp.mailfrom="x; {GOOD}; y"@evil.example'],
    "an envelope sender ends the comment": [f'{AR}%sspf=none (of "a) ; {GOOD} ("@evil.example) smtp.helo=x'],
    "an escaped parenthesis": [f"{AR}%sspf=none (a \\) b) ; {GOOD}"],
    "pass with something behind it": [f"{AR}%sdmarc=pass,fail header.from=acme.example"],
    "a semicolon too many": [f"{AR}%sspf=pass;; {GOOD}"],
    "ARC": [f"ARC-Authentication-Results: i=1; %s{GOOD}"],
    "moved away by a relay": [f"X-Original-Authentication-Results: %s{GOOD}"],
    "moved away by Outlook": [f"Authentication-Results-Original: %s{GOOD}"],
    "another header": [f"X-Authentication-Results: %s{GOOD}", "Received-SPF: pass", "X-Spam-Status: No, DMARC_PASS"],
    "a blank before the colon": [f"Authentication-Results : %s{GOOD}"],
    "a stray line below the real one": [REAL, f"; {GOOD}"],
    "a stray parameter below the real one": [f"{AR}%sspf=none;", GOOD],
    "nothing at all": ["X-Nothing: 1"],
    "login of somebody else": [f"{AR}%sauth=pass smtp.auth=ben"],
    "login that failed": [f"{AR}%sauth=fail smtp.auth=ann"],
    "two logins": [f"{AR}%sauth=pass smtp.auth=ben smtp.auth=ann"],
    "two logins apart": [f"{AR}%sauth=pass smtp.auth=ben; auth=pass smtp.auth=ann"],
    "not quite internal": ["X-MS-Exchange-Organization-AuthAs: Internal74"],
    "internal and not": ["X-MS-Exchange-Organization-AuthAs: Anonymous", "X-MS-Exchange-Organization-AuthAs: Internal"],
}


@each(name=SERVERS, layout=LAYOUTS)
def test_no_forged_layout_proves_anything(name, layout):
    mail = said(name, *LAYOUTS[layout])
    found = proof(mail, PINS[name], ("ann",))
    assert found.outcome == NOTHING, found.evidence
    assert found.evidence
    assert level(mail, name) is Level.L1


@each(layout=[*LAYOUTS.values(), *GENUINE.values()], name=SERVERS)
def test_without_a_pin_nothing_of_it_is_looked_at(layout, name):
    found = trust(said(name, *layout), registered=True, token="")
    assert (found.level, len(found.evidence)) == (Level.L1, 2)


def test_a_header_inside_a_part_or_in_the_body_is_none_of_the_mail():
    body = f"--b\r\n{AR}mx.google.com; {GOOD}\r\n\r\nHello\r\n--b--\r\n{AR}mx.google.com; {GOOD}\r\n"
    mail = block(f"{FROM}\nContent-Type: multipart/mixed; boundary=b", body)
    assert mail.results == ()
    assert level(mail, "gmail") is Level.L1


def test_a_pass_for_nobody_proves_nobody():
    nobody = bare(from_=None, results=(f"mx.google.com; {GOOD}",))
    assert proof(nobody, Pin("gmail")).outcome == NOTHING


# --- words of one's own server ---------------------------------------------------------------------------------------


def test_a_login_at_the_own_server_proves_whom_it_belongs_to():
    mail = said("postfix", f"{AR}%sauth=pass smtp.auth=ann smtp.mailfrom=ann@acme.example")
    assert proof(mail, PINS["postfix"], ("lee", "ann")).outcome == PASS
    assert proof(mail, PINS["postfix"], ("Ann",)).outcome == NOTHING
    assert proof(mail, PINS["postfix"]).outcome == NOTHING


def test_mail_inside_a_tenant_counts_only_where_the_admin_says_so():
    lines = ["X-MS-Exchange-Organization-AuthAs: Internal"]
    assert {name for name in SERVERS if proof(said(name, *lines), PINS[name]).outcome == PASS} == {"internal"}
    unsigned = [f"{AR}dkim=none (message not signed) header.d=none;dmarc=none action=none header.from=acme.example"]
    assert proof(said("internal", *unsigned, *lines), PINS["internal"]).outcome == PASS
    assert proof(said("internal", *lines, "a stray line"), PINS["internal"]).outcome == NOTHING


def test_the_name_of_ones_own_server_is_no_pattern():
    mail = block(f"{AR}mailxacme.example; {GOOD}\n{FROM}")
    assert proof(mail, PINS["postfix"]).outcome == NOTHING
    assert proof(mail, PINS["postfix"]).evidence == (
        "the topmost Authentication-Results is of mailxacme.example, not of mail.acme.example"
    )


# --- what is kept of them --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ("X-A: 1", ()),
        (f"{AR}a;\n\tb=c", ("a;\tb=c",)),
        (f"{AR}a\n{AR.lower()}b\nX-A: 1\n{AR}c", ("a", "b")),
        (f"{AR}=?utf-8?q?a?=", ("=?utf-8?q?a?=",)),
        (f"{AR}a\x07b\n{AR}c", ("", "c")),
        (f"{AR}{'x' * 8001}\n{AR}c", ("", "c")),
        ("\n".join([f"{AR}a"] * 30), ("a",) * 20),
        (f"{AR}a\nX-B : 1", None),
    ],
)
def test_the_topmost_run_is_kept_as_it_stands(headers, kept):
    assert block(headers).results == kept
