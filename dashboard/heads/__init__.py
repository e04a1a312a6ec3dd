"""The figures each page begins with, from the account's queries: no page needs more than these to be worth reading."""
