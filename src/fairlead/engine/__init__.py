"""The durable run of a plan: interpreter, undo, interruptions, takeover."""
