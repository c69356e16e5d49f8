"""The words and records that all parts share; imports nothing of ours."""
