"""What a server's parent imports before it forks, where it is to have used the migrator."""

from server_app import asked, migrator

assert migrator.migrate(*asked("parent")).status == "created"
