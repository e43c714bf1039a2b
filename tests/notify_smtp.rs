//! Mail against a real SMTP server: what leaves is what a server receives, and nothing leaves unprotected.
//!
//! Runs when `ADWATCH_TEST_SMTP_PYTHON` names a Python that has the server (`.ci/smtp` prints one).
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]
#![expect(clippy::print_stderr, reason = "a test that is not run says why")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use adwatch::app::{App, Config};
use adwatch::domain::notice::{Notice, NoticeId, NoticeKind};
use adwatch::kit::clock::UnixMs;
use adwatch::notify::{Letter, MailError, Mailer, Security, SmtpSettings};
use adwatch::store::Db;

/// 2026-11-23 08:25:00 +08:00.
const NOW: UnixMs = UnixMs(1_795_393_500_000);

/// A server that ends with the test.
struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
    port: u16,
    folder: tempfile::TempDir,
}

impl Server {
    /// Starts a server; `None` when this machine has none and need not.
    fn start(words: &[&str]) -> Option<Self> {
        let python = python()?;
        let folder = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/smtp_server.py");
        let mut child = Command::new(python)
            .arg(script)
            .arg(folder.path())
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("port ").expect("the server starts").parse().unwrap();
        Some(Self { child, output, port, folder })
    }

    fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A mailer for this server that trusts its certificate, without login.
    fn settings(&self, security: Security) -> SmtpSettings {
        let ca_file = (security != Security::Plain).then(|| self.ca_file());
        SmtpSettings { server: format!("localhost:{}", self.port), security, ca_file, login: None }
    }

    /// Stops the server and gives everything that it received.
    fn received(mut self) -> Vec<serde_json::Value> {
        drop(self.child.stdin.take());
        let mut messages = Vec::new();
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            messages.push(serde_json::from_str(&line).unwrap());
            line.clear();
        }
        messages
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "tests are told from outside which server they may use")]
fn python() -> Option<String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let python = set("ADWATCH_TEST_SMTP_PYTHON");
    if python.is_none() {
        assert!(
            set("ADWATCH_TEST_STRICT").is_none(),
            "ADWATCH_TEST_SMTP_PYTHON is not set; set it to what `.ci/smtp` prints"
        );
        eprintln!("not run: ADWATCH_TEST_SMTP_PYTHON is not set");
    }
    python
}

fn letter() -> Letter {
    Letter {
        name: "alert-f-0a1b2c3d".to_owned(),
        from: "监测 <adwatch@office.example>".to_owned(),
        to: vec!["王芳 <wang@office.example>".to_owned(), "li@office.example".to_owned()],
        subject: "涉嫌非法集资广告待审".to_owned(),
        body: "“保本保息”\n.\n以点开头的行\n".to_owned(),
        at: NOW,
    }
}

async fn send(settings: &SmtpSettings) -> Result<(), MailError> {
    Mailer::smtp(settings)?.send(&letter()).await
}

#[tokio::test]
async fn a_letter_arrives_whole_through_each_protection() {
    for (words, security, encrypted) in [
        (&[][..], Security::Plain, false),
        (&["starttls"][..], Security::StartTls, true),
        (&["self-signed"][..], Security::StartTls, true),
        (&["tls"][..], Security::Tls, true),
    ] {
        let Some(server) = Server::start(words) else { return };
        send(&server.settings(security)).await.unwrap_or_else(|error| panic!("{words:?}: {error}"));
        let received = server.received();
        assert_eq!(received.len(), 1, "{words:?}");
        let message = &received[0];
        assert_eq!(message["from"], "adwatch@office.example");
        assert_eq!(message["to"], serde_json::json!(["wang@office.example", "li@office.example"]));
        assert_eq!(message["encrypted"], encrypted, "{words:?}");
        let data = message["data"].as_str().unwrap();
        assert!(data.contains("Message-ID: <alert-f-0a1b2c3d.adwatch@office.example>"), "{data}");
        assert!(data.contains("=?utf-8?b?"), "the subject is encoded: {data}");
        assert!(data.contains("Date: Mon, 23 Nov 2026 00:25:00 +0000"), "{data}");
    }
}

