// Sign-in, sign-up and change of password. What kinde-migrate adds is marked.
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { Strategy } from 'passport-local';
import { unbroken } from 'kinde-migrate/express'; // kinde-migrate
import { migrating } from 'kinde-migrate/passport'; // kinde-migrate
import { page } from './page.js';

export function application(accounts, migrator, secret) {
  const verify = (email, password, done) =>
    accounts.check(email, password).then((account) => done(null, account ?? false), done);

  // kinde-migrate: who an account is, and what changes when its password does.
  const describe = (account) => ({
    user: { email: account.email, given_name: account.name, provided_id: String(account.id) },
    version: account.password_hash,
  });

  const authenticator = new passport.Passport();
  authenticator.use(
    new Strategy({ usernameField: 'email' }, migrator ? migrating(migrator, verify, describe) : verify),
  ); // kinde-migrate
  authenticator.serializeUser((account, done) => done(null, account.id));
  authenticator.deserializeUser((id, done) => done(null, accounts.byId(id) ?? false));

  const app = express();
  app.disable('x-powered-by');
  app.use(express.urlencoded({ extended: false }));
  app.use(session({ secret, resave: false, saveUninitialized: false, cookie: { sameSite: 'strict', httpOnly: true } }));
  app.use(authenticator.session());

  app.get('/', (req, res) => (req.user ? res.send(page.home(req.user)) : res.redirect(303, '/login')));
  app.get('/login', (req, res) => res.send(page.login()));
  app.get('/signup', (req, res) => res.send(page.signup()));
  app.get('/password', signedIn, (req, res) => res.send(page.password()));

  app.post('/login', (req, res, next) => {
    authenticator.authenticate('local', (error, account) => {
      if (error || !account) {
        return error ? next(error) : res.status(401).send(page.login('E-mail and password do not belong together.'));
      }
      req.login(account, (error) => (error ? next(error) : res.redirect(303, '/')));
    })(req, res, next);
  });

  app.post('/signup', async (req, res, next) => {
    const { email = '', name = '', password = '' } = req.body ?? {};
    if (!email.includes('@') || password.length < 8) {
      return res
        .status(422)
        .send(page.signup('An e-mail address and a password of at least eight characters, please.'));
    }
    const account = await accounts.add(email, name, password);
    if (!account) {
      return res.status(409).send(page.signup('There is an account of that e-mail address.'));
    }
    const { user, version } = describe(account);
    await unbroken(() => migrator?.migrate(user, { password, version })); // kinde-migrate
    req.login(account, (error) => (error ? next(error) : res.redirect(303, '/')));
  });

  app.post('/password', signedIn, async (req, res) => {
    const { password = '', new_password: wanted = '' } = req.body ?? {};
    if (wanted.length < 8 || !(await accounts.check(req.user.email, password))) {
      return res
        .status(422)
        .send(page.password('The old password, and a new one of at least eight characters, please.'));
    }
    const { user, version } = describe(await accounts.setPassword(req.user.id, wanted));
    await unbroken(() => migrator?.changePassword(user, { password: wanted, version })); // kinde-migrate
    res.send(page.changed());
  });

  app.post('/logout', (req, res, next) => req.logout((error) => (error ? next(error) : res.redirect(303, '/login'))));

  return app;
}

function signedIn(req, res, next) {
  return req.user ? next() : res.redirect(303, '/login');
}
