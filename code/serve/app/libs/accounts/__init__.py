"""Accounts: who asks, with what proof, and what was answered to whom. Off unless USERS_URL is set."""
