"""Classified bulletins between agencies: labelled, sealed end to end, logged."""

__all__: list[str] = []
