"""The shortest honest programs; nothing of Kontor is imported here."""
