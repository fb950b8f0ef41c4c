// The pages.
const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const html = (title, body, said = '') => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title></head>
<body><h1>${title}</h1>${said && `<p role="alert">${escape(said)}</p>`}
${body}
</body></html>
`;

const field = (label, name, type, autocomplete) =>
  `<p><label>${label} <input name="${name}" type="${type}" autocomplete="${autocomplete}" required></label></p>`;

const form = (action, fields, button) =>
  `<form method="post" action="${action}">${fields.join('')}<button>${button}</button></form>`;

const EMAIL = field('E-mail', 'email', 'email', 'username');
const PASSWORD = field('Password', 'password', 'password', 'current-password');

export const page = {
  home: (account) =>
    html(
      'Welcome',
      `<p>Signed in as <strong id="user">${escape(account.email)}</strong>. <a href="/password">Change password</a></p>` +
        form('/logout', [], 'Sign out'),
    ),
  login: (said) =>
    html('Sign in', form('/login', [EMAIL, PASSWORD], 'Sign in') + '<p><a href="/signup">Sign up</a></p>', said),
  signup: (said) =>
    html(
      'Sign up',
      form(
        '/signup',
        [field('Name', 'name', 'text', 'name'), EMAIL, field('Password', 'password', 'password', 'new-password')],
        'Sign up',
      ),
      said,
    ),
  password: (said) =>
    html(
      'Change password',
      form(
        '/password',
        [PASSWORD, field('New password', 'new_password', 'password', 'new-password')],
        'Change password',
      ),
      said,
    ),
  changed: () => html('Change password', '<p>The password has been changed. <a href="/">Home</a></p>'),
};
