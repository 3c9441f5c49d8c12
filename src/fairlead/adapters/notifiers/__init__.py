"""Telling people and forges: mail, webhooks, commit statuses."""

from fairlead.adapters.notifiers.dispatch import Dispatch
from fairlead.adapters.notifiers.mail import MailServer

__all__ = ["Dispatch", "MailServer"]
