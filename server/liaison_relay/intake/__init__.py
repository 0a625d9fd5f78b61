"""What comes in from outside and is checked before it is kept: objects and snapshots."""
