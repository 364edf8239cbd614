//! Whether whoever guesses learns anything from how long the answer takes: a token that has nothing to do with a real one,
//! and one that differs from a real one in one character, its checksum made right, in turns. Cold, when the database is
//! asked; warm, when the token is remembered as unknown. A control shows that the test would notice a difference.
#![expect(clippy::print_stderr, reason = "a benchmark that could not run says why")]

use std::process::ExitCode;
use std::sync::Arc;

use benches::house::{Client, House, failed};
use benches::process::Server;
use benches::rank::score;
use benches::report::{Report, median};
use benches::stopwatch::Stopwatch;
use benches::{Error, Result};
use domain::clock::{Random as _, SystemClock, SystemRandom};
use domain::decide::Code;
use domain::secret::Keyring;
use domain::token::{Presented, Token, TokenShape};
use engine::{Door, Engine, Guessing, Options, Question};
use store::Store;
use store::db::Database;

const KEYS: u32 = 10_000;
/// Pairs that are asked cold and then warm, well within the time for which unknown tokens are remembered.
const CHUNK: usize = 250;
const CHUNKS: usize = 80;
/// Over HTTP each takes longer, and varies more.
const HTTP_CHUNKS: usize = 40;
/// Chance alone is beyond this once in a thousand times.
const CEILING: f64 = 3.29;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match measure().await {
        Ok(report) => report.finish(),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Times of one kind, in microseconds: of tokens that have nothing to do with real ones, and of those that nearly are.
#[derive(Default)]
struct Times {
    strange: Vec<f64>,
    near: Vec<f64>,
}

#[derive(Default)]
struct Both {
    cold: Times,
    warm: Times,
}

async fn measure() -> Result<Report> {
    let house = House::with_keys(KEYS).await?;
    let real = house.first_tokens(KEYS as usize)?;
    let mut report = Report::begin(&format!(
        "guessing: µs for a token one character beside a real one of {KEYS} cached keys, beside those for any other unknown token; \
         the score is Mann and Whitney's"
    ));
    let engine = engine(&house, &real).await?;
    let mut direct = Both::default();
    for _ in 0..CHUNKS {
        let pairs = pairs(&real)?;
        for times in [&mut direct.cold, &mut direct.warm] {
            for (turn, (strange, near)) in pairs.iter().enumerate() {
                let ask = async |token: &Token| -> Result<f64> {
                    let watch = Stopwatch::start();
                    let answer = verify(&engine, token.expose().as_bytes()).await?;
                    let took = watch.elapsed().as_secs_f64() * 1e6;
                    if answer == Code::NotFound {
                        Ok(took)
                    } else {
                        Err(failed("a guess was right"))
                    }
                };
                // Each kind is the first of a pair as often as the other.
                if turn % 2 == 0 {
                    times.strange.push(ask(strange).await?);
                    times.near.push(ask(near).await?);
                } else {
                    times.near.push(ask(near).await?);
                    times.strange.push(ask(strange).await?);
                }
            }
        }
    }
    drop(engine);
    add(&mut report, "engine", &direct);

    let server = serve(&house)?;
    house.warm(&server)?;
    let mut client = Client::connect(&server.listening)?;
    let mut http = Both::default();
    for _ in 0..HTTP_CHUNKS {
        let pairs = pairs(&real)?;
        for times in [&mut http.cold, &mut http.warm] {
            for (turn, (strange, near)) in pairs.iter().enumerate() {
                let mut ask = |token: &Token| -> Result<f64> {
                    let body = format!("{{\"key\":\"{}\"}}", token.expose());
                    let watch = Stopwatch::start();
                    let answer = client.post("/v1/verify", &body)?;
                    let took = watch.elapsed().as_secs_f64() * 1e6;
                    if answer == "{\"valid\":false,\"code\":\"NOT_FOUND\"}" {
                        Ok(took)
                    } else {
                        Err(Error::Unexpected(answer))
                    }
                };
                if turn % 2 == 0 {
                    times.strange.push(ask(strange)?);
                    times.near.push(ask(near)?);
                } else {
                    times.near.push(ask(near)?);
                    times.strange.push(ask(strange)?);
                }
            }
        }
    }
    server.stop()?;
    add(&mut report, "HTTP", &http);
    Ok(report)
}

fn add(report: &mut Report, way: &str, both: &Both) {
    for (kind, times) in [("cold", &both.cold), ("warm", &both.warm)] {
        let (near, strange) = (median(times.near.clone()), median(times.strange.clone()));
        report.information(&format!("{way}, {kind}: median"), near, Some(strange));
        let found = score(&times.near, &times.strange).abs();
        report.at_most(
            &format!("{way}, {kind}: cannot be told apart, score"),
            found,
            None,
            CEILING,
        );
    }
    let control = score(&both.cold.strange, &both.warm.strange).abs();
    report.at_least(
        &format!("{way}: cold from warm can be, score"),
        control,
        None,
        CEILING,
    );
}

async fn engine(house: &House, real: &[String]) -> Result<Engine> {
    let secrets =
        std::fs::read_to_string(house.data.join("secrets.toml")).map_err(Error::io("secrets.toml"))?;
    let keyring = Arc::new(Keyring::from_toml(&secrets).map_err(failed)?);
    let db = Database::open_sqlite(&house.data.join("claviger.db"))
        .await
        .map_err(failed)?;
    let store = Store::start(db, Arc::new(SystemClock), Arc::new(SystemRandom))
        .await
        .map_err(failed)?;
    let options = Options {
        guessing: Guessing {
            rate: None,
            ..Guessing::default()
        },
        ..Options::default()
    };
    let engine = Engine::start(store, keyring, Arc::new(SystemClock), options)
        .await
        .map_err(failed)?;
    for token in real {
        if verify(&engine, token.as_bytes()).await? != Code::Valid {
            return Err(failed("a key is not valid"));
        }
    }
    Ok(engine)
}

async fn verify(engine: &Engine, token: &[u8]) -> Result<Code> {
    let question = Question {
        door: Door::Verify,
        ..Question::default()
    };
    // As the doors ask.
    let answer = match engine.verify_cached(token, &question) {
        Some(answer) => answer,
        None => engine.verify(token, &question).await,
    };
    Ok(answer.map_err(failed)?.code)
}

/// Serves it as ever, but that guesses are not slowed down.
fn serve(house: &House) -> Result<Server> {
    let mut command = house.command();
    command
        .args(["--management", "127.0.0.1:0", "--verify", "127.0.0.1:0"])
        .env("CLAVIGER_GUESSING_RATE", "off");
    Server::start_saying(command, "Verification     http://")
}

/// Fresh guesses, each in two kinds.
fn pairs(real: &[String]) -> Result<Vec<(Token, Token)>> {
    (0..CHUNK)
        .map(|_| {
            Ok((
                Token::generate(&TokenShape::default(), &SystemRandom),
                beside(real)?,
            ))
        })
        .collect()
}

/// A real token with another character in one place, and the checksum that goes with it.
fn beside(real: &[String]) -> Result<Token> {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut chance = [0; 6];
    SystemRandom.fill(&mut chance);
    let number = u32::from_ne_bytes([chance[0], chance[1], chance[2], chance[3]]) as usize;
    let mut token = real[number % real.len()].clone().into_bytes();
    let body = token
        .iter()
        .rposition(|byte| *byte == b'_')
        .map_or(0, |at| at + 1);
    let end = token.len() - 6;
    let place = body + usize::from(chance[4]) % (end - body);
    let mut other = ALPHABET[usize::from(chance[5]) % 62];
    if other == token[place] {
        other = if other == b'0' { b'1' } else { b'0' };
    }
    token[place] = other;
    let mut rest = crc32fast::hash(&token[..end]);
    for at in (end..token.len()).rev() {
        token[at] = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    let presented = Presented::parse(&token).map_err(failed)?;
    if presented.has_valid_checksum() {
        Ok(presented.to_token())
    } else {
        Err(failed("the checksum is wrong"))
    }
}
