//! Packages and an authority of our own, made with openssl, that is late, refuses or answers wrongly.

use std::process::Command;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::super::tests::app_with_a_finding;
use super::*;
use crate::evidence::{self, Expected};

/// What the authority does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Stamps,
    Unavailable,
    Garbage,
    /// Answers every request with its first answer.
    Repeats,
    /// Says that it does not take such requests.
    Refuses,
    /// Stamps after a while.
    IsSlow,
}

struct Authority {
    folder: tempfile::TempDir,
    url: String,
    mood: Arc<Mutex<Mood>>,
}

impl Authority {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = "[req]\ndistinguished_name=dn\n[dn]\n[ts]\nextendedKeyUsage=critical,timeStamping\n[tsa]\n\
            default_tsa=t\n[t]\nserial=serial\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha256\n\
            [r]\nserial=serial\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha512\n";
        std::fs::write(folder.path().join("tsa.cnf"), config).unwrap();
        std::fs::write(folder.path().join("serial"), "01").unwrap();
        let made = "openssl req -x509 -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.pem -days 30 \
            -subj /CN=TSA -config tsa.cnf -extensions ts";
        assert!(shell(folder.path(), made));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/tsa", listener.local_addr().unwrap());
        let mood = Arc::new(Mutex::new(Mood::Stamps));
        let (at, moods) = (folder.path().to_owned(), mood.clone());
        tokio::spawn(async move {
            let mut first = None;
            while let Ok((mut stream, _)) = listener.accept().await {
                let query = body_of(&mut stream).await;
                let mood = *moods.lock().unwrap();
                let fresh = answer(&at, &query, if mood == Mood::Refuses { "r" } else { "t" });
                let first = first.get_or_insert_with(|| fresh.clone());
                if mood == Mood::IsSlow {
                    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
                }
                let (status, body) = match mood {
                    Mood::Stamps | Mood::Refuses | Mood::IsSlow => ("200 OK", fresh),
                    Mood::Repeats => ("200 OK", first.clone()),
                    Mood::Unavailable => ("500 Internal Server Error", b"busy".to_vec()),
                    Mood::Garbage => ("200 OK", b"<html>login</html>".to_vec()),
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
            }
        });
        Self { folder, url, mood }
    }
}

fn shell(folder: &Path, command: &str) -> bool {
    Command::new("sh").args(["-c", command]).current_dir(folder).output().unwrap().status.success()
}

fn answer(folder: &Path, query: &[u8], section: &str) -> Vec<u8> {
    std::fs::write(folder.join("q.tsq"), query).unwrap();
    let reply = format!(
        "openssl ts -reply -queryfile q.tsq -signer tsa.pem -inkey tsa.key -config tsa.cnf -section {section} -out r.tsr"
    );
    // It leaves with an error when it refuses, and writes its refusal all the same.
    assert!(shell(folder, &reply) || section == "r");
    std::fs::read(folder.join("r.tsr")).unwrap()
}

async fn body_of(stream: &mut tokio::net::TcpStream) -> Vec<u8> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    assert!(
        head.starts_with("post /tsa ") && head.contains("content-type: application/timestamp-query"),
        "{head}"
    );
    let length =
        head.split("content-length: ").nth(1).unwrap().lines().next().unwrap().trim().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    body
}

#[tokio::test]
async fn a_package_waits_for_its_stamp_until_the_authority_gives_a_right_one() {
    let authority = Authority::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (mut app, clock, id) = app_with_a_finding(folder.path()).await;
    app.config.fetch.host_interval_ms = 0;
    let offline = StampAuthority { name: "closed".to_owned(), url: "http://127.0.0.1:9/".to_owned() };
    let ours = StampAuthority { name: "ours".to_owned(), url: authority.url.clone() };
    app.config.evidence.timestamp = vec![ours, offline];
    let officer = Actor::person("李青").unwrap();

    *authority.mood.lock().unwrap() = Mood::Unavailable;
    let sealed = app.seal(&officer, &id, None).await.unwrap();
    let report = || evidence::verify(&sealed.path, &Expected::default()).unwrap();
    assert!(report().is_intact() && report().stamps.is_empty(), "sealed without waiting for anybody");
    for (mood, says) in
        [(Mood::Unavailable, "500"), (Mood::Garbage, "no RFC 3161"), (Mood::Refuses, "refuse")]
    {
        *authority.mood.lock().unwrap() = mood;
        let asked = app.stamp_waiting(app.now()).await.unwrap();
        assert_eq!(asked.n_stamped, 0);
        assert!(asked.failed.iter().any(|why| why.contains("ours") && why.contains(says)), "{asked:?}");
        assert_eq!(
            app.stamp_waiting(app.now()).await.unwrap(),
            Stamped::default(),
            "not asked again at once"
        );
        clock.advance_ms(LONGEST_RETRY_MS);
    }
    *authority.mood.lock().unwrap() = Mood::Repeats;
    let asked = app.stamp_waiting(app.now()).await.unwrap();
    assert!(asked.failed.iter().any(|why| why.contains("number of the request")), "{asked:?}");
    assert!(report().stamps.is_empty());
    clock.advance_ms(LONGEST_RETRY_MS);

    *authority.mood.lock().unwrap() = Mood::IsSlow;
    assert_eq!(app.stamp_waiting(app.now()).await.unwrap().n_stamped, 2, "the package and the capture log");
    let rows = app.stamps(&sealed.package.id).await.unwrap();
    let state: Vec<(&str, bool)> =
        rows.iter().map(|row| (row.authority.as_str(), row.stamped_at.is_some())).collect();
    assert_eq!(state, [("closed", false), ("ours", true)], "{rows:?}");
    assert!(rows[0].last_error.is_some());
    let token = PathBuf::from(format!("{}.ours.tsr", sealed.path.display()));
    let verified = Command::new("openssl")
        .args(["ts", "-verify", "-data"])
        .arg(&sealed.path)
        .arg("-in")
        .arg(&token)
        .arg("-CAfile")
        .arg(authority.folder.path().join("tsa.pem"))
        .output()
        .unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let custody = app.store.custody(&sealed.package.id).await.unwrap();
    assert!(custody.iter().any(|event| event.action == "time-stamped"), "{custody:?}");

    let roots = authority.folder.path().join("tsa.pem");
    let logs = app.check_capture_logs(None, Some(&roots)).await.unwrap();
    assert!(logs.is_whole() && logs.checked_signatures, "{logs:?}");
    let stamped: Vec<bool> = logs.days[0].stamps.iter().map(|stamp| stamp.stamped_at.is_some()).collect();
    assert_eq!(stamped, [false, true], "the closed authority is still waited for");
    std::fs::write(folder.path().join("none.pem"), "").unwrap();
    let strangers = app.check_capture_logs(None, Some(&folder.path().join("none.pem"))).await.unwrap();
    assert!(!strangers.is_whole() && strangers.days[0].problems[0].contains("openssl"), "{strangers:?}");
}
