//! The command line: what can be asked, in words that a newcomer understands, and which exit code answers.

mod accounts;
mod admin;
mod apis;
mod attention;
mod audit;
mod backup;
mod bench;
mod client;
mod confirm;
mod connect;
mod credentials;
mod demo;
mod doctor;
mod error;
mod export;
mod import;
mod input;
mod keys;
mod limits;
mod login;
mod nodes;
mod organisations;
mod output;
mod permissions;
mod policy;
mod requests;
mod roles;
mod secrets;
mod serve;
mod text;
mod usage;
mod users;
mod webhooks;
mod welcome;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory as _, Parser, Subcommand};

use error::{CliError, Code};
use output::Screen;

use crate::local::Local;

const EXAMPLES: &str = "\
Examples:
  claviger --data ./data keys create \"Billing Sync\" --permission invoices:read --expires-in 90d
  claviger keys list --status expiring_soon
  claviger keys verify --requires 'customers:view AND orders:view' < token.txt
  claviger keys rotate key_0123… --grace 24h

Where requests go, first match wins: --data or --server, CLAVIGER_DATA, CLAVIGER_SERVER,
the server of the last `claviger login`, http://127.0.0.1:7400.
Which key they carry: --key-file, CLAVIGER_KEY, the one kept by `claviger login`.
A key or token is never given in a flag: other users of the machine could read it there.

Exit codes: 0 ok, 1 failure, 2 usage, 3 cancelled, 4 not signed in or not allowed, 5 key not valid.";

/// Issue, verify, rotate and revoke API keys.
#[derive(Debug, Parser)]
#[command(
    name = "claviger",
    version,
    after_help = EXAMPLES,
    max_term_width = 100,
    disable_help_subcommand = false
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Debug, Default, Args)]
pub(crate) struct Global {
    /// The server's address [env: CLAVIGER_SERVER] [default: http://127.0.0.1:7400]
    #[arg(long, global = true, value_name = "URL", help_heading = "Connection")]
    pub(crate) server: Option<String>,
    /// Reach the server of this data directory through its Unix socket; needs no key [env: CLAVIGER_DATA]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Connection")]
    pub(crate) data: Option<PathBuf>,
    /// A file that holds the management key to sign in with (or put the key in CLAVIGER_KEY)
    #[arg(long, global = true, value_name = "FILE", help_heading = "Connection")]
    pub(crate) key_file: Option<PathBuf>,
    /// A PostgreSQL database to use instead of the one in the data directory [env: CLAVIGER_DATABASE]
    #[arg(long, global = true, value_name = "URL", help_heading = "Connection")]
    pub(crate) database: Option<String>,
    /// Act in this organisation, where more than one is served; for `init` and `serve` the name of the first one
    /// [env: CLAVIGER_ORGANISATION]
    #[arg(long, global = true, value_name = "SLUG", help_heading = "Connection")]
    pub(crate) organisation: Option<String>,
    /// Print the server's answer as JSON
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) json: bool,
    /// Print results and errors alone: no headings, no notes
    #[arg(long, short, global = true, help_heading = "Output")]
    pub(crate) quiet: bool,
    /// Do not ask before something that cannot be undone
    #[arg(long, short, global = true, help_heading = "Output")]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server; on an empty directory it makes the installation first
    Serve(serve::Serve),
    /// Make the installation's database and secrets file, and print its first secrets once
    Init(serve::Init),
    /// Fill an organisation of its own with sample data, to look around in
    Demo(demo::Demo),
    /// Bring the database's schema up to date, without serving
    Migrate,
    Doctor(doctor::Doctor),
    Backup(backup::Take),
    Restore(backup::Restore),
    /// Print the settings file
    #[command(subcommand)]
    Config(serve::ConfigCommand),
    /// Make keys, look at them, change them, end them
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Keep the service accounts that keys stand for: systems of your own and of partners
    #[command(subcommand)]
    Accounts(accounts::Accounts),
    /// Make roles, look at them, change them: named sets of permissions
    #[command(subcommand)]
    Roles(roles::Roles),
    /// Describe the APIs that keys open, and switch them on and off
    #[command(subcommand)]
    Apis(apis::Apis),
    /// Have programs told of what happens, and see what became of each message
    #[command(subcommand)]
    Webhooks(webhooks::Webhooks),
    /// What can be granted, who may do what, and why
    #[command(subcommand)]
    Permissions(permissions::Permissions),
    /// Bring keys in from another system or installation, with the service accounts that they stand for
    Import(import::Import),
    /// Take everything but secrets away, in a form that `import` takes
    Export(export::Export),
    /// How often the organisation's keys were answered what, with the keys that were used most
    Usage(usage::Usage),
    /// What needs somebody: keys that end soon, fail, are idle, orphaned, old or without an end or a limit
    Attention,
    /// List the servers of this installation, and how far each has got
    Nodes,
    /// Read, check and export the record of who did what
    #[command(subcommand)]
    Audit(audit::Audit),
    /// See and change the rules by which this organisation's keys are made and kept
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Invite people, say what they may do, and look after what they leave behind
    #[command(subcommand)]
    Users(users::Users),
    /// What is done on the installation's host alone (with --data)
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Make, look at, suspend and close organisations
    #[command(subcommand)]
    Organisations(organisations::Organisations),
    /// Look after the installation's own secrets: peppers and key-encryption keys (on its host, with --data)
    #[command(subcommand)]
    Secrets(secrets::Secrets),
    /// Measure how fast a server verifies, and draw how long its answers take
    Bench(bench::Bench),
    /// Keep a management key for a server, so that later commands need neither address nor key
    Login(login::Login),
    /// Forget the kept key of a server
    Logout(login::Logout),
    /// Print a completion script for a shell
    #[command(
        after_help = "Example:\n  claviger completions bash > ~/.local/share/bash-completion/completions/claviger"
    )]
    Completions {
        /// The shell to complete for
        shell: clap_complete::Shell,
    },
}

