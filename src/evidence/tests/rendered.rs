//! Packages of pages that a browser looked at.

use super::*;
use crate::domain::rendering::{
    Area, FrameSeen, PartRole, RefusedRequest, RenderProfile, RenderState, RenderedSlot, Rendering,
    RequestSeen,
};

/// What the page shows in the browser.
const DOM: &str = "<!DOCTYPE html>\n<html><head><link rel=\"stylesheet\" href=\"http://static.example/a.css\"></head>\
    <body><p id=\"ad\">保 本 保 息，年化收益15%。</p><img src=\"http://static.example/old.png\"></body></html>";

/// A picture, PNG.
pub(crate) fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_fn(width, height, |x, y| image::Rgb([(x % 256) as u8, (y % 256) as u8, 90]))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

fn request(url: &str, body: Option<&[u8]>) -> RequestSeen {
    RequestSeen {
        url: url.to_owned(),
        method: "GET".to_owned(),
        kind: "Image".to_owned(),
        at_ms: 120,
        status: Some(200),
        mime: "image/png".to_owned(),
        headers: vec![
            ("Content-Type".to_owned(), "image/png".to_owned()),
            ("Server".to_owned(), "x".to_owned()),
        ],
        body: body.map(BlobRef::of),
        ..RequestSeen::default()
    }
}

/// What the tests seal, its page looked at with a browser.
pub(crate) fn input_rendered() -> PackageInput {
    let mut input = input();
    let small = picture(3, 2);
    let style = b"p { color: red; background: url(dot.png) }".as_slice();
    let script = "document.title = '江州'".as_bytes();
    let posted = b"{\"ok\":true}".as_slice();
    let page_body = input.captures[0].body.clone();
    let requests = vec![
        RequestSeen {
            status: Some(301),
            redirected_to: Some("http://news.example/1/".to_owned()),
            ..request("http://news.example/1", None)
        },
        RequestSeen { mime: "text/html".to_owned(), ..request("http://news.example/1/", Some(&page_body)) },
        RequestSeen {
            mime: "text/css".to_owned(),
            headers: vec![("content-type".to_owned(), "text/css".to_owned())],
            ..request("http://static.example/a.css", Some(style))
        },
        RequestSeen {
            status: Some(302),
            redirected_to: Some("http://static.example/dot.png".to_owned()),
            headers: vec![
                ("location".to_owned(), "/dot.png".to_owned()),
                ("content-length".to_owned(), "154".to_owned()),
            ],
            ..request("http://static.example/old.png", None)
        },
        request("http://static.example/dot.png", Some(&small)),
        request("http://static.example/dot.png", Some(&small)),
        RequestSeen {
            mime: "text/javascript".to_owned(),
            is_decoded: true,
            ..request("http://static.example/a.js", Some(script))
        },
        RequestSeen {
            method: "POST".to_owned(),
            mime: "application/json".to_owned(),
            ..request("http://api.example/log", Some(posted))
        },
        RequestSeen { status: None, failed: Some("blocked".to_owned()), ..request("http://10.0.0.1/", None) },
    ];
    let rendering = Rendering {
        profile: RenderProfile::Desktop,
        browser: "Chrome/150.0".to_owned(),
        window: (1440, 900),
        page: (200, 1_000),
        state: RenderState::Complete,
        title: "江州".to_owned(),
        frames: vec![FrameSeen {
            id: "f".to_owned(),
            parent: None,
            url: "http://news.example/1/".to_owned(),
        }],
        requests,
        refused: vec![RefusedRequest {
            target: "10.0.0.1:80".to_owned(),
            why: "a private address".to_owned(),
        }],
        console: Vec::new(),
        // A validator of tables took a record with steps for a description of its own.
        steps: vec!["scrolled down to 1000 px".to_owned()],
        ads: vec![RenderedSlot {
            locator: "div.ad > a".to_owned(),
            area: Area { x: 10, y: 600, width: 100, height: 40 },
            is_fixed: false,
            signs: vec!["label".to_owned()],
            picture: None,
            facts: std::collections::BTreeMap::new(),
        }],
        n_popups: 0,
        elapsed_ms: 900,
    };
    let part = |role, name: &str, bytes: &[u8]| PartInput {
        role,
        name: name.to_owned(),
        is_of_ad: role == PartRole::Ad,
        blob: BlobRef::of(bytes),
        bytes: bytes.to_vec(),
    };
    input.captures[0].rendering = Some(RenderingInput {
        record: serde_json::to_vec(&rendering).unwrap(),
        rendering,
        parts: vec![
            part(PartRole::Dom, "http://news.example/1/", DOM.as_bytes()),
            part(PartRole::Frame, "http://ads.example/frame", b"<p>frame</p>"),
            part(PartRole::Screenshot, "", &picture(200, 1_000)),
            part(PartRole::Ad, "div.ad > a", &picture(100, 40)),
            part(PartRole::Body, "", &page_body),
            part(PartRole::Body, "", style),
            part(PartRole::Body, "", &small),
            part(PartRole::Body, "", script),
            part(PartRole::Body, "", posted),
        ],
    });
    input
}

