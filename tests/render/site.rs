//! The pages of `fixtures/render`, served on loopback under three names with a port each.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Three origins.
pub struct Site {
    /// The news site, for example `http://news.site.test:40001`.
    pub site: String,
    /// The ad network.
    pub net: String,
    /// Another network.
    pub other: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// Starts serving; ends with the test's process.
    pub fn start(canaries: &[(&str, String)]) -> Self {
        let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let origins: Vec<String> = ["news.jiangzhou.test", "cdn.adnetwork.test", "x.elsewhere.test"]
            .iter()
            .zip(&listeners)
            .map(|(name, listener)| format!("http://{name}:{}", listener.local_addr().unwrap().port()))
            .collect();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut words: Vec<(String, String)> = ["{site}", "{net}", "{other}"]
            .iter()
            .zip(&origins)
            .map(|(word, origin)| ((*word).to_owned(), origin.clone()))
            .collect();
        words.extend(canaries.iter().map(|(word, address)| (format!("{{{word}}}"), address.clone())));
        let words = Arc::new(words);
        for listener in listeners {
            let (asked, words) = (asked.clone(), words.clone());
            std::thread::spawn(move || {
                while let Ok((stream, _)) = listener.accept() {
                    let (asked, words) = (asked.clone(), words.clone());
                    std::thread::spawn(move || serve(stream, &asked, &words));
                }
            });
        }
        let [site, net, other] = <[String; 3]>::try_from(origins).unwrap();
        Self { site, net, other, asked }
    }

    /// All three, for a proxy.
    pub fn origins(&self) -> Vec<String> {
        vec![self.site.clone(), self.net.clone(), self.other.clone()]
    }

    /// Paths that were asked for.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// The text of a fixture.
pub fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("fixtures/render/{name}"))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn serve(mut stream: TcpStream, asked: &Mutex<Vec<String>>, words: &[(String, String)]) {
    let mut head = Vec::new();
    let mut byte = [0_u8; 1];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
    asked.lock().unwrap().push(path.clone());
    let answer = |status: &str, kind: &str, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    };
    let page = |name: &str| {
        let mut text = fixture(name);
        for (word, origin) in words {
            text = text.replace(word, origin);
        }
        answer("200 OK", "text/html; charset=utf-8", text.as_bytes())
    };
    let bytes = match path.as_str() {
        "/never" => {
            // Says that something comes, and then nothing does.
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>wait");
            std::thread::sleep(Duration::from_secs(60));
            return;
        }
        "/endless" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n");
            while stream.write_all(&[b'x'; 8192]).is_ok() {}
            return;
        }
        "/download" => answer(
            "200 OK\r\nContent-Disposition: attachment; filename=a.apk",
            "application/octet-stream",
            b"PK",
        ),
        "/to-private" => redirect(words, "{v4}"),
        "/gbk.html" => answer(
            "200 OK",
            "text/html; charset=gbk",
            b"<!doctype html><title>\xb1\xa3\xb1\xbe</title><p>\xb1\xa3\xb1\xbe\xb1\xa3\xcf\xa2",
        ),
        "/blank.html" if head.contains("proof=243126") => page("blank-shown.html"),
        "/favicon.ico" => answer("404 Not Found", "text/plain", b""),
        image if image.starts_with("/img/") => answer("200 OK", "image/png", &picture(image)),
        other => {
            let name = other.trim_start_matches('/');
            if std::path::Path::new("fixtures/render").join(name).is_file() {
                page(name)
            } else {
                answer("404 Not Found", "text/plain", b"")
            }
        }
    };
    let _ = stream.write_all(&bytes);
}

fn redirect(words: &[(String, String)], to: &str) -> Vec<u8> {
    let to = words.iter().find(|(word, _)| word == to).map_or("", |(_, origin)| origin.as_str());
    format!("HTTP/1.1 302 Found\r\nLocation: {to}/secret\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .into_bytes()
}

/// A picture in one colour, of the size in its name.
fn picture(path: &str) -> Vec<u8> {
    let size = path.trim_start_matches("/img/").trim_end_matches(".png");
    let (width, height) = size.split_once('x').unwrap_or(("1", "1"));
    let (width, height): (u32, u32) = (width.parse().unwrap_or(1), height.parse().unwrap_or(1));
    let colour = image::Rgb([200, u8::try_from(width % 200).unwrap(), u8::try_from(height % 200).unwrap()]);
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(width, height, colour).write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}
