//! One scenario, from the sandbox's state to the last sign-in.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kinde_migrate::{Credential, Error, FieldNotice, Migrator, Outcome, Settings, Status, User, Verb};
use kinde_migrate_sandbox::{Options, Sandbox};
use serde_json::{Map, Value, json};

use crate::explain::explain_hash;

/// How long it may take to deliver what bad weather left owed: an entry is put off by 20 s at most, and seldom that far.
const SETTLED_WITHIN: Duration = Duration::from_secs(300);

/// A sandbox, for one scenario after the other.
pub(crate) struct Runner {
    sandbox: Sandbox,
}

pub(crate) type Done = Result<(), String>;

impl Runner {
    pub(crate) fn new() -> Self {
        Runner { sandbox: Sandbox::start(Options::default()).unwrap() }
    }

    pub(crate) fn run(&self, scenario: &Value) -> Done {
        let first = scenario.get("sandbox").cloned().unwrap_or_else(|| json!({}));
        self.sandbox.reset(first).map_err(in_words)?;
        let folder = tempfile::tempdir().map_err(in_words)?;
        let mut chosen = scenario["settings"].as_object().cloned().unwrap_or_default();
        let build = |chosen: &Map<String, Value>| self.build(chosen, folder.path());

        if let Some(code) = scenario["build_error"].as_str() {
            let error = build(&chosen).err().ok_or("the migrator was built")?;
            same("code", error.code.as_str(), code)?;
            let secrets = scenario["secret"].as_array().into_iter().flatten().filter_map(Value::as_str);
            return hides(&error.to_string(), secrets.chain([Options::default().client_secret.as_str()]));
        }

        let mut migrator = build(&chosen).map_err(in_words)?;
        for (number, step) in scenario["steps"].as_array().into_iter().flatten().enumerate() {
            let done = if step.get("restart").is_some() {
                chosen.extend(step["settings"].as_object().cloned().unwrap_or_default());
                drop(migrator);
                migrator = build(&chosen).map_err(in_words)?;
                Ok(())
            } else {
                self.step(&migrator, step)
            };
            done.map_err(|why| format!("step {}: {why}", number + 1))?;
        }
        let secret = chosen.get("client_secret").and_then(Value::as_str).unwrap_or_default();
        for notice in migrator.notices() {
            hides(&notice.message, [secret].into_iter())?;
        }
        let left = scenario["end"]["owed"].as_u64().unwrap_or_default();
        same("owed at the end", migrator.status().owed, left)?;
        self.end(&scenario["end"]).map_err(|why| format!("at the end: {why}"))
    }

    fn build(&self, chosen: &Map<String, Value>, folder: &std::path::Path) -> Result<Migrator, Error> {
        let own = Options::default();
        let mut all = json!({
            "domain": "@sandbox", "client_id": own.client_id, "client_secret": own.client_secret, "ledger": "@fresh",
        });
        all.as_object_mut().unwrap().extend(chosen.clone());
        let mut settings = Settings::new();
        for (name, value) in all.as_object().unwrap() {
            let Some(text) = value.as_str() else { continue };
            let in_place_of_it = match text {
                "@sandbox" => self.sandbox.url().to_owned(),
                "@secret" => own.client_secret.clone(),
                "@closed" => format!("http://{}", closed_port()),
                "@fresh" => folder.join("ledger.db").to_str().unwrap().to_owned(),
                "@unwritable" => {
                    std::fs::write(folder.join("file"), "not a folder").unwrap();
                    folder.join("file/ledger.db").to_str().unwrap().to_owned()
                }
                other => other.to_owned(),
            };
            settings.set(name, &in_place_of_it)?;
        }
        Migrator::new(settings)
    }

