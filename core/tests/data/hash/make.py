"""Hashes by Django, Werkzeug, passlib and hashlib, one JSON object a line; see README.md."""

import base64
import hashlib
import json
import random
import string
import struct
import sys
import warnings

import django
from django.conf import settings

settings.configure(PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"])
django.setup()
warnings.simplefilter("ignore")

import flask  # noqa: E402
import flask_security as flask_sec  # noqa: E402
from django.contrib.auth import hashers  # noqa: E402
from passlib import hash as passlib  # noqa: E402
from werkzeug.security import generate_password_hash  # noqa: E402

rng = random.Random(int(sys.argv[1]))
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1


CHARACTERS = "abcXYZ019 '\"\\<>&$:{}!äöüßéñ€漢字😀\t"
# One kind a round: any length, beyond ASCII only, outer spaces, as long as anybody's.
KINDS = (
    lambda: "".join(rng.choices(CHARACTERS, k=rng.choice([0, 1, 3, 8, 12, 20, 40]))),
    lambda: "".join(rng.choices("äöüßéñ€漢字😀", k=rng.randint(3, 24))),
    lambda: "  " + "".join(rng.choices(CHARACTERS, k=rng.randint(1, 20))) + " ",
    lambda: password(200),
)
kind = KINDS[0]


def password(length=None):
    """Of the round's kind; of a byte each where the length matters."""
    if length is not None:
        return "".join(rng.choices(string.ascii_letters + " :$", k=length))
    return kind()


def salt(length=None, extra=""):
    return "".join(rng.choices(string.ascii_letters + string.digits + extra, k=length or rng.randint(2, 40)))


def show(format, password, stored, extra=None):
    print(json.dumps(dict(format=format, password=password, stored_hash=stored, extra=extra), ensure_ascii=False))


def hexed(name, *parts):
    return hashlib.new(name, b"".join(p.encode() for p in parts)).hexdigest()


def b64(data):
    return base64.b64encode(data).decode()


def tuned(hasher, **settings):
    return type("Tuned", (hasher,), settings)()


def frameworks(iterations):
    p = password()
    show("django_pbkdf2_sha256", p, hashers.PBKDF2PasswordHasher().encode(p, salt(extra=":;,é漢"), iterations))
    p = password()
    show("django_pbkdf2_sha1", p, hashers.PBKDF2SHA1PasswordHasher().encode(p, salt(), iterations))
    p = password()
    argon2 = tuned(hashers.Argon2PasswordHasher, time_cost=2, memory_cost=256, parallelism=2)
    show("django_argon2", p, argon2.encode(p, salt(12)))
    for length in (None, 71, 72, 73):
        p = password(length)
        hasher = tuned(hashers.BCryptPasswordHasher, rounds=4)
        show("django_bcrypt", p, hasher.encode(p, hasher.salt()))
        hasher = tuned(hashers.BCryptSHA256PasswordHasher, rounds=4)
        show("django_bcrypt_sha256", p, hasher.encode(p, hasher.salt()))
        bcrypt_sha256 = passlib.bcrypt_sha256.using(rounds=4, version=rng.choice([1, 2]))
        show("passlib_bcrypt_sha256", p, bcrypt_sha256.hash(p))
    for parallelism in (1, 5):
        p = password()
        hasher = hashers.ScryptPasswordHasher()
        show("django_scrypt", p, hasher.encode(p, salt(), n=1024, r=rng.choice([1, 8, 16]), p=parallelism))
    for name, hasher in (
        ("django_md5", hashers.MD5PasswordHasher()),
        ("django_sha1", hashers.SHA1PasswordHasher()),
    ):
        p = password()
        show(name, p, hasher.encode(p, salt()))
    for name, hasher in (
        ("django_unsalted_md5", hashers.UnsaltedMD5PasswordHasher()),
        ("django_unsalted_sha1", hashers.UnsaltedSHA1PasswordHasher()),
    ):
        p = password()
        show(name, p, hasher.encode(p, ""))
        if name == "django_unsalted_md5":
            # What Django 1.4 to 5.0 verified beside the bare form, and kept.
            show("django_unsalted_md5_prefixed", p, "md5$$" + hasher.encode(p, ""))
    for digest in ("sha256", "sha512", "sha1"):
        p = password()
        show("werkzeug_pbkdf2_" + digest, p, generate_password_hash(p, f"pbkdf2:{digest}:{iterations}", 16))
        p = password()
        hasher = getattr(passlib, "pbkdf2_" + digest).using(rounds=iterations, salt_size=rng.randint(1, 100))
        show("passlib_pbkdf2_" + digest, p, hasher.hash(p))
    for p_ in (1, 2):
        p = password()
        show("werkzeug_scrypt", p, generate_password_hash(p, f"scrypt:1024:{rng.choice([1, 8, 17])}:{p_}", 16))
    for name, hasher in (
        ("ldap_salted_sha256", passlib.ldap_salted_sha256.using(salt_size=rng.randint(4, 16))),
        ("ldap_salted_md5", passlib.ldap_salted_md5.using(salt_size=rng.randint(4, 16))),
        ("ldap_salted_sha1", passlib.ldap_salted_sha1.using(salt_size=rng.randint(4, 16))),
        ("wordpress_phpass", passlib.phpass.using(rounds=7)),
        ("phpbb3_phpass", passlib.phpass.using(rounds=8, ident="H")),
        ("crypt_md5", passlib.md5_crypt.using(salt_size=rng.randint(0, 8))),
        ("crypt_sha256", passlib.sha256_crypt.using(rounds=1234, salt_size=rng.randint(0, 16))),
        ("crypt_sha512", passlib.sha512_crypt.using(rounds=1000, salt_size=rng.randint(0, 16))),
        ("crypt_des", passlib.des_crypt),
        ("crypt_ext_des", passlib.bsdi_crypt.using(rounds=725)),
    ):
        p = password()
        show(name, p, hasher.hash(p))


def digests():
    p, s = password(), salt(extra=":$;,é漢")
    show("raw_md5_hex", p, hexed("md5", p).upper())
    show("raw_sha1_hex", p, hexed("sha1", p))
    show("raw_sha256_hex", p, hexed("sha256", p).upper())
    show("raw_sha512_hex", p, hexed("sha512", p))
    show("raw_sha256_base64", p, b64(hashlib.sha256(p.encode()).digest()))
    show("joomla_md5", p, hexed("md5", p, s) + ":" + s)
    show("oscommerce_md5", p, hexed("md5", s, p) + ":" + s)
    show("magento1_md5", p, hexed("md5", s, p) + ":" + s)
    show("magento2_md5", p, hexed("md5", s, p) + ":" + s + ":0")
    show("magento2_sha256", p, hexed("sha256", s, p) + ":" + s + ":1")
    own = salt(32)
    show("magento2_chained", p, hexed("sha256", own, hexed("md5", own, p)) + ":" + own + ":0:1")
    show("vbulletin_md5", p, hexed("md5", hexed("md5", p), s), {"salt": s})
    show("mybb_md5", p, hexed("md5", hexed("md5", s), hexed("md5", p)), {"salt": s})
    show("sha1_salted", p, hexed("sha1", s, p), {"salt": s})
    show("express_sha256_suffix", p, hexed("sha256", p, s), {"salt": s, "order": "password+salt"})
    show("express_sha256_suffix", p, hexed("sha256", s, p), {"salt": s, "order": "salt+password"})
    merged = f"{p}{{{own}}}".encode()
    state = hashlib.sha512(merged).digest()
    for _ in range(4999):
        state = hashlib.sha512(state + merged).digest()
    show("symfony_sha512_5000", p, b64(state), {"salt": own})


def identity_servers(iterations):
    p, s = password(), rng.randbytes(16)
    derive = lambda digest, length: hashlib.pbkdf2_hmac(digest, p.encode(), s, iterations, length)  # noqa: E731
    v2 = hashlib.pbkdf2_hmac("sha1", p.encode(), s, 1000, 32)
    show("aspnet_identity_v2", p, b64(b"\0" + s + v2))
    for prf, digest, length, name in (
        (1, "sha256", 32, "sha256"),
        (2, "sha512", 32, "sha512"),
        (2, "sha512", 64, "sha512_64"),
        (0, "sha1", 32, "other"),
    ):
        head = b"\1" + struct.pack(">III", prf, iterations, len(s))
        show("aspnet_identity_v3_" + name, p, b64(head + s + derive(digest, length)))
    for name, length, algorithm in (
        ("sha256", 32, "pbkdf2-sha256"),
        ("sha256", 64, "pbkdf2-sha256"),
        ("sha512", 64, "pbkdf2-sha512"),
        ("sha1", 20, "pbkdf2"),
    ):
        value = b64(derive(name, length))
        secret = {"value": value, "salt": b64(s), "additionalParameters": {}}
        credential = {"hashIterations": iterations, "algorithm": algorithm, "additionalParameters": {}}
        # Keycloak's own columns hold these as text.
        extra = {"secret_data": json.dumps(secret), "credential_data": json.dumps(credential)}
        show("keycloak_pbkdf2_" + name, p, value, extra)
    for name, digest, length in (("sha256", "sha256", 32), ("sha256_512", "sha256", 64), ("sha512_512", "sha512", 64)):
        scheme = "salted-pbkdf2-hmac-" + name.replace("_", "-")
        extra = {"salt": b64(s), "factor": iterations, "encryptionScheme": scheme}
        show("fusionauth_salted_pbkdf2_hmac_" + name, p, b64(derive(digest, length)), extra)


def containers(iterations):
    """What directories, wikis and frameworks write round and beside a hash."""
    for name, hasher in (
        ("passlib_scrypt", passlib.scrypt.using(rounds=10, block_size=rng.choice([1, 8]), parallelism=1)),
        ("passlib_scrypt", passlib.scrypt.using(rounds=10, parallelism=2)),
        ("grub_pbkdf2_sha512", passlib.grub_pbkdf2_sha512.using(rounds=iterations)),
        ("atlassian_pkcs5s2", passlib.atlassian_pbkdf2_sha1),
        ("ldap_pbkdf2_sha256", passlib.ldap_pbkdf2_sha256.using(rounds=iterations)),
        ("ldap_pbkdf2_sha512", passlib.ldap_pbkdf2_sha512.using(rounds=iterations)),
        ("ldap_pbkdf2_sha1", passlib.ldap_pbkdf2_sha1.using(rounds=iterations)),
        ("ldap_salted_sha512", passlib.ldap_salted_sha512),
        ("ldap_md5", passlib.ldap_md5),
        ("ldap_sha1", passlib.ldap_sha1),
        ("crypt_sha512", passlib.ldap_sha512_crypt.using(rounds=1000)),
        ("crypt_md5", passlib.ldap_md5_crypt),
        ("crypt_des", passlib.ldap_des_crypt),
        ("node_bcrypt_2b", passlib.ldap_bcrypt.using(rounds=4)),
    ):
        p = password(12) if name == "crypt_des" else password()
        show(name, p, hasher.hash(p))
    p, s = password(), salt(16)
    raw = rng.randbytes(16)
    sha512 = tuned(hashers.PBKDF2PasswordHasher, algorithm="pbkdf2_sha512", digest=hashlib.sha512)
    show("django_pbkdf2_sha512", p, sha512.encode(p, s, iterations))
    show("ldap_sha256", p, "{SHA256}" + b64(hashlib.sha256(p.encode()).digest()))
    show("ldap_sha512", p, "{SHA512}" + b64(hashlib.sha512(p.encode()).digest()))
    show("ldap_md5", p, "{PLAIN-MD5}" + hexed("md5", p))
    show("joomla_sha256", p, "{SHA256}" + hexed("sha256", p, s) + ":" + s)
    show("magento1_ee_sha256", p, hexed("sha256", s, p) + ":" + s)
    show("magento2_md5", p, hexed("md5", p) + "::0")
    show("magento2_sha256", p, hexed("sha256", p) + "::1")
    show("openmrs_sha512", p, hexed("sha512", p, s) + ":" + s)
    show("mediawiki_md5", p, ":A:" + hexed("md5", p))
    show("mediawiki_salted_md5", p, f":B:{s}:" + hexed("md5", s, "-", hexed("md5", p)))
    for digest, length in (("sha512", 64), ("sha256", 32)):
        key = hashlib.pbkdf2_hmac(digest, p.encode(), raw, iterations, length)
        show("mediawiki_pbkdf2", p, f":pbkdf2:{digest}:{iterations}:{length}:{b64(raw)}:{b64(key)}")
    key = hashlib.pbkdf2_hmac("sha256", p.encode(), raw, 310_000, 32)
    show("spring_pbkdf2_sha256", p, "{pbkdf2@SpringSecurity_v5_8}" + (raw + key).hex())
    key = hashlib.pbkdf2_hmac("sha1", p.encode(), raw[:8], 185_000, 32)
    show("spring_pbkdf2_sha1", p, "{pbkdf2}" + (raw[:8] + key).hex())
    braced = "{" + b64(raw) + "}"
    show("spring_salted_sha256", p, "{SHA-256}" + braced + hexed("sha256", p, braced))
    show("spring_salted_md5", p, "{MD5}" + braced + hexed("md5", p, braced))
    show("spring3_salted_sha256", p, hexed("sha256", p, "{", s, "}"), {"salt": s})
    show("spring3_salted_md5", p, hexed("md5", p, "{", s, "}"), {"salt": s})
    key = hashlib.scrypt(p.encode(), salt=raw, n=1 << 10, r=8, p=1, dklen=32)
    show("spring_scrypt", p, f"{{scrypt}}$a0801${b64(raw)}${b64(key)}")
    key = hashlib.pbkdf2_hmac("sha256", p.encode(), raw.hex().encode(), iterations, 32)
    show("discourse_pbkdf2_sha256", p, key.hex(), {"salt": raw.hex(), "iterations": iterations})
    show("padded_salt", p, hexed("md5", s, p), {"salt": s + "   "})
    state = hexed("sha512", p, s)
    for _ in range(19):
        state = hexed("sha512", state)
    show("authlogic_sha512", p, state, {"salt": s})
    whole = passlib.bcrypt.using(rounds=4).hash(p)
    show("fusionauth_bcrypt", p, whole[29:], {"salt": whole[7:29], "factor": 4, "encryptionScheme": "bcrypt"})
    show("fusionauth_bcrypt", p, whole[29:], {"salt": whole[:29]})
    columns = {"secretData": json.dumps({"value": whole}), "credentialData": json.dumps({"algorithm": "bcrypt"})}
    show("node_bcrypt_2b", p, whole, columns)


def flask_security():
    pepper = salt(20)
    model = type("Model", (), {"fs_uniquifier": None})
    for scheme, cost in (("bcrypt", 4), ("pbkdf2_sha512", 1000)):
        app = flask.Flask("made")
        app.config.update(SECRET_KEY="x", SECURITY_PASSWORD_SALT=pepper, SECURITY_PASSWORD_HASH=scheme)
        app.config.update(SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS={f"{scheme}__rounds": cost})
        flask_sec.Security(app, flask_sec.UserDatastore(model, model))
        with app.app_context():
            p = password()
            show("flask_security_" + scheme, p, flask_sec.hash_password(p), {"pepper": pepper})


for number in range(rounds):
    kind = KINDS[number % len(KINDS)]
    iterations = rng.choice([1, 2, 1000, 1999])
    frameworks(iterations)
    digests()
    identity_servers(iterations)
    containers(iterations)
    flask_security()
