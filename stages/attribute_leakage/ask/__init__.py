"""Ask a target about the speaker: conditions, questions, answers."""
