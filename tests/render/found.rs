//! What is planted in the pages is found, where it is and with where it leads; what only looks like an ad is not.

use adwatch::domain::rendering::{Area, RenderProfile, RenderState};
use adwatch::render::{Limits, Rendered};

use super::site::{Site, fixture};
use super::{Bench, short};

/// An ad that a page says it holds.
struct Planted {
    area: Area,
    landing: String,
}

fn planted(page: &str) -> Vec<Planted> {
    fixture(page)
        .lines()
        .filter_map(|line| line.trim().strip_prefix("<!-- ad ")?.strip_suffix(" -->"))
        .map(|line| {
            let mut words = line.split(' ');
            let mut number = || words.next().unwrap().parse::<i32>().unwrap();
            let area = Area { x: number(), y: number(), width: number(), height: number() };
            Planted { area, landing: words.next().unwrap().to_owned() }
        })
        .collect()
}

/// Share of the common part of two boxes.
fn overlap(one: Area, other: Area) -> f64 {
    let common = one.intersection(other).size();
    let all = one.size() + other.size() - common;
    #[expect(clippy::cast_precision_loss, reason = "boxes are small")]
    let share = common as f64 / all.max(1) as f64;
    share
}

fn is_landing(found: Option<&str>, expected: &str) -> bool {
    found.is_some_and(|found| found.split(['?', '#']).next() == Some(expected))
}

const PAGES: &[(&str, RenderProfile)] = &[
    ("portal.html", RenderProfile::Desktop),
    ("forum.html", RenderProfile::Desktop),
    ("feed.html", RenderProfile::Desktop),
    ("blank.html", RenderProfile::Desktop),
    ("consent.html", RenderProfile::Desktop),
    ("mobile.html", RenderProfile::Mobile),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_ads_are_found_with_box_and_destination() {
    let Some(bench) = Bench::new(Limits::default()) else { return };
    let site = Site::start(&[]);
    let (mut n_planted, mut n_found, mut n_wrong) = (0, 0, 0);
    let mut report = String::new();
    for (page, profile) in PAGES {
        let proxy = bench.proxy(&site.origins()).await;
        let url = format!("{}/{page}", site.site);
        let rendered =
            bench.look(&url, *profile, &proxy).await.unwrap_or_else(|error| panic!("{page}: {error}"));
        keep_for_a_look(page, &rendered);
        let truth = planted(if *page == "blank.html" { "blank-shown.html" } else { page });
        assert_eq!(rendered.rendering.state, RenderState::Complete, "{page}");
        assert!(rendered.screenshot.as_ref().is_some_and(|png| png.starts_with(b"\x89PNG")), "{page}");
        let height = i32::try_from(rendered.rendering.page.1).unwrap();
        let truth: Vec<Planted> =
            truth.into_iter().filter(|ad| ad.area.y + ad.area.height <= height.max(900)).collect();
        let mut left: Vec<_> = rendered.ads.iter().filter(|ad| !ad.is_empty).collect();
        n_planted += truth.len();
        for ad in truth {
            let at = left.iter().position(|found| {
                overlap(found.slot.area, ad.area) >= 0.7
                    && is_landing(found.draft.landing_url.as_deref(), &ad.landing)
            });
            match at {
                Some(at) => {
                    let found = left.remove(at);
                    n_found += 1;
                    assert!(found.picture.is_some(), "{page}: no picture of {}", ad.landing);
                }
                None => report.push_str(&format!("{page}: not found: {} {:?}\n", ad.landing, ad.area)),
            }
        }
        n_wrong += left.len();
        for ad in left {
            report.push_str(&format!(
                "{page}: no ad: {:?} {:?} {:?} {:?}\n",
                ad.slot.area, ad.draft.landing_url, ad.slot.signs, ad.draft.text
            ));
        }
    }
    println!("{n_found} of {n_planted} planted ads found, {n_wrong} others taken\n{report}");
    assert!(n_planted >= 40, "{n_planted}");
    assert!(n_found * 100 >= n_planted * 95, "{n_found} of {n_planted}\n{report}");
    assert!(n_wrong * 100 <= (n_found + n_wrong) * 5, "{n_wrong} of {}\n{report}", n_found + n_wrong);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_recorded_with_all_that_it_asked_for() {
    let Some(bench) = Bench::new(short()) else { return };
    let site = Site::start(&[]);
    let proxy = bench.proxy(&site.origins()).await;
    let rendered =
        bench.look(&format!("{}/portal.html", site.site), RenderProfile::Desktop, &proxy).await.unwrap();
    let record = &rendered.rendering;
    assert_eq!((rendered.exchange.status, record.title.as_str()), (200, "江州新闻网 财经"));
    let sent = |name: &str| {
        rendered.exchange.request_headers.iter().find(|(key, _)| key == name).map(|(_, v)| v.as_str())
    };
    assert_eq!(sent("accept-encoding"), Some("identity"));
    assert!(sent("user-agent").is_some_and(|agent| !agent.contains("Headless")), "{:?}", sent("user-agent"));
    // Frames of other origins and frames in them, with who asked for them.
    let urls: Vec<&str> = record.frames.iter().map(|frame| frame.url.as_str()).collect();
    for expected in ["/frame.html", "/nested.html", "/creative.html", "/canvas.html"] {
        assert!(urls.iter().any(|url| url.contains(expected)), "{expected} {urls:?}");
    }
    let frame = record.requests.iter().find(|request| request.url.contains("/frame.html")).unwrap();
    assert!(
        frame.initiator.contains("portal.html") || frame.initiator.starts_with("script"),
        "{}",
        frame.initiator
    );
    let main = record.requests.iter().position(|request| request.url == rendered.exchange.final_url).unwrap();
    let body = rendered.bodies.iter().find(|body| body.request == main).unwrap();
    assert_eq!(body.bytes, rendered.body);
    assert!(String::from_utf8_lossy(&rendered.body).contains("setTimeout"), "the bytes are those that came");
    let dom = rendered.dom.as_ref().unwrap();
    assert!(dom.contains("每日百分之一"), "what closed shadow trees show is in the elements");
    assert!(
        rendered
            .frames
            .iter()
            .any(|(url, markup)| url.contains("frame.html") && markup.contains("月息1.5分"))
    );
    assert!(rendered.bodies.len() > 10, "{}", rendered.bodies.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_in_other_charsets_are_kept_as_received() {
    let Some(bench) = Bench::new(short()) else { return };
    let site = Site::start(&[]);
    let proxy = bench.proxy(&site.origins()).await;
    let rendered =
        bench.look(&format!("{}/gbk.html", site.site), RenderProfile::Desktop, &proxy).await.unwrap();
    assert!(rendered.body.windows(4).any(|four| four == b"\xb1\xa3\xb1\xbe"), "{:?}", rendered.body);
    assert_eq!(rendered.rendering.title, "保本");
    assert!(rendered.dom.unwrap().contains("保本保息"));
}

/// Pictures to look at, when a folder for them is there.
fn keep_for_a_look(page: &str, rendered: &Rendered) {
    let folder = std::path::Path::new("target/render");
    if folder.is_dir() {
        if let Some(png) = &rendered.screenshot {
            std::fs::write(folder.join(format!("{page}.png")), png).unwrap();
        }
        for (nth, png) in
            rendered.ads.iter().enumerate().filter_map(|(nth, ad)| Some((nth, ad.picture.as_ref()?)))
        {
            std::fs::write(folder.join(format!("{page}-{nth}.png")), png).unwrap();
        }
    }
}