    fn step(&self, migrator: &Migrator, step: &Value) -> Done {
        if let Some(told) = step.get("sandbox") {
            let (what, body) =
                told.as_object().and_then(|told| told.iter().next()).ok_or("nothing to tell")?;
            return match what.as_str() {
                "reset" => self.sandbox.reset(body.clone()),
                "options" => self.sandbox.set_options(body.clone()),
                _ => self.sandbox.revoke_tokens(),
            }
            .map_err(in_words);
        }
        let expect = &step["expect"];
        if let Some(drain) = step.get("drain") {
            let deadline = Duration::from_secs_f64(drain["deadline"].as_f64().unwrap_or(5.0));
            let max = u32::try_from(drain["max"].as_u64().unwrap_or(100)).map_err(in_words)?;
            let drained = migrator.drain(max, deadline, &|| false);
            let found =
                json!({ "delivered": drained.delivered, "dropped": drained.dropped, "left": drained.left });
            return all_there(&found, expect);
        }
        if step.get("status").is_some() {
            let found = serde_json::to_value(migrator.status()).map_err(in_words)?;
            return all_there(&found, expect);
        }
        if let Some(settle) = step.get("settle") {
            return settled(migrator, settle["owed"].as_u64().unwrap_or_default());
        }
        if step.get("explain_hash").is_some() {
            return explain_hash(step);
        }
        verb(migrator, step)
    }

    fn end(&self, end: &Value) -> Done {
        let users = serde_json::to_value(self.sandbox.users().map_err(in_words)?).map_err(in_words)?;
        let users = users.as_array().unwrap();
        let stats = serde_json::to_value(self.sandbox.stats().map_err(in_words)?).map_err(in_words)?;
        if let Some(wanted) = end.get("users") {
            same("users", json!(users.len()), wanted.clone())?;
        }
        if let Some(wanted) = end.get("tokens") {
            counted("tokens", &stats["tokens"], wanted)?;
        }
        for (call, wanted) in end["calls"].as_object().into_iter().flatten() {
            counted(&format!("calls of {call}"), &stats["calls"][call], wanted)?;
        }
        for wanted in end["user"].as_array().into_iter().flatten() {
            let email = |user: &Value| user["email"].as_str().map(str::to_lowercase);
            let found = users.iter().find(|user| email(user) == email(wanted));
            all_there(found.ok_or_else(|| format!("there is no {}", wanted["email"]))?, wanted)?;
        }
        for sign_in in end["sign_ins"].as_array().into_iter().flatten() {
            let text = |name: &str| sign_in[name].as_str().unwrap_or_default();
            let signed_in = self.sandbox.sign_in(text("email"), text("password")).map_err(in_words)?;
            let what =
                format!("sign-in of {} with {:?} ({:?})", text("email"), text("password"), signed_in.reason);
            same(&what, json!(signed_in.ok), sign_in["ok"].clone())?;
        }
        Ok(())
    }
}

