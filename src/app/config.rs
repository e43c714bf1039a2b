//! Settings, read once: the file `adwatch.toml`, then the environment, then the command line.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Everything that may be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Folder for the embedded database, the vault, mail and evidence.
    pub data_dir: PathBuf,
    /// Database address; empty means `adwatch.db` in the data folder. `postgres://…` shares work between machines.
    pub database: String,
    /// Vault address; empty means `vault` in the data folder.
    pub vault: String,
    /// Folder of rule packs that replaces the built-in one; empty means built in.
    pub patterns: Option<PathBuf>,
    /// Fetching.
    pub fetch: FetchSettings,
    /// Looking at pages with a browser.
    pub render: RenderSettings,
    /// Mail.
    pub mail: MailSettings,
    /// The review pages.
    pub web: WebSettings,
    /// Evidence packages.
    pub evidence: EvidenceSettings,
    /// Programs that use the pages' data.
    pub api: ApiSettings,
    /// What letters say of this office; its name is that of `[evidence]`.
    pub letters: LetterSettings,
    /// Programs that are told what happens, `[[webhook]]`.
    pub webhook: Vec<WebhookSettings>,
    /// Words and codes in pictures.
    pub pictures: PictureSettings,
}

/// What letters say of this office.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LetterSettings {
    /// Where it is.
    pub address: String,
    /// Whom to ask.
    pub contact: String,
    /// Their telephone.
    pub phone: String,
    /// 行政区划代码 of its district, two to six digits; tells whether a publisher is in its jurisdiction.
    pub region: String,
}

/// A program that is told what happens to leads and cases.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Short name, part of the name of a delivery: letters, digits, `-`, at most 20.
    pub name: String,
    /// Where it is told.
    pub url: String,
    /// Name of the environment variable that holds the secret: `whsec_` and base64, or at least 24 bytes of text.
    pub secret_env: String,
    /// Only these events or parts of events: `lead`, `case`, `letter`, `recheck`; none means all.
    #[serde(default)]
    pub events: Vec<String>,
}

/// How pages are fetched.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FetchSettings {
    /// Pause between two requests to one host, in milliseconds.
    pub host_interval_ms: u64,
    /// Largest body that is kept, in bytes after decompression.
    pub max_body_bytes: u64,
    /// Longest time for one page, in milliseconds.
    pub timeout_ms: u64,
    /// Pages that one run of one source asks for at most.
    pub max_pages_per_run: u32,
    /// An address or page at which site owners reach the office; part of the user agent.
    pub contact: String,
    /// Reaches only origins that a source allows explicitly, never the public network.
    pub allowed_origins_only: bool,
}

/// How pages are looked at with a browser.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RenderSettings {
    /// Chromium or a relative; empty means the first one on the search path.
    pub program: Option<PathBuf>,
    /// Memory that the browser may take with all its pages, in MiB; it decides how many pages are open at one time.
    pub memory_mib: u64,
    /// Most pages at one time, whatever the memory.
    pub max_pages: usize,
    /// Longest time for one page, in milliseconds.
    pub timeout_ms: u64,
}

impl Default for RenderSettings {
    fn default() -> Self {
        Self { program: None, memory_mib: 1_024, max_pages: 4, timeout_ms: 60_000 }
    }
}

/// Where notices go.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailSettings {
    /// SMTP server, `host:port`; empty means notices are written as `.eml` files to `mail` in the data folder.
    pub smtp: String,
    /// User name at the server; empty means no login.
    pub user: String,
    /// Name of the environment variable that holds the password.
    pub password_env: String,
    /// PEM file of a certificate authority to trust besides the public ones.
    pub ca_file: Option<PathBuf>,
    /// `starttls` (default, usually port 587), `tls` (usually port 465), or `plain`, for loopback addresses only.
    pub security: String,
    /// Sender.
    pub from: String,
    /// Who gets alerts and the digest.
    pub to: Vec<String>,
    /// Hour of the daily digest in Asia/Shanghai, as a cron expression.
    pub digest_cron: String,
}

/// What evidence packages carry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvidenceSettings {
    /// Name of the office on the record.
    pub office: Option<String>,
    /// Private key that seals (PEM, PKCS#8); empty: `evidence-key.pem` in the data folder, made on first use.
    pub key: Option<PathBuf>,
    /// Certificate over that key (PEM, its issuers may follow).
    pub certificate: Option<PathBuf>,
    /// Server with which the computer's clock is compared (SNTP), `host` or `host:port`; empty: it is compared with none.
    pub time_server: String,
    /// Pause between two time stamps of the present day's capture log, in minutes.
    pub log_stamp_minutes: u32,
    /// Authorities that are asked for a time stamp of each package, `[[evidence.timestamp]]`.
    pub timestamp: Vec<StampAuthority>,
}

/// An authority for time stamps (RFC 3161).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StampAuthority {
    /// Short name, part of the token's file name: letters, digits, `-`.
    pub name: String,
    /// Where it is asked, `http://` or `https://`.
    pub url: String,
}

/// How the review pages are served.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebSettings {
    /// Address and port.
    pub listen: String,
    /// Set to true to state that a reverse proxy with TLS stands before a non-loopback address.
    pub behind_tls_proxy: bool,
    /// Host names under which the pages are reached through that proxy.
    pub hosts: Vec<String>,
    /// Address and port of the origin on which captured pages are shown; the next port of `listen` when it is loopback.
    pub replay_listen: Option<String>,
    /// How browsers name that origin, when a proxy stands before it.
    pub replay_origin: Option<String>,
}

