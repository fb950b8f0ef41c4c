// kinde-migrate/passport and kinde-migrate/express: the login goes on whatever happens.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { MigratorError } from 'kinde-migrate';
import { unbroken } from 'kinde-migrate/express';
import { migrating } from 'kinde-migrate/passport';

const ACCOUNT = { id: 7, email: 'ann@example.org', hash: 'stored' };
const OUTCOME = {
  status: 'created',
  kinde_id: 'kp_1',
  calls: 3,
  reason: null,
  message: null,
  durable: true,
  notices: [],
};
const describe = ({ email, hash }) => ({ user: { email }, version: hash });

class Migrator {
  asked = [];
  constructor(answer = async () => OUTCOME) {
    this.answer = answer;
  }
  migrate(...args) {
    this.asked.push(args);
    return this.answer();
  }
}

const ask = (verify, ...args) => new Promise((resolve) => verify(...args, (...told) => resolve(told)));

test('an accepted password is carried over before passport is told', async () => {
  const migrator = new Migrator();
  const seen = [];
  const verify = migrating(migrator, (name, password, done) => done(null, ACCOUNT, { message: 'hello' }), describe, {
    onOutcome: (...args) => seen.push(args),
  });
  assert.deepEqual(await ask(verify, 'ann', 'typed'), [null, ACCOUNT, { message: 'hello' }]);
  assert.deepEqual(migrator.asked, [[{ email: 'ann@example.org' }, { version: 'stored', password: 'typed' }]]);
  assert.deepEqual(seen, [[OUTCOME, ACCOUNT]]);
});

test('the password is found with passReqToCallback too, and `this` is kept', async () => {
  const migrator = new Migrator();
  const self = {};
  const verify = migrating(
    migrator,
    function (request, name, password, done) {
      assert.equal(this, self);
      done(null, ACCOUNT);
    },
    describe,
  ).bind(self);
  await ask(verify, {}, 'ann', 'typed');
  assert.equal(migrator.asked[0][1].password, 'typed');
});

test('a refused password and an error are nobody else’s business', async () => {
  const migrator = new Migrator();
  const failure = new Error('database');
  const refusing = migrating(migrator, (name, password, done) => done(null, false, { message: 'no' }), describe);
  assert.deepEqual(await ask(refusing, 'ann', 'typed'), [null, false, { message: 'no' }]);
  const failing = migrating(migrator, (name, password, done) => done(failure), describe);
  assert.deepEqual(await ask(failing, 'ann', 'typed'), [failure, undefined]);
  assert.deepEqual(migrator.asked, []);
});

test('an account may be left alone', async () => {
  const migrator = new Migrator();
  const verify = migrating(
    migrator,
    (name, password, done) => done(null, ACCOUNT),
    () => null,
  );
  assert.deepEqual(await ask(verify, 'ann', 'typed'), [null, ACCOUNT]);
  assert.deepEqual(migrator.asked, []);
});

test('whatever is raised becomes a warning, and the login goes on', async () => {
  for (const [migrator, describing] of [
    [new Migrator(() => Promise.reject(new MigratorError('closed', 'the migrator has been closed'))), describe],
    [
      new Migrator(),
      () => {
        throw new MigratorError('closed', 'thrown by the application');
      },
    ],
  ]) {
    const warned = once(process, 'warning');
    const verify = migrating(migrator, (name, password, done) => done(null, ACCOUNT), describing);
    assert.deepEqual(await ask(verify, 'ann', 'typed'), [null, ACCOUNT]);
    const [warning] = await warned;
    assert.deepEqual([warning.name, warning.code], ['KindeMigrateWarning', 'closed']);
  }
});

test('without waiting, passport is told at once', () => {
  const migrator = new Migrator(() => new Promise(() => {}));
  const verify = migrating(migrator, (name, password, done) => done(null, ACCOUNT), describe, { wait: false });
  let told;
  verify('ann', 'typed', (...args) => (told = args));
  assert.deepEqual(told, [null, ACCOUNT]);
});

test('what is no function is told when it is wrapped', () => {
  assert.throws(() => migrating(new Migrator(), undefined, describe), TypeError);
  assert.throws(() => migrating(new Migrator(), () => {}), TypeError);
});

test('whatever onOutcome does, the login goes on and nothing is left unhandled', async () => {
  for (const onOutcome of [
    () => {
      throw new Error('thrown by a logger');
    },
    async () => {
      throw Object.assign(new Error('rejected by a logger'), { code: 1062 });
    },
    () => Promise.reject(),
  ]) {
    const warned = once(process, 'warning');
    const verify = migrating(new Migrator(), (name, password, done) => done(null, ACCOUNT), describe, { onOutcome });
    assert.deepEqual(await ask(verify, 'ann', 'typed'), [null, ACCOUNT]);
    assert.equal((await warned)[0].name, 'KindeMigrateWarning');
  }
});