/// What a command is run with.
pub(crate) struct Context {
    /// The flags that every command understands.
    pub(crate) global: Global,
    /// Where and how answers are shown.
    pub(crate) screen: Screen,
}

/// Reads the arguments, does what they say, and answers with the exit code.
pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refusal) => return refuse(&refusal),
    };
    let screen = Screen::new(&cli.global);
    let context = Context {
        global: cli.global,
        screen,
    };
    let done = block_on(act(&context, cli.command));
    match done {
        Ok(()) => Code::Ok.into(),
        Err(error) => {
            error.show(&context.screen);
            error.code().into()
        }
    }
}

/// Runs a command. One that asks a data directory finds a server there, or is one itself for as long as it takes.
async fn act(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Serve(args) => return serve::serve(context, args).await,
        Command::Init(args) => return serve::init(context, args).await,
        Command::Demo(args) => return demo::run(context, args).await,
        Command::Migrate => return serve::migrate(context).await,
        Command::Bench(args) => return bench::run(context, args).await,
        Command::Doctor(args) => return doctor::run(context, args).await,
        Command::Backup(args) => return backup::take(context, args).await,
        Command::Restore(args) => return backup::restore(context, args).await,
        _ => {}
    }
    if context.global.data.is_some() && context.global.server.is_some() {
        return Err(CliError::Usage(
            "give either --data or --server, not both".to_owned(),
        ));
    }
    let Some(data) = connect::data(context).filter(|_| command.asks()) else {
        return dispatch(context, command).await;
    };
    let database = context
        .global
        .database
        .clone()
        .or_else(|| input::variable("CLAVIGER_DATABASE"));
    let local = Local::reach(&data, database).await.map_err(serve::failed)?;
    let done = dispatch(context, command).await;
    local.close().await;
    done
}

impl Command {
    /// Whether it asks a server something.
    fn asks(&self) -> bool {
        matches!(
            self,
            Self::Keys(_)
                | Self::Accounts(_)
                | Self::Roles(_)
                | Self::Apis(_)
                | Self::Webhooks(_)
                | Self::Permissions(_)
                | Self::Import(_)
                | Self::Export(_)
                | Self::Usage(_)
                | Self::Audit(_)
                | Self::Policy(_)
                | Self::Users(_)
                | Self::Admin(_)
                | Self::Organisations(_)
                | Self::Secrets(_)
        )
    }
}