/// How pictures are read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PictureSettings {
    /// The program that reads words; empty means `tesseract` on the search path.
    pub tesseract: Option<PathBuf>,
    /// Its languages, for example `chi_sim+eng`, which is the default.
    pub languages: String,
    /// Whether pictures of ads are fetched when a page is crawled.
    pub fetch: bool,
}

impl Default for PictureSettings {
    fn default() -> Self {
        Self { tesseract: None, languages: String::new(), fetch: true }
    }
}

/// How programs use `/api/v1`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiSettings {
    /// Requests of one token in a minute; a quarter of them may come at once.
    pub requests_per_minute: u32,
}

impl Default for EvidenceSettings {
    fn default() -> Self {
        Self {
            office: None,
            key: None,
            certificate: None,
            time_server: String::new(),
            log_stamp_minutes: 60,
            timestamp: Vec::new(),
        }
    }
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self { requests_per_minute: 600 }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("adwatch-data"),
            database: String::new(),
            vault: String::new(),
            patterns: None,
            fetch: FetchSettings::default(),
            render: RenderSettings::default(),
            mail: MailSettings::default(),
            web: WebSettings::default(),
            evidence: EvidenceSettings::default(),
            api: ApiSettings::default(),
            letters: LetterSettings::default(),
            webhook: Vec::new(),
            pictures: PictureSettings::default(),
        }
    }
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            host_interval_ms: 5_000,
            max_body_bytes: 10 << 20,
            timeout_ms: 30_000,
            max_pages_per_run: 2_000,
            contact: String::new(),
            allowed_origins_only: false,
        }
    }
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            smtp: String::new(),
            user: String::new(),
            password_env: "ADWATCH_SMTP_PASSWORD".to_owned(),
            ca_file: None,
            security: "starttls".to_owned(),
            from: "adwatch@localhost".to_owned(),
            to: Vec::new(),
            digest_cron: "0 8 * * *".to_owned(),
        }
    }
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8420".to_owned(),
            behind_tls_proxy: false,
            hosts: Vec::new(),
            replay_listen: None,
            replay_origin: None,
        }
    }
}

impl Config {
    /// Reads `path`; a missing file means the defaults when `required` is false.
    ///
    /// # Errors
    /// Names the file and, for a wrong setting, its line.
    pub fn read(path: &Path, required: bool) -> anyhow::Result<Self> {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let config: Self = toml::from_str(&text).map_err(|error| {
                    anyhow::anyhow!("configuration file {} is not valid: {error}", path.display())
                })?;
                let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
                let named =
                    |known: &&StampAuthority| known.name.is_empty() || !known.name.chars().all(is_name);
                if let Some(wrong) = config.evidence.timestamp.iter().find(named) {
                    anyhow::bail!(
                        "configuration file {}: the name of a time stamp authority, {:?}, becomes part of a file \
                         name; use letters, digits and `-`",
                        path.display(),
                        wrong.name
                    );
                }
                let fits = |known: &&WebhookSettings| {
                    let usable =
                        !known.name.is_empty() && known.name.len() <= 20 && known.name.chars().all(is_name);
                    !usable || !known.url.starts_with("http") || known.secret_env.is_empty()
                };
                if let Some(wrong) = config.webhook.iter().find(fits) {
                    anyhow::bail!(
                        "configuration file {}: webhook {:?} needs a name of at most 20 letters, digits and `-`, an \
                         http or https `url`, and the name of a variable in `secret_env`",
                        path.display(),
                        wrong.name
                    );
                }
                Ok(config)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => Ok(Self::default()),
            Err(error) => {
                Err(anyhow::anyhow!("configuration file {} cannot be read: {error}", path.display()))
            }
        }
    }

    /// The database address, with the default filled in.
    pub fn database_url(&self) -> String {
        if self.database.is_empty() {
            format!("sqlite:{}", self.data_dir.join("adwatch.db").display())
        } else {
            self.database.clone()
        }
    }

    /// The vault address, with the default filled in.
    pub fn vault_url(&self) -> String {
        if self.vault.is_empty() {
            self.data_dir.join("vault").display().to_string()
        } else {
            self.vault.clone()
        }
    }

    /// The password for the SMTP server, from the environment variable that the settings name.
    #[expect(clippy::disallowed_methods, reason = "settings are read here and nowhere else")]
    pub fn smtp_password(&self) -> Option<String> {
        std::env::var(&self.mail.password_env).ok()
    }

    /// The credential that this environment variable holds; `None` when it is blank.
    #[expect(clippy::disallowed_methods, reason = "settings are read here and nowhere else")]
    pub fn credential(&self, variable: &str) -> Option<String> {
        std::env::var(variable).ok().filter(|value| !value.trim().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_setting_is_named_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("adwatch.toml");
        std::fs::write(&path, "data_dir = \"x\"\n[fetch]\nhost_intervall_ms = 1\n").unwrap();
        let message = Config::read(&path, true).unwrap_err().to_string();
        assert!(message.contains("host_intervall_ms") && message.contains("line 3"), "{message}");
    }

    #[test]
    fn without_a_file_everything_is_local() {
        let config = Config::read(Path::new("/nonexistent/adwatch.toml"), false).unwrap();
        assert!(config.database_url().starts_with("sqlite:"));
        assert!(config.web.listen.starts_with("127.0.0.1"));
        assert!(config.mail.smtp.is_empty() && config.mail.to.is_empty());
    }
}
