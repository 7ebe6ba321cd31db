"""Plant a backdoor: triggers, the poison manifest, the victim and its clean twin."""
