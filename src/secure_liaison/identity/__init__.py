"""Who is who: anchors, registrars, statements and the chain between them, at one instant.

Rules:

- Values in, values out; time is an argument.
- What was verified has a type of its own, made by exactly one function.
"""