test('whatever a verb throws, the promise resolves', async () => {
  const unreadable = new Proxy(new Error('x'), {
    get() {
      throw new Error('a getter');
    },
  });
  const failing = {
    then(resolve, reject) {
      reject(Object.assign(new Error('no'), { message: {}, code: Symbol('code') }));
    },
  };
  for (const verb of [
    () => Promise.reject(Object.assign(new Error('database'), { code: 1062 })),
    () => Promise.reject(undefined),
    () => {
      throw null;
    },
    () => {
      throw unreadable;
    },
    () => failing,
    undefined,
  ]) {
    const warned = once(process, 'warning');
    assert.equal(await unbroken(verb), undefined);
    assert.equal((await warned)[0].name, 'KindeMigrateWarning');
  }
});

/** A response that has not been sent. */
const response = (members) => Object.assign(new EventEmitter(), { writableFinished: false, ...members });

test('a verb waits for the response, whichever framework it comes from, and is run once', async () => {
  const shapes = {
    'Express and node:http': (raw) => raw,
    Fastify: (raw) => ({ raw, send() {} }),
    Koa: (res) => ({ res, response: { res }, app: {} }),
    hapi: (res) => ({ raw: { req: {}, res } }),
    'Hono on Node': (outgoing) => ({ env: { outgoing } }),
  };
  for (const [name, shape] of Object.entries(shapes)) {
    for (const events of [['finish', 'close'], ['close'], ['finish', 'close', 'close', 'finish']]) {
      const raw = response();
      let called = 0;
      const answer = unbroken(async () => {
        called++;
        return OUTCOME;
      }, shape(raw));
      await new Promise(setImmediate);
      assert.equal(called, 0, name);
      events.forEach((event) => raw.emit(event));
      assert.equal(await answer, OUTCOME, name);
      events.forEach((event) => raw.emit(event));
      assert.equal(called, 1, name);
      assert.deepEqual(raw.eventNames(), [], 'no listener is left');
    }
  }
});

test('a verb runs at once where the response is over, or where there is none', { timeout: 4000 }, async () => {
  const gone = [
    { writableFinished: true },
    response({ writableFinished: true }),
    response({ destroyed: true }),
    response({ closed: true }),
    response({ writableEnded: true, socket: { destroyed: true } }),
    response({ socket: null, req: { socket: Object.assign(new EventEmitter(), { destroyed: true }) } }),
    response({ stream: { destroyed: true } }),
    { raw: response({ destroyed: true }) },
    { res: response({ closed: true }) },
  ];
  const none = [undefined, null, new Response('web'), {}, 'a text', 7, () => {}, { once: 'no function' }];
  const strange = [
    {
      get raw() {
        throw new Error('a getter');
      },
    },
    response({
      once() {
        throw new Error('no listeners, please');
      },
    }),
    new Proxy(
      {},
      {
        getOwnPropertyDescriptor() {
          throw new Error('a trap');
        },
      },
    ),
  ];
  for (const reply of [...gone, ...none, ...strange]) {
    let called = 0;
    const answer = unbroken(async () => {
      called++;
      return OUTCOME;
    }, reply);
    assert.equal(called, 1, 'it has begun');
    assert.equal(await answer, OUTCOME);
  }
  // The warnings of the strange ones.
  await new Promise(setImmediate);
});

test('of many verbs that wait for one response or one connection each is run once, without a warning', async () => {
  const warnings = [];
  const note = (warning) => warnings.push(warning);
  process.on('warning', note);
  const socket = new EventEmitter();
  // Behind another one of its connection, a response has none of its own and is told nothing when that closes.
  const queued = Array.from({ length: 30 }, () => response({ socket: null, req: { socket } }));
  let called = 0;
  const verb = async () => ++called;
  const answers = [...queued, ...Array(30).fill(queued[0])].map((one) => unbroken(verb, one));
  queued[1].emit('close');
  socket.emit('close');
  assert.equal(new Set(await Promise.all(answers)).size, 60);
  await new Promise(setImmediate);
  process.removeListener('warning', note);
  assert.deepEqual(warnings, []);
  assert.deepEqual(socket.eventNames(), []);
});

test('a verb that waits keeps the context of its request', async () => {
  const storage = new AsyncLocalStorage();
  const raw = response();
  const answer = storage.run('request 1', () => unbroken(async () => storage.getStore(), raw));
  raw.emit('close');
  assert.equal(await answer, 'request 1');
});

test('a response that takes too long is not waited for', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let called = 0;
  const answer = unbroken(async () => {
    called++;
    return OUTCOME;
  }, response());
  t.mock.timers.tick(4999);
  assert.equal(called, 0);
  t.mock.timers.tick(1);
  assert.equal(await answer, OUTCOME);
  assert.equal(called, 1);
});
