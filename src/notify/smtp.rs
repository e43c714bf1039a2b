//! Handing letters to an SMTP server.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::{Letter, MailError};

/// Longest time for one step of the conversation.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Begins in the clear and must change to TLS before anything is said (RFC 3207); usually port 587.
    StartTls,
    /// TLS from the first byte (RFC 8314); usually port 465.
    Tls,
    /// In the clear, for a server on this machine only.
    Plain,
}

impl Security {
    /// The word in the configuration file.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "starttls" => Some(Self::StartTls),
            "tls" => Some(Self::Tls),
            "plain" => Some(Self::Plain),
            _ => None,
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::Plain => 25,
        }
    }
}

/// How a server is reached.
#[derive(Clone)]
pub struct SmtpSettings {
    /// `host` or `host:port`.
    pub server: String,
    /// How the connection is protected.
    pub security: Security,
    /// PEM file of a certificate authority, or of the server's own certificate, to trust besides the public ones.
    pub ca_file: Option<PathBuf>,
    /// User name and password; `None` means no login.
    pub login: Option<(String, String)>,
}

/// A server that takes letters. A connection is made for each letter and leaves nothing open.
#[derive(Clone)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    server: String,
}

impl Smtp {
    pub(super) fn new(settings: &SmtpSettings) -> Result<Self, MailError> {
        let (host, port) = host_and_port(&settings.server, settings.security)?;
        let tls = match settings.security {
            Security::Plain if is_loopback(&host) => Tls::None,
            Security::Plain => {
                return Err(MailError::Settings {
                    setting: "security",
                    why: format!("`plain` is for a server on this machine; {host} needs `starttls` or `tls`"),
                });
            }
            Security::StartTls => Tls::Required(tls_parameters(&host, settings)?),
            Security::Tls => Tls::Wrapper(tls_parameters(&host, settings)?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host.as_str())
            .port(port)
            .tls(tls)
            .timeout(Some(TIMEOUT));
        if let Some((user, password)) = &settings.login {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        Ok(Self { transport: builder.build(), server: format!("{host}:{port}") })
    }

    pub(super) async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let message = letter.message()?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let (server, why) = (self.server.clone(), with_causes(&error));
                // The library calls a refused connection neither transient nor permanent. What counts here is
                // whether the server answered.
                Err(if error.status().is_some() {
                    MailError::Refused { server, why }
                } else {
                    MailError::Unreachable { server, why }
                })
            }
        }
    }
}

impl std::fmt::Display for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.server)
    }
}

fn host_and_port(server: &str, security: Security) -> Result<(String, u16), MailError> {
    let wrong = |why: &str| MailError::Settings {
        setting: "smtp",
        why: format!("`{server}` {why}; write host or host:port, for example mail.office.example:587"),
    };
    let (host, port) = match server.rsplit_once(':') {
        // An IPv6 address has colons of its own and stands in brackets before a port.
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, port.parse().map_err(|_| wrong("has no port number after its colon"))?)
        }
        _ => (server, security.default_port()),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() || host.chars().any(|character| character.is_whitespace() || character == '/') {
        return Err(wrong("names no host"));
    }
    Ok((host.to_owned(), port))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn tls_parameters(host: &str, settings: &SmtpSettings) -> Result<TlsParameters, MailError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = &settings.ca_file {
        let unusable = |why: String| MailError::Settings {
            setting: "ca_file",
            why: format!("{}: {why}", path.display()),
        };
        let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| unusable(with_causes(&error)))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder
        .build_rustls()
        .map_err(|error| MailError::Settings { setting: "ca_file", why: with_causes(&error) })
}

/// The message of an error and of everything below it.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let below = error.to_string();
        if !text.contains(&below) {
            text = format!("{text}: {below}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_with_the_usual_port_of_their_protection() {
        for (server, security, expected) in [
            ("mail.example", Security::StartTls, ("mail.example", 587)),
            ("mail.example", Security::Tls, ("mail.example", 465)),
            ("localhost:2525", Security::Plain, ("localhost", 2525)),
            ("[::1]:2525", Security::Plain, ("::1", 2525)),
            ("::1", Security::Plain, ("::1", 25)),
        ] {
            let (host, port) = host_and_port(server, security).unwrap();
            assert_eq!((host.as_str(), port), expected);
        }
        for server in ["", ":25", "mail.example:smtp", "smtp://mail.example"] {
            assert!(host_and_port(server, Security::StartTls).is_err(), "{server:?}");
        }
    }

    #[test]
    fn text_never_leaves_the_machine_in_the_clear() {
        let settings = |server: &str| SmtpSettings {
            server: server.to_owned(),
            security: Security::Plain,
            ca_file: None,
            login: None,
        };
        for server in ["127.0.0.1:25", "localhost", "[::1]:25"] {
            assert!(Smtp::new(&settings(server)).is_ok(), "{server}");
        }
        for server in ["mail.example", "192.0.2.1:25", "localhost.example", "127.0.0.1.example:25"] {
            let error = Smtp::new(&settings(server)).err().unwrap().to_string();
            assert!(error.contains("starttls"), "{server}: {error}");
        }
    }

    #[test]
    fn a_missing_certificate_file_is_named() {
        let settings = SmtpSettings {
            server: "mail.example".to_owned(),
            security: Security::StartTls,
            ca_file: Some("/nonexistent/ca.pem".into()),
            login: None,
        };
        assert!(Smtp::new(&settings).err().unwrap().to_string().contains("/nonexistent/ca.pem"));
    }
}
