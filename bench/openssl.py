"""OpenSSL's PBKDF2 with the password, salt and iterations of src/hashes.rs: digest, rounds; prints one line of JSON."""

import hashlib
import json
import sys
import time

digest, rounds = sys.argv[1], int(sys.argv[2])
times = []
for _ in range(rounds):
    began = time.process_time()
    hashlib.pbkdf2_hmac(digest, b"correct horse battery staple", b"LHuDevbVL8HAViwkfS0q3Q", 100_000)
    times.append((time.process_time() - began) * 1000)
print(json.dumps({"ms": times}))
