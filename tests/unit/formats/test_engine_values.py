"""Values that the engine alone would refuse, when a container is made or started: refused in the file, at their place.

What is expected was asked of a real engine (20.10) for each of these values: it refused all that is refused here, and
started containers with all that is not.
"""

from __future__ import annotations

import pytest
from tests.unit.formats.projects import compiled, place, problem, repository

from fairlead.domain.service import Limits, Service, Tmpfs

PROJECT = "project: books\ncompose: compose.yaml\nservices: {web: {strategy: recreate}}\n"
COMPOSE = "services:\n  web:\n    image: x\n    "


def web(keys: str) -> Service:
    return compiled(repository(PROJECT, COMPOSE + keys)).service("web")


@pytest.mark.parametrize(
    ("keys", "column", "key", "found", "expected"),
    [
        ("tmpfs: ['/a:size=abc']", 13, "tmpfs[0]", "size='abc'", "size= with a size as the kernel takes it (64m, 10%)"),
        ("tmpfs: /a:size=", 5, "tmpfs[0]", "size=''", "size= with a size"),
        ("tmpfs: ['/b', '/a:size=64mb']", 19, "tmpfs[1]", "size='64mb'", "size= with a size"),
        ("tmpfs: ['/a:mode=9z']", 13, "tmpfs[0]", "mode='9z'", "a mode in octal"),
        ("tmpfs: ['/a:uid=x']", 13, "tmpfs[0]", "uid='x'", "the number of a user"),
        ("tmpfs: ['/a:bogus']", 13, "tmpfs[0]", "the option 'bogus'", "one of "),
        ("tmpfs: ['/a:no-exec']", 13, "tmpfs[0]", "the option 'no-exec'", "did you mean 'noexec'?"),
        ("tmpfs: ['/a:size=64m,,ro']", 13, "tmpfs[0]", "the option ''", "one of "),
        ("tmpfs: ['/']", 13, "tmpfs[0]", "'/'", "a path below the container's root"),
        ("volumes: [{type: tmpfs, target: /t, tmpfs: {mode: zz}}]", 49, "volumes[0].tmpfs.mode", "'zz'", "in octal"),
        ("ulimits: {nofile: many}", 15, "ulimits.nofile", "'many'", "a whole number"),
        ("ulimits: {files: 5}", 15, "ulimits.files", "'files'", "the name of a limit"),
        ("shm_size: lots", 5, "shm_size", "'lots'", "a size"),
        ("mem_limit: 1m", 5, "mem_limit", "1048576 bytes of memory", "6m or more"),
        ("mem_reservation: 1m", 5, "mem_reservation", "1048576 bytes of memory", "6m or more"),
        ("deploy: {resources: {limits: {memory: 1m}}}", 35, "deploy.resources.limits.memory", "1048576", "6m or more"),
        ("mem_limit: 16m\n    mem_reservation: 32m", 5, "mem_reservation", "33554432 bytes reserved", "no more than"),
        ("cpus: 0.001", 5, "cpus", "0.001 of a processor", "0.01 or more"),
        ("deploy: {resources: {limits: {cpus: '0.009'}}}", 35, "deploy.resources.limits.cpus", "0.009", "0.01 or more"),
        ("pids_limit: 9999999999", 5, "pids_limit", "9999999999", "at most 4194304"),
        ("pids_limit: -2", 5, "pids_limit", "'-2'", "a whole number"),
        ("extra_hosts: ['a:1.2.3.4', 'b:1.2.3']", 32, "extra_hosts[1]", "'b:1.2.3'", "an IP address or host-gateway"),
        ("extra_hosts: ['a:999.1.1.1']", 19, "extra_hosts[0]", "'a:999.1.1.1'", "an IP address"),
        ("extra_hosts: ['a']", 19, "extra_hosts[0]", "'a'", "an IP address"),
        ("extra_hosts: {a: b}", 19, "extra_hosts.a", "'b'", "an IP address"),
        ("extra_hosts: {a b: 1.2.3.4}", 19, "extra_hosts.a b", "'a b'", "a host's name"),
        ("healthcheck: {test: x, interval: soon}", 28, "healthcheck.interval", "'soon'", "a duration"),
        ("stop_grace_period: 5 s", 5, "stop_grace_period", "'5 s'", "a duration"),
        ("logging: {options: {max-size: 10x}}", 25, "logging.options.max-size", "'10x'", "a size (10m)"),
        ("logging: {options: {max-file: '0'}}", 25, "logging.options.max-file", "'0'", "how many files, 1 or more"),
        ("logging: {options: {max-file: 1.5}}", 25, "logging.options.max-file", "'1.5'", "how many files"),
        ("logging: {options: {max-files: 3}}", 25, "logging.options.max-files", "the unknown option", "did you mean"),
        ("logging: {options: {compress: perhaps}}", 25, "logging.options.compress", "'perhaps'", "true or false"),
        ("logging: {options: {compress: true, max-file: 1}}", 25, "logging.options.compress", "one file", "max-file"),
        ("logging: {options: {mode: fast}}", 25, "logging.options.mode", "'fast'", "blocking or non-blocking"),
        ("logging: {options: {max-buffer-size: 4m}}", 25, "logging.options.max-buffer-size", "a buffer", "mode"),
        ("logging: {driver: local, options: {tag: x}}", 40, "logging.options.tag", "unknown", "one of"),
        ("logging: {driver: local, options: {max-file: 1}}", 40, "logging.options.max-file", "one file", "compress"),
        ("logging: {driver: journald, options: {max-size: 1m}}", 43, "logging.options.max-size", "unknown", "did you"),
        ("cap_add: [NET_RAW, NET_BOGUS]", 24, "cap_add[1]", "'NET_BOGUS'", "the name of a capability"),
        ("cap_drop: [everything]", 16, "cap_drop[0]", "'everything'", "the name of a capability"),
        ("user: '99999999999'", 5, "user", "'99999999999'", "numbers of at most 2147483647"),
        ("expose: ['99999']", 14, "expose[0]", "'99999'", "ports from 1 to 65535"),
        ("expose: ['90-80']", 14, "expose[0]", "'90-80'", "ports from 1 to 65535"),
        ("sysctls: {vm.swappiness: '1'}", 15, "sysctls.vm.swappiness", "'vm.swappiness'", "a setting of a container's"),
        ("security_opt: [no-new-privileges:yes]", 20, "security_opt[0]", "'no-new-privileges:yes'", "seccomp"),
        ("security_opt: [seccomp=own.json]", 20, "security_opt[0]", "'seccomp=own.json'", "seccomp:unconfined"),
        ("devices: ['/dev/null:/dev/x:all']", 15, "devices[0]", "'/dev/null:/dev/x:all'", "a device of the host"),
    ],
)  # fmt: skip
def test_what_the_engine_would_refuse_is_refused_at_its_place(
    keys: str, column: int, key: str, found: str, expected: str
) -> None:
    wrong = problem(repository(PROJECT, COMPOSE + keys))
    line = 4 + keys[: keys.find(key.split(".")[0].split("[")[0])].count("\n")
    assert place(wrong) == ("compose.yaml", line, column)
    assert wrong.key == f"services.web.{key}" and found in wrong.found and expected in wrong.expected, wrong


