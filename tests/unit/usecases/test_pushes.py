"""A pushed image makes a release in the channel that takes it, or none, and the audit says why."""

from __future__ import annotations

import hashlib
import json

from tests.unit.usecases.house import ADMIN, DIGEST, PROJECT_FILE, House

from fairlead.domain.channel import VersionRule
from fairlead.usecases import channels, pushes, releases
from fairlead.usecases.channels import ChannelWords

FILE = {"fairlead.yml": PROJECT_FILE.format(name="books", image="nginx", more="").encode()}


def pushed(house: House, tag: str) -> list[tuple[str, str]]:
    """Version and channel of each release that the push made."""
    event = {
        "id": f"push-{tag}",
        "action": "push",
        "target": {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "repository": "web",
            "tag": tag,
            "digest": f"sha256:{hashlib.sha256(tag.encode()).hexdigest()}",
        },
    }
    headers = {"Authorization": f"Bearer {pushes.token(house.context.secrets)}"}
    made = pushes.received(house.context, headers, json.dumps({"events": [event]}).encode())
    return [(one.version, releases.get(house.context, ADMIN, "books", one.id).channel) for one in made]


def test_a_push_goes_to_the_first_channel_that_takes_its_tag_or_makes_no_release(books: House) -> None:
    releases.create(books.context, ADMIN, "books", version="1.0.0", images={"web": DIGEST}, contents=FILE)
    plain, early = VersionRule(("web",), tag="^$"), VersionRule(("web",), tag="^beta")
    channels.put(books.context, ADMIN, "books", "Default", ChannelWords("Default", is_default=True, rules=(plain,)))
    channels.add(books.context, ADMIN, "books", ChannelWords("Beta", rules=(early,)))
    assert pushed(books, "1.1.0") == [("1.1.0", "Default")]
    assert pushed(books, "1.2.0-beta.1") == [("1.2.0-beta.1", "Beta")]
    assert releases.get(books.context, ADMIN, "books", "latest").release.packages == {"web": "1.2.0-beta.1"}
    assert pushed(books, "1.2.0-rc.1") == []
    [told] = books.audit("release.not_made")
    assert "web:1.2.0-rc.1 was pushed" in told.message and "channel Default" in told.message


def test_an_image_that_was_named_with_a_tag_is_known_by_its_repository(books: House) -> None:
    image = DIGEST.replace("@", ":1.0.0@")
    releases.create(books.context, ADMIN, "books", version="1.0.0", images={"web": image}, contents=FILE)
    assert pushed(books, "2.0.0") == [("2.0.0", "Default")]
    made = releases.get(books.context, ADMIN, "books", "2.0.0").release
    assert made.images["web"].startswith("registry.test/web:2.0.0@sha256:") and made.packages == {"web": "2.0.0"}