/// Delivers until no more than `left` is owed.
fn settled(migrator: &Migrator, left: u64) -> Done {
    let began = Instant::now();
    while migrator.status().owed > left {
        if began.elapsed() > SETTLED_WITHIN {
            return Err(format!("more than {left} owed after {} s of drains", SETTLED_WITHIN.as_secs()));
        }
        migrator.drain(100, Duration::from_secs(10), &|| false);
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// A verb, and what is expected of its outcome or of the error it raises.
fn verb(migrator: &Migrator, step: &Value) -> Done {
    let mut texts = Vec::new();
    let called = call(migrator, step, &mut texts);
    let texts: Vec<&str> = texts.iter().filter_map(|text| std::str::from_utf8(text).ok()).collect();
    if let Some(code) = step["misuse"].as_str() {
        let error = called.err().ok_or("nothing was raised")?;
        same("code", error.code.as_str(), code)?;
        return hides(&error.to_string(), texts.into_iter());
    }
    let outcome = called.map_err(in_words)?;
    hides(&format!("{outcome:?}"), texts.into_iter())?;
    let explained = outcome.reason.is_some() && outcome.message.is_some();
    if matches!(outcome.status, Status::Queued | Status::Skipped | Status::Rejected) != explained {
        return Err(format!("reason and message do not go with the status: {outcome:?}"));
    }
    judge(&outcome, &step["expect"]).map_err(|why| format!("{why}; {outcome:?}"))
}

/// The call itself. The texts that must not show are left in `texts`.
fn call(migrator: &Migrator, step: &Value, texts: &mut Vec<Vec<u8>>) -> Result<Outcome, Error> {
    let mut user = User::default();
    for (name, value) in step["user"].as_object().into_iter().flatten() {
        let value = bytes(value);
        if name == "email" {
            texts.push(value.clone());
        }
        user.set(name, value)?;
    }
    let credential = credential(&step["credential"], texts)?;
    let verb = match step["verb"].as_str() {
        Some("change_password") => Verb::ChangePassword,
        Some("request_reset") => Verb::RequestReset,
        _ => Verb::Migrate,
    };
    verb.check_credential(&credential)?;
    Ok(migrator.call(verb, &user, &credential, &|| false))
}

/// A credential of its fields. The password and the hash are left in `texts`.
pub(crate) fn credential(fields: &Value, texts: &mut Vec<Vec<u8>>) -> Result<Credential, Error> {
    let mut credential = Credential::none();
    for (name, value) in fields.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        if let Some(extra) = value.as_object().filter(|_| name == "extra") {
            for (name, value) in extra {
                credential.set(&format!("extra.{name}"), bytes(value))?;
            }
            continue;
        }
        let value = bytes(value);
        if name == "password" || name == "hash" {
            texts.push(value.clone());
        }
        credential.set(name, value)?;
    }
    Ok(credential)
}

fn judge(outcome: &Outcome, expect: &Value) -> Done {
    for (name, wanted) in expect.as_object().into_iter().flatten() {
        let message = outcome.message.as_deref().unwrap_or_default();
        let part = wanted.as_str().unwrap_or_default();
        match name.as_str() {
            "status" => same(name, json!(outcome.status.as_str()), wanted.clone())?,
            "calls" => counted(name, &json!(outcome.calls), wanted)?,
            "reason" => same(name, json!(outcome.reason.map(|code| code.as_str())), wanted.clone())?,
            "has_kinde_id" => same(name, json!(outcome.kinde_id.is_some()), wanted.clone())?,
            "durable" => same(name, json!(outcome.durable), wanted.clone())?,
            "notices" => {
                let notice =
                    |notice: &FieldNotice| json!({ "code": notice.code.as_str(), "field": notice.field });
                let notices: Vec<Value> = outcome.notices.iter().map(notice).collect();
                same(name, json!(notices), wanted.clone())?;
            }
            "message_has" if !message.contains(part) => return Err(format!("the message lacks {part:?}")),
            "message_lacks" if message.contains(part) => return Err(format!("the message has {part:?}")),
            _ => {}
        }
    }
    Ok(())
}

/// A text as the scenarios write it.
fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.clone().into_bytes(),
        Value::Object(parts) => match parts.get("base64").and_then(Value::as_str) {
            Some(text) => STANDARD.decode(text).unwrap(),
            None => {
                let times = usize::try_from(value["times"].as_u64().unwrap()).unwrap();
                let text = value["repeat"].as_str().unwrap().repeat(times);
                (text + value["then"].as_str().unwrap_or_default()).into_bytes()
            }
        },
        other => other.to_string().into_bytes(),
    }
}

/// A port of this machine where nobody listens: one that was free a moment ago.
fn closed_port() -> std::net::SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

pub(crate) fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, wanted: T) -> Done {
    if found == wanted { Ok(()) } else { Err(format!("{what}: {found:?}, and not {wanted:?}")) }
}

fn counted(what: &str, found: &Value, wanted: &Value) -> Done {
    let good = match wanted {
        Value::Object(range) => {
            let limit = |name: &str| range.get(name).and_then(Value::as_u64);
            found.as_u64() >= limit("least") && found.as_u64() <= limit("most")
        }
        exact => found == exact,
    };
    if good { Ok(()) } else { Err(format!("{what}: {found}, and not {wanted}")) }
}

pub(crate) fn all_there(found: &Value, wanted: &Value) -> Done {
    for (name, wanted) in wanted.as_object().into_iter().flatten() {
        same(name, found.get(name), Some(wanted)).map_err(|why| format!("{why} in {found}"))?;
    }
    Ok(())
}

pub(crate) fn hides<'a>(said: &str, texts: impl Iterator<Item = &'a str>) -> Done {
    for text in texts.filter(|text| text.len() >= 4) {
        if said.contains(text) {
            return Err(format!("{text:?} shows in {said:?}"));
        }
    }
    Ok(())
}

pub(crate) fn in_words(error: impl std::fmt::Display) -> String {
    error.to_string()
}
