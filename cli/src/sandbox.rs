//! `kinde-migrate sandbox`: a local Kinde in the foreground.

use std::io;
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use kinde_migrate_sandbox::{
    EmailMatching, FaultKind, LimitModel, Options, ResetHeader, ResetPath, Sandbox, SandboxError,
    ScriptedFault, split_scopes,
};
use tokio::signal::unix::{SignalKind, signal};

use crate::failed::{USAGE, complain};
use crate::say;

/// What `--help` says before the options.
pub(crate) const ABOUT: &str = "\
Run a local Kinde, for trying out and for tests

It listens on 127.0.0.1 and forgets everything when it ends. The first line it prints is
`listening on http://127.0.0.1:PORT`. SIGTERM and SIGINT (Ctrl-C) end it.

Besides the token endpoint and the calls that a migration makes it has routes of its own, which
are never limited, delayed or faulted:

  POST /sandbox/sign-in  {\"email\": …, \"password\": …}: does this password work now?
  GET  /sandbox/stats    calls, tokens, answers by status, sign-ins
  GET  /sandbox/users    the users, without their passwords (?email=…, ?id=…)
  GET  /sandbox/calls    the last calls (?last=100)
  POST /sandbox/reset    clear everything; {\"options\": {…}, \"users\": […], \"keep_tokens\": true}
  POST /sandbox/options  change options (the names below with underscores), clear nothing
  POST /sandbox/revoke   make every token bad";

/// The options, named as in JSON but for the hyphens.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The port to listen on; 0 picks a free one
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// The client id that the token endpoint accepts
    #[arg(long, env = "SANDBOX_CLIENT_ID", default_value = "sandbox-client")]
    client_id: String,

    /// The client secret that goes with it
    #[arg(long, env = "SANDBOX_CLIENT_SECRET", default_value = "sandbox-secret", hide_env_values = true)]
    client_secret: String,

    /// The audience a token must be asked for [default: http://127.0.0.1:PORT/api]
    #[arg(long)]
    audience: Option<String>,

    /// How long a token is good for
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    token_lifetime: u64,

    /// The scopes the client has been granted
    #[arg(
        long,
        value_name = "LIST",
        default_value = "read:users,create:users,update:user_passwords,update:users"
    )]
    scopes: String,

    /// Time added to every call
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency_ms: u64,

    /// How many API calls a minute are admitted [default: no limit]
    #[arg(long, value_name = "CALLS")]
    limit_per_minute: Option<u32>,

    /// How calls a minute are counted
    #[arg(long, value_name = "MODEL", default_value = "fixed", value_parser = named(LIMIT_MODELS))]
    limit_model: LimitModel,

    /// How many calls gcra admits at once [default: a second's worth]
    #[arg(long, value_name = "CALLS")]
    limit_burst: Option<u32>,

    /// How many API calls may be in flight [default: no limit]
    #[arg(long, value_name = "CALLS")]
    max_in_flight: Option<u32>,

    /// Announce no reset in a 429 for too many calls in flight
    #[arg(long)]
    no_in_flight_reset: bool,

    /// How a 429 announces its reset
    #[arg(long, value_name = "FORM", default_value = "seconds", value_parser = named(RESET_HEADERS))]
    reset_header: ResetHeader,

    /// Which of the two documented ways of asking for a password reset exists
    #[arg(long, value_name = "WHICH", default_value = "both", value_parser = named(RESET_PATHS))]
    reset_path: ResetPath,

    /// How the e-mail of a query is compared: without case, or without whatever else may differ
    #[arg(long, value_name = "HOW", default_value = "case", value_parser = named(EMAIL_MATCHINGS))]
    email_matching: EmailMatching,

    /// Write an empty list of users as null
    #[arg(long)]
    users_null: bool,

    /// Refuse plaintext passwords, as the OpenAPI file would have it
    #[arg(long)]
    refuse_password: bool,

    /// A fault for a share of the calls, such as error_500=0.05; may be repeated
    ///
    /// Kinds: error_500, error_503, reset_before (not carried out), reset_after (carried out, no
    /// answer), stall, truncated, malformed, html, drip.
    #[arg(long = "fault", value_name = "KIND=SHARE", value_parser = fault_share)]
    faults: Vec<(FaultKind, f64)>,

    /// What the faults are drawn from: one seed, one course of events
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// How long a stalled answer is held back
    #[arg(long, value_name = "MS", default_value_t = 60_000)]
    stall_ms: u64,

    /// The time between two bytes of a dripping answer
    #[arg(long, value_name = "MS", default_value_t = 100)]
    drip_ms: u64,

    /// Faults at named calls, as JSON
    ///
    /// Such as [{"call": "create", "nth": 1, "fault": "reset_after"}]. Calls: token, check, create,
    /// set_password, reset, other. nth: a number, a list of numbers, or "all". A fault may also be
    /// an answer: {"status": 429, "reset": "2", "headers": {…}, "body": …, "delay_ms": …,
    /// "done": true}.
    #[arg(long, value_name = "JSON", value_parser = script)]
    script: Option<Script>,
}