#[tokio::test]
async fn a_login_is_used_and_a_wrong_password_is_refused() {
    let Some(server) = Server::start(&["starttls", "auth"]) else { return };
    let login = |password: &str| SmtpSettings {
        login: Some(("office".to_owned(), password.to_owned())),
        ..server.settings(Security::StartTls)
    };
    let error = send(&login("wrong")).await.unwrap_err();
    assert!(matches!(error, MailError::Refused { .. }), "{error}");
    let error = send(&server.settings(Security::StartTls)).await.unwrap_err();
    assert!(matches!(error, MailError::Refused { .. }), "without a login: {error}");
    send(&login("密码 1")).await.unwrap();
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0]["user"], "office");
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_gets_nothing() {
    for (words, security) in [
        (&["starttls", "auth"][..], Security::StartTls),
        (&["self-signed", "auth"][..], Security::StartTls),
        (&["tls", "auth"][..], Security::Tls),
    ] {
        let Some(server) = Server::start(words) else { return };
        let settings = SmtpSettings {
            ca_file: None,
            login: Some(("office".to_owned(), "密码 1".to_owned())),
            ..server.settings(security)
        };
        let error = send(&settings).await.unwrap_err();
        assert!(matches!(error, MailError::Unreachable { .. }), "{words:?}: {error}");
        assert!(error.to_string().contains("certificate"), "the reason is said: {error}");
        assert_eq!(server.received().len(), 0, "{words:?}");
    }
}

#[tokio::test]
async fn a_server_without_tls_gets_nothing_when_tls_is_asked_for() {
    let Some(server) = Server::start(&[]) else { return };
    let settings = SmtpSettings { ca_file: None, ..server.settings(Security::StartTls) };
    send(&settings).await.unwrap_err();
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn a_server_that_refuses_and_one_that_is_down_are_told_apart() {
    let Some(server) = Server::start(&["refuse"]) else { return };
    let settings = server.settings(Security::Plain);
    let error = send(&settings).await.unwrap_err();
    assert!(matches!(&error, MailError::Refused { why, .. } if why.contains("no such mailbox")), "{error}");
    assert_eq!(server.received().len(), 0);
    // Now nothing listens on that port.
    let error = send(&settings).await.unwrap_err();
    assert!(matches!(&error, MailError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains(&settings.server), "{error}");
}

#[tokio::test]
async fn a_notice_stays_in_the_outbox_while_the_server_is_down_and_is_sent_once_when_it_is_back() {
    let Some(server) = Server::start(&["starttls"]) else { return };
    let port = server.port;
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::copy(server.ca_file(), &ca_file).unwrap();
    assert_eq!(server.received().len(), 0);

    let mut config = Config { data_dir: folder.path().join("data"), ..Config::default() };
    config.mail.smtp = format!("localhost:{port}");
    config.mail.ca_file = Some(ca_file.clone());
    config.mail.to = vec!["wang@office.example".to_owned()];
    let outbox = Db::open(&config.database_url()).await.unwrap();
    let notice = Notice {
        id: NoticeId::parse("alert-f-1").unwrap(),
        kind: NoticeKind::Alert,
        subject: "涉嫌非法集资广告待审".to_owned(),
        body: "“保本保息”".to_owned(),
        created_at: NOW,
    };
    outbox.add_notice(&notice).await.unwrap();

    let app = App::open(config.clone()).await.unwrap();
    let down = app.notify().send_waiting(NOW).await.unwrap();
    assert_eq!((down.n_sent, down.n_failed), (0, 1));
    assert!(down.last_error.unwrap().contains("cannot be used"));
    assert_eq!(outbox.waiting_notices().await.unwrap().0, 1);

    // Back on the same port, with a certificate of its own.
    let server = Server::start(&["starttls", &format!("port={port}")]).unwrap();
    std::fs::copy(server.ca_file(), &ca_file).unwrap();
    let app = App::open(config).await.unwrap();
    assert_eq!(app.notify().send_waiting(NOW).await.unwrap().n_sent, 0, "its pause is not over");
    let later = NOW.plus_ms(3_600_000);
    assert_eq!(app.notify().send_waiting(later).await.unwrap().n_sent, 1);
    assert_eq!(app.notify().send_waiting(later.plus_ms(3_600_000)).await.unwrap().n_sent, 0);
    assert_eq!(outbox.waiting_notices().await.unwrap(), (0, None));
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert!(received[0]["data"].as_str().unwrap().contains("<alert-f-1.adwatch@localhost>"));
}
