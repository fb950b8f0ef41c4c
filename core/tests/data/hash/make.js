// Hashes by bcryptjs, firebase-scrypt and node:crypto, one JSON object a line; see README.md.
'use strict';
const crypto = require('node:crypto');
const bcrypt = require('bcryptjs');
const { FirebaseScrypt } = require('firebase-scrypt');
const mongoose = require('mongoose');
const passportLocalMongoose = require('passport-local-mongoose');

const CHARACTERS = [..."abcXYZ019 '\"\\<>&$:{}!äöüßéñ€漢字😀"];
const any = (list) => list[crypto.randomInt(list.length)];
const hex = (bytes) => crypto.randomBytes(bytes).toString('hex');

// One kind a round: any length, beyond ASCII only, outer spaces, as long as anybody's.
const some = (from, length) => Array.from({ length }, () => any(from)).join('');
const KINDS = [
  () => some(CHARACTERS, any([0, 1, 3, 8, 20, 60])),
  () => some(CHARACTERS.slice(21), any([3, 12, 24])),
  () => `  ${some(CHARACTERS, 12)} `,
  () => password(200),
];
let kind = KINDS[0];

// Of a byte each where the length matters.
function password(length) {
  return length ? some(CHARACTERS.slice(0, 8), length) : kind();
}

function show(format, password, stored_hash, extra = null) {
  console.log(JSON.stringify({ format, password, stored_hash, extra }));
}

function bcrypts() {
  for (const length of [undefined, 71, 72, 73]) {
    let p = password(length);
    show('node_bcrypt_2b', p, bcrypt.hashSync(p, 4));
    p = password(length);
    const old = bcrypt.hashSync(p, bcrypt.genSaltSync(5).replace('$2b$', '$2a$'));
    show('node_bcrypt_2a', p, old);
    show('devise_bcrypt_2a', p, old);
  }
  const p = password(20);
  const pepper = hex(20);
  show('devise_bcrypt_peppered', p, bcrypt.hashSync(p + pepper, 4), { pepper });
}

function pbkdf2s() {
  let p = password();
  let salt = hex(32);
  let extra = { salt, iterations: 250, keylen: 512, digest: 'sha256', encoding: 'hex' };
  show('passport_local_mongoose_pbkdf2_sha256', p, crypto.pbkdf2Sync(p, salt, 250, 512, 'sha256').toString('hex'), extra);
  p = password();
  salt = crypto.randomBytes(16);
  extra = { salt_hex: salt.toString('hex'), iterations: 3100, keylen: 32, digest: 'sha256' };
  show('passport_tutorial_pbkdf2_sha256', p, crypto.pbkdf2Sync(p, salt, 3100, 32, 'sha256').toString('hex'), extra);
  for (const [format, digest, bytes] of [
    ['express_pbkdf2_sha512_1000', 'sha512', 16],
    ['express_pbkdf2_sha1_1000', 'sha1', 16],
    ['express_pbkdf2_sha1_1000_salt16', 'sha1', 8],
  ]) {
    p = password();
    salt = hex(bytes);
    extra = { salt, iterations: 1000, keylen: 64, digest };
    show(format, p, crypto.pbkdf2Sync(p, salt, 1000, 64, digest).toString('hex'), extra);
  }
}

async function scrypts() {
  for (const p_ of [1, 2]) {
    const [p, salt] = [password(), hex(any([8, 16, 32]))];
    const cost = { N: 1024, r: any([1, 8, 16]), p: p_ };
    show('express_scrypt', p, `${salt}:${crypto.scryptSync(p, salt, 64, cost).toString('hex')}`, { ...cost, keylen: 64 });
  }
  const [p, salt] = [password(12), crypto.randomBytes(10).toString('base64')];
  const project = { memCost: any([1, 8, 10]), rounds: any([1, 8]), saltSeparator: 'Bw==', signerKey: crypto.randomBytes(64).toString('base64') };
  show('firebase_scrypt', p, await new FirebaseScrypt(project).hash(p, salt), {
    salt,
    signer_key: project.signerKey,
    salt_separator: project.saltSeparator,
    rounds: project.rounds,
    mem_cost: project.memCost,
  });
}

// As the plugin stores it, with fewer iterations than its 25000.
async function mongooses() {
  const schema = new mongoose.Schema({});
  schema.plugin(passportLocalMongoose.default ?? passportLocalMongoose, { iterations: 100 });
  const p = password() || 'x';
  const user = new (mongoose.model(`User${hex(4)}`, schema))();
  await user.setPassword(p);
  const extra = { salt: user.get('salt'), iterations: 100, keylen: 512, digest: 'sha256', encoding: 'hex' };
  show('passport_local_mongoose_pbkdf2_sha256', p, user.get('hash'), extra);
}

// What is hashed in place of what was typed, and what carries its parameters by name.
async function frameworks() {
  const p = password();
  const digest = (name) => crypto.createHash(name).update(p).digest('hex');
  show('meteor_bcrypt_sha256', p, bcrypt.hashSync(digest('sha256'), 4));
  show('nodebb_bcrypt_sha512', p, bcrypt.hashSync(digest('sha512'), 4));
  for (const name of ['sha256', 'sha512', 'sha1']) {
    show(`phc_pbkdf2_${name}`, p, await require('@phc/pbkdf2').hash(p, { digest: name, iterations: 1000 }));
  }
  // As Mattermost writes it.
  const [salt, text] = [crypto.randomBytes(16), (bytes) => bytes.toString('base64').replace(/=+$/, '')];
  const key = crypto.pbkdf2Sync(p, salt, 1000, 32, 'sha256');
  show('phc_pbkdf2_sha256', p, `$pbkdf2$f=SHA256,w=1000,l=32$${text(salt)}$${text(key)}`);
  const { Bcrypt } = await import('@adonisjs/hash/drivers/bcrypt');
  show('adonis_bcrypt', p, await new Bcrypt({ rounds: 4 }).make(p));
  const { Scrypt } = await import('@adonisjs/hash/drivers/scrypt');
  show('adonis_scrypt', p, await new Scrypt({ cost: 1024, blockSize: 8, parallelization: 1 }).make(p));
  // Both hash the NFKC form.
  const folded = p.normalize('NFKC');
  show('lucia_scrypt', folded, await (await import('lucia/utils')).generateLuciaPasswordHash(folded));
  show('better_auth_scrypt', folded, await (await import('better-auth/crypto')).hashPassword(folded));
  const project = { memCost: 10, rounds: 8, saltSeparator: 'Bw==', signerKey: crypto.randomBytes(64).toString('base64') };
  const own = crypto.randomBytes(10).toString('base64');
  const typed = password(12);
  const stored = await new FirebaseScrypt(project).hash(typed, own);
  const parameters = `v=1,n=10,r=8,p=1,ss=${project.saltSeparator},sk=${project.signerKey}`;
  show('supabase_fbscrypt', typed, `$fbscrypt$${parameters}$${own}$${stored}`);
}

(async () => {
  for (let round = 0; round < Number(process.argv[2] ?? 1); round++) {
    kind = KINDS[round % KINDS.length];
    bcrypts();
    pbkdf2s();
    await scrypts();
    await mongooses();
    await frameworks();
  }
})();
