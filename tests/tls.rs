//! TLS on the listeners: what they show, whom they let in, and what becomes of a certificate that is replaced under load.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use reqwest::{Client, Method, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Engine, Server, text, until};

/// An authority of the tests' own.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, as PEM.
struct Pair {
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("an authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate of these names and this number.
    fn issue(&self, names: &[&str], number: u64) -> Pair {
        let mut params = CertificateParams::new(Vec::new()).expect("a certificate");
        params.serial_number = Some(SerialNumber::from(number));
        params.subject_alt_names = names.iter().map(|name| san(name)).collect();
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        Pair {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    /// A list on which this number stands.
    fn revoke(&self, number: u64) -> String {
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 1, 1),
            next_update: date_time_ymd(2126, 1, 1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: vec![RevokedCertParams {
                serial_number: SerialNumber::from(number),
                revocation_time: date_time_ymd(2026, 1, 1),
                reason_code: None,
                invalidity_date: None,
            }],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.0).expect("a list").pem().expect("PEM")
    }
}

fn san(name: &str) -> SanType {
    if let Ok(ip) = name.parse() {
        SanType::IpAddress(ip)
    } else if name.contains("://") {
        SanType::URI(name.try_into().expect("a URI"))
    } else {
        SanType::DnsName(name.try_into().expect("a name"))
    }
}

/// A client that trusts this authority, and shows this certificate.
fn client(authority: &Authority, shows: Option<&Pair>) -> Client {
    let root = reqwest::Certificate::from_pem(authority.pem().as_bytes()).expect("an authority");
    let builder = Client::builder().tls_certs_only([root]).pool_max_idle_per_host(0);
    let builder = match shows {
        Some(pair) => {
            let both = format!("{}{}", pair.certificate, pair.key);
            builder.identity(reqwest::Identity::from_pem(both.as_bytes()).expect("an identity"))
        }
        None => builder,
    };
    builder.build().expect("a client")
}

/// A server with a certificate of this authority, and these further settings.
struct Secured {
    server: Server,
    authority: Authority,
}

impl Secured {
    async fn start(settings: &str, files: &[(&str, String)]) -> Self {
        let authority = Authority::new();
        let mut server = Server::init(Engine::Sqlite).await;
        let shown = authority.issue(&["127.0.0.1", "localhost"], 10);
        let here = server.directory().to_owned();
        let mut text = format!(
            "[tls]\ncertificate = {:?}\nkey = {:?}\n",
            here.join("tls.crt"),
            here.join("tls.key")
        );
        std::fs::write(here.join("tls.crt"), &shown.certificate).expect("a file");
        std::fs::write(here.join("tls.key"), &shown.key).expect("a file");
        for (name, content) in files {
            std::fs::write(here.join(name), content).expect("a file");
        }
        text.push_str(&settings.replace("HERE", here.to_str().expect("a path")));
        let config = here.join("claviger.toml");
        std::fs::write(&config, text).expect("settings");
        server.config = Some(config);
        server.http = client(&authority, None);
        server.serve().await;
        for address in [
            &mut server.management,
            &mut server.verification,
            &mut server.metrics,
        ] {
            *address = address.replacen("http://", "https://", 1);
        }
        Self { server, authority }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.server.directory().join(name)
    }

    fn hang_up(&self) {
        let pid = Pid::from_raw(self.server.pid() as i32).expect("a process id");
        kill_process(pid, Signal::HUP).expect("a signal");
    }

    /// Whether the verification listener answers this client.
    async fn answers(&self, client: &Client) -> bool {
        let asked = client.post(format!("{}/v1/verify", self.server.verification));
        match asked.json(&json!({"key": "sk_live_sample"})).send().await {
            Ok(answer) => answer.status() == StatusCode::OK,
            Err(_) => false,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_listener_speaks_tls_and_says_so_to_those_who_do_not() {
    let secured = Secured::start("", &[]).await;
    let server = &secured.server;
    let key = server.create(json!({})).await;
    let verified = server.verify(text(&key, "secret")).await;
    assert_eq!(text(&verified, "code"), "VALID");
    let metrics = server
        .http
        .get(format!("{}/metrics", server.metrics))
        .send()
        .await
        .expect("metrics");
    let page = metrics.text().await.expect("a page");
    assert!(page.contains("claviger_certificate_expiry_seconds"), "{page}");
    // gRPC is HTTP/2, by ALPN.
    let grpc = std::process::Command::new("curl")
        .args([
            "--silent",
            "--insecure",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_version}",
        ])
        .arg(format!("https://{}/", server.grpc))
        .output()
        .expect("curl runs");
    assert_eq!(String::from_utf8_lossy(&grpc.stdout), "2");
    // The cookie of a session is kept off plain connections.
    let token = server.setup_url.rsplit('/').next().expect("a token");
    let made = server
        .anonymous(Method::POST, &format!("/v1/setup/{token}"))
        .json(&json!({"name": "Ann Sample", "email": "ann@sample.example", "password": "correct horse battery staple"}))
        .send()
        .await
        .expect("an answer");
    let cookie = made
        .headers()
        .get("set-cookie")
        .expect("a cookie")
        .to_str()
        .expect("text")
        .to_owned();
    assert!(
        cookie.starts_with("__Host-") && cookie.contains("Secure"),
        "{cookie}"
    );
    for address in [&server.management, &server.verification, &server.metrics] {
        let plain = Client::new()
            .get(address.replacen("https://", "http://", 1))
            .send()
            .await
            .expect("an answer");
        assert_eq!(plain.status(), StatusCode::BAD_REQUEST);
        assert!(plain.text().await.expect("a body").contains("https://"));
    }
    // The command line speaks by the socket as ever.
    let listed = server.claviger(&["keys", "list"]).output().expect("it runs");
    assert!(
        listed.status.success(),
        "{}",
        String::from_utf8_lossy(&listed.stderr)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_trusts_an_authority_of_ones_own_and_nobody_else() {
    let secured = Secured::start("", &[]).await;
    let server = &secured.server;
    let authority = secured.file("authority.pem");
    std::fs::write(&authority, secured.authority.pem()).expect("a file");
    let run = |trusted: &std::path::Path| {
        let mut command = std::process::Command::new(crate::support::BINARY);
        command
            .args(["--server", &server.management, "keys", "list"])
            .env("CLAVIGER_KEY", &server.key)
            .env("SSL_CERT_FILE", trusted)
            .env("HOME", server.directory());
        command.output().expect("it runs")
    };
    let good = run(&authority);
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    let other = secured.file("other.pem");
    std::fs::write(&other, Authority::new().pem()).expect("a file");
    assert!(!run(&other).status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_gateways_that_an_authority_names_reach_verification() {
    let gateways = Authority::new();
    let settings = "clients = \"HERE/gateways.pem\"\nclient_names = [\"gateway.sample.example\", \"spiffe://sample.example/gateway\"]\n\
                    revoked = \"HERE/gateways.crl\"\n";
    let files = [
        ("gateways.pem", gateways.pem()),
        ("gateways.crl", gateways.revoke(13)),
    ];
    let secured = Secured::start(settings, &files).await;
    let with = |pair: &Pair| client(&secured.authority, Some(pair));
    assert!(
        secured
            .answers(&with(&gateways.issue(&["gateway.sample.example"], 11)))
            .await
    );
    assert!(
        secured
            .answers(&with(
                &gateways.issue(&["other", "spiffe://sample.example/gateway"], 12)
            ))
            .await
    );
    for (refused, why) in [
        (client(&secured.authority, None), "it shows none"),
        (
            with(&gateways.issue(&["gateway.sample.example"], 13)),
            "it is revoked",
        ),
        (
            with(&gateways.issue(&["other.sample.example"], 14)),
            "it is no gateway",
        ),
        (
            with(&gateways.issue(&["*.sample.example"], 15)),
            "a wildcard names nobody",
        ),
        (
            with(&Authority::new().issue(&["gateway.sample.example"], 16)),
            "another authority's",
        ),
        (
            with(&secured.authority.issue(&["gateway.sample.example"], 17)),
            "the server's own authority's",
        ),
    ] {
        assert!(!secured.answers(&refused).await, "{why}");
        let grpc = refused
            .get(format!("https://{}/", secured.server.grpc))
            .send()
            .await;
        assert!(grpc.is_err(), "{why}");
    }
    // Whoever manages keys, or reads metrics, needs none.
    secured.server.create(json!({})).await;
    let metrics = secured
        .server
        .http
        .get(format!("{}/metrics", secured.server.metrics))
        .send()
        .await;
    assert_eq!(metrics.expect("metrics").status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_replaced_under_load_and_a_broken_one_changes_nothing() {
    let secured = Arc::new(Secured::start("", &[]).await);
    let key = secured.server.create(json!({})).await;
    let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let load = {
        let (secured, stop, asked) = (secured.clone(), stop.clone(), asked.clone());
        let token = text(&key, "secret").to_owned();
        tokio::spawn(async move {
            // A connection each, so that each is a handshake.
            while !stop.load(SeqCst) {
                let verified = secured.server.verify(&token).await;
                assert_eq!(text(&verified, "code"), "VALID");
                asked.fetch_add(1, SeqCst);
            }
        })
    };
    let expiry = async || -> u64 {
        let page = secured
            .server
            .http
            .get(format!("{}/metrics", secured.server.metrics))
            .send()
            .await;
        let page = page.expect("metrics").text().await.expect("a page");
        let line = page
            .lines()
            .find(|line| line.starts_with("claviger_certificate_expiry_seconds "));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .expect("a figure") as u64
    };
    let before = expiry().await;
    // Half a file, as a copy that goes on would be seen.
    let shown = std::fs::read_to_string(secured.file("tls.crt")).expect("a file");
    std::fs::write(secured.file("tls.crt"), &shown[..shown.len() / 2]).expect("a file");
    secured.hang_up();
    until("it says what is wrong", async || {
        secured.server.log().contains("the certificate stays as it was")
    })
    .await;
    // Another one's key.
    let fresh = secured.authority.issue(&["127.0.0.1"], 20);
    std::fs::write(secured.file("tls.crt"), &fresh.certificate).expect("a file");
    secured.hang_up();
    until("it says what is wrong", async || {
        secured.server.log().contains("cannot be used")
    })
    .await;
    std::fs::write(secured.file("tls.key"), &fresh.key).expect("a file");
    secured.hang_up();
    until("it is read anew", async || {
        secured.server.log().contains("read anew")
    })
    .await;
    assert_eq!(before, expiry().await, "both are good for as long");
    // Who trusts only the new authority is served when it comes by itself, without a signal.
    let authority = Authority::new();
    let last = authority.issue(&["127.0.0.1"], 30);
    stop.store(true, SeqCst);
    load.await.expect("every request was answered");
    assert!(asked.load(SeqCst) > 10);
    std::fs::write(secured.file("tls.key"), &last.key).expect("a file");
    std::fs::write(secured.file("tls.crt"), &last.certificate).expect("a file");
    let trusting = client(&authority, None);
    until("it is looked at every ten seconds", async || {
        secured.answers(&trusting).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_is_not_finished_is_cut_and_holds_up_nobody() {
    let secured = Secured::start("", &[]).await;
    let place = secured
        .server
        .verification
        .trim_start_matches("https://")
        .to_owned();
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut stream = tokio::net::TcpStream::connect(&place)
            .await
            .expect("a connection");
        stream.write_all(&[22, 3, 1]).await.expect("a part of a hello");
        slow.push(stream);
    }
    assert!(secured.answers(&secured.server.http).await);
    for mut stream in slow {
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(25), stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "it was cut");
    }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_told_at_the_start() {
    let server = Server::init(Engine::Sqlite).await;
    let authority = Authority::new();
    let (one, other) = (
        authority.issue(&["localhost"], 1),
        authority.issue(&["localhost"], 2),
    );
    let path = |name: &str| server.directory().join(name);
    std::fs::write(path("one.crt"), &one.certificate).expect("a file");
    std::fs::write(path("other.key"), &other.key).expect("a file");
    std::fs::write(path("empty"), "").expect("a file");
    for (certificate, key, expected) in [
        ("one.crt", "missing.key", "missing.key"),
        ("one.crt", "other.key", "cannot be used"),
        ("empty", "other.key", "no certificate"),
        ("one.crt", "empty", "empty"),
    ] {
        let output = server
            .claviger(&["serve", "--management", "127.0.0.1:0", "--verify", "127.0.0.1:0"])
            .env("CLAVIGER_TLS_CERTIFICATE", path(certificate))
            .env("CLAVIGER_TLS_KEY", path(key))
            .output()
            .expect("it runs");
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(expected), "{said}");
    }
}
