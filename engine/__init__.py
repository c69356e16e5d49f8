"""The machine room: runs flows durably; knows no flow and no vendor by name."""
