"""The mailbox that stands for a mail server where none is set."""
