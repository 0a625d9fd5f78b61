"""The relay: keeps sealed objects until their devices fetch them; learns as little as it can.

Rules:

- No content, label, subject or name ever reaches this process; what it checks, it checks blindly.
- Transport is asynchronous; intake and storage are synchronous and run in threads.
- Nothing is answered before it is on durable storage.

Source: docs/spec/wire.md; DESIGN §8.
"""
