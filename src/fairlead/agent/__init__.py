"""The program on a target: link, work, spool, caretaker."""
