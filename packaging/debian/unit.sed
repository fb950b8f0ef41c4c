# The unit of cli/systemd as Debian has it: the ledger lies where the applications look for it by themselves.
/^#   2\. The ledger/,/^#   3\./{
    /^#   3\./!d
    s|^#   3\.|#   2. The ledger: applications find it by themselves in /var/lib/kinde-migrate, in a folder of their user's id. If it is\n#      elsewhere, set KINDE_MIGRATE_LEDGER= and name its folder in ReadWritePaths=.\n#   3.|
}
/^Environment=KINDE_MIGRATE_LEDGER/d
s|^StateDirectory=kinde-migrate$|ReadWritePaths=/var/lib/kinde-migrate|
/^StateDirectoryMode/d
s|/usr/local/bin|/usr/bin|
