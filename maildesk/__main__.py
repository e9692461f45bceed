"""`python -m maildesk`: the same as the command `maildesk`."""

from maildesk.cli import main

main()