/// A parsed script: clap would take a bare `Vec` for a repeated option.
#[derive(Debug, Clone)]
struct Script(Vec<ScriptedFault>);

const LIMIT_MODELS: &[(&str, LimitModel)] =
    &[("fixed", LimitModel::Fixed), ("sliding", LimitModel::Sliding), ("gcra", LimitModel::Gcra)];

const RESET_HEADERS: &[(&str, ResetHeader)] = &[
    ("seconds", ResetHeader::Seconds),
    ("absent", ResetHeader::Absent),
    ("milliseconds", ResetHeader::Milliseconds),
    ("wrong", ResetHeader::Wrong),
];

const RESET_PATHS: &[(&str, ResetPath)] =
    &[("both", ResetPath::Both), ("openapi", ResetPath::Openapi), ("guide", ResetPath::Guide)];

const EMAIL_MATCHINGS: &[(&str, EmailMatching)] =
    &[("case", EmailMatching::Case), ("loose", EmailMatching::Loose)];

/// Reads one of some names.
fn named<T: Copy + Send + Sync + 'static>(
    values: &'static [(&'static str, T)],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(values.iter().map(|(name, _)| *name)).try_map(move |chosen| {
        values
            .iter()
            .find(|(name, _)| *name == chosen)
            .map(|(_, value)| *value)
            .ok_or("is none of the possible values")
    })
}

fn fault_share(text: &str) -> Result<(FaultKind, f64), String> {
    let (kind, share) = text.split_once('=').ok_or("must be KIND=SHARE, such as error_500=0.05")?;
    let kind = FaultKind::from_name(kind).ok_or_else(|| {
        let names: Vec<_> = FaultKind::ALL.iter().map(|kind| kind.name()).collect();
        format!("{kind} is no kind of fault; there are {}", names.join(", "))
    })?;
    let share = share
        .parse()
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or("the share must be a number from 0 to 1")?;
    Ok((kind, share))
}

fn script(text: &str) -> Result<Script, String> {
    serde_json::from_str(text).map(Script).map_err(|error| error.to_string())
}

impl Args {
    fn options(self) -> (u16, Options) {
        let options = Options {
            client_id: self.client_id,
            client_secret: self.client_secret,
            audience: self.audience,
            token_lifetime: self.token_lifetime,
            scopes: split_scopes(&self.scopes),
            latency_ms: self.latency_ms,
            limit_per_minute: self.limit_per_minute,
            limit_model: self.limit_model,
            limit_burst: self.limit_burst,
            max_in_flight: self.max_in_flight,
            in_flight_reset: !self.no_in_flight_reset,
            reset_header: self.reset_header,
            reset_path: self.reset_path,
            email_matching: self.email_matching,
            users_null: self.users_null,
            refuse_password: self.refuse_password,
            faults: self.faults.into_iter().collect(),
            seed: self.seed,
            stall_ms: self.stall_ms,
            drip_ms: self.drip_ms,
            script: self.script.map_or_else(Vec::new, |script| script.0),
        };
        (self.port, options)
    }
}

/// Runs a sandbox until a signal ends it.
pub(crate) fn run(args: Args) -> ExitCode {
    let (port, options) = args.options();
    let sandbox = match Sandbox::start_on(port, options) {
        Ok(sandbox) => sandbox,
        Err(SandboxError::Option(error)) => {
            let option = if error.option == "faults" { "fault" } else { &error.option };
            complain(&format!("--{}: {}", option.replace('_', "-"), error.problem));
            return ExitCode::from(USAGE);
        }
        Err(error) => {
            complain(&error.to_string());
            return ExitCode::FAILURE;
        }
    };
    match serve_until_a_signal(sandbox.url()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// The signals are listened for before anybody is told where to find this: whoever reads the line may
/// send one at once.
fn serve_until_a_signal(url: &str) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        say(&format!("listening on {url}"))?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    })
}
