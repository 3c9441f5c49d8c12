"""What is typed for the commands that have the most to say; shown below their options, and in the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

EXAMPLES: Mapping[str, Sequence[str]] = {
    "apply": ("fairlead apply house --plan", "fairlead apply house --yes --secrets secrets.yml"),
    "approve": ("fairlead approve --wait", 'fairlead approve ID --plan 5e0c1f6a9d3b4c7e -m "tested by hand"'),
    "channels add": ('fairlead channels add "Hot fixes" --lifecycle "Hot fixes" --rule "web:[1.0,2.0):^hotfix"',),
    "deploy": (
        "fairlead deploy latest --to Test --wait",
        "fairlead deploy 1.4.0 --to Production --at 2026-12-01T18:00 --not-after 2026-12-01T22:00",
        'fairlead deploy 1.4.0 --to Production --tenant Acme --variable "Ticket:OPS-7"',
    ),
    "exec": ("fairlead exec web -e Production -- ./manage check",),
    "export": ("fairlead export house",),
    "freezes add": (
        'fairlead freezes add Feast --from 2026-12-24T00:00 --until 2026-12-27T00:00 -e Production -m "nobody is here"',
        'fairlead freezes add Nights --cron "0 22 * * *" --lasts 480 --zone Europe/Berlin',
    ),
    "lifecycles add": (
        "fairlead lifecycles add Careful --phase 'Test: Test; automatic' --phase 'Live: Production; approval'",
    ),
    "logs": ("fairlead logs web -e Production --follow",),
    "plan": ("fairlead plan 1.4.0 Production", "fairlead plan latest Test --no-steps || [ $? = 3 ]"),
    "policy allow": ('fairlead policy allow bind:/srv/photos -p books -e Production -m "read by the importer"',),
    "projects add": (
        "fairlead projects add books --git git@git.example.com:team/books.git --webhook gitea",
        "fairlead projects add books --git https://git.example.com/team/books.git --user ci --password-from token.txt",
    ),
    "release create": (
        'fairlead release create --image web=registry.example.com/books/web@sha256:… --commit "$(git rev-parse HEAD)"',
        "fairlead release create --version 1.0.0 --without-files",
    ),
    "rollback": ("fairlead rollback -e Production --wait", "fairlead rollback -e Production --to 1.3.2"),
    "run": ("fairlead run web -e Production -- ./manage check",),
    "runbooks run": ('fairlead runbooks run "Rotate keys" -e Test -e Production --wait',),
    "subscriptions add": (
        "fairlead subscriptions add Chat --to https://chat.example.com/hook --event deployment. -p books",
        "fairlead subscriptions add Digest --to ops@example.com --event '*' --schedule '0 8 * * MON-FRI'",
    ),
    "targets add": (
        "fairlead targets add web1 -e Test -t web",
        "fairlead targets add db -e Test -e Production -t database --ssh deploy@db.example.com",
    ),
    "tenants set": ("fairlead tenants set Acme --tag Region/EU --connect books=Test,Production",),
    "triggers set": (
        "fairlead triggers set Nightly --cron '0 3 * * *' --zone Europe/Berlin --from Test --to Staging",
        "fairlead triggers set Fresh --kind image --watch registry.example.com/shop/web",
    ),
    "variables set": (
        "fairlead variables set Db.Host=db.internal -e Production",
        "fairlead variables set Db.Password --secret --from password.txt",
        'fairlead variables set Ticket --prompt "Which ticket?" --required',
    ),
}
"""By the words of the command."""
