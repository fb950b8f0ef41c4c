// `unbroken` and `migrating` in the frameworks themselves: whatever becomes of the response, the verb runs once.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import { test } from 'node:test';
import { serve } from '@hono/node-server';
import express5 from 'express';
import express4 from 'express4';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import passport from 'passport';
import { Strategy } from 'passport-local';
import { unbroken } from 'kinde-migrate/express';
import { migrating } from 'kinde-migrate/passport';

/** One server each: `handle(reply, context)` is given what the framework hands to a handler. */
const frameworks = {
  'node:http': async (handle) =>
    listening(
      http.createServer(async (req, res) => {
        await handle(res, req.url);
        res.end('sent');
      }),
    ),
  'node:http2': async (handle) =>
    listening(
      http2.createServer(async (req, res) => {
        await handle(res, req.url);
        res.end('sent');
      }),
    ),
  'Express 4': (handle) => inExpress(express4, handle),
  'Express 5': (handle) => inExpress(express5, handle),
  Fastify: async (handle) => {
    const app = fastify();
    app.all('/*', async (request, reply) => {
      await handle(reply, request.url);
      return 'sent';
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return app.server;
  },
  Koa: async (handle) => {
    const app = new Koa();
    app.silent = true;
    app.use(async (context) => {
      await handle(context, context.url);
      context.body = 'sent';
    });
    return listening(http.createServer(app.callback()));
  },
  Hono: async (handle) => {
    const app = new Hono();
    app.all('/*', async (context) => {
      await handle(context, new URL(context.req.url).pathname);
      return context.text('sent');
    });
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
    await once(server, 'listening');
    return server;
  },
};

async function inExpress(express, handle) {
  const app = express();
  app.use((req, res, next) => {
    handle(res, req.url).then(() => res.send('sent'), next);
  });
  return listening(http.createServer(app));
}

async function listening(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** A promise, and who resolves it. */
function signal() {
  let give;
  const given = new Promise((resolve) => (give = resolve));
  return { give, given };
}

/** Asks for a page, and goes away or not. */
async function ask(name, server, page, goesAway, arrived) {
  const { port } = server.address();
  if (name === 'node:http2') {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    session.on('error', () => {});
    const request = session.request({ ':path': page });
    request.on('error', () => {});
    if (goesAway) {
      await arrived;
      session.destroy();
    } else {
      request.resume();
      await once(request, 'end');
      session.close();
    }
    return;
  }
  const socket = net.connect(port, '127.0.0.1');
  socket.write(`GET ${page} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  if (goesAway) {
    await arrived;
    socket.destroy();
  } else {
    const answer = (await socket.setEncoding('latin1').toArray()).join('');
    assert.match(answer, /^HTTP\/1\.1 200 [^]*sent/);
  }
}

for (const [name, start] of Object.entries(frameworks)) {
  test(`${name}: a verb runs once, whether the response is sent or its client goes`, { timeout: 60_000 }, async (t) => {
    // What begins a verb is the response, and not the longest wait for it.
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const called = { '/sent': 0, '/gone-before': 0, '/gone-after': 0 };
    const [arrived, gone] = [signal(), signal()];
    const answers = [];
    const begin = (reply, page) => answers.push(unbroken(async () => ++called[page], reply));
    let server;
    const handle = async (reply, page) => {
      if (page === '/sent') {
        begin(reply, page);
        assert.equal(called[page], 0, 'not before the response');
        return;
      }
      if (page === '/gone-after') {
        begin(reply, page);
      }
      arrived[page].give();
      await gone[page].given;
      if (page === '/gone-before') {
        begin(reply, page);
      }
    };
    for (const page of Object.keys(called)) {
      [arrived[page], gone[page]] = [signal(), signal()];
    }
    server = await start(handle);
    const sockets = new Set();
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    await ask(name, server, '/sent', false);
    for (const page of ['/gone-before', '/gone-after']) {
      await ask(name, server, page, true, arrived[page].given);
      while (sockets.size > 0) {
        await once([...sockets][0], 'close');
      }
      // The handler goes on after its client has gone.
      gone[page].give();
    }
    while (answers.length < 3) {
      await new Promise(setImmediate);
    }
    assert.deepEqual(await Promise.all(answers), [1, 1, 1]);
    await new Promise((resolve) => server.close(resolve));
    assert.deepEqual(called, { '/sent': 1, '/gone-before': 1, '/gone-after': 1 });
  });
}

test('Fastify’s inject: a verb runs', async () => {
  const app = fastify();
  let answer;
  app.get('/', async (request, reply) => {
    answer = unbroken(async () => 'done', reply);
    return 'sent';
  });
  await app.inject('/');
  assert.equal(await answer, 'done');
  await app.close();
});

test('requests in one pipeline: those whose turn never comes run, too', { timeout: 60_000 }, async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const answers = [];
  const all = signal();
  const server = await listening(
    http.createServer((req, res) => {
      // Nobody is ever answered.
      answers.push(unbroken(async () => req.url, res));
      if (answers.length === 3) {
        all.give();
      }
    }),
  );
  const socket = net.connect(server.address().port, '127.0.0.1');
  socket.write(['/a', '/b', '/c'].map((page) => `GET ${page} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
  await all.given;
  socket.destroy();
  assert.deepEqual(await Promise.all(answers), ['/a', '/b', '/c']);
  server.close();
});

for (const [name, express] of Object.entries({ 'Express 4': express4, 'Express 5': express5 })) {
  test(`${name} with passport-local: a login goes on whatever the migrator, its callbacks and Kinde do`, async () => {
    const account = { id: 1, email: 'ann@example.org' };
    const broken = () => {
      throw new Error('no');
    };
    const rejected = () => Promise.reject(Object.assign(new Error('no'), { code: 7 }));
    const outcome = async () => ({ status: 'created' });
    const variants = [
      { migrate: outcome },
      { migrate: broken },
      { migrate: rejected },
      { migrate: outcome, onOutcome: broken },
      { migrate: outcome, onOutcome: rejected },
      { migrate: outcome, describe: broken },
      { migrate: outcome, describe: rejected },
      { migrate: rejected, wait: false },
    ];
    for (const { migrate, describe = () => ({ user: { email: account.email } }), ...options } of variants) {
      const authenticator = new passport.Passport();
      const verify = (email, password, done) => Promise.resolve().then(() => done(null, account));
      authenticator.use(new Strategy(migrating({ migrate }, verify, describe, options)));
      const app = express();
      app.use(express.urlencoded({ extended: false }));
      app.post('/login', authenticator.authenticate('local', { session: false }), (req, res) => {
        res.end(req.user.email);
        // A handler that ends twice.
        res.end();
      });
      const server = await listening(http.createServer(app));
      const answer = await fetch(`http://127.0.0.1:${server.address().port}/login`, {
        method: 'POST',
        body: new URLSearchParams({ username: 'ann', password: 'typed' }),
      });
      assert.deepEqual([answer.status, await answer.text()], [200, account.email]);
      server.closeAllConnections();
      server.close();
    }
  });
}