fn member(package: &Path, path: &str) -> Vec<u8> {
    members(package).into_iter().find(|(found, _)| found == path).unwrap_or_else(|| panic!("{path}")).1
}

#[test]
fn a_rendered_page_is_sealed_with_pictures_elements_and_answers_and_verifies() {
    let parent = tempfile::tempdir().unwrap();
    let sealed = sealed_in(parent.path(), &input_rendered(), &key());
    assert_eq!(verify(&sealed.path, &Expected::default()).unwrap().deviations, []);
    for (path, bytes) in [
        ("rendered/01-screenshot.png", picture(200, 1_000)),
        ("rendered/01-ad-1.png", picture(100, 40)),
        ("rendered/01-dom.txt", DOM.as_bytes().to_vec()),
        ("rendered/01-frame-1.txt", b"<p>frame</p>".to_vec()),
    ] {
        assert_eq!(member(&sealed.path, path), bytes, "{path}");
        for list in ["SHA256SUMS", "SM3SUMS", "datapackage.json"] {
            assert!(
                String::from_utf8(member(&sealed.path, list)).unwrap().contains(path),
                "{list} has {path}"
            );
        }
    }
    let index = String::from_utf8(member(&sealed.path, "indexes/index.cdx")).unwrap();
    let found: Vec<&str> = index.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(
        found,
        [
            "example,news)/1",
            "example,news)/1",
            "example,news)/2",
            "example,news)/2",
            "example,static)/a.css",
            "example,static)/a.js",
            "example,static)/dot.png",
            "example,static)/old.png",
        ],
        "each once, and not what was posted"
    );
    let record: serde_json::Value =
        serde_json::from_slice(&member(&sealed.path, "captures/01-page.json")).unwrap();
    let forms: Vec<&str> = record["rendering"]["answers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|answer| answer["form"].as_str().unwrap())
        .collect();
    assert_eq!(
        forms,
        ["redirect", "response", "response", "redirect", "response", "response", "resource", "resource"]
    );
    assert_eq!(record["redirects"][0]["headers"][1][1], "nginx", "headers of the redirect are kept");
    let analysis: serde_json::Value =
        serde_json::from_slice(&member(&sealed.path, "analysis/analysis.json")).unwrap();
    let places = analysis["hits"][0]["raw"].as_array().unwrap();
    assert!(places.iter().any(|place| place["file"] == "rendered/01-dom.txt"), "{places:?}");
}

/// What is exchanged, how, and the path that must be named.
type Forgery = (&'static str, fn(&mut File), &'static str);

#[test]
fn what_a_browser_saw_cannot_be_exchanged() {
    let parent = tempfile::tempdir().unwrap();
    // A forger who signs anew, and forgets one of the places that say the same.
    let changes: [Forgery; 3] = [
        (
            "a picture",
            |file| {
                if file.path == "rendered/01-ad-1.png" {
                    *file = File::new(&*file.path, "x", picture(100, 41))
                }
            },
            "captures/01-page.json",
        ),
        (
            "the record",
            |file| {
                if file.path == "rendered/01-rendering.txt" {
                    *file = File::new(&*file.path, "x", b"{}".to_vec());
                }
            },
            "captures/01-page.json",
        ),
        (
            "what is said of an answer",
            |file| {
                if file.path == "captures/01-page.json" {
                    let text = String::from_utf8(file.bytes.clone()).unwrap();
                    let changed = text.replace("http://static.example/a.css", "http://static.example/b.css");
                    *file = File::new(&*file.path, "x", changed.into_bytes());
                }
            },
            "archive/data.warc.gz",
        ),
    ];
    for (index, (what, change, named)) in changes.into_iter().enumerate() {
        let input = input_rendered();
        let mut files = made(&input);
        files.iter_mut().for_each(change);
        let files = relisted(&input, files, &key());
        let sealed = seal(parent.path(), &format!("ev-{index}"), &files, &key()).unwrap();
        let report = verify(&sealed.path, &Expected::default()).unwrap();
        assert!(report.deviations.iter().any(|found| found.path == named), "{what}: {report:#?}");
    }
}

#[test]
fn a_masked_copy_has_no_pictures_and_says_how_many_were_left_out() {
    let parent = tempfile::tempdir().unwrap();
    let from = input_rendered().package_id().unwrap();
    let copy = masked(input_rendered(), &from, &"ab".repeat(32));
    assert_eq!(copy.masked_from.as_ref().unwrap().n_left_out, 10);
    let sealed = sealed_in(parent.path(), &copy, &key());
    assert_eq!(verify(&sealed.path, &Expected::default()).unwrap().deviations, []);
    assert!(!members(&sealed.path).iter().any(|(path, _)| path.starts_with("rendered/")));
}
