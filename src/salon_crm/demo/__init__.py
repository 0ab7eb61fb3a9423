"""The demo: what the library does, shown on lists of customers, with checks it makes itself."""

from salon_crm.demo.lists import check_readable, run_demo
from salon_crm.demo.output import show_table
from salon_crm.demo.rewards import show_points
from salon_crm.demo.searches import run_searches

__all__ = ["check_readable", "run_demo", "run_searches", "show_points", "show_table"]
