"""The ledger of one desk: events, entries, exports and what officers read out of them."""
