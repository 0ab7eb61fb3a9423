"""``python -m salon_crm``: the command line."""

from salon_crm.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
