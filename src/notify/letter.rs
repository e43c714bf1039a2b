//! Building the message that is sent.

use std::time::{Duration, SystemTime};

use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};

use super::MailError;
use crate::kit::clock::UnixMs;

/// Longest subject that is sent, in characters.
const MAX_SUBJECT_CHARS: usize = 120;

/// A plain text letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its name, safe in a file name; the `Message-ID` is made from it, so the same letter has the same id each time.
    pub name: String,
    /// Sender, `name@host` or `Name <name@host>`.
    pub from: String,
    /// Receivers, in the same form; at least one.
    pub to: Vec<String>,
    /// Subject. May come from a hostile page: control characters become spaces, so that no header can be added.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// The date it bears.
    pub at: UnixMs,
}

impl Letter {
    /// The `Message-ID`, with its angle brackets.
    pub fn message_id(&self) -> String {
        let host =
            self.from.rsplit_once('@').map_or("localhost", |(_, host)| host.trim_end_matches('>').trim());
        format!("<{}.adwatch@{host}>", self.name)
    }

    /// The message as it goes over the wire (RFC 5322, words in UTF-8 encoded as RFC 2047 says).
    pub(super) fn message(&self) -> Result<Message, MailError> {
        if self.to.is_empty() {
            return Err(wrong("to", "it names nobody; add at least one address".to_owned()));
        }
        let mut builder = Message::builder()
            .from(mailbox("from", &self.from)?)
            .subject(one_line(&self.subject))
            .message_id(Some(self.message_id()))
            .date(system_time(self.at))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            builder = builder.to(mailbox("to", to)?);
        }
        // RFC 3834: an answering machine must not answer this.
        if let Ok(name) = HeaderName::new_from_ascii("Auto-Submitted".to_owned()) {
            builder = builder.raw_header(HeaderValue::new(name, "auto-generated".to_owned()));
        }
        builder.body(self.body.clone()).map_err(|error| wrong("from", error.to_string()))
    }
}

fn mailbox(setting: &'static str, address: &str) -> Result<Mailbox, MailError> {
    address.parse().map_err(|error| {
        wrong(setting, format!("`{}` is not a mail address ({error}); write name@host", one_line(address)))
    })
}

fn wrong(setting: &'static str, why: String) -> MailError {
    MailError::Settings { setting, why }
}

fn one_line(text: &str) -> String {
    let line: String =
        text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_SUBJECT_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn system_time(at: UnixMs) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter {
        Letter {
            name: "alert-f-0a1b".to_owned(),
            from: "监测 <adwatch@office.example>".to_owned(),
            to: vec!["王芳 <wang@office.example>".to_owned(), "li@office.example".to_owned()],
            subject: "涉嫌非法集资广告".to_owned(),
            body: "“保本保息”\n.\n下一行".to_owned(),
            at: UnixMs(1_795_393_500_000),
        }
    }

    fn formatted(letter: &Letter) -> String {
        String::from_utf8(letter.message().unwrap().formatted()).unwrap()
    }

    #[test]
    fn a_letter_is_ascii_with_its_own_id_and_the_date_of_its_cause() {
        let text = formatted(&letter());
        assert!(text.is_ascii());
        assert!(text.contains("Message-ID: <alert-f-0a1b.adwatch@office.example>\r\n"), "{text}");
        assert!(text.contains("Date: Mon, 23 Nov 2026 00:25:00 +0000\r\n"), "{text}");
        assert!(text.contains("Auto-Submitted: auto-generated\r\n"), "{text}");
        assert!(text.contains("Content-Type: text/plain; charset=utf-8\r\n"), "{text}");
        assert_eq!(text, formatted(&letter()), "the same letter is the same bytes each time");
    }

    #[test]
    fn words_from_a_page_add_no_header_and_no_receiver() {
        for evil in
            ["a\r\nBcc: x@evil.example", "a\nBcc: x@evil.example", "a\r\n\r\nbody", "a\0b\u{85}Bcc: x@y"]
        {
            let text = formatted(&Letter { subject: evil.to_owned(), ..letter() });
            let (head, _) = text.split_once("\r\n\r\n").unwrap();
            let names: Vec<&str> = head
                .split("\r\n")
                .filter(|line| !line.starts_with(' '))
                .map(|line| line.split(':').next().unwrap())
                .collect();
            assert!(!names.contains(&"Bcc"), "{evil:?} gave {head}");
            assert_eq!(names.iter().filter(|name| **name == "Subject").count(), 1);
        }
        let envelope = letter().message().unwrap().envelope().clone();
        assert_eq!(envelope.to().len(), 2);
    }

    #[test]
    fn a_wrong_address_is_named_with_its_setting() {
        for (changed, expected) in [
            (Letter { from: "adwatch".to_owned(), ..letter() }, "`from`"),
            (Letter { to: vec!["a b@c".to_owned()], ..letter() }, "`to`"),
            (Letter { to: vec!["x@evil.example\r\nBcc: y@z".to_owned()], ..letter() }, "`to`"),
            (Letter { to: Vec::new(), ..letter() }, "`to`"),
        ] {
            let message = changed.message().unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn a_long_subject_is_cut_between_characters() {
        assert_eq!(one_line(&"保本".repeat(100)).chars().count(), MAX_SUBJECT_CHARS + 1);
        assert_eq!(one_line(" a \t b\u{7}c "), "a b c");
    }
}
