//! The reference server as a process of its own, so that its CPU time can be read from outside.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it tells the benchmark where it listens"
)]

use std::net::SocketAddr;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| arguments.iter().skip_while(|it| *it != name).nth(1);
    let addr = value("--addr").map_or(Ok(SocketAddr::from(([127, 0, 0, 1], 0))), |text| text.parse());
    let body = value("--body").map_or(Ok(400), |text| text.parse::<usize>());
    let (Ok(addr), Ok(body)) = (addr, body) else {
        eprintln!("usage: reference-hello [--addr 127.0.0.1:0] [--body BYTES]");
        return ExitCode::from(2);
    };
    match run(addr, body) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("reference-hello: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(addr: SocketAddr, body: usize) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let (addr, accepting) = benches::hello::serve(addr, body).await?;
        println!("listening {addr}");
        accepting.await
    })
}
