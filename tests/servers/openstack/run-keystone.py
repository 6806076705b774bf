"""OpenStack Keystone for tests, as it is shipped, on the loopback interface.

Usage: run-keystone.py make FOLDER
       run-keystone.py serve FOLDER EXPIRATION

The first makes what a Keystone begins with: its database, its keys, and `admin` with the password `admin-password`. The second serves a copy of that,
whose tokens are good for so many seconds, and at last writes a file `port` to the folder.
"""

import getpass
import grp
import os
import socketserver
import sys
import threading
from wsgiref import simple_server

task, folder = sys.argv[1], os.path.abspath(sys.argv[2])
expiration = sys.argv[3] if task == "serve" else 3600

path = os.path.join(folder, "keystone.conf")
with open(path, "w") as file:
    file.write(
        f"""[DEFAULT]
use_stderr = true
default_log_levels = alembic=WARNING,keystone=ERROR
[database]
connection = sqlite:///{folder}/keystone.db
[token]
expiration = {expiration}
[fernet_tokens]
key_repository = {folder}/fernet
[fernet_receipts]
key_repository = {folder}/fernet
[credential]
key_repository = {folder}/credential
[identity]
password_hash_rounds = 4
"""
    )


def manage(*arguments):
    from keystone.cmd import manage

    # What it asks for is forgotten between two commands.
    sys.argv = ["keystone-manage", "--config-file", path, *arguments]
    pid = os.fork()
    if pid == 0:
        manage.main()
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if status != 0:
        sys.exit(f"keystone-manage {arguments[0]} ended with {status}")


def one_by_one(app):
    """SQLite has no patience with two who write."""
    turn = threading.Lock()

    def answer(env, start_response):
        with turn:
            return list(app(env, start_response))

    return answer


class Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class Handler(simple_server.WSGIRequestHandler):
    def log_message(self, *_):
        pass

    def address_string(self):
        return self.client_address[0]


if task == "make":
    for name in ["fernet", "credential"]:
        os.mkdir(os.path.join(folder, name), 0o700)
    manage("db_sync")
    owner = [f"--keystone-user={getpass.getuser()}", f"--keystone-group={grp.getgrgid(os.getgid()).gr_name}"]
    manage("fernet_setup", *owner)
    manage("credential_setup", *owner)
    manage("bootstrap", "--bootstrap-password", "admin-password")
else:
    # Keystone reads it too.
    del sys.argv[1:]
    os.environ["OS_KEYSTONE_CONFIG_FILES"] = path
    from keystone.server import wsgi

    app = one_by_one(wsgi.initialize_public_application())
    server = simple_server.make_server("127.0.0.1", 0, app, Server, Handler)
    with open(os.path.join(folder, "port.new"), "w") as file:
        file.write(str(server.server_port))
    os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
    server.serve_forever()
