"""OpenStack Swift for tests: its account, container, object and proxy servers, each as it is shipped, in one process on the loopback interface.

Usage: run-swift.py FOLDER SETTINGS

FOLDER gets all that the servers write, and at last a file `port` with the port of the proxy server. SETTINGS is a JSON object:
    users          of tempauth: {"account:user": [key, group, ...]}
    token_seconds  for how long a token of tempauth is good
    keystone       the folder of a Keystone that knows whom to believe, in place of tempauth; the file `port` in it may come later
    cache_seconds  for how long what that Keystone said of a token is believed
    listing_limit  how many entries a listing has at most

Nothing waits for the disk: whoever pulls the plug of a test does not read it again.
"""

import copy
import json
import logging
import os
import sys
import time

FOLDER, SETTINGS = os.path.abspath(sys.argv[1]), json.loads(sys.argv[2])
os.fsync = os.fdatasync = lambda _: None
os.environ["TZ"] = "UTC+0"
time.tzset()


def within(name):
    return os.path.join(FOLDER, name)


def write(name, sections):
    """A file of settings, whole or not there."""
    with open(within(f"{name}.new"), "w") as file:
        for section, values in sections.items():
            file.write(f"[{section}]\n")
            file.writelines(f"{key} = {value}\n" for key, value in values.items())
    os.rename(within(f"{name}.new"), within(name))


# It is read by what is imported below.
write(
    "swift.conf",
    {
        "swift-hash": {"swift_hash_path_suffix": "tests"},
        "swift-constraints": {"container_listing_limit": SETTINGS.get("listing_limit", 10000)},
    },
)

from swift.common import utils

utils.set_swift_dir(FOLDER)
utils.eventlet_monkey_patch()

import eventlet
import eventlet.wsgi
from swift.common import constraints, wsgi
from swift.common.ring import RingBuilder

eventlet.hubs.use_hub(utils.get_hub())


def need_attributes():
    """Swift keeps what it knows of an object in attributes of its file, which not every file system has."""
    probe = within("attributes")
    with open(probe, "w"):
        pass
    try:
        os.setxattr(probe, "user.swift.metadata", b"a" * 1024)
    except OSError as err:
        sys.exit(f"Swift keeps attributes with files, which {FOLDER} cannot: {err.strerror}. Name a folder by TMPDIR that can, such as one on ext4 or XFS")
    os.remove(probe)


class Memory:
    """What memcached keeps elsewhere, for the one process that there is."""

    def __init__(self):
        self.kept = {}

    def get(self, key, raise_on_error=False):
        value, until = self.kept.get(key, (None, 0))
        return copy.deepcopy(value) if time.monotonic() < until else None

    def set(self, key, value, serialize=True, time=0, min_compress_len=0, raise_on_error=False):
        seconds = time or 86400
        self.kept[key] = (copy.deepcopy(value), now() + seconds)

    def incr(self, key, delta=1, time=0):
        value = max(0, (self.get(key) or 0) + int(delta))
        self.set(key, value, time=time)
        return value

    def decr(self, key, delta=1, time=0):
        return self.incr(key, -int(delta), time)

    def delete(self, key, server_key=None):
        self.kept.pop(key, None)

    def set_multi(self, mapping, server_key, serialize=True, time=0, min_compress_len=0):
        for key, value in mapping.items():
            self.set(key, value, time=time)

    def get_multi(self, keys, server_key):
        return [self.get(key) for key in keys]


now = time.monotonic
MEMORY = Memory()


def memory_filter(_, **__):
    """Part of the proxy server's pipeline: it hands the memory on to those after it."""

    def around(app):
        def answer(env, start_response):
            env["swift.cache"] = MEMORY
            return app(env, start_response)

        return answer

    return around


def log_here(conf, name, log_to_console, log_route, fmt, logger, adapted_logger):
    """What the servers have to say goes to stderr, and not to syslog."""
    logger.handlers = [logging.StreamHandler()]


