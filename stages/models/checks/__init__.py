"""What is checked of a target before it is audited, beside whether audio reaches it (`stages.models.audibility`)."""
