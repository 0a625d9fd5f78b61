"""The reference monitor: questions, rules, decisions, and the gate that makes permits."""
