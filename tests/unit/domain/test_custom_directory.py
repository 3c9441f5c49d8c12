"""Which paths a package may be copied to."""

import pytest

from fairlead.domain.custom_directory import checked_directory
from fairlead.domain.errors import Invalid


@pytest.mark.parametrize(
    "path",
    ["/srv/tools", "/opt/a b/c", "/var/www", "/var/lib/tools", "/usr/local/tools", "/" + "home/ann/app", "/data"],
)
def test_a_directory_of_the_applications_own_is_fine(path: str) -> None:
    assert checked_directory(path, "Tools") == path
    assert checked_directory(f"{path}/", "Tools") == path


@pytest.mark.parametrize(
    ("path", "why"),
    [
        *((path, "is no absolute path") for path in ("", "srv/tools", "./x", "~/x", "C:\\inetpub", "//host/share")),
        *(
            (path, "is not a plain path")
            for path in ("/srv/../etc", "/srv/./x", "/srv//x", "/srv/a\nb", "/" + "x" * 1000)
        ),
        *((path, "is not the application's alone") for path in ("/", "/srv", "/var", "/var/lib", "/home/ann", "/tmp")),
        *((path, "is not the application's alone") for path in ("/usr/local", "/usr/local/bin", "/root/")),
        *(
            (path, "belongs to the system")
            for path in ("/etc", "/etc/tools", "/usr", "/usr/share/x", "/proc/1", "/bin")
        ),
        *((path, "belongs to the system") for path in ("/var/lib/docker/volumes", "/var/lib/fairlead", "/dev/shm/x")),
    ],
)
def test_others_are_refused_with_why(path: str, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_directory(path, "Tools")
    assert refused.value.code == "package.directory" and why in refused.value.message