async fn dispatch(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        // Done before.
        Command::Serve(_)
        | Command::Init(_)
        | Command::Demo(_)
        | Command::Migrate
        | Command::Doctor(_)
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::Bench(_) => Ok(()),
        Command::Config(command) => serve::print_config(context, &command),
        Command::Keys(command) => keys::run(context, command).await,
        Command::Accounts(command) => accounts::run(context, command).await,
        Command::Roles(command) => roles::run(context, command).await,
        Command::Apis(command) => apis::run(context, command).await,
        Command::Webhooks(command) => webhooks::run(context, command).await,
        Command::Permissions(command) => permissions::run(context, command).await,
        Command::Import(args) => import::run(context, args).await,
        Command::Export(args) => export::run(context, args).await,
        Command::Usage(args) => usage::run(context, args).await,
        Command::Attention => attention::run(context).await,
        Command::Nodes => nodes::run(context).await,
        Command::Audit(command) => audit::run(context, command).await,
        Command::Policy(command) => policy::run(context, command).await,
        Command::Users(command) => users::run(context, command).await,
        Command::Admin(command) => admin::run(context, command).await,
        Command::Organisations(command) => organisations::run(context, command).await,
        Command::Secrets(command) => secrets::run(context, command).await,
        Command::Login(args) => login::login(context, args).await,
        Command::Logout(args) => login::logout(context, args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "claviger", &mut script);
            context.screen.bytes(&script)
        }
    }
}

fn block_on(work: impl Future<Output = Result<(), CliError>>) -> Result<(), CliError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|cause| CliError::Failed(format!("cannot start: {cause}")))?
        .block_on(work)
}

/// Prints help, the version or what was wrong with the arguments. An argument that may be a secret is not repeated:
/// standard error often ends up in a log.
fn refuse(refusal: &clap::Error) -> ExitCode {
    let stray = match refusal.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    };
    if refusal.kind() == ErrorKind::UnknownArgument && stray.is_some_and(|text| may_be_secret(text)) {
        let error = CliError::Usage(
            "an argument looks like a key or token, which are never given as arguments: \
             use standard input or a file (see --help)"
                .to_owned(),
        );
        error.show(&Screen::new(&Global::default()));
        return error.code().into();
    }
    // Help that cannot be written has nowhere else to go.
    let _ = refusal.print();
    if refusal.use_stderr() {
        Code::Usage.into()
    } else {
        Code::Ok.into()
    }
}

fn may_be_secret(argument: &str) -> bool {
    !argument.starts_with("--") && argument.len() >= 24 && !argument.contains(char::is_whitespace)
        || argument.len() >= 40
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_tree_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_flag_has_a_help_text() {
        fn walk(command: &clap::Command) {
            assert!(
                command.get_about().is_some(),
                "{} has no help",
                command.get_name()
            );
            for argument in command.get_arguments() {
                let named = format!("{} {}", command.get_name(), argument.get_id());
                assert!(argument.get_help().is_some(), "{named} has no help");
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Cli::command());
    }

    /// The words of a command line as a shell has them, up to where it is redirected, and without the note beside it.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut quote, mut gap) = (vec![String::new()], None, 0);
        for c in line.chars() {
            match quote {
                Some(open) if c == open => quote = None,
                Some(_) => words.last_mut().unwrap().push(c),
                None if c == '"' || c == '\'' => quote = Some(c),
                None if c == ' ' && gap > 0 => break,
                None if c == ' ' => words.push(String::new()),
                None if matches!(c, '<' | '>' | '|' | '&') => break,
                None => words.last_mut().unwrap().push(c),
            }
            gap = usize::from(c == ' ' && quote.is_none());
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn every_example_in_a_help_text_is_a_command_that_is_taken() {
        fn walk(command: &clap::Command, found: &mut usize) {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            // A line that goes on is one command.
            let help = help.replace("\\\n    ", "");
            for line in help
                .lines()
                .map(str::trim)
                .filter(|line| line.starts_with("claviger "))
            {
                let line = line
                    .replace("key_0123…", "key_01kg7hwasaf59agy3bdr3nvpm4")
                    .replace("acct_0123…", "acct_01kg7hwasaf59agy3bdr3nvpm4")
                    .replace("whk_0123…", "whk_01kg7hwasaf59agy3bdr3nvpm4")
                    .replace("msg_0123…", "msg_01kg7hwasaf59agy3bdr3nvpm4");
                let taken = Cli::try_parse_from(words(&line));
                assert!(
                    taken.is_ok(),
                    "{}: {line}\n{}",
                    command.get_name(),
                    taken.unwrap_err()
                );
                *found += 1;
            }
            command.get_subcommands().for_each(|one| walk(one, found));
        }
        let mut found = 0;
        walk(&Cli::command(), &mut found);
        assert!(found > 40, "{found} examples");
    }

    #[test]
    fn no_flag_takes_a_secret() {
        fn walk(command: &clap::Command) {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                assert!(
                    !["secret", "token", "key", "password", "sha256"].contains(&name),
                    "{name}"
                );
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Cli::command());
    }
}