def serve(name, sock, sections):
    """Starts one server, as `swift.common.wsgi.run_server` does, which begins with a loop of events of its own."""
    common = {
        "swift_dir": FOLDER,
        "devices": within("nodes"),
        "mount_check": "false",
        "log_level": "ERROR",
        "log_address": within("nobody"),
        "log_custom_handlers": "__main__.log_here",
        "fallocate_reserve": "0",
        "disable_fallocate": "true",
    }
    write(f"{name}.conf", {"DEFAULT": common, **sections})
    app = wsgi.loadapp(within(f"{name}.conf"), global_conf={"log_name": name})
    how = {"protocol": wsgi.SwiftHttpProtocol, "capitalize_response_headers": False, "url_length_limit": constraints.MAX_REQUEST_LINE}
    eventlet.spawn(eventlet.wsgi.server, sock, app, utils.NullLogger(), **how)


def listen():
    return eventlet.listen(("127.0.0.1", 0), backlog=1024)


def serve_storage(name):
    """One server, and the ring that knows of no other."""
    sock = listen()
    builder = RingBuilder(2, 1, 0)
    builder.add_dev({"region": 1, "zone": 1, "weight": 1, "device": "d", "ip": "127.0.0.1", "port": sock.getsockname()[1]})
    builder.rebalance()
    builder.get_ring().save(within(f"{name}.ring.gz"))
    pipeline = {"pipeline": f"{name}-server"}
    serve(name, sock, {"pipeline:main": pipeline, f"app:{name}-server": {"use": f"egg:swift#{name}"}})


def tempauth():
    users = {}
    for name, words in SETTINGS["users"].items():
        users["user_" + name.replace(":", "_")] = " ".join(words)
    seconds = SETTINGS.get("token_seconds", 86400)
    return {
        "s3api": {"use": "egg:swift#s3api", "dns_compliant_bucket_names": "false", "location": "us-east-1", "max_bucket_listing": "200"},
        "tempauth": {"use": "egg:swift#tempauth", "token_life": seconds, **users},
    }


def keystone():
    port = os.path.join(SETTINGS["keystone"], "port")
    while not os.path.exists(port):
        eventlet.sleep(0.02)
    with open(port) as file:
        url = f"http://127.0.0.1:{file.read()}/v3"
    return {
        "authtoken": {
            "paste.filter_factory": "keystonemiddleware.auth_token:filter_factory",
            "www_authenticate_uri": url,
            "auth_url": url,
            "auth_type": "password",
            "username": "admin",
            "password": "admin-password",
            "user_domain_id": "default",
            "project_domain_id": "default",
            "project_name": "admin",
            "delay_auth_decision": "true",
            "cache": "swift.cache",
            "token_cache_time": SETTINGS.get("cache_seconds", 300),
            "include_service_catalog": "false",
            "service_token_roles_required": "true",
        },
        "keystoneauth": {"use": "egg:swift#keystoneauth", "operator_roles": "admin, member"},
    }


need_attributes()
os.makedirs(within("nodes/d"))
for kind in ["account", "container", "object"]:
    serve_storage(kind)
filters = {name: {"use": f"egg:swift#{name}"} for name in ["catch_errors", "gatekeeper", "healthcheck"]}
filters["memory"] = {"paste.filter_factory": "__main__:memory_filter"}
filters["listing_formats"] = {"use": "egg:swift#listing_formats"}
filters.update(keystone() if "keystone" in SETTINGS else tempauth())
for name in ["copy", "container_quotas", "account_quotas", "slo", "dlo"]:
    filters[name] = {"use": f"egg:swift#{name}"}
filters["versioned_writes"] = {"use": "egg:swift#versioned_writes", "allow_versioned_writes": "true", "allow_object_versioning": "true"}
filters["symlink"] = {"use": "egg:swift#symlink"}
sections = {f"filter:{name}": values for name, values in filters.items()}
sections["pipeline:main"] = {"pipeline": " ".join([*filters, "proxy-server"])}
sections["app:proxy-server"] = {"use": "egg:swift#proxy", "account_autocreate": "true"}
proxy = listen()
serve("proxy", proxy, sections)
with open(within("port.new"), "w") as file:
    file.write(str(proxy.getsockname()[1]))
os.rename(within("port.new"), within("port"))
eventlet.hubs.get_hub().switch()
