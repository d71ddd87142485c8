"""The oracle: real processes, a simulated world that misbehaves by a seeded script, and an account of every post at the end.

stored ∪ dead letters ∪ gap ledger = what was emitted, nothing twice, nothing wrong, and every planned fault has fired.
The model to copy is Jetstream v2's own oracle test.
"""

from oracle.account import Account
from oracle.plan import Plan, make_plan
from oracle.run import run_seed

__all__ = ["Account", "Plan", "make_plan", "run_seed"]