@pytest.mark.parametrize(
    "options",
    ["", "size=64m", "size=10%", "noexec,nosuid,size=64M,mode=1777", "ro", "uid=0,gid=0,nr_inodes=10k", "defaults"],
)
def test_options_of_memory_that_the_engine_takes(options: str) -> None:
    assert web(f"tmpfs: ['/a:{options}']").mounts == (Tmpfs("/a", options),)


@pytest.mark.parametrize("mode", ["1777", "'1777'", "0o1777", "'01777'"])
def test_a_mode_is_octal_however_it_is_written(mode: str) -> None:
    mounts = web(f"volumes: [{{type: tmpfs, target: /t, tmpfs: {{mode: {mode}}}}}]").mounts
    assert mounts == (Tmpfs("/t", "mode=1777"),)


@pytest.mark.parametrize(
    "options",
    ["max-size: 10mb", "max-size: 1g, max-file: 9", "mode: non-blocking, max-buffer-size: 4m", "compress: 'true'",
     "compress: 'false', max-file: '1'", "tag: '{{.Name}}', labels: a", "env-regex: '^A'"],
)  # fmt: skip
def test_options_of_the_output_that_the_engine_takes(options: str) -> None:
    assert web(f"logging: {{options: {{{options}}}}}").log_driver == "json-file"


@pytest.mark.parametrize(
    ("keys", "pids"), [("pids_limit: -1", 0), ("pids_limit: 9", 9), ("pids_limit: 4194304", 1 << 22)]
)
def test_no_limit_of_pids_is_said_as_compose_says_it(keys: str, pids: int) -> None:
    assert web(keys).limits == Limits(pids=pids)


@pytest.mark.parametrize("address", ["10.0.0.1", "::1", "[fe80::1]", "host-gateway"])
def test_addresses_of_hosts(address: str) -> None:
    assert web(f"extra_hosts: ['a={address}']").extra_hosts == {"a": address.strip("[]")}


MOUNTED = "\nvolumes: {data: {}}\nconfigs: {ini: {content: x}, deep: {content: y}}\nsecrets: {s: {content: z}}\n"


@pytest.mark.parametrize(
    ("keys", "at", "found"),
    [
        ("read_only: true\n    configs: [ini]", "configs[0]", "'/ini', a file directly in '/'"),
        (
            "volumes: ['data:/d']\n    configs: [deep, {source: ini, target: /d/x.ini}]",
            "configs[1]",
            "directly in '/d'",
        ),
        ("volumes: ['data:/d', './conf:/d/conf:ro']", "volumes[1]", "directly in '/d'"),
        ("tmpfs: ['/run/secrets:mode=700']\n    secrets: [s]", "secrets[0]", "directly in '/run/secrets'"),
    ],
)
def test_a_file_that_cannot_be_put_directly_into_a_mount_is_refused_at_its_place(
    keys: str, at: str, found: str
) -> None:
    wrong = problem(repository(PROJECT, COMPOSE + keys + MOUNTED, conf="x"))
    assert wrong.key == f"services.web.{at}" and found in wrong.found
    assert wrong.expected == "a directory of its own below it"
    assert wrong.file == "compose.yaml"


def test_a_file_below_a_mount_has_a_directory_of_its_own() -> None:
    keys = "read_only: true\n    volumes: ['data:/d']\n    configs: [{source: ini, target: /d/own/x.ini}]"
    service = compiled(repository(PROJECT, COMPOSE + keys + MOUNTED)).service("web")
    assert [file.path for file in service.files] == ["/d/own/x.ini"]
    assert compiled(repository(PROJECT, COMPOSE + "configs: [ini]" + MOUNTED)).service("web").files[0].path == "/ini"
