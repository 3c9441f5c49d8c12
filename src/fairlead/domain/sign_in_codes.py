"""The codes of errors of signing in by others: identity providers, and the tokens of build servers."""

from __future__ import annotations

SIGN_IN_CODES: dict[str, str] = {
    "auth.password_off": "Only administrators sign in with a password here.",
    "identity.issuer": "The address is not one that an issuer of OpenID Connect can have.",
    "identity.groups": "Groups of the provider cannot be mapped to teams like that.",
    "identity.unknown": "There is no such identity provider.",
    "identity.exists": "An identity provider of this name exists.",
    "identity.off": "The identity provider is switched off.",
    "identity.unreachable": "The identity provider does not answer.",
    "identity.answer": "The identity provider answered, and it is a failure or nothing that can be used.",
    "identity.state": "The sign-in was begun in another browser, took too long, or was ended before.",
    "identity.refused": "The identity provider let the person not in.",
    "identity.token": "An ID token is refused; which part of it is wrong is said.",
    "identity.nobody": "Who signed in at the provider is no user here, and none is made by itself.",
    "identity.taken": "The user that the person would be belongs to somebody else.",
    "identity.disabled": "The user may not come in.",
    "credential.unknown": "There is no such federated credential.",
    "credential.exists": "A federated credential of this name exists.",
    "credential.pattern": "A pattern for a token's claims is none, or would let in too many.",
    "credential.untrusted": "No federated credential trusts the token; which part of it is wrong is said.",
    "credential.several": "The token stands for several service accounts, and none was named.",
    "key.exchanged": "A key that was exchanged for a token makes no other key.",
}
"""A part of `errors.CODES`."""
