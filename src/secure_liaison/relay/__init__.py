"""The way to a relay: what a desk sends, and how far it believes the answers.

Rules:

- `http` is the only door to the HTTP client.
- Every send may be repeated safely; no answer is believed beyond what the specification promises.
"""
